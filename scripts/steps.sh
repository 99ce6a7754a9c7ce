# shellcheck shell=bash
# What the scripts share: numbered steps with their duration, and a log that is shown only when its step fails.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/kiro-sign-in/target}

# duration SECONDS: `9 s` or `2:05 min`.
duration() {
  if (($1 < 60)); then printf '%d s' "$1"; else printf '%d:%02d min' $(($1 / 60)) $(($1 % 60)); fi
}

# logged LOG COMMAND…: runs the command into the log; if it fails, shows the log's end and fails as it did.
logged() {
  local log=$1 code=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 || code=$?
  if ((code)); then
    printf '✗ failed with code %d: %s\n' "$code" "$*"
    tail -n 150 "$log" | sed 's/^/    /'
    printf 'hint: the whole log is %s\n' "${log#"$root"/}"
  fi >&2
  return "$code"
}

# harness_program NAME: builds one of the tests' own programs. Beside a development build the whole workspace is selected: another
# selection means other features, and so another build.
harness_program() {
  local selection=--package=kiro-tests
  [ ! -x "$CARGO_TARGET_DIR/debug/kiro" ] || selection=--workspace
  cargo build --locked "$selection" --bin "$1"
}

step=0
# step_logged TITLE LOG COMMAND…: one numbered line of `steps` steps, with how long it took.
step_logged() {
  local title=$1 log=$2 start=$SECONDS
  shift 2
  step=$((step + 1))
  printf '%d/%d %-34s ' "$step" "$steps" "$title"
  logged "$log" "$@" || exit
  printf '%s ✓\n' "$(duration $((SECONDS - start)))"
}
