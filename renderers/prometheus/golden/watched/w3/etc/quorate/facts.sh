#!/bin/sh
# Written by quorate: edit the lab, not this file.
# What a host of the lab finds out about itself, for Prometheus: written where node exporter reads it, whole or not at all.
# $1 what to find out, a line each; $2 the folder of what was deployed; $3 the file to write.
set -fu
umask 022
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
asked=${1:-/etc/quorate/facts}
state=${2:-/var/lib/quorate}
out=${3:-/var/lib/prometheus/node-exporter/quorate.prom}
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT

# $1 name, $2 what it is, $3 the file of its samples; nothing where there are none.
metric() {
  [ -s "$3" ] || return 0
  printf '# HELP %s %s\n# TYPE %s gauge\n' "$1" "$2" "$1"
  cat "$3"
}

quorum() {
  quorate=0
  if timeout 10 corosync-quorumtool -s >/dev/null 2>&1; then quorate=1; fi
  printf 'quorate_quorum %s\n' "$quorate" >"$T/quorum"
}

# $1 network, $2 address
address() {
  case $2 in *:*) family=-6 bits=128 ;; *) family=-4 bits=32 ;; esac
  owned=0
  [ -z "$(ip -o "$family" addr show to "$2/$bits")" ] || owned=1
  printf 'quorate_virtual_address{network="%s",address="%s"} %s\n' "$1" "$2" "$owned" >>"$T/address"
}

# $1 network, $2 host, $3 address, $4 number. Of two packets one has to come back: a pair is not down because one was lost.
peer() {
  reached=0
  if ping -q -c 2 -i 0.5 -W 2 "$3" >/dev/null 2>&1; then reached=1; fi
  printf 'quorate_peer_reachable{network="%s",peer="%s"} %s\n' "$1" "$2" "$reached" >"$T/peer.$4"
}

# The commit is null where some of a host's steps are behind it and some are not.
deployed() {
  [ -f "$state/deployed" ] || return 0
  commit=$(sed -n 's/.*"commit":"\([0-9A-Za-z]*\)".*/\1/p' "$state/deployed")
  if [ -z "$commit" ]; then
    printf 'quorate_deployed_whole 0\n' >"$T/whole"
  else
    printf 'quorate_deployed_whole 1\n' >"$T/whole"
    printf 'quorate_deployed_commit_info{commit="%s"} 1\n' "$commit" >"$T/commit"
  fi
}

changed() {
  [ -f "$state/files" ] || return 0
  tab=$(printf '\t')
  count=0
  while IFS=$tab read -r path _ _ store _ hash; do
    [ "$store" = disk ] || continue
    found=$(sha256sum <"$path" 2>/dev/null) || found=absent
    [ "${found%% *}" = "$hash" ] || count=$((count + 1))
  done <"$state/files"
  printf 'quorate_managed_files_changed %s\n' "$count" >"$T/changed"
}

number=10000
while read -r kind first second third; do
  case $kind in
  quorum) quorum ;;
  address) address "$first" "$second" ;;
  peer)
    number=$((number + 1))
    peer "$first" "$second" "$third" "$number" &
    ;;
  esac
done <"$asked"
deployed
changed
wait
set +f
cat "$T"/peer.* >"$T/peers" 2>/dev/null

# No other name ends in ".prom", so half a file is never read.
{
  metric quorate_quorum 'Whether corosync on this host is in a quorate cluster.' "$T/quorum"
  metric quorate_virtual_address 'Whether this host has the virtual address.' "$T/address"
  metric quorate_peer_reachable 'Whether the other host answers through the network.' "$T/peers"
  metric quorate_deployed_whole 'Whether the host is at one commit, not between two.' "$T/whole"
  metric quorate_deployed_commit_info 'The commit that was last deployed here.' "$T/commit"
  metric quorate_managed_files_changed 'Files that are not as they were deployed.' "$T/changed"
} >"$out.new" && mv -fT "$out.new" "$out"
