#!/usr/bin/env bash
# The ref refs/quorate/deployed is the commit that all hosts were last brought to. A clone does not bring it along.
#
#   deployed.sh fetch            brings it here, where there is one
#   deployed.sh push FROM TO     moves it at the origin, where it still is at FROM (empty: where there is none)
#
# GH_TOKEN is the token that the origin is asked with. It stays in the environment: no file and no argument holds it.
set -euo pipefail

ref=refs/quorate/deployed

# Git expands nothing here: the helper's own shell does.
# shellcheck disable=SC2016
helper='!printf "username=x-access-token\npassword=%s\n" "$GH_TOKEN"; :'
git=(git -c credential.helper= -c "credential.helper=$helper")

case ${1-} in
fetch)
  "${git[@]}" fetch --quiet --no-tags origin "+refs/quorate/*:refs/quorate/*"
  ;;
push)
  # A rollback goes back, which git takes only where it is told what it takes the place of.
  "${git[@]}" push --force-with-lease="$ref:$2" origin "$3:$ref"
  ;;
*)
  echo "deployed.sh knows fetch, and push FROM TO" >&2
  exit 2
  ;;
esac
