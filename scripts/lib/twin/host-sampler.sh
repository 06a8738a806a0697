#!/bin/sh
# Asks a host the same questions again and again, and prints every answer with the time since boot. Standard input: a question per line, its
# words between 0x1f characters. An answer begins with 0x1e, the time, the question's number and the exit code; what was printed follows.
set -fu
LC_ALL=C
export LC_ALL
US=$(printf '\037')
RS=$(printf '\036')
questions=$(cat)
while :; do
  number=0
  while IFS= read -r line; do
    IFS=$US
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    IFS=' ' read -r up _ </proc/uptime
    said=$(timeout 2 "$@" 2>/dev/null </dev/null)
    printf '%s%s %s %s\n%s\n' "$RS" "$up" "$number" "$?" "$said"
    number=$((number + 1))
  done <<QUESTIONS
$questions
QUESTIONS
  sleep 0.3
done
