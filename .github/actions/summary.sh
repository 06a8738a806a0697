#!/usr/bin/env bash
# Writes the plan and the changes in a folder into the job's summary. GitHub refuses a summary of more than 1 MiB: what does not fit is
# named and counted, and is whole in the artifact.
set -euo pipefail

folder=$1
room=900000

# fits FILE: whether there is room for it; if not, says where it is
fits() {
  local bytes
  bytes=$(wc -c <"$1")
  if [ "$bytes" -le "$room" ]; then
    room=$((room - bytes))
    return 0
  fi
  printf '%s bytes are too long for a summary: see %s in the artifact "review".\n\n' "$bytes" "${1##*/}"
  return 1
}

{
  printf '## The rollout\n\n'
  if [ ! -s "$folder/plan.txt" ]; then
    printf 'No rollout was planned: the log of this job says why.\n\n'
  elif fits "$folder/plan.txt"; then
    # Indented, so that nothing in it can end the block.
    sed 's/^/    /' "$folder/plan.txt"
    printf '\n'
  fi
  if [ -s "$folder/changes.md" ]; then
    printf '## The changes\n\n'
    if fits "$folder/changes.md"; then cat "$folder/changes.md"; fi
  fi
} >>"$GITHUB_STEP_SUMMARY"
