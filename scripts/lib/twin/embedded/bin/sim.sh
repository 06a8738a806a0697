#!/bin/sh
# What the simulated programs share. It is read with ".", never run. A host's "/" is $QUORATE_ROOT.
# They are started thousands of times, and a process costs more than all that such a program does: so functions leave their answers in
# variables where a subshell would be one more process, and small files are read by the shell itself.
# Used by who reads this file.
# shellcheck disable=SC2034
: "${QUORATE_ROOT:?is the folder of the host}"
SIM=$QUORATE_ROOT/run/sim
case $0 in */units/*) HERE=${0%/*/*} ;; *) HERE=${0%/*} ;; esac
NL='
'

# Sets `line` to the first line of a file, or to nothing.
first_line() {
  line=
  [ ! -r "$1" ] || IFS= read -r line <"$1" || :
}

# has_line FILE LINE: whether the file has exactly this line.
has_line() {
  while IFS= read -r line || [ -n "$line" ]; do
    [ "$line" != "$2" ] || return 0
  done <"$1"
  return 1
}

# The folder that the hosts of the lab are in; empty where the host stands alone.
first_line "$SIM/lab"
LAB=$line
[ -d "$SIM/units" ] || mkdir -p "$SIM/units" "$SIM/ip" "$SIM/link" "$SIM/timers" "$SIM/firing" "$SIM/loaded"

# Sets `path` to the real path of a path on this host: programs are given both "/etc/x" and "$QUORATE_ROOT/etc/x". Programs are the machine's own.
on_host() {
  case $1 in
    "$QUORATE_ROOT"/* | /bin/* | /usr/bin/* | /proc/* | /dev/*) path=$1 ;;
    /*) path=$QUORATE_ROOT$1 ;;
    *) path=$1 ;;
  esac
}

# Sets `family` to that of an address.
family_of() {
  case $1 in *:*) family=inet6 ;; *) family=inet ;; esac
}

# A file that a checker would refuse, whatever its format: planted by tests.
is_refused() {
  has_line "$1" '# embedded: refuse'
}

# Sets `up` to the seconds since the host was switched on, with two decimals.
uptime_seconds() {
  up=0
  [ ! -r "$QUORATE_ROOT/proc/uptime" ] || read -r up _ <"$QUORATE_ROOT/proc/uptime"
}

journal() {
  uptime_seconds
  printf '%s %s\n' "$up" "$*" >>"$SIM/journal"
}
