#!/bin/sh
# The cluster as corosync on this host sees it. It is read with "." after sim.sh and net.sh, never run.
# shellcheck disable=SC2034
CONF=$SIM/loaded/corosync.conf

# "NODEID VOTES NAME ADDRESS…" for each node of a corosync.conf.
nodes_in() {
  awk '
    $1 == "node" && $2 == "{" { id = ""; votes = 1; name = ""; rings = "" }
    $1 == "nodeid:" { id = $2 }
    $1 == "quorum_votes:" { votes = $2 }
    $1 == "name:" { name = $2 }
    $1 ~ /^ring[0-7]_addr:$/ { rings = rings " " $2 }
    $1 == "}" && id != "" { print id, votes, name rings; id = "" }
  ' "$1"
}

setting_in() {
  sed -n "s/^[[:space:]]*$2:[[:space:]]*//p" "$1" | head -n 1
}

# The line of the node one of whose addresses is on this host.
own_node() {
  nodes_in "$1" | while read -r id votes name rings; do
    for address in $rings; do
      if grep -qE "^inet6? $address/" "$SIM"/ip/* 2>/dev/null; then
        printf '%s %s %s %s\n' "$id" "$votes" "$name" "$rings"
        return
      fi
    done
  done
}

# load FOLDER: what corosync on that host keeps in memory, from its corosync.conf.
load() {
  cp "$1/etc/corosync/corosync.conf" "$1/run/sim/loaded/corosync.conf"
  nodes_in "$1/etc/corosync/corosync.conf" >"$1/run/sim/loaded/corosync.nodes"
  printf '%s/%s\n' "$(setting_in "$1/etc/corosync/corosync.conf" cluster_name)" "$(setting_in "$1/etc/corosync/corosync.conf" config_version)" \
    >"$1/run/sim/loaded/corosync.identity"
}

# "NODEID VOTES NAME FOLDER" of the members that this host has, by nodeid. corosync leaves a ring whose members have another config_version.
members() {
  self=$(first_line "$SIM/loaded/corosync.self")
  identity=$(first_line "$SIM/loaded/corosync.identity")
  others=
  while read -r id _ _ rings; do
    [ "$id" = "$self" ] || others="$others $rings"
  done <"$SIM/loaded/corosync.nodes"
  # Words on purpose: each is an address.
  # shellcheck disable=SC2086
  heard=$(reached $others)
  while read -r id votes name rings; do
    place=
    [ "$id" != "$self" ] || place=$QUORATE_ROOT
    for address in $rings; do
      case "
$heard" in *"
$address "*) ;; *) continue ;; esac
      found=${heard#*"$address "}
      found=${found%% *}
      [ "$(first_line "$found/run/sim/loaded/corosync.identity")" != "$identity" ] || place=$found
    done
    [ -z "$place" ] || printf '%s %s %s %s\n' "$id" "$votes" "$name" "$place"
  done <"$SIM/loaded/corosync.nodes"
}

# The ring of these members: the same on all of them, and higher with every change. Sets `sequence`.
ring() {
  key=
  while read -r id _ _ place; do
    key="$key$id:$(first_line "$place/run/sim/loaded/corosync.run"),"
  done <<LIST
$1
LIST
  lock=${LAB:+$LAB/.lab}
  lock=${lock:-$SIM}/ring-lock
  tries=0
  # One at a time in the whole lab; a lock that was left behind is broken.
  while ! mkdir "$lock" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || break
    /bin/sleep 0.01
  done
  next_ring "$key"
  rmdir "$lock" 2>/dev/null || :
}

next_ring() {
  last=0 agreed=0
  for place in $(hosts_on); do
    [ -e "$place/run/sim/ring" ] || continue
    read -r number known <"$place/run/sim/ring"
    [ "$number" -le "$last" ] || last=$number
    if [ "$known" = "$1" ] && [ "$number" -gt "$agreed" ]; then agreed=$number; fi
  done
  sequence=0 known=
  [ ! -e "$SIM/ring" ] || read -r sequence known <"$SIM/ring"
  # Where another member has seen somebody leave and come back meanwhile, its number counts here too.
  [ "$known" != "$1" ] || [ "$agreed" -gt "$sequence" ] || return 0
  # Another member was first to see this ring; an older one that looks the same does not count.
  if [ "$agreed" -gt "$sequence" ]; then sequence=$agreed; else sequence=$((last + 4)); fi
  printf '%s %s\n' "$sequence" "$1" >"$SIM/ring"
}
