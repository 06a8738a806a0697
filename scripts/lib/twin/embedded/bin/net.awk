# Who reaches whom in an embedded lab: reads what every host that is on has in run/sim, and prints "ADDRESS FOLDER DEVICE" for each of the
# addresses in `to` that a packet from the host `from` comes to. Both are given with -v; a host is named by its folder, `lab` is above them.

BEGIN {
  for (i = 1; i < ARGC; i++) given[ARGV[i]] = 1
}

FNR == 1 {
  at = index(FILENAME, "/run/sim/")
  place = substr(FILENAME, 1, at - 1)
  what = substr(FILENAME, at + 9)
  inKey = 0
  vpn = host = device = ""
  if (what ~ /^loaded\/tinc\./) {
    vpn = substr(what, 13)
    sub(/\/.*/, "", vpn)
    if (what ~ /\/hosts\//) { host = what; sub(/.*\//, "", host) }
  } else if (what ~ /^(ip|link)\//) {
    device = what
    sub(/^[a-z]*\//, "", device)
    sub(/\.(tap|master)$/, "", device)
  }
}

what == "public" { public[place, $1] = 1 }
what == "kind" { kind[place] = $1 }
what == "via" && FNR == 1 { carrier[place] = lab "/" $1 }
what ~ /^ip\// {
  address = $2
  sub(/\/.*/, "", address)
  holder[address] = place
  holds[address] = device
}
what ~ /\.tap$/ { tap[place, $1] = device; vpns[place] = vpns[place] " " $1 }
what ~ /\.master$/ { master[place, device] = $1 }
vpn != "" && host == "" && $1 == "Name" { name[place, vpn] = $3 }
vpn != "" && host == "" && $1 == "ConnectTo" { wants[place, vpn, $3] = 1 }
host != "" { knows[place, vpn, host] = 1 }
host != "" && $1 == "Port" { port[place, vpn, host] = $3 }
/^-----BEGIN/ { inKey = 1 }
host != "" && inKey { key[place, vpn, host] = key[place, vpn, host] $0 }
/^-----END/ { inKey = 0 }

END {
  count = split(to, asked, " ")
  for (i = 1; i <= count; i++) if (reaches(from, asked[i])) print asked[i], holder[asked[i]], holds[asked[i]]
}

# The node on which a guest runs; a node is its own.
function ground(place) {
  return kind[place] == "guest" ? carrier[place] : place
}

function isOn(place) {
  return (place "/run/sim/on") in given
}

function isCut(place) {
  return (place "/run/sim/cut") in given
}

# tinc on `one` connects to `other`: it is told to, and each has the other's key, and the right port.
function connects(one, other, vpn,   own, peer) {
  own = name[one, vpn]
  peer = name[other, vpn]
  return own != "" && peer != "" && ((one, vpn, peer) in wants) && ((other, vpn, own) in knows) &&
    port[one, vpn, peer] == port[other, vpn, peer] &&
    key[one, vpn, peer] == key[other, vpn, peer] && key[one, vpn, own] == key[other, vpn, own]
}

function inSession(one, other, vpn) {
  return ((one, vpn) in tap) && ((other, vpn) in tap) && (connects(one, other, vpn) || connects(other, one, vpn))
}

# Both taps are ports of a bridge: what hangs on the bridges is in one network with them.
function bridged(one, other, vpn) {
  return ((one, tap[one, vpn]) in master) && ((other, tap[other, vpn]) in master)
}

function reaches(from, address,   target, device, here, there, count, i, list, vpn, port) {
  if (!(address in holder)) return 0
  target = holder[address]
  device = holds[address]
  if (target == from) return 1
  here = ground(from)
  there = ground(target)
  if (!isOn(here) || !isOn(there)) return 0
  if (here == there) return 1
  if (isCut(here) || isCut(there)) return 0
  if (here == from && there == target && ((target, device) in public)) return 1
  count = split(vpns[there], list, " ")
  for (i = 1; i <= count; i++) {
    vpn = list[i]
    if (!inSession(here, there, vpn)) continue
    # On the tap itself, or on the bridge that it is a port of; a guest hangs on that bridge.
    port = tap[there, vpn]
    if (here == from && there == target && port == device) return 1
    if (bridged(here, there, vpn) && (there != target || master[there, port] == device)) return 1
  }
  return 0
}
