#!/usr/bin/env bash
# Two refs, which a clone does not bring along: refs/quorate/deployed is the commit that all hosts were last brought to, and
# refs/quorate/unfinished one whose deployment has begun and not got there: while it is there, no other commit is deployed by itself.
#
#   deployed.sh fetch               brings them here, where there are any
#   deployed.sh begin COMMIT        marks a commit as unfinished at the origin, where nothing is yet
#   deployed.sh move NAME FROM TO   moves one at the origin, where it still is at FROM (empty: where there is none; TO empty: removes it)
#   deployed.sh revert COMMIT       pushes a branch that takes back what COMMIT would have brought, and prints what became of it:
#                                   made, conflicts (with what was merged since), refused, or none (there is nothing to take back)
#
# GH_TOKEN is the token that the origin is asked with. It stays in the environment: no file and no argument holds it.
set -euo pipefail

deployed=refs/quorate/deployed
unfinished=refs/quorate/unfinished

# Git expands nothing here: the helper's own shell does.
# shellcheck disable=SC2016
helper='!printf "username=x-access-token\npassword=%s\n" "$GH_TOKEN"; :'
git=(git -c credential.helper= -c "credential.helper=$helper" -c core.hooksPath=/dev/null)

# hash TEXT...: ends the run where one of them is neither a commit's full hash nor empty
hash() {
  local each
  for each; do
    if [[ ! $each =~ ^([0-9a-f]{40,64})?$ ]]; then
      printf 'this is no hash of a commit: %q\n' "$each" >&2
      exit 2
    fi
  done
}

# at REF: the commit that it names at the origin; nothing where it is not there
at() {
  "${git[@]}" ls-remote origin "$1" | cut -f 1
}

# Nothing of the repository runs for it: the deployed files are there already, and become a commit on top. Made twice, it is the same commit.
revert() {
  local from branch made there day
  from=$(git rev-parse --verify --quiet "$deployed" || true)
  if [ -z "$from" ] || [ "$from" = "$1" ] || ! git merge-base --is-ancestor "$from" "$1"; then
    echo none
    return
  fi
  branch=refs/heads/quorate/revert-${1:0:12}
  day="$(git show -s --format=%ct "$1") +0000"
  made=$(
    export GIT_AUTHOR_NAME='github-actions[bot]' GIT_AUTHOR_EMAIL='41898282+github-actions[bot]@users.noreply.github.com'
    export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
    GIT_AUTHOR_DATE=$day GIT_COMMITTER_DATE=$day git commit-tree "$from^{tree}" -p "$1" \
      -m "Back to ${from:0:7}: the deployment of ${1:0:7} has not brought all hosts there" \
      -m "The files are exactly those of $from."
  )
  there=$(at "$branch")
  if [ -z "$there" ]; then
    # GitHub takes none from a workflow that changes a workflow.
    if ! "${git[@]}" push --quiet --force-with-lease="$branch:" origin "$made:$branch" >&2; then
      echo refused
      return
    fi
  elif [ "$there" != "$made" ]; then
    # Somebody works on it.
    echo refused
    return
  fi
  if git rev-parse --verify --quiet refs/remotes/origin/main >&2 &&
    ! git merge-tree --write-tree refs/remotes/origin/main "$made" >&2; then
    echo conflicts
    return
  fi
  echo made
}

case ${1-} in
fetch)
  "${git[@]}" fetch --quiet --no-tags origin "+refs/quorate/*:refs/quorate/*"
  ;;
begin)
  hash "$2"
  there=$(at "$unfinished")
  [ -n "$there" ] || "${git[@]}" push --quiet --force-with-lease="$unfinished:" origin "$2:$unfinished"
  ;;
move)
  hash "$3" "$4"
  ref=refs/quorate/$2
  # A rollback goes back, which git takes only where it is told what it takes the place of.
  [ "$3" = "$4" ] || "${git[@]}" push --quiet --force-with-lease="$ref:$3" origin "$4:$ref"
  ;;
revert)
  hash "$2"
  revert "$2"
  ;;
*)
  echo "deployed.sh knows fetch, begin COMMIT, move NAME FROM TO and revert COMMIT" >&2
  exit 2
  ;;
esac
