#!/bin/sh
# The lab's network as the host $QUORATE_ROOT sees it. It is read with "." after sim.sh, never run. A host is named by its folder.

# Variables are shared with sim.sh.
# shellcheck disable=SC2154

# The folders of the hosts that are switched on, the last one first; a folder without a lab stands for itself.
HOSTS=
[ -n "$LAB" ] || HOSTS=$QUORATE_ROOT
for each in ${LAB:+"$LAB"/*/run/sim/on}; do
  [ ! -e "$each" ] || HOSTS="${each%/run/sim/on} $HOSTS"
done
# The host whose packets are followed.
from=$QUORATE_ROOT

# reaches ADDRESS: whether a packet from the host `from` comes to it. Sets `holder` and `held_on` to the host and the device that have it.
reaches() {
  find_holder "$1" || return 1
  [ "$holder" != "$from" ] || return 0
  ground "$from"
  here=$ground
  ground "$holder"
  there=$ground
  [ -e "$here/run/sim/on" ] && [ -e "$there/run/sim/on" ] || return 1
  [ "$here" != "$there" ] || return 0
  if [ -e "$here/run/sim/cut" ] || [ -e "$there/run/sim/cut" ]; then return 1; fi
  ! by_public_network || return 0
  for tap in "$there"/run/sim/link/*.tap; do
    if [ -e "$tap" ] && by_vpn "$tap"; then return 0; fi
  done
  return 1
}

# An address that is on the host itself is never looked for elsewhere. One that several other hosts have is that of the last of them.
find_holder() {
  holder=
  for host in "$from" $HOSTS; do
    for interface in "$host"/run/sim/ip/*; do
      [ -e "$interface" ] || continue
      while read -r _ each; do
        [ "${each%%/*}" != "$1" ] || holder=$host held_on=${interface##*/}
      done <"$interface"
    done
    [ -z "$holder" ] || return 0
  done
  return 1
}

# Sets `ground` to the node on which a guest runs; a node is its own.
ground() {
  ground=$1
  first_line "$1/run/sim/kind"
  [ "$line" = guest ] || return 0
  first_line "$1/run/sim/via"
  ground=$LAB/$line
}

# Both ends are the nodes themselves, and no guests on them.
is_between_nodes() {
  [ "$here" = "$from" ] && [ "$there" = "$holder" ]
}

by_public_network() {
  is_between_nodes && [ -e "$there/run/sim/public" ] || return 1
  while read -r each _; do
    [ "$each" != "$held_on" ] || return 0
  done <"$there/run/sim/public"
  return 1
}

# by_vpn TAP: over the VPN that has this tap on the node `there`.
by_vpn() {
  first_line "$1"
  vpn=$line
  near=
  for each in "$here"/run/sim/link/*.tap; do
    first_line "$each"
    [ "$line" != "$vpn" ] || near=${each%.tap}
  done
  [ -n "$near" ] && in_session || return 1
  # On the tap itself, or on the bridge that it is a port of; a guest hangs on that bridge.
  far=${1%.tap}
  if is_between_nodes && [ "${far##*/}" = "$held_on" ]; then return 0; fi
  [ -e "$near.master" ] && [ -e "$far.master" ] || return 1
  [ "$there" = "$holder" ] || return 0
  first_line "$far.master"
  [ "$line" = "$held_on" ]
}

# tinc's ends `here` and `there` of the VPN `vpn` have each other's key, and one is told to connect to the other, which knows it, at its port.
in_session() {
  near_peers=$here/run/sim/loaded/tinc.$vpn/peers
  far_peers=$there/run/sim/loaded/tinc.$vpn/peers
  [ -s "$near_peers" ] && [ -s "$far_peers" ] || return 1
  read -r near_name near_port near_key _ <"$near_peers"
  read -r far_name far_port far_key _ <"$far_peers"
  known_as "$near_peers" "$far_name"
  [ "$key" = "$far_key" ] || is_its_key "$here" "$far_name" "$far_key" || return 1
  out=$is_told:$port far_is_known=$is_known
  known_as "$far_peers" "$near_name"
  [ "$key" = "$near_key" ] || is_its_key "$there" "$near_name" "$near_key" || return 1
  [ "$out:$is_known" = "yes:$far_port:yes" ] || [ "$is_told:$port:$far_is_known" = "yes:$near_port:yes" ]
}

# is_its_key FOLDER NAME KEY: whether a tincd's files have this key of a host: they are read whenever a connection is made (tinc 1.0.36,
# protocol_auth.c), and a session that is there goes on whatever they hold.
is_its_key() {
  ours=$1/etc/tinc/$vpn/hosts/$2
  # HERE is where the programs are, as sim.sh has it; here is another word.
  # shellcheck disable=SC2153
  [ -s "$ours" ] && awk -v own="$2" -f "$HERE/peers.awk" -- "$1/etc/tinc/$vpn/tinc.conf" "$ours" | {
    read -r _ _ key_now _
    [ "$key_now" = "$3" ]
  }
}

# known_as PEERS NAME: sets what a tincd knows of a host, as peers.awk writes it.
known_as() {
  while read -r each port key is_known is_told; do
    [ "$each" != "$2" ] || return 0
  done <"$1"
  port=- key=- is_known=no is_told=no
}

# outranked ROUTER PRIORITY: whether keepalived on the host `from` hears a peer that ranks higher; where it hears none it is the master.
outranked() {
  for peer in $HOSTS; do
    if [ "$peer" = "$from" ] || [ ! -e "$peer/run/sim/loaded/vrrp" ]; then continue; fi
    while read -r their_router their_priority their_source _; do
      if [ "$their_router" = "$1" ] && [ "$their_priority" -gt "$2" ] && reaches "$their_source"; then return 0; fi
    done <"$peer/run/sim/loaded/vrrp"
  done
  return 1
}
