#!/usr/bin/env bash
# The way in to a lab that a runner of GitHub's cannot reach: a WireGuard peer for the time of a job.
#
#   vpn.sh up     where WIREGUARD holds the configuration of a peer; otherwise nothing
#   vpn.sh down   leaves it, and forgets the configuration
#
# WIREGUARD is a file as wg-quick reads it, private key included. It is in the environment and in one file that only this user may read.
set -euo pipefail

folder=$RUNNER_TEMP/vpn
file=$folder/quorate.conf

case ${1-} in
up)
  [ -n "${WIREGUARD-}" ] || exit 0
  mkdir -m 0700 "$folder"
  (umask 077 && printf '%s\n' "$WIREGUARD" >"$file")
  if ! command -v wg-quick >/dev/null; then
    sudo apt-get update -qq
    sudo apt-get install -y -qq --no-install-recommends wireguard-tools
  fi
  sudo wg-quick up "$file"
  touch "$folder/entered"
  ;;
down)
  [ -e "$file" ] || exit 0
  # Forgotten whatever happens; a runner that could not leave is not passed over.
  trap 'rm -rf "$folder"' EXIT
  [ ! -e "$folder/entered" ] || sudo wg-quick down "$file"
  ;;
*)
  echo "vpn.sh knows up and down" >&2
  exit 2
  ;;
esac
