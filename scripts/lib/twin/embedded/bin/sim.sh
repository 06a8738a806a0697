#!/bin/sh
# What the simulated programs share. It is read with ".", never run. A host's "/" is $QUORATE_ROOT.
: "${QUORATE_ROOT:?is the folder of the host}"
SIM=$QUORATE_ROOT/run/sim
# Used by who reads this file.
# shellcheck disable=SC2034
case $0 in */units/*) HERE=${0%/*/*} ;; *) HERE=${0%/*} ;; esac

# The first line of a file, or nothing.
first_line() {
  line=
  [ ! -r "$1" ] || IFS= read -r line <"$1" || :
  printf '%s\n' "$line"
}

# The folder that the hosts of the lab are in; empty where the host stands alone.
LAB=
# shellcheck disable=SC2034
[ ! -r "$SIM/lab" ] || IFS= read -r LAB <"$SIM/lab" || :
[ -d "$SIM/units" ] || mkdir -p "$SIM/units" "$SIM/ip" "$SIM/link" "$SIM/timers" "$SIM/firing" "$SIM/loaded"

# The real path of a path on this host: programs are given both "/etc/x" and "$QUORATE_ROOT/etc/x". Programs are the machine's own.
on_host() {
  case $1 in
    "$QUORATE_ROOT"/* | /bin/* | /usr/bin/* | /proc/* | /dev/*) printf '%s\n' "$1" ;;
    /*) printf '%s\n' "$QUORATE_ROOT$1" ;;
    *) printf '%s\n' "$1" ;;
  esac
}

# A file that a checker would refuse, whatever its format: planted by tests.
is_refused() {
  grep -qx '# embedded: refuse' "$1"
}

uptime_seconds() {
  up=0
  [ ! -r "$QUORATE_ROOT/proc/uptime" ] || read -r up _ <"$QUORATE_ROOT/proc/uptime"
  printf '%s\n' "$up"
}

journal() {
  printf '%s %s\n' "$(uptime_seconds)" "$*" >>"$SIM/journal"
}
