#!/bin/sh
# Ends what an embedded lab started when the process that held the lab is gone, however it went.
# Standard input: "+ GROUP" and "- GROUP", a process group each; its end is the end of that process.
live=' '
while read -r sign group; do
  case $group in '' | *[!0-9]*) continue ;; esac
  case $sign in
    +) live="$live$group " ;;
    -) case $live in *" $group "*) live="${live%% "$group" *} ${live#* "$group" }" ;; esac ;;
  esac
done
for group in $live; do
  kill -s KILL -- "-$group" 2>/dev/null
done
exit 0
