#!/bin/sh
# The lab's network as the host $QUORATE_ROOT sees it. It is read with "." after sim.sh, never run. A host is named by its folder.

# The folders of the hosts that are switched on; a folder without a lab stands for itself.
hosts_on() {
  if [ -z "$LAB" ]; then
    printf '%s\n' "$QUORATE_ROOT"
    return
  fi
  for each in "$LAB"/*/run/sim/on; do
    [ ! -e "$each" ] || printf '%s\n' "${each%/run/sim/on}"
  done
}

# reached ADDRESS…: "ADDRESS FOLDER DEVICE" for each that a packet from here comes to.
reached() {
  wanted=$*
  set --
  for place in $(hosts_on); do
    for file in "$place"/run/sim/on "$place"/run/sim/cut "$place"/run/sim/public "$place"/run/sim/kind "$place"/run/sim/via \
      "$place"/run/sim/ip/* "$place"/run/sim/link/*.tap "$place"/run/sim/link/*.master \
      "$place"/run/sim/loaded/tinc.*/tinc.conf "$place"/run/sim/loaded/tinc.*/hosts/*; do
      [ ! -e "$file" ] || set -- "$@" "$file"
    done
  done
  awk -v from="$QUORATE_ROOT" -v to="$wanted" -v lab="$LAB" -f "$HERE/net.awk" -- "$@"
}

# The addresses that keepalived holds on this host: "DEVICE ADDRESS/PREFIX". It is the master where no peer that it hears ranks higher.
virtual_addresses() {
  [ -e "$SIM/loaded/vrrp" ] || return 0
  while read -r router priority _ device address; do
    outranked "$router" "$priority" || printf '%s %s\n' "$device" "$address"
  done <"$SIM/loaded/vrrp"
}

outranked() {
  above=
  for place in $(hosts_on); do
    if [ "$place" = "$QUORATE_ROOT" ] || [ ! -e "$place/run/sim/loaded/vrrp" ]; then continue; fi
    while read -r their_router their_priority source _; do
      if [ "$their_router" = "$1" ] && [ "$their_priority" -gt "$2" ]; then above="$above $source"; fi
    done <"$place/run/sim/loaded/vrrp"
  done
  # Words on purpose: each is an address.
  # shellcheck disable=SC2086
  [ -n "$above" ] && [ -n "$(reached $above)" ]
}

# "ROUTER PRIORITY SOURCE DEVICE ADDRESS" for each virtual address in a keepalived.conf.
vrrp_instances() {
  awk '
    $1 == "vrrp_instance" { router = ""; priority = 100; device = ""; source = "-" }
    $1 == "virtual_router_id" { router = $2 }
    $1 == "priority" { priority = $2 }
    $1 == "unicast_src_ip" { source = $2 }
    $1 == "interface" { device = $2 }
    $1 == "virtual_ipaddress" { list = 1; next }
    list && $1 == "}" { list = 0; next }
    list && NF { count++; held[count] = $1 }
    /^}/ && router != "" { for (i = 1; i <= count; i++) print router, priority, source, device, held[i]; count = 0; router = "" }
  ' "$1"
}
