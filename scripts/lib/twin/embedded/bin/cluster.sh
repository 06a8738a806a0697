#!/bin/sh
# The cluster as corosync on this host sees it. It is read with "." after sim.sh and net.sh, never run.
# Variables are shared with sim.sh, net.sh and the program.
# shellcheck disable=SC2034,SC2154
CONF=$SIM/loaded/corosync.conf

# read_conf FILE: sets `nodes` to "NODEID VOTES NAME ADDRESS…" for each node of a corosync.conf, and some of its settings.
read_conf() {
  nodes='' id='' cluster_name='' config_version='' two_node='' token='' token_coefficient=''
  while IFS=' 	:' read -r word value || [ -n "$word" ]; do
    case $word in
      node) id='' votes=1 name='' rings='' ;;
      nodeid) id=$value ;;
      quorum_votes) votes=$value ;;
      name) name=$value ;;
      ring[0-7]_addr) rings="$rings $value" ;;
      '}')
        [ -z "$id" ] || nodes="$nodes$id $votes $name$rings$NL"
        id=
        ;;
      cluster_name) cluster_name=${cluster_name:-$value} ;;
      config_version) config_version=${config_version:-$value} ;;
      two_node) two_node=${two_node:-$value} ;;
      token) token=${token:-$value} ;;
      token_coefficient) token_coefficient=${token_coefficient:-$value} ;;
    esac
  done <"$1"
}

# Sets `self` to the nodeid of the node one of whose addresses is on this host.
own_node() {
  self=
  while read -r id _ _ rings; do
    for address in $rings; do
      if find_holder "$address" && [ "$holder" = "$QUORATE_ROOT" ]; then
        self=$id
        return
      fi
    done
  done <<LIST
${nodes%"$NL"}
LIST
}

# load FOLDER: what corosync on that host keeps in memory, from its corosync.conf.
load() {
  cp "$1/etc/corosync/corosync.conf" "$1/run/sim/loaded/corosync.conf"
  read_conf "$1/etc/corosync/corosync.conf"
  printf '%s' "$nodes" >"$1/run/sim/loaded/corosync.nodes"
  printf '%s\n' "$two_node" >"$1/run/sim/loaded/corosync.two_node"
  printf '%s/%s\n' "$cluster_name" "$config_version" >"$1/run/sim/loaded/corosync.identity"
  printf '%s\n' "${token:-3000}" >"$1/run/sim/loaded/corosync.token"
}

# Sets `self` to the own nodeid and `list` to "NODEID VOTES NAME FOLDER" of the members that this host has, by nodeid. corosync leaves a ring
# whose members have another config_version, and hears nobody whose answer takes longer than its token: run/sim/latency, in milliseconds.
members() {
  first_line "$SIM/loaded/corosync.self"
  self=$line
  first_line "$SIM/loaded/corosync.identity"
  identity=$line
  list='' deaf=''
  ! is_deaf "$QUORATE_ROOT" || deaf=yes
  while read -r id votes name rings; do
    place=
    if [ "$id" = "$self" ]; then place=$QUORATE_ROOT; elif [ -z "$deaf" ]; then find_member; fi
    [ -z "$place" ] || list="$list$id $votes $name $place$NL"
  done <"$SIM/loaded/corosync.nodes"
  list=${list%"$NL"}
}

# $1 folder of a host: whether its corosync hears nobody.
is_deaf() {
  [ -e "$1/run/sim/latency" ] && [ -e "$1/run/sim/loaded/corosync.token" ] || return 1
  first_line "$1/run/sim/loaded/corosync.token"
  deaf_token=$line
  first_line "$1/run/sim/latency"
  [ "$line" -gt "$deaf_token" ]
}

# Who starts and finds a higher config_version ends itself; with the highest one it is let in, whatever the others have (tried on a twin: cmap
# compares in the first sync only). Who is deaf takes part in no sync. Sets `highest`.
let_in() {
  highest=0 let_in_as=
  while read -r id _ _ rings; do
    place=
    [ "$id" = "$self" ] || for address in $rings; do
      if reaches "$address"; then place=$holder; fi
    done
    if [ -z "$place" ] || is_deaf "$place"; then continue; fi
    first_line "$place/run/sim/loaded/corosync.identity"
    if [ "${line%/*}" != "$cluster_name" ] || [ "${line##*/}" -le "$highest" ]; then continue; fi
    highest=${line##*/} let_in_as=$line
  done <"$SIM/loaded/corosync.nodes"
  [ "$highest" -le "$config_version" ] || return 1
  [ -z "$let_in_as" ] || printf '%s\n' "$let_in_as" >"$SIM/loaded/corosync.identity"
}

# Sets `place` to the host that answers at one of `rings`.
find_member() {
  for address in $rings; do
    reaches "$address" || continue
    first_line "$holder/run/sim/loaded/corosync.identity"
    [ "$line" != "$identity" ] || place=$holder
  done
}

# The ring of these members: the same on all of them, and higher with every change. Sets `sequence`.
ring() {
  key=
  while read -r id _ _ place; do
    first_line "$place/run/sim/loaded/corosync.run"
    key="$key$id:$line,"
  done <<LIST
$1
LIST
  # A ring that is as it was needs no lock: whoever changes one takes the place of its file in one step.
  ! is_agreed "$key" || return 0
  lock=${LAB:+$LAB/.lab}
  lock=${lock:-$SIM}/ring-lock
  tries=0
  # One at a time in the whole lab; a lock that was left behind is broken.
  while ! mkdir "$lock" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || break
    /bin/sleep 0.01
  done
  is_agreed "$key" || next_ring "$key"
  rmdir "$lock" 2>/dev/null || :
}

# Sets `sequence` to the number that this host has for the ring; it stands unless it is another ring, or another host has a higher number for it.
is_agreed() {
  last=0 agreed=0
  for place in $HOSTS; do
    [ -e "$place/run/sim/ring" ] || continue
    read -r number known <"$place/run/sim/ring"
    [ "$number" -le "$last" ] || last=$number
    if [ "$known" = "$1" ] && [ "$number" -gt "$agreed" ]; then agreed=$number; fi
  done
  sequence=0 known=
  [ ! -e "$SIM/ring" ] || read -r sequence known <"$SIM/ring"
  # Where another member has seen somebody leave and come back meanwhile, its number counts here too.
  [ "$known" = "$1" ] && [ "$agreed" -le "$sequence" ]
}

next_ring() {
  # Another member was first to see this ring; an older one that looks the same does not count.
  if [ "$agreed" -gt "$sequence" ]; then sequence=$agreed; else sequence=$((last + 4)); fi
  printf '%s %s\n' "$sequence" "$1" >"$SIM/ring.$$"
  mv "$SIM/ring.$$" "$SIM/ring"
}
