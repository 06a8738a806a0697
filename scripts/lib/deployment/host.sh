#!/bin/sh
# The host side of a deployment: POSIX sh, coreutils, util-linux (flock, unshare, mount) and systemd; nothing is installed.
#
# It arrives on the standard input of `sh -s`, followed by "main TEXT": the verb and its words in the first line, then the input, and "end" as
# the last line. Input and answer are lines of fields between tabs, no field empty. The last line of an answer is "end" too, so one that
# broke off is never taken for a whole one. Free text is base64.
#
# Every program that is started takes its time, and a subshell is one: what a function finds out it leaves in a variable.
#
# What a generation is in is told by the one marker file in its folder: (none) open, staged, armed, confirmed, done; reverting, reverted.
# Every way from one to the next is one rename, so confirming and reverting cannot both happen. Where several hosts change in lockstep, all but
# one are prepared between armed and confirmed: what that one does decides for them, and without its word their units are stopped.

set -fu
umask 077
LC_ALL=C
export LC_ALL

R=${QUORATE_ROOT-}
S=$R/var/lib/quorate
TAB='	'
NL='
'
# On a real host PATH is what sshd was built with, and that may lack the sbin folders.
[ -n "$R" ] || PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
T=
patient=
input=
own_uid=unknown
while read -r status_name _ status_uid _; do
  [ "$status_name" = Uid: ] || continue
  own_uid=$status_uid
  break
done </proc/self/status
if [ "$own_uid" = 0 ]; then AM_ROOT=yes; else AM_ROOT=no; fi

record() {
  printf '%s' "$1"
  shift
  for field; do printf '\t%s' "$field"; done
  printf '\n'
}

# $1 code, $2 what is the matter. Ends the run.
refuse() {
  record refused "$1" "$(printf '%s' "$2" | base64 -w0)"
  record end
  exit 3
}

# What a command said, cut where no word is cut: the beginning of a secret could not be told from other text any more.
excerpt() {
  excerpt_text=$(head -c 301 "$1" | tr '\t\n' '  ')
  [ "${#excerpt_text}" -le 300 ] || case $excerpt_text in
  *' '*) excerpt_text="${excerpt_text% *} …" ;;
  *) excerpt_text='(one word of more than 300 bytes)' ;;
  esac
  printf '%s' "${excerpt_text% }"
}

scratch() {
  [ -z "$T" ] || return 0
  if [ -d "$R/run" ]; then T=$(mktemp -d "$R/run/quorate.XXXXXX"); else T=$(mktemp -d); fi || exit 4
  trap 'rm -rf "$T"' EXIT
}

# Sets up_seconds, whole seconds since the host was started: the one clock that nobody sets.
uptime_seconds() {
  if [ -n "$R" ] && [ -r "$R/proc/uptime" ]; then up_file=$R/proc/uptime; else up_file=/proc/uptime; fi
  IFS='. ' read -r up_seconds _ <"$up_file"
}

# Sets boot_word.
boot_id() {
  boot_file=/proc/sys/kernel/random/boot_id
  [ -z "$R" ] || [ ! -r "$R$boot_file" ] || boot_file=$R$boot_file
  IFS= read -r boot_word <"$boot_file"
}

# The lock is held only while files on disk and markers are changed, never while a unit is told something: no daemon can inherit it.
# A timer and the guard wait for as long as it takes: nobody would call them again.
lock() {
  exec 9>"$S/lock"
  if [ -n "$patient" ]; then flock 9; else flock -w 30 9; fi || refuse busy 'another process has held /var/lib/quorate/lock for 30 s'
}
unlock() { exec 9>&-; }

# A write below /etc/pve may hang for minutes. It has a lock of its own, so that nothing on disk waits for it.
lock_pmxcfs() {
  exec 8>"$S/lock.pmxcfs"
  flock -w "$1" 8
}
unlock_pmxcfs() { exec 8>&-; }

# Of all that would take one generation back one does at a time: two at once could tell a unit while the other one says that all is over. As soon
# as the timer's has mended the way in, the deployer's comes. Nothing that outlives the revert may inherit it.
lock_revert() {
  exec 7>"$G/lock"
  if [ -n "$patient" ]; then flock 7; else flock -w 60 7; fi || refuse busy 'it is being taken back already, and that has not ended for 60 s'
}
unlock_revert() { exec 7>&-; }

make_state() {
  [ -d "$S" ] || mkdir -p "$S" || refuse state 'cannot make /var/lib/quorate'
}

# Standard input becomes the file, whole or not at all, and lasts.
durable() {
  cat >"$1.tmp" && in_its_place "$1"
}

# $1 file, $2 its one line: the same.
durable_line() {
  printf '%s\n' "$2" >"$1.tmp" && in_its_place "$1"
}

# $1 file, written whole with ".tmp" behind its name.
in_its_place() {
  sync "$1.tmp" && mv -fT "$1.tmp" "$1" && sync "${1%/*}"
}

# ---------------------------------------------------------------- lease and fence

read_fence() {
  fence_number=0
  fence_token=-
  [ ! -f "$S/fence" ] || IFS=' ' read -r fence_number fence_token <"$S/fence"
}

# The first input line of every verb that writes: fence, number, token. Both must be the last that were raised here.
check_fence() {
  IFS= read -r line || refuse input 'no fence was given'
  IFS=$TAB
  # shellcheck disable=SC2086
  set -- $line
  unset IFS
  [ "${1-}" = fence ] || refuse input 'the fence comes first'
  read_fence
  [ "$fence_number $fence_token" = "${2-} ${3-}" ] ||
    refuse fenced "another run has taken over: the fence here is $fence_number, and this run holds ${2-nothing}"
}

# Input: raise, number, token.
verb_fence() {
  IFS=$TAB read -r _ raise_number raise_token
  make_state
  lock
  refuse_if_held "$raise_token"
  read_fence
  if [ "$raise_number" -gt "$fence_number" ] || { [ "$raise_number" = "$fence_number" ] && [ "$raise_token" = "$fence_token" ]; }; then
    durable_line "$S/fence" "$raise_number $raise_token" || refuse state 'cannot write the fence'
  else
    refuse fenced "another run has taken over: the fence here is $fence_number, and this run wanted $raise_number"
  fi
  unlock
  record fence "$raise_number"
}

read_lease() {
  lease_token=-
  lease_left=0
  [ -f "$S/lease" ] || return 0
  IFS=' ' read -r lease_token lease_until lease_boot lease_owner lease_run <"$S/lease"
  boot_id
  uptime_seconds
  [ "$lease_boot" != "$boot_word" ] || lease_left=$((lease_until - up_seconds))
  [ "$lease_left" -gt 0 ] || lease_left=0
}

# $1 the token of whoever asks. A deployer may sleep between two nodes' leases, and must not take over from whoever got the first one since.
refuse_if_held() {
  read_lease
  if [ "$lease_left" -gt 0 ] && [ "$lease_token" != "$1" ]; then
    record held "$lease_left" "$lease_owner" "$lease_run"
    refuse held 'the lease is held'
  fi
}

# Input: lease, seconds, token, owner, run. $1 take, renew or drop.
verb_lease() {
  IFS=$TAB read -r _ want_seconds want_token want_owner want_run
  make_state
  lock
  read_lease
  case $1 in
  take)
    refuse_if_held "$want_token"
    longest_timer
    if [ "$longest" -gt 0 ] && [ "$lease_token" != "$want_token" ]; then
      record pending "$longest"
      refuse pending "a timer may still take a step back in $longest s"
    fi
    ;;
  *) [ "$lease_token" = "$want_token" ] || refuse fenced 'another run holds the lease now' ;;
  esac
  # A lease of another boot does not count: it need not outlast this one, and is only never to be seen in halves.
  if [ "$1" = drop ]; then
    rm -f "$S/lease"
  else
    boot_id
    uptime_seconds
    printf '%s\n' "$want_token $((up_seconds + want_seconds)) $boot_word $want_owner $want_run" >"$S/lease.tmp" && mv -fT "$S/lease.tmp" "$S/lease"
  fi || refuse state 'cannot change the lease'
  unlock
  read_fence
  record fence "$fence_number"
}

# ---------------------------------------------------------------- generations

# Sets `generations` to their names, in order.
list_generations() {
  generations=
  set +f
  for each in "$S"/generations/*; do
    [ ! -d "$each" ] || generations="$generations ${each##*/}"
  done
  set -f
}

# $1 generation: sets `state`. Two markers can only be there where a restored backup was laid over the folder; then the more careful one counts.
# It may be turned while it is looked for, from what comes later here to what came before: so those are looked for once more.
state_of() {
  for state in reverting armed prepared confirmed staged reverted 'done' reverting armed; do
    [ ! -e "$S/generations/$1/$state" ] || return 0
  done
  state=open
}

# $1 generation: sets deadline_left, the seconds until its own timer must have fired; 0 where there is none any more (another boot: the
# guard has taken its place).
timer_of() {
  deadline_left=0
  if [ -f "$S/generations/$1/deadline" ]; then
    IFS=' ' read -r deadline_until deadline_boot _ <"$S/generations/$1/deadline"
    boot_id
    uptime_seconds
    [ "$deadline_boot" != "$boot_word" ] || deadline_left=$((deadline_until - up_seconds))
  fi
  [ "$deadline_left" -gt 0 ] || deadline_left=0
}

# Sets `longest`.
longest_timer() {
  longest=0
  list_generations
  for each in $generations; do
    state_of "$each"
    case $state in armed | prepared) ;; *) continue ;; esac
    timer_of "$each"
    [ "$deadline_left" -le "$longest" ] || longest=$deadline_left
  done
}

# $1 generation: sets G.
choose() {
  case $1 in *[!a-z0-9-]* | '') refuse input 'not the name of a generation' ;; esac
  G=$S/generations/$1
  [ -d "$G" ] || refuse state "there is no generation $1 here"
}

# $1 from, $2 to. The rename is what decides.
turn() {
  mv -T "$G/$1" "$G/$2" 2>/dev/null && sync "$G"
}

note() {
  printf '%s\n' "$*" >>"$G/journal" && sync "$G/journal"
}

noted() {
  [ -f "$G/journal" ] && grep -qxF -e "$*" "$G/journal"
}

# Sets `content`: a file's sha256, "absent", or "other" for what is no regular file; empty, and fails, where it cannot be read.
content_of() {
  content=other
  if [ -L "$1" ]; then
    return 0
  elif [ -f "$1" ]; then
    content=
    content_sum=$(sha256sum <"$1") && content=${content_sum%% *}
  elif [ ! -e "$1" ]; then
    content=absent
  fi
}

# Sets `access`: mode and owner, "0644 root:root". Only root can give files away: an embedded node without root owns them all, and is asked
# for no more.
access_of() {
  access=$(stat -c '%a %U:%G' "$1") || return 1
  access_in_full "${access%% *}" "${access#* }"
}

# $1 mode as stat prints it, $2 owner.
access_in_full() {
  access_mode=$1
  while [ "${#access_mode}" -lt 4 ]; do access_mode=0$access_mode; done
  if [ "$AM_ROOT" = yes ]; then access="$access_mode $2"; else access="$access_mode root:root"; fi
}

# ---------------------------------------------------------------- inspect

# Input: path P | need P | serial P PREFIX.
verb_inspect() {
  record root "${R:-/}"
  record user "$own_uid"
  boot_id
  uptime_seconds
  record clock "$up_seconds" "$boot_word"
  read_fence
  record fence "$fence_number"
  read_lease
  [ "$lease_left" -eq 0 ] || record lease "$lease_left" "$lease_owner" "$lease_run"
  [ ! -f "$S/manifest.json" ] || record manifest "$(base64 -w0 <"$S/manifest.json")"
  [ ! -f "$S/deployed" ] || record deployed "$(base64 -w0 <"$S/deployed")"
  list_generations
  for each in $generations; do
    state_of "$each"
    timer_of "$each"
    record generation "$each" "$state" "$deadline_left"
  done
  free_space
  record free "$free_kib"
  [ ! -e "$R/etc/network/interfaces.new" ] || record interfaces-new
  ha_state
  record ha "$ha_is"
  if [ "$ha_is" = armed ] && can_disarm; then record disarms; fi
  if read_ha_note; then record rearm "$ha_step" "$ha_left"; fi
  scratch
  gather
  exec 6<"$T/sums" 7<"$T/access"
  [ ! -f "$S/files" ] || while IFS=$TAB read -r path mode owner store render filled; do
    show_managed
  done <"$S/files"
  questions ''
  exec 6<&- 7<&-
}

# What `see` is going to be asked, in that order: the managed files, then those of the input. Two programs work it out, instead of two per file.
gather() {
  set --
  [ ! -f "$S/files" ] || while IFS=$TAB read -r gathered _; do
    [ -L "$R$gathered" ] || [ ! -f "$R$gathered" ] || set -- "$@" "$R$gathered"
  done <"$S/files"
  while IFS=$TAB read -r gathered_as gathered _; do
    if [ "$gathered_as" != path ] || [ -L "$R$gathered" ] || [ ! -f "$R$gathered" ]; then continue; fi
    set -- "$@" "$R$gathered"
  done <<INPUT
$input
INPUT
  : >"$T/sums"
  : >"$T/access"
  [ $# -eq 0 ] || { sha256sum -- "$@" >"$T/sums" && stat -c '%n %a %U:%G' -- "$@" >"$T/access"; }
}

# $1 path: sets seen_content, as content_of tells it, and seen_access, as access_of tells it, empty where there is no regular file. What was
# gathered counts where it is about this very path; else the file is looked at by itself.
see() {
  seen_access=
  if [ -L "$R$1" ] || { [ -e "$R$1" ] && [ ! -f "$R$1" ]; }; then
    seen_content=other
  elif [ ! -e "$R$1" ]; then
    seen_content=absent
  elif IFS=' ' read -r seen_content seen_name <&6 && [ "$seen_name" = "$R$1" ] &&
    IFS=' ' read -r seen_name seen_mode seen_owner <&7 && [ "$seen_name" = "$R$1" ]; then
    access_in_full "$seen_mode" "$seen_owner"
    seen_access=$access
  else
    content_of "$R$1"
    seen_content=$content
    ! access_of "$R$1" || seen_access=$access
  fi
}

# Input: path P. The same about these files only, for the moment before they are staged.
verb_look() {
  record root "${R:-/}"
  questions managed 6</dev/null 7</dev/null
}

# Input: path P. Of every file what it holds now, and what we wrote there last, where a generation still has it. Neither where it is too long
# for a person.
verb_show() {
  while IFS=$TAB read -r _ shown_path; do
    [ -L "$R$shown_path" ] || [ ! -f "$R$shown_path" ] || show_bytes live "$R$shown_path"
    find_written
    [ -z "$written_file" ] || show_bytes written "$written_file"
  done
}

# $1 live or written, $2 file. Of what was written, mode and owner are those of the copy, and say nothing.
show_bytes() {
  { access_of "$2" && shown_size=$(wc -c <"$2"); } || refuse state "$shown_path cannot be read"
  [ "$shown_size" -le 65536 ] || return 0
  shown_text=$(base64 -w0 <"$2")
  record "$1" "$shown_path" "${access% *}" "${access#* }" "${shown_text:--}"
}

# Sets written_file: where a generation has the bytes that shown_path was last written with; empty where none has them any more.
find_written() {
  written_file=
  written_hash=
  [ ! -f "$S/files" ] || while IFS=$TAB read -r path _ _ _ _ filled; do
    [ "$path" != "$shown_path" ] || written_hash=$filled
  done <"$S/files"
  [ -n "$written_hash" ] || return 0
  list_generations
  for each in $generations; do
    [ ! -f "$S/generations/$each/plan" ] || while IFS= read -r line; do
      IFS=$TAB
      # shellcheck disable=SC2086
      set -- $line
      unset IFS
      [ "$1 ${3-} ${4-}" = "file put $shown_path" ] || continue
      ! holds "$S/generations/$each/new/$2" "$written_hash" || written_file=$S/generations/$each/new/$2
    done <"$S/generations/$each/plan"
  done
}

# $1 managed: of every path, whether it is as it was written, too.
questions() {
  while IFS= read -r line; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- "$1" $line
    unset IFS
    case $2 in
    path)
      show_path "$3"
      [ -z "$1" ] || [ ! -f "$S/files" ] || while IFS=$TAB read -r path mode owner store render filled; do
        [ "$path" != "$3" ] || show_managed
      done <"$S/files"
      ;;
    need) [ -e "$R$3" ] || record missing "$3" ;;
    serial)
      serial_in "$R$3" "$4"
      record serial "$3" "$serial_found"
      ;;
    *) refuse input 'the questions are path, need and serial' ;;
    esac
    set -- "$1"
  done
}

# pmxcfs decides mode and owner by itself.
show_managed() {
  see "$path"
  if [ "$seen_content" = absent ]; then
    intact=missing
  elif [ "$seen_content" != "$filled" ]; then
    intact=edited
  elif [ "$store" != pmxcfs ] && [ "$seen_access" != "$mode $owner" ]; then
    intact=mode
  else
    intact=yes
  fi
  record managed "$path" "$mode" "$owner" "$store" "$render" "$intact"
}

show_path() {
  see "$1"
  case $seen_content in
  absent | other) record path "$1" "$seen_content" ;;
  *) record path "$1" "$seen_content" "${seen_access% *}" "${seen_access#* }" ;;
  esac
}

# Sets free_kib: the KiB that are free where the state is kept.
free_space() {
  free_at=$S
  while [ ! -d "$free_at" ]; do free_at=${free_at%/*}; done
  free_lines=$(df -Pk "${free_at:-/}")
  IFS=' ' read -r _ _ _ free_kib _ <<LINE
${free_lines##*"$NL"}
LINE
}

# Sets ha_is: what a lost quorum means for the nodes of this cluster. none: there is no HA; idle: no watchdog is open; armed: one may reset its
# node; disarming: somebody wants it disarmed, and one may still be open; disarmed: all were closed for that. unknown where the answer is not
# understood. Sets ha_quorate: whether this node's view counts.
# The words are those of PVE/API2/HA/Status.pm in pve-ha-manager 5.2.0, where "disarm mode" alone does not mean that the watchdog is closed:
# "fencing disarmed, resource mode: freeze (CRM watchdog released)", "lrm n1 (disarm mode, watchdog released, Mon Nov 23 00:00:00 2026)".
# Before 5.1.3 there is no line about fencing, and none about a watchdog.
ha_state() {
  ha_is=none ha_quorate=no ha_fencing=
  command -v ha-manager >/dev/null 2>&1 || return 0
  # An answer of another form says nothing: its first line is about quorum in every version.
  ha_is=unknown
  ha_lines=$(timeout 5 ha-manager status 2>/dev/null </dev/null) || return 0
  while IFS= read -r ha_line; do
    case $ha_line in
    quorum\ *)
      [ "$ha_is" != unknown ] || ha_is=none
      [ "$ha_line" != 'quorum OK' ] || ha_quorate=yes
      ;;
    fencing\ disarmed,*) ha_fencing=disarmed ;;
    fencing\ standby\ *) ;;
    # The master's own watchdog: it outlives those of the nodes by minutes.
    fencing\ armed\ *) ha_is=armed ;;
    fencing\ *) ha_fencing=disarming ;;
    lrm\ *\(idle,* | lrm\ *\(wait_for_agent_lock,* | lrm\ *\(disarm\ mode,\ watchdog\ released,*) [ "$ha_is" = armed ] || ha_is=idle ;;
    lrm\ *) ha_is=armed ;;
    esac
  done <<LINES
$ha_lines
LINES
  case $ha_fencing:$ha_is in
  :* | *:unknown) ;;
  disarmed:armed | disarming:*) ha_is=disarming ;;
  *) ha_is=disarmed ;;
  esac
}

# Whether HA of this version can be disarmed: debian/changelog of pve-ha-manager, 5.1.3.
can_disarm() {
  # It is dpkg-query that fills it in.
  # shellcheck disable=SC2016
  disarm_version=$(timeout 5 dpkg-query -W -f '${Version}' pve-ha-manager 2>/dev/null </dev/null) && [ -n "$disarm_version" ] &&
    timeout 5 dpkg --compare-versions "$disarm_version" ge 5.1.3 </dev/null 2>/dev/null
}

# ---------------------------------------------------------------- HA, disarmed for a step

# While it is disarmed nothing is recovered and no node is fenced, so that it is armed again hangs on nobody: before it is disarmed every
# manager has a note, which lasts, and a timer of its own. Whoever has the note arms it again for as long as it takes, after a reboot too, and
# drops the note only where HA is seen armed. Without a note it was disarmed by somebody else, and is theirs to arm.

# Sets ha_step, the step that HA is disarmed for, and ha_left, the seconds until this host arms it again by itself. Fails where there is no note.
read_ha_note() {
  ha_step='' ha_left=0
  [ -f "$S/ha" ] && IFS=' ' read -r ha_step ha_until ha_boot <"$S/ha" || return 1
  boot_id
  uptime_seconds
  [ "$ha_boot" != "$boot_word" ] || ha_left=$((ha_until - up_seconds))
  [ "$ha_left" -gt 0 ] || ha_left=0
}

# Whoever tells HA something holds it, and its ha-manager inherits it: one that hangs is not overtaken by what was told later.
lock_ha() {
  exec 5>"$S/lock.ha"
  if [ -n "$patient" ]; then flock 5; else flock -w 45 5; fi || refuse busy 'another process tells HA something, and has not ended for 45 s'
}
unlock_ha() { exec 5>&-; }

# $1 timer, or one that writes: note, disarm, arm, drop, or forget where nobody was told to disarm; $2 the step. $3 seconds: of note, until
# this host arms HA again by itself; of disarm, how much of that has to be left. Input of note: script, base64 of this script.
verb_ha() {
  if [ "$1" = timer ]; then
    ha_timer "$2"
    return
  fi
  check_fence
  case $2 in *[!a-z0-9-]* | '') refuse input 'not the name of a step' ;; esac
  make_state
  scratch
  lock_ha
  case $1 in
  note) ha_take_note "$2" "$3" ;;
  disarm) ha_disarm "$2" "$3" ;;
  arm) ha_arm "$2" ;;
  drop) ha_drop "$2" ;;
  forget) ha_forget "$2" ;;
  esac
  unlock_ha
}

# A timer without note does nothing, so it comes first.
ha_take_note() {
  IFS=$TAB read -r _ ha_script
  ha_refuse_unless_armed
  can_disarm || refuse ha 'pve-ha-manager is older than 5.1.3, and cannot disarm HA'
  { printf '%s' "$ha_script" | base64 -d >"$T/host.sh" && install_guard "$T/host.sh"; } ||
    refuse state 'cannot install the guard that arms HA again after a reboot'
  # HA is armed: a note that is left says nothing any more.
  ! read_ha_note || stop_ha_timer "$ha_step"
  transient "quorate-arm-$1" "$2" "$keep_trying" "$S/host.sh" timer-ha "$1" || refuse timer "systemd does not start the timer: $(excerpt "$T/err")"
  boot_id
  uptime_seconds
  durable_line "$S/ha" "$1 $((up_seconds + $2)) $boot_word" || refuse state 'cannot write the note that HA is to be armed again'
  record noted "$2"
}

ha_refuse_unless_armed() {
  ha_state
  [ "$ha_is" = armed ] || refuse ha "HA is $ha_is"
  [ "$ha_quorate" = yes ] || refuse ha 'this node has no quorum'
}

ha_disarm() {
  { read_ha_note && [ "$ha_step" = "$1" ]; } || refuse state "there is no note here that HA is to be armed again after $1"
  [ "$ha_left" -ge "$2" ] || refuse late "HA is armed again here in $ha_left s, and $2 s are needed"
  ha_refuse_unless_armed
  # What failed may have been told all the same.
  if tell_ha disarm-ha freeze; then record told; else record failed "$(excerpt "$T/err" | base64 -w0)"; fi
}

# $1 …: what the manager is told. It is a command in a queue on pmxcfs, which the master reads in order.
tell_ha() {
  timeout -k 2 20 ha-manager crm-command "$@" >/dev/null 2>"$T/err" </dev/null
}

# Where the note is gone it was told, and seen to be armed.
ha_arm() {
  if read_ha_note && [ "$ha_step" = "$1" ]; then
    tell_ha arm-ha || refuse ha "ha-manager does not arm: $(excerpt "$T/err")"
  fi
  record told
}

ha_drop() {
  ha_is_back || refuse ha "HA is $ha_is, quorate $ha_quorate"
  ha_forget "$1"
}

ha_forget() {
  if read_ha_note && [ "$ha_step" = "$1" ]; then drop_ha_note; fi || refuse state 'cannot remove the note'
  record dropped
}

ha_is_back() {
  ha_state
  case $ha_is:$ha_quorate in armed:yes | idle:yes | none:yes) ;; *) return 1 ;; esac
}

drop_ha_note() {
  rm -f "$S/ha" && sync "$S" && stop_ha_timer "$ha_step"
}

stop_ha_timer() {
  systemctl stop "quorate-arm-$1.timer" >/dev/null 2>&1 </dev/null 5>&-
  return 0
}

# $1 step. For as long as it takes; where this process itself is killed, systemd starts it again.
ha_timer() {
  patient=yes
  scratch
  until ha_arm_again "$1"; do sleep 10; done
  record armed "$1"
}

# What is told anew does no harm: the master ignores it where HA is armed.
ha_arm_again() {
  lock_ha
  again_ended=0
  if read_ha_note && [ "$ha_step" = "$1" ]; then
    tell_ha arm-ha && ha_is_back && drop_ha_note || again_ended=1
  fi
  unlock_ha
  return "$again_ended"
}

# At boot: /etc/pve is not there yet, and a process of its own waits for it.
ha_guard() {
  read_ha_note || return 0
  guard_tries=0
  until transient "quorate-arm-$ha_step-boot" 5 "$early_words $keep_trying" "$S/host.sh" timer-ha "$ha_step"; do
    guard_tries=$((guard_tries + 1))
    [ "$guard_tries" -lt 5 ] || return 0
    sleep 1
  done
}

# $1 line, $2 what stands before the number. How a line is indented and spaced says nothing: whoever wrote it first had ways of his own.
# Sets serial_before, serial_digits and serial_after.
split_serial() {
  serial_word=${2#"${2%%[![:space:]]*}"}
  serial_word=${serial_word%"${serial_word##*[![:space:]]}"}
  serial_rest=${1#"${1%%[![:space:]]*}"}
  case $serial_rest in "$serial_word"*) serial_rest=${serial_rest#"$serial_word"} ;; *) return 1 ;; esac
  case $serial_word$serial_rest in *[A-Za-z0-9_]"$serial_rest") case $serial_rest in [[:space:]]*) ;; *) return 1 ;; esac ;; esac
  serial_rest=${serial_rest#"${serial_rest%%[![:space:]]*}"}
  serial_digits=${serial_rest%%[!0-9]*}
  [ -n "$serial_digits" ] || return 1
  serial_after=${serial_rest#"$serial_digits"}
  serial_before=${1%"$serial_rest"}
}

# $1 file, $2 what stands before the number on its line: sets serial_found, 0 where there is none.
serial_in() {
  serial_found=0
  if [ -f "$1" ]; then
    while IFS= read -r serial_line || [ -n "$serial_line" ]; do
      ! split_serial "$serial_line" "$2" || serial_found=$serial_digits
    done <"$1"
  fi
}

# $1 file, $2 prefix, $3 the number to put there instead; prints the whole text, the last line too where it has no end.
with_serial() {
  serial_end=$NL
  while IFS= read -r serial_line || { serial_end='' && [ -n "$serial_line" ]; }; do
    ! split_serial "$serial_line" "$2" || serial_line=$serial_before$3$serial_after
    printf '%s%s' "$serial_line" "$serial_end"
  done <"$1"
}

# ---------------------------------------------------------------- stage

# $1 generation: makes its folder, for the upload.
verb_open() {
  check_fence
  list_generations
  for each in $generations; do
    state_of "$each"
    case $state in
    done | reverted) ;;
    *) refuse pending "generation $each is still $state" ;;
    esac
  done
  case $1 in *[!a-z0-9-]* | '') refuse input 'not the name of a generation' ;; esac
  { mkdir -p "$S/generations" && mkdir "$S/generations/$1" "$S/generations/$1/new" "$S/generations/$1/old"; } ||
    refuse state "cannot make generation $1"
  record folder "$S/generations/$1"
}

# A line of the plan: file INDEX OP PATH MODE OWNER STORE HASH EXPECT RENDER PREFIX SERIAL FROM. "-" where there is nothing to say.
# OP put, remove, keep (already as wanted: only written down), copy (pmxcfs lays it whenever FROM changes there, and this is what a revert
# makes of it where pmxcfs cannot). EXPECT is what inspect saw. SERIAL goes in front of a revert.
file_line() {
  f_index=$2 f_op=$3 f_path=$4 f_mode=$5 f_owner=$6 f_store=$7 f_hash=$8 f_expect=$9
  shift 9
  f_render=$1 f_prefix=$2 f_serial=$3 f_from=$4
  f_live=$R$f_path
}

# $1 generation. Input: file …, act ARGUMENT …, copied ARGUMENT … (what is told where a copy had to be put back without pmxcfs),
# first ARGUMENT … (what is told before anybody's files change), lockstep (it changes in turn with other hosts), strange PATH (somebody edited it
# since we wrote it), sum NAME HASH. All of it is kept as the generation's plan.
verb_stage() {
  check_fence
  choose "$1"
  : >"$G/plan"
  while IFS= read -r line; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    case $1 in
    file)
      file_line "$@"
      # On disk every host has a copy of its own, and none may be left behind under a lower number.
      [ "$f_prefix" = - ] || [ "$f_store" != disk ] || [ "$f_op" = copy ] || : >"$G/serial"
      stage_file
      file_plan >>"$G/plan" || refuse state 'the plan cannot be written down'
      ;;
    sum) holds "$G/$2" "$3" || refuse hash "$2 did not arrive as it was sent" ;;
    act | copied | first | lockstep | strange) printf '%s\n' "$line" >>"$G/plan" || refuse state 'the plan cannot be written down' ;;
    *) refuse input 'stage knows file, act, copied, first, lockstep, strange and sum' ;;
    esac
  done
  set +f
  sync "$G"/new/* "$G"/old/* "$G"/*.sh "$G"/*.json "$G/plan" 2>/dev/null
  set -f
  sync "$G/plan" "$G/new" "$G/old" "$G" "$S/generations" || refuse state 'the staged files cannot be made to last'
  { : >"$G/staged" && sync "$G/staged" "$G"; } || refuse state 'cannot mark the generation as staged'
  record staged
}

# $1 file, $2 the content that it should have.
holds() {
  content_of "$1" && [ "$content" = "$2" ]
}

stage_file() {
  holds "$f_live" "$f_expect" || refuse changed "$f_path changed since it was inspected"
  # What is only written down is neither put in place nor taken back.
  [ "$f_op" != keep ] || return 0
  case $f_expect in
  other) refuse changed "$f_path is no regular file" ;;
  absent) printf 'absent\n' >"$G/old/$f_index.is" || refuse state "what $f_path was cannot be written down" ;;
  *)
    { cp "$f_live" "$G/old/$f_index" && holds "$G/old/$f_index" "$f_expect" && access_of "$f_live"; } || refuse changed "cannot keep the old $f_path"
    printf '%s %s\n' "$f_expect" "$access" >"$G/old/$f_index.is" || refuse state "what $f_path was cannot be written down"
    ;;
  esac
  [ "$f_op" != copy ] || stage_copy
  [ "$f_op" = put ] || return 0
  [ "$f_from" = - ] || stage_old
  holds "$G/new/$f_index" "$f_hash" || refuse hash "$f_path did not arrive as it was sent"
}

# What an earlier generation of this run found here goes back: its bytes never left the host. A number that may only rise is raised.
stage_old() {
  case $f_from in *..* | /*) refuse input 'not a kept file' ;; esac
  if [ "$f_prefix" = - ]; then
    cp "$S/generations/$f_from" "$G/new/$f_index"
  else
    serial_in "$f_live" "$f_prefix"
    f_serial=$((serial_found + 1))
    with_serial "$S/generations/$f_from" "$f_prefix" "$f_serial" >"$G/new/$f_index"
    f_serial=$((f_serial + 1))
  fi || refuse state "the old $f_path is not kept here any more"
  content_of "$G/new/$f_index"
  f_hash=$content
}

# What a revert would lay is made now: nothing may stand in its way then.
stage_copy() {
  [ "$f_expect" != absent ] || refuse changed "$f_path is not there"
  if [ "$f_serial" = 0 ]; then
    serial_in "$f_live" "$f_prefix"
    f_serial=$((serial_found + 2))
  fi
  with_serial "$G/old/$f_index" "$f_prefix" "$f_serial" >"$G/old/$f_index.back" || refuse state "the old $f_path cannot be kept"
}

# In one piece: on a full disk half a line may be written, and only the piece that did not fit fails.
file_plan() {
  plan_place=$f_path$TAB$f_mode$TAB$f_owner$TAB$f_store
  printf '%s\n' "file$TAB$f_index$TAB$f_op$TAB$plan_place$TAB$f_hash$TAB$f_expect$TAB$f_render$TAB$f_prefix$TAB$f_serial$TAB$f_from"
}

# $1 generation, never activated: gone, with the bytes that were sent.
verb_discard() {
  check_fence
  choose "$1"
  state_of "$1"
  case $state in
  open | staged) rm -rf "$G" && sync "$S/generations" ;;
  *) refuse state "generation $1 is $state" ;;
  esac || refuse state "cannot remove generation $1"
  record discarded
}

# ---------------------------------------------------------------- probe and validate

# $1 seconds for each. Input: run ARGUMENT …  They do not wait for each other, so a slow one does not use up the others' time.
verb_probe() {
  scratch
  number=0
  batch=
  while IFS= read -r line; do
    case $line in run"$TAB"?*) ;; *) refuse input 'probe knows run' ;; esac
    batch=$batch$line$NL
    number=$((number + 1))
    # Eight at a time.
    [ $((number % 8)) -ne 0 ] || run_batch "$1"
  done
  [ -z "$batch" ] || run_batch "$1"
  show_answers
}

# $1 seconds. One time limit for all of them, as each that is set takes two programs.
run_batch() {
  timeout -k 2 "$1" /bin/sh -c "$side_by_side" sh "$T" $(((number - 1) / 8 * 8)) <<BATCH
${batch%"$NL"}
BATCH
  batch_ended=$?
  batch=
  # Killed, with one that did not heed the limit: of that one nothing was written down.
  [ "$batch_ended" -eq 137 ] || return 0
  late=$(((number - 1) / 8 * 8))
  while [ "$late" -lt "$number" ]; do
    [ -s "$T/$late.exit" ] || printf '124\n' >"$T/$late.exit"
    late=$((late + 1))
  done
}

# $1 folder for the answers, $2 the first one's number. The signal of the time limit goes to this shell and to all that it started. The shells
# outlive it, and tell how each command ended; where one goes on all the same, everything that is left is killed 2 s later. Commands are
# programs, by "exec": what the shell has under the same name is never meant.
# shellcheck disable=SC2016
side_by_side='
late=
trap "late=124" TERM
set -f
T=$1 number=$2
while IFS= read -r line; do
  IFS="	"
  set -- $line
  unset IFS
  shift
  {
    trap "late=124" TERM
    (exec "$@") </dev/null >"$T/$number.out" 2>"$T/$number.err"
    ended=$?
    printf "%s\n" "${late:-$ended}" >"$T/$number.exit"
  } &
  number=$((number + 1))
done
wait
[ -z "$late" ] || wait'

# How each ended, with the lengths of what it said, and all that was said, in one piece, up to 64 KiB of each. How one ended is missing where
# nothing could be written down: then what it said may be missing too.
show_answers() {
  set --
  spoke=' '
  index=0
  while [ "$index" -lt "$number" ]; do
    ended=
    [ ! -f "$T/$index.exit" ] || IFS= read -r ended <"$T/$index.exit"
    case $ended in '' | *[!0-9]*) refuse scratch 'how a command ended cannot be written down: is /run full?' ;; esac
    # Most commands say nothing on one of the two.
    for said in "$index.out" "$index.err"; do
      if [ -s "$T/$said" ]; then
        set -- "$@" "$T/$said"
        spoke="$spoke$said "
      fi
    done
    index=$((index + 1))
  done
  : >"$T/lengths"
  [ $# -eq 0 ] || wc -c -- "$@" >"$T/lengths" || refuse scratch 'what a command said cannot be read any more'
  index=0
  while [ "$index" -lt "$number" ]; do
    IFS= read -r ended <"$T/$index.exit"
    next_length "$index.out"
    out_length=$length
    next_length "$index.err"
    record ran "$index" "$ended" "$out_length" "$length"
    index=$((index + 1))
  done <"$T/lengths"
  [ $# -eq 0 ] || record said "$(head -q -c 65536 -- "$@" | base64 -w0)"
}

# $1 name, in the order of the list on standard input: sets `length`.
next_length() {
  length=0
  case $spoke in *" $1 "*) read -r length _ ;; esac
  [ "$length" -le 65536 ] || length=65536
}

# $1 generation, $2 seconds for each. Input as for probe. The checkers see the staged files at their real paths, in a mount namespace of their own;
# where mounts are denied they get a copy, and the answer says so.
verb_validate() {
  choose "$1"
  scratch
  cat >"$T/input"
  if unshare -m /bin/sh "$G/host.sh" inside "$1" "$2" "$T" </dev/null >"$T/answer" 2>/dev/null && [ -e "$T/mounted" ]; then
    record checked real
  else
    /bin/sh "$G/host.sh" copied "$1" "$2" "$T" </dev/null >"$T/answer" || refuse state 'the checkers cannot be run'
    record checked copy
  fi
  cat "$T/answer"
}

# In the namespace. What is mounted here nobody else sees, and it ends with this process.
verb_inside() {
  choose "$1"
  inside_seconds=$2
  outer=$3
  T=$3
  mount --make-rprivate / || exit 5
  mkdir "$T/over" && mount -t tmpfs -o mode=0700 tmpfs "$T/over" && mkdir "$T/over/upper" "$T/over/work" "$T/over/pve" "$T/over/state" || exit 5
  if [ -d "$R/etc/pve/." ] && [ ! -L "$R/etc/pve" ]; then mount --rbind "$R/etc/pve" "$T/over/pve" || exit 5; fi
  mount -t overlay overlay -o "lowerdir=$R/etc,upperdir=$T/over/upper,workdir=$T/over/work" "$R/etc" || exit 5
  if [ -d "$R/etc/pve/." ] && [ ! -L "$R/etc/pve" ]; then mount --rbind "$T/over/pve" "$R/etc/pve" || exit 5; fi
  while IFS= read -r line; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    [ "$1" = file ] || continue
    file_line "$@"
    show_staged || exit 5
  done <"$G/plan"
  : >"$outer/mounted"
  verb_probe "$inside_seconds" <"$outer/input"
}

# One staged file at its real path: by the overlay below /etc, by a bind elsewhere.
show_staged() {
  case $f_op:$f_store:$f_path in
  keep:* | copy:*) return 0 ;;
  remove:disk:/etc/*) rm -f "$f_live" ;;
  put:disk:/etc/*)
    mkdir -p "${f_live%/*}" && rm -f "$f_live" && cp "$G/new/$f_index" "$f_live" && chmod "$f_mode" "$f_live" && chown "$f_owner" "$f_live"
    ;;
  put:*) [ -f "$f_live" ] && mount --bind "$G/new/$f_index" "$f_live" ;;
  remove:*) return 0 ;;
  esac
}

# Without mounts: arguments that name a staged file, or a folder of one, are given a copy instead.
verb_copied() {
  choose "$1"
  copied_seconds=$2
  T=$3
  rm -rf "$G/copy"
  while IFS= read -r line; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    changed=$1
    shift
    for argument; do changed=$changed$TAB$(copy_of "$argument"); done
    printf '%s\n' "$changed"
  done <"$T/input" >"$T/changed"
  verb_probe "$copied_seconds" <"$T/changed"
  rm -rf "$G/copy"
}

# $1 argument; prints it, or the path of its copy as the host sees it.
copy_of() {
  copy_result=$1
  while IFS= read -r plan_line; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- "$1" $plan_line
    unset IFS
    copy_argument=$1
    shift
    [ "$1" = file ] || {
      set -- "$copy_argument"
      continue
    }
    file_line "$@"
    set -- "$copy_argument"
    case $f_path in
    "$copy_argument") ;;
    "$copy_argument"/*)
      case $copy_argument in /*/*) ;; *) continue ;; esac
      ;;
    *) continue ;;
    esac
    if [ ! -e "$G/copy$copy_argument" ]; then
      mkdir -p "$G/copy${copy_argument%/*}"
      [ ! -e "$R$copy_argument" ] || cp -a "$R$copy_argument" "$G/copy$copy_argument"
    fi
    mkdir -p "$G/copy${f_path%/*}"
    rm -f "$G/copy$f_path"
    if [ "$f_op" = put ]; then
      cp "$G/new/$f_index" "$G/copy$f_path" && chmod "$f_mode" "$G/copy$f_path"
    elif [ "$f_op" != remove ]; then
      cp "$f_live" "$G/copy$f_path"
    fi
    copy_result=${G#"$R"}/copy$copy_argument
  done <"$G/plan"
  printf '%s' "$copy_result"
}

# ---------------------------------------------------------------- arm

# $1 generation, $2 seconds until it takes itself back. The timer runs before the marker is set: a timer without marker does nothing.
verb_arm() {
  check_fence
  choose "$1"
  state_of "$1"
  [ "$state" = staged ] || refuse state "generation $1 is $state"
  install_guard "$G/host.sh" || refuse state 'cannot install the guard that takes the step back after a reboot'
  boot_id
  uptime_seconds
  durable_line "$G/deadline" "$((up_seconds + $2)) $boot_word $2" || refuse state 'cannot write the deadline'
  start_timer "$1" "$2" '' '' || refuse timer "systemd does not start the timer: $(excerpt "$T/err")"
  turn staged armed || refuse state "generation $1 cannot be armed"
  record armed "$2"
}

# $1 generation, $2 seconds, $3 makes the unit's name unique, $4 guard: nothing that this boot has still to reach is waited for.
start_timer() {
  early=
  [ "$4" != guard ] || early=$early_words
  transient "quorate-revert-$1$3" "$2" "$early" "$S/generations/$1/host.sh" timer "$1"
}
early_words='--timer-property=DefaultDependencies=no --property=DefaultDependencies=no'
keep_trying='--property=Restart=on-failure --property=RestartSec=10'

# $1 unit, $2 seconds, $3 options, then this script and its words. AccuracySec is a minute unless told otherwise.
transient() {
  scratch
  transient_unit=$1 transient_seconds=$2 transient_options=$3
  shift 3
  # Words on purpose.
  # shellcheck disable=SC2086
  systemd-run --quiet --collect "--unit=$transient_unit" "--on-active=$transient_seconds" --timer-property=AccuracySec=100ms $transient_options \
    /bin/sh "$@" >"$T/err" 2>&1 </dev/null 5>&- &&
    systemctl is-active "$transient_unit.timer" >/dev/null 2>&1 5>&-
}

stop_timer() {
  systemctl stop "quorate-revert-$1.timer" >/dev/null 2>&1 </dev/null
}

guard_unit='[Unit]
Description=Takes back the step of a rollout that was not confirmed before this host went down
DefaultDependencies=no
Conflicts=shutdown.target
After=local-fs.target
Before=network-pre.target sysinit.target
Wants=network-pre.target
ConditionPathExists=/var/lib/quorate/host.sh

[Service]
Type=oneshot
ExecStart=/bin/sh /var/lib/quorate/host.sh guard

[Install]
WantedBy=sysinit.target'

# $1 this script.
install_guard() {
  guard_path=$R/etc/systemd/system/quorate-guard.service
  cmp -s "$1" "$S/host.sh" || durable "$S/host.sh" <"$1" || return 1
  scratch
  printf '%s\n' "$guard_unit" >"$T/guard"
  if ! cmp -s "$T/guard" "$guard_path"; then
    mkdir -p "${guard_path%/*}" && cp "$T/guard" "$guard_path.tmp" && chmod 0644 "$guard_path.tmp" && sync "$guard_path.tmp" &&
      mv -fT "$guard_path.tmp" "$guard_path" && sync "${guard_path%/*}" && systemctl daemon-reload </dev/null >/dev/null 2>&1 || return 1
  fi
  systemctl is-enabled quorate-guard.service >/dev/null 2>&1 </dev/null || systemctl enable quorate-guard.service >/dev/null 2>&1 </dev/null
}

# ---------------------------------------------------------------- activate

# $1 generation. What comes first, before anybody's files change.
verb_begin() {
  trap '' HUP PIPE
  check_fence
  choose "$1"
  scratch
  state_of "$1"
  [ "$state" = armed ] || refuse state "generation $1 is $state"
  remember_units || refuse state 'cannot write down which units are active'
  tell_units first
  note begun || refuse state 'cannot write the journal'
  record begun
}

# $1 generation. Files, then units; each is in the journal before it begins.
verb_activate() {
  # What is told may cut the very connection that this came by; it is finished all the same.
  trap '' HUP PIPE
  check_fence
  choose "$1"
  scratch
  state_of "$1"
  [ "$state" = armed ] || refuse state "generation $1 is $state"
  ! grep -q "^first$TAB" "$G/plan" || noted begun || refuse state "generation $1 was not begun"
  remember_units || refuse state 'cannot write down which units are active'
  note activating || refuse state 'cannot write the journal'
  while IFS= read -r line <&3; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    [ "$1" = file ] || continue
    file_line "$@"
    case $f_op in keep | copy) continue ;; esac
    if [ "$f_store" = disk ]; then lock; else lock_pmxcfs 30 || refuse busy 'another write to /etc/pve has not ended for 30 s'; fi
    put_in_place || refuse failed "$f_path cannot be written: $(excerpt "$T/err")"
    unlock
    unlock_pmxcfs
    record wrote "$f_path"
  done 3<"$G/plan"
  ! units_changed || systemctl daemon-reload </dev/null >"$T/err" 2>&1 || refuse failed "systemctl daemon-reload: $(excerpt "$T/err")"
  tell_units act
  note activated || refuse state 'cannot write the journal'
  record activated
}

units_changed() {
  grep -q "^file${TAB}[0-9]*${TAB}[a-z]*${TAB}/etc/systemd/" "$G/plan"
}

# Which of the units that will be told something are active and enabled now: what a revert has to bring back.
remember_units() {
  [ ! -e "$G/units" ] || return 0
  while IFS= read -r line <&3; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    case $1:${2-}:$# in act:systemctl:4 | first:systemctl:4) ;; *) continue ;; esac
    if systemctl is-active "$4" >/dev/null 2>&1 </dev/null; then unit_active=active; else unit_active=inactive; fi
    if systemctl is-enabled "$4" >/dev/null 2>&1 </dev/null; then unit_enabled=enabled; else unit_enabled=disabled; fi
    printf '%s %s %s\n' "$4" "$unit_active" "$unit_enabled" || return 1
  done 3<"$G/plan" >"$G/units.tmp" && in_its_place "$G/units"
}

# $1 act or first: the lines of the plan that are meant.
tell_units() {
  told_kind=$1
  number=0
  while IFS= read -r line <&3; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    [ "$1" = "$told_kind" ] || continue
    shift
    [ -e "$G/armed" ] || refuse overtaken 'the step was taken back meanwhile'
    note "$told_kind $number begin" || refuse state 'cannot write the journal'
    # What is begun here is over before the timer fires: two at once could undo each other.
    timer_of "${G##*/}"
    left=$((deadline_left - 3))
    [ "$left" -gt 0 ] || refuse late 'no time is left before the timer fires'
    timeout -k 1 "$left" "$@" </dev/null >"$T/out" 2>"$T/err"
    told=$?
    said=
    [ ! -s "$T/err" ] || said=$(head -c 4096 "$T/err" | base64 -w0)
    record told "$number" "$told" "$said"
    [ "$told" -eq 0 ] || refuse failed "$* exited with $told: $(excerpt "$T/err")"
    note "$told_kind $number done" || refuse state 'cannot write the journal'
    number=$((number + 1))
  done 3<"$G/plan"
}

# One file of the plan, whole or not at all. The temporary name starts with a dot and ends in "~": no daemon reads such a file.
put_in_place() {
  : >"$T/err"
  holds "$f_live" "$f_expect" || refuse changed "$f_path changed since it was staged"
  begin_file || return 1
  if [ "$f_op" = remove ]; then
    [ "$f_expect" = absent ] || rm -f "$f_live" 2>"$T/err" || return 1
    [ ! -d "${f_live%/*}" ] || sync "${f_live%/*}" || return 1
  else
    lay "$G/new/$f_index" "$f_mode" "$f_owner" 2>"$T/err" || return 1
  fi
  note "file $f_index done"
}

# Under the lock, so that a revert sees the journal's line or the step sees the revert.
begin_file() {
  [ "$f_store" = disk ] || lock
  [ -e "$G/armed" ] || refuse overtaken 'the step was taken back meanwhile'
  note "file $f_index begin" || return 1
  [ "$f_store" = disk ] || unlock
}

# $1 source, $2 mode, $3 owner: becomes $f_live by one rename, with a fresh modification time.
lay() {
  make_folder "${f_live%/*}" || return 1
  if [ "$f_store" = pmxcfs ]; then
    lay_shared "$1" "$f_live"
    return
  fi
  lay_temporary=${f_live%/*}/.quorate-${G##*/}-$f_index~
  rm -f "$lay_temporary"
  cp "$1" "$lay_temporary" && chmod "$2" "$lay_temporary" || return 1
  { access_of "$lay_temporary" && [ "$access" = "$2 $3" ]; } || chown "$3" "$lay_temporary" || return 1
  sync "$lay_temporary" && mv -fT "$lay_temporary" "$f_live" && sync "${f_live%/*}"
}

# $1 source, $2 where: the same on pmxcfs, which decides mode and owner, and refuses any other.
lay_shared() {
  temporary_shared "$2"
  pmxcfs_there && tee "$lay_temporary" <"$1" >/dev/null && mv -fT "$lay_temporary" "$2" && cmp -s "$1" "$2"
}

# $1 path on pmxcfs: sets lay_temporary. Another host may write the same file at this moment.
temporary_shared() {
  boot_id
  lay_temporary=${1%/*}/.quorate-${G##*/}-$f_index-$boot_word~
}

# Below an /etc/pve that is not mounted a file would be lost, and hidden.
pmxcfs_there() {
  [ -n "$R" ] || [ -e /etc/pve/.version ] || {
    printf 'pmxcfs is not mounted\n' >&2
    return 1
  }
}

# Folders that had to be made are written down, so that a revert leaves none behind.
make_folder() {
  [ ! -d "$1" ] || return 0
  make_folder "${1%/*}" || return 1
  note "folder ${1#"$R"}" && (umask 022 && mkdir "$1") && sync "${1%/*}"
}

# ---------------------------------------------------------------- confirm

# $1 generation. From here on it waits for what another host does: its timer takes nothing back any more, it only stops the units.
verb_prepare() {
  check_fence
  choose "$1"
  noted activated || refuse state "generation $1 was not activated"
  lock
  if ! turn armed prepared; then
    state_of "$1"
    refuse overtaken "generation $1 is $state"
  fi
  unlock
  record prepared
}

# $1 generation.
verb_confirm() {
  check_fence
  choose "$1"
  noted activated || refuse state "generation $1 was not activated"
  scratch
  let_go || refuse failed "$trouble"
  lock
  if ! turn prepared confirmed && ! turn armed confirmed; then
    state_of "$1"
    refuse overtaken "generation $1 is $state"
  fi
  unlock
  stop_timer "$1"
  settle "$1"
}

# $1 generation, confirmed, but not written down when its run was killed.
verb_settle() {
  check_fence
  choose "$1"
  state_of "$1"
  [ "$state" = confirmed ] || refuse state "generation $1 is $state"
  stop_timer "$1"
  settle "$1"
}

settle() {
  lock
  keep_adopted || refuse state 'cannot keep what was here before in /var/lib/quorate/adopted'
  { new_table >"$S/files.tmp" && in_its_place "$S/files"; } || refuse state 'cannot write the list of managed files'
  if [ -f "$G/manifest.json" ]; then durable "$S/manifest.json" <"$G/manifest.json"; fi || refuse state 'cannot write manifest.json'
  if [ -f "$G/deployed" ]; then durable "$S/deployed" <"$G/deployed"; fi || refuse state 'cannot write what is deployed'
  settle_folders || refuse state 'cannot write the list of folders'
  turn confirmed 'done' || refuse state "generation $1 cannot be closed"
  unlock
  record confirmed
}

# $1 file, $2 name, $3 the path it stood at. Kept for good: nobody else has these bytes.
keep_for_good() {
  [ ! -e "$S/adopted/$2" ] || return 0
  mkdir -p "$S/adopted" && printf '%s\t%s\n' "$2" "$3" >>"$S/adopted/list" && durable "$S/adopted/$2" <"$1" && sync "$S/adopted/list" "$S"
}

# Bytes that this generation took the place of, and that were not the ones we had put there.
keep_adopted() {
  while IFS= read -r line <&3; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    [ "$1" = file ] || continue
    file_line "$@"
    case $f_op in keep | copy) continue ;; esac
    if [ ! -f "$G/old/$f_index" ] || { was_ours && ! is_strange; }; then continue; fi
    keep_for_good "$G/old/$f_index" "${G##*/}-$f_index" "$f_path" || return 1
    record kept "$f_path" "/var/lib/quorate/adopted/${G##*/}-$f_index"
  done 3<"$G/plan"
}

# Whether the deployer saw that somebody had edited it.
is_strange() { grep -qxF "strange$TAB$f_path" "$G/plan"; }

# Another node may have written a file of pmxcfs since, so only its name is asked for: the deployer knows whether all nodes call it edited.
was_ours() {
  [ -f "$S/files" ] || return 1
  while IFS=$TAB read -r path _ _ _ _ filled; do
    [ "$path" = "$f_path" ] || continue
    [ "$f_store" = pmxcfs ] || [ "$filled" = "$f_expect" ]
    return
  done <"$S/files"
  return 1
}

# Folders that were made for our files go when the last file in them does.
settle_folders() {
  made=$(
    [ ! -f "$S/folders" ] || cat "$S/folders"
    [ ! -f "$G/journal" ] || sed -n 's/^folder //p' "$G/journal"
  )
  [ -n "$made" ] || return 0
  printf '%s\n' "$made" | sort -ru | while IFS= read -r made_folder; do
    if grep -q "^file${TAB}[0-9]*${TAB}remove$TAB" "$G/plan"; then rmdir "$R$made_folder" 2>/dev/null; fi
    [ ! -d "$R$made_folder" ] || printf '%s\n' "$made_folder"
  done | durable "$S/folders"
}

# The managed files after this generation: those of before that it does not name, and its own.
new_table() {
  planned=$NL
  while IFS= read -r line; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    [ "$1" != file ] || [ "$3" = copy ] || planned=$planned$4$NL
  done <"$G/plan"
  if [ -f "$S/files" ]; then
    while IFS=$TAB read -r path rest; do
      case $planned in *"$NL$path$NL"*) ;; *) printf '%s\t%s\n' "$path" "$rest" || return 1 ;; esac
    done <"$S/files"
  fi
  while IFS= read -r line; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    [ "$1" = file ] || continue
    file_line "$@"
    case $f_op in remove | copy) continue ;; esac
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$f_path" "$f_mode" "$f_owner" "$f_store" "$f_render" "$f_hash" || return 1
  done <"$G/plan"
  return 0
}

# Input after the fence: keep GENERATION …: every other one that is over is removed.
verb_prune() {
  check_fence
  kept=' '
  while IFS=$TAB read -r _ keep_name; do kept="$kept$keep_name "; done
  list_generations
  for each in $generations; do
    case $kept in *" $each "*) continue ;; esac
    state_of "$each"
    case $state in
    done | reverted) rm -rf "$S/generations/$each" ;;
    esac
  done
  record pruned
}

# ---------------------------------------------------------------- lockstep

# $1 generation. Its units are stopped, and nothing else: whoever is in charge is about to go back to what was before.
verb_hold() {
  check_fence
  choose "$1"
  scratch
  state_of "$1"
  case $state in
  armed | prepared) ;;
  *) refuse overtaken "generation $1 is $state" ;;
  esac
  trouble=
  hold deployer
  [ -z "$trouble" ] || refuse failed "$trouble"
  record held
}

# $1 by whom. The units that were told something are stopped; at boot they are not started, however far that is.
hold() {
  hold_by=$1
  note "held by $1"
  hold_number=0 hold_first=0
  while IFS= read -r line <&4; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    case $1 in
    first)
      hold_key="first $hold_first"
      hold_first=$((hold_first + 1))
      ;;
    act)
      hold_key="act $hold_number"
      hold_number=$((hold_number + 1))
      ;;
    *) continue ;;
    esac
    noted "$hold_key begin" || continue
    case $2:${3-}:$# in systemctl:stop:4 | systemctl:start:4 | systemctl:restart:4 | systemctl:reload:4) ;; *) continue ;; esac
    # Of a unit that waits for its turn at boot the job is replaced.
    if [ "$hold_by" = guard ]; then undo systemctl --no-block stop "$4"; else undo systemctl stop "$4"; fi
  done 4<"$G/plan"
}

# Units that were held are told again what they are told in this generation. Sets trouble.
let_go() {
  trouble=
  grep '^held by \|^let go$' "$G/journal" | tail -n 1 | grep -q '^held' || return 0
  while IFS= read -r line <&4; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    [ "$1" = act ] || continue
    shift
    undo "$@"
  done 4<"$G/plan"
  [ -z "$trouble" ] && note 'let go'
}

is_lockstep() { grep -qx lockstep "$G/plan"; }

# $1 generation, taken back at boot. The others may not be back yet: its units start when all of their timers must have fired.
start_later() {
  IFS=' ' read -r _ _ later_seconds <"$G/deadline"
  hold guard
  start_timer "$1" "$later_seconds" -held guard || note 'no timer for the units'
  record held
}

# ---------------------------------------------------------------- revert

# $1 generation, by the deployer.
verb_revert() {
  trap '' HUP PIPE
  check_fence
  choose "$1"
  revert "$1" deployer
}

# $1 generation, by its own timer: nobody may be watching, and no fence is asked.
verb_timer() {
  patient=yes
  choose "$1"
  revert "$1" timer
}

# At boot, before the network: units are not told anything, they will start with the old files.
verb_guard() {
  patient=yes
  ha_guard
  list_generations
  for each in $generations; do
    state_of "$each"
    case $state in
    armed | prepared | reverting)
      choose "$each"
      revert "$each" guard
      ;;
    esac
  done
}

# $1 generation, $2 by whom. Can be broken off anywhere and begun again.
revert() {
  scratch
  lock_revert
  lock
  if [ -e "$G/armed" ]; then turn armed reverting || refuse state "generation $1 cannot be taken back"; fi
  if [ "$2" = deployer ] && [ -e "$G/prepared" ]; then turn prepared reverting || refuse state "generation $1 cannot be taken back"; fi
  state_of "$1"
  case $state in
  reverting) ;;
  prepared)
    unlock
    trouble=
    hold "$2"
    record held
    return 0
    ;;
  reverted)
    unlock
    record reverted already
    return 0
    ;;
  *) refuse overtaken "generation $1 is $state" ;;
  esac
  note "reverting by $2"
  unlock
  [ "$2" != deployer ] || stop_timer "$1"
  stuck=
  trouble=
  later=
  if [ "$2" = guard ] && is_lockstep && grep -q ' begin$' "$G/journal"; then later=yes; fi
  [ -n "$later" ] || acts_before "$2"
  lock
  restore_files "$2" disk
  unlock
  # A quorum may hang on the copies, and a pmxcfs that hangs is waited for: so they come first.
  restore_copies "$2"
  restore_pmxcfs "$2"
  ! units_changed || systemctl daemon-reload </dev/null >/dev/null 2>&1
  [ -n "$later" ] || acts_after "$2"
  [ -n "$stuck" ] || own_what_is_back || stuck=' /var/lib/quorate/files'
  if [ -n "$later" ]; then
    start_later "$1"
    return 0
  fi
  if [ -n "$stuck$trouble" ]; then
    note "stuck$stuck$trouble"
    record stuck "$(printf '%s' "$stuck$trouble" | base64 -w0)"
    try_again "$1" "$2"
    return 0
  fi
  turn reverting reverted || refuse state "generation $1 cannot be closed"
  record reverted "$2"
}

# $1 generation, $2 by whom. Nobody may be watching: once more in a while. Files for as long as it takes; a unit that does not want to, a few times.
try_again() {
  if [ -z "$stuck" ] && [ "$(grep -c '^stuck' "$G/journal")" -ge "$most_tries" ]; then return 0; fi
  again_until=0 again_boot=
  [ ! -f "$G/again" ] || IFS=' ' read -r again_until again_boot <"$G/again"
  boot_id
  uptime_seconds
  # Another try is on its way already.
  if [ "$again_boot" = "$boot_word" ] && [ "$again_until" -gt "$up_seconds" ]; then return 0; fi
  start_timer "$1" 10 "-again-$$" "$2" || {
    note 'no timer for another try'
    return 0
  }
  uptime_seconds
  durable_line "$G/again" "$((up_seconds + 10)) $boot_word" || note 'the time of the next try cannot be written down'
}
most_tries=6

# $1 unit: sets was_active and was_enabled.
was() {
  was_active=unknown was_enabled=unknown
  [ ! -f "$G/units" ] || while IFS=' ' read -r was_unit was_a was_e; do
    if [ "$was_unit" = "$1" ]; then was_active=$was_a was_enabled=$was_e; fi
  done <"$G/units"
}

# Calls $1 with by-whom and the argument vector of every act that was begun.
each_act() {
  act_number=0 first_number=0
  while IFS= read -r line <&4; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- "$1" "$2" $line
    unset IFS
    case $3 in
    act)
      act_name="act $act_number"
      act_number=$((act_number + 1))
      ;;
    first)
      act_name="first $first_number"
      first_number=$((first_number + 1))
      ;;
    esac
    case $3 in act | first) ! was_told "$act_name" || undo_once "$@" ;; esac
    set -- "$1" "$2"
  done 4<"$G/plan"
}

# With a number that may only rise, every host goes on to the agreed one, also where nothing was told yet.
was_told() {
  noted "$1 begin" || [ -e "$G/serial" ]
}

# However often a revert is tried, a unit that did what it was told is left alone. While files are stuck it is told once all the same, for what
# is back already may be what the others wait for.
undo_once() {
  undo_phase=$1 undo_by=$2
  case $1:$stuck in
  stop_what_was_not_there:*) undo_mark="$act_name stopped" ;;
  tell_again:) undo_mark="$act_name told again" ;;
  *) undo_mark="$act_name told again, with files missing" ;;
  esac
  ! noted "$undo_mark" || return 0
  shift 3
  undo_trouble=$trouble
  "$undo_phase" "$undo_by" "$@"
  if [ "$trouble" = "$undo_trouble" ] || [ -n "$stuck" ]; then note "$undo_mark"; fi
}

acts_before() { each_act stop_what_was_not_there "$1"; }
acts_after() { each_act tell_again "$1"; }

# Units that were not running before stop while their files are still there; they may need them to stop. So do those that were stopped before
# their files changed, and may have been started since.
stop_what_was_not_there() {
  [ "$2" = systemctl ] && [ $# -eq 4 ] || return 0
  was "$4"
  case $3 in
  stop) case $act_name in first*) undo systemctl stop "$4" ;; esac ;;
  start | restart | reload) [ "$was_active" = active ] || [ "$1" = guard ] || undo systemctl stop "$4" ;;
  enable) [ "$was_enabled" = enabled ] || undo systemctl disable "$4" ;;
  esac
}

# Exactly those that were told are told again, now that the old files are back.
tell_again() {
  tell_by=$1
  shift
  if [ "$1" = systemctl ] && [ $# -eq 3 ]; then
    was "$3"
    case $2 in
    disable) [ "$was_enabled" != enabled ] || undo systemctl enable "$3" ;;
    start | stop | restart | reload)
      [ "$was_active" = active ] && [ "$tell_by" != guard ] || return 0
      # A unit that died often lately is not started again unless this is forgotten.
      systemctl reset-failed "$3" >/dev/null 2>&1 </dev/null
      case $2 in
      reload) again systemctl reload "$3" || undo systemctl restart "$3" ;;
      restart) undo systemctl restart "$3" ;;
      *) undo systemctl start "$3" ;;
      esac
      ;;
    esac
  elif [ "$tell_by" != guard ]; then
    undo "$@"
  fi
}

again() { timeout -k 2 60 "$@" >/dev/null 2>"$T/err" </dev/null 7>&-; }

undo() {
  if again "$@"; then
    record undid "$*"
  else
    undo_why="$* ($(excerpt "$T/err"))"
    note "could not: $*"
    trouble="$trouble $undo_why"
    record trouble "$(printf '%s' "$undo_why" | base64 -w0)"
  fi
}

# $1 by whom, $2 the store.
restore_files() {
  restore_by=$1 restore_store=$2
  while IFS= read -r line <&3; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    [ "$1" = file ] || continue
    file_line "$@"
    [ "$f_store" != "$restore_store" ] || restore_file "$restore_by" || stuck="$stuck $f_path"
  done 3<"$G/plan"
  remove_folders "$restore_store"
}

# $1 by whom. A process apart: where pmxcfs hangs, all the rest goes on, and what is not back after 10 s counts as stuck for this time.
restore_pmxcfs() {
  grep -q "^file$TAB.*${TAB}pmxcfs$TAB" "$G/plan" || return 0
  # Nothing of pmxcfs is touched at boot.
  if [ "$1" = guard ]; then
    restore_files guard pmxcfs
    return
  fi
  if apart 100 restore_pmxcfs_apart "$1"; then stuck=$stuck$apart_said; else stuck="$stuck /etc/pve (it does not answer)"; fi
}

# $1 by whom; prints what is stuck.
restore_pmxcfs_apart() {
  stuck=
  if lock_pmxcfs 5; then restore_files "$1" pmxcfs; else stuck=' /etc/pve (another write has not ended)'; fi
  unlock_pmxcfs
  printf '%s' "$stuck"
}

# $1 tenths of a second, then a function and its words: carried out by a process of its own, for what is asked of pmxcfs may hang for
# minutes. Sets apart_said to what it printed; fails where that is not there in time.
apart() {
  apart_number=$((apart_number + 1))
  apart_file=$G/pmxcfs.$$.$apart_number
  apart_tries=$1
  shift
  rm -f "$apart_file"
  {
    unlock_revert
    trap - EXIT
    "$@" >"$apart_file.tmp" 2>/dev/null
    mv -fT "$apart_file.tmp" "$apart_file"
  } </dev/null >/dev/null 2>&1 &
  until [ -e "$apart_file" ]; do
    [ "$apart_tries" -gt 0 ] || return 1
    apart_tries=$((apart_tries - 1))
    sleep 0.1
  done
  apart_said=$(cat "$apart_file")
  rm -f "$apart_file"
}
apart_number=0

# $1 by whom. Only what was begun; bytes that are neither the old nor the new ones are kept aside.
restore_file() {
  case $f_op in keep | copy) return 0 ;; esac
  noted "file $f_index begin" || [ -e "$G/serial" ] || return 0
  # At boot pmxcfs is not mounted yet; the next run finishes what waits for it.
  [ "$1" != guard ] || [ "$f_store" != pmxcfs ] || return 1
  lay_temporary=${f_live%/*}/.quorate-${G##*/}-$f_index~
  [ "$f_store" = disk ] || temporary_shared "$f_live"
  rm -f "$lay_temporary"
  IFS=' ' read -r old_hash old_mode old_owner <"$G/old/$f_index.is"
  content_of "$f_live" || return 1
  is=$content
  if [ "$is" = "$old_hash" ] && [ "$f_prefix" = - ]; then
    if [ "$f_store" = pmxcfs ] || [ "$is" = absent ]; then return 0; fi
    if access_of "$f_live" && [ "$access" = "$old_mode $old_owner" ]; then return 0; fi
  elif [ "$is" != absent ] && [ "$is" != "$f_hash" ] && [ "$f_prefix" = - ]; then
    cp "$f_live" "$G/old/$f_index.displaced" && keep_for_good "$f_live" "${G##*/}-$f_index-displaced" "$f_path" || return 1
  fi
  if [ "$old_hash" = absent ]; then
    [ "$is" = absent ] || { rm -f "$f_live" && sync "${f_live%/*}"; }
    return
  fi
  if [ "$f_prefix" = - ]; then
    lay "$G/old/$f_index" "$old_mode" "$old_owner"
    return
  fi
  # A number that may only rise: the old content goes back under the next one, which all hosts were told when they were armed.
  with_serial "$G/old/$f_index" "$f_prefix" "$f_serial" >"$G/old/$f_index.back" || return 1
  serial_in "$f_live" "$f_prefix"
  [ "$serial_found" = "$f_serial" ] || lay "$G/old/$f_index.back" "$old_mode" "$old_owner"
}

# ---------------------------------------------------------------- copies of what is on pmxcfs

# $1 by whom. A host's own copy of a file that all share is what its daemon lives by. While pmxcfs can be written, the old content goes back
# there, under the number that all were told when they were armed: by the host that wrote the new one, or by any other where that one does
# not. Where it cannot, for the change itself may have cost the quorum, every host puts its own copy back, and tells its daemon. Then pmxcfs
# is looked at again for as long as it takes: it must not come back with the new content.
restore_copies() {
  copies_by=$1
  copies_grace=5
  ! grep -q "^file$TAB.*${TAB}pmxcfs$TAB" "$G/plan" || copies_grace=0
  while IFS= read -r line <&3; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    case $1:${3-} in file:copy) ;; *) continue ;; esac
    file_line "$@"
    restore_copy || stuck="$stuck $f_path"
  done 3<"$G/plan"
  [ "$copies_by" = guard ] || ! noted 'copies to tell' || tell_copied
}

# One copy of the plan. Fails where it has to be looked at again.
restore_copy() {
  IFS=' ' read -r old_hash old_mode old_owner <"$G/old/$f_index.is"
  content_of "$G/old/$f_index.back" && [ -n "$content" ] || return 1
  back_hash=$content
  copies_round=0
  if [ "$copies_by" = guard ]; then
    # Whatever number the others have by now, a daemon that starts with the highest is let in. What pmxcfs holds is seen later.
    lay_copy "$G/old/$f_index.back"
    return 1
  fi
  while :; do
    copies_round=$((copies_round + 1))
    shared='unknown ro'
    ! apart 20 show_shared || shared=$apart_said
    content_of "$f_live" || return 1
    copy_content=$content
    case $content in "$old_hash") copy=old ;; "$back_hash") copy=back ;; *) copy=new ;; esac
    case $copy:$shared in
    # Never put in place, or not yet seen here: then pmxcfs will bring what the others put back.
    old:old*) return 0 ;;
    # Raised by the guard, and nothing was ever shared.
    *:'old rw')
      [ "$copy" = back ] || tell_later || return 1
      lay_copy "$G/old/$f_index"
      return
      ;;
    back:back*)
      note "copy $f_index shared"
      return
      ;;
    # pmxcfs follows within a moment, and reloads.
    *:back*)
      if [ "$copies_round" -gt 5 ]; then
        put_copy_back && note "copy $f_index shared"
        return
      fi
      ;;
    # What somebody else wrote there since is theirs.
    back:other*) return 1 ;;
    *:other*) return 0 ;;
    *:'new rw')
      if [ "$copies_round" -gt 12 ]; then
        put_copy_back
        return 1
      fi
      if [ "$copies_round" -gt "$copies_grace" ]; then
        apart 30 share_back
        continue
      fi
      ;;
    *:'new ro' | new:*)
      put_copy_back
      return 1
      ;;
    *) return 1 ;;
    esac
    sleep 1
  done
}

# Prints what the shared file is, old, back, new or other, and whether it can be written, rw or ro.
show_shared() {
  shared_path=$R$f_from
  if ! pmxcfs_there || ! content_of "$shared_path" || [ ! -f "$shared_path" ]; then
    printf 'unknown ro'
    return
  fi
  case $content in
  "$old_hash") shared_is=old ;;
  "$back_hash") shared_is=back ;;
  "$f_hash") shared_is=new ;;
  *)
    shared_is=other
    serial_in "$shared_path" "$f_prefix"
    # Where bytes that another host keeps went back, they are known by their number only.
    if [ "$f_hash" = - ] && [ "$serial_found" = $((f_serial - 1)) ]; then shared_is=new; fi
    ;;
  esac
  boot_id
  shared_try=${shared_path%/*}/.quorate-try-$boot_word-$$~
  if tee "$shared_try" </dev/null >/dev/null && rm -f "$shared_try"; then printf '%s rw' "$shared_is"; else printf '%s ro' "$shared_is"; fi
}

share_back() {
  ! lock_pmxcfs 2 || lay_shared "$G/old/$f_index.back" "$R$f_from"
  unlock_pmxcfs
}

# The old content under the agreed number, on this host alone. Bytes that are nobody's are kept aside.
put_copy_back() {
  case $copy in
  back) return 0 ;;
  new)
    if [ "$f_hash" != - ] && [ "$copy_content" != "$f_hash" ] && [ -f "$f_live" ]; then
      keep_for_good "$f_live" "${G##*/}-$f_index-displaced" "$f_path" || return 1
    fi
    tell_later || return 1
    ;;
  esac
  lay_copy "$G/old/$f_index.back"
}

# $1 source.
lay_copy() {
  lock
  lay "$1" "$old_mode" "$old_owner"
  lay_ended=$?
  unlock
  return "$lay_ended"
}

# A daemon may have read what is replaced now. Written down first: whoever goes on from here tells it.
tell_later() { note 'copies to tell'; }

# Once for each time that something was replaced, however often the rest is tried.
tell_copied() {
  copied_due=$(grep -cxF 'copies to tell' "$G/journal")
  [ "$copied_due" -gt "$(grep -cxF 'copies told' "$G/journal")" ] || return 0
  copied_trouble=$trouble
  while IFS= read -r line <&4; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    [ "$1" = copied ] || continue
    shift
    if [ "$1" = systemctl ] && [ $# -eq 3 ]; then systemctl reset-failed "$3" >/dev/null 2>&1 </dev/null; fi
    undo "$@"
  done 4<"$G/plan"
  [ "$trouble" = "$copied_trouble" ] || return 0
  while [ "$(grep -cxF 'copies told' "$G/journal")" -lt "$copied_due" ]; do note 'copies told' || return 0; done
}

# What went back under the next number is ours as the bytes before it were, and nobody's edit.
own_what_is_back() {
  [ -f "$S/files" ] || return 0
  lock
  while IFS= read -r line <&3; do
    IFS=$TAB
    # shellcheck disable=SC2086
    set -- $line
    unset IFS
    [ "$1" = file ] || continue
    file_line "$@"
    if [ "$f_prefix" = - ] || [ ! -f "$G/old/$f_index.back" ]; then continue; fi
    own_path=$f_path
    if [ "$f_op" = copy ]; then
      noted "copy $f_index shared" || continue
      own_path=$f_from
    fi
    # By a file of its own: of a table that could not be written whole nothing may come into the real one.
    if ! own_back >"$G/files" || ! durable "$S/files" <"$G/files"; then
      unlock
      return 1
    fi
  done 3<"$G/plan"
  unlock
}

# The table of managed files with the number that is back.
own_back() {
  IFS=' ' read -r old_hash _ <"$G/old/$f_index.is" || return 1
  content_of "$G/old/$f_index.back" || return 1
  back_hash=$content
  while IFS=$TAB read -r path mode owner store render filled; do
    if [ "$path" = "$own_path" ] && [ "$filled" = "$old_hash" ]; then filled=$back_hash; fi
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$path" "$mode" "$owner" "$store" "$render" "$filled" || return 1
  done <"$S/files"
}

# $1 store. Folders that were made for the step, where nothing else has come into them. The inner ones are later in the journal.
remove_folders() {
  [ -f "$G/journal" ] || return 0
  tac "$G/journal" | while IFS=' ' read -r journal_word journal_rest; do
    [ "$journal_word" = folder ] || continue
    case $1:$journal_rest in disk:/etc/pve/*) continue ;; pmxcfs:/etc/pve/* | disk:*) ;; *) continue ;; esac
    [ ! -d "$R$journal_rest" ] || rmdir "$R$journal_rest" 2>/dev/null
  done
  return 0
}

# ---------------------------------------------------------------- record without a step

# $1 generation, staged, that changes nothing on disk: written down at once.
verb_record() {
  check_fence
  choose "$1"
  ! grep -q "^file${TAB}[0-9]*${TAB}\(put\|remove\)$TAB" "$G/plan" || refuse input 'only what is already as wanted can be written down without a step'
  if ! turn staged confirmed; then
    state_of "$1"
    refuse state "generation $1 is $state"
  fi
  settle "$1"
}

# $1 the call: the verb and its words, then the input. Of a text that broke off right behind a quotation mark in it the shell runs what it
# has: only the closing line says that all of it is there.
main() {
  [ "${1##*"$NL"}" = end ] || refuse input 'the call did not arrive whole'
  input=${1%"$NL"end}$NL
  call=${input%%"$NL"*}
  input=${input#*"$NL"}
  input=${input%"$NL"}
  # Words on purpose.
  # shellcheck disable=SC2086
  set -- $call
  [ -n "$input" ] || {
    dispatch "$@" </dev/null
    return
  }
  dispatch "$@" <<INPUT
$input
INPUT
}

dispatch() {
  verb=$1
  shift
  if [ -z "$R" ] && [ "$AM_ROOT" = no ]; then refuse user "$(id -un) is not root"; fi
  case $verb in
  inspect | look | show | fence | lease | open | stage | discard | probe | validate | arm | begin | activate | prepare | hold | confirm | settle | prune | revert | timer | guard | record)
    "verb_$verb" "$@"
    ;;
  note-ha | disarm-ha | arm-ha | drop-ha | forget-ha | timer-ha) verb_ha "${verb%-ha}" "$@" ;;
  inside | copied)
    "verb_$verb" "$@"
    return
    ;;
  *) refuse input "there is no verb $verb" ;;
  esac
  record end
}

# As a file it is called with a verb; from standard input the call stands in the last lines.
[ $# -eq 0 ] || dispatch "$@"
