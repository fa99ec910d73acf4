# Shared by the set-up scripts: messages, steps and stamps. Sourced, not run. Needs $root.

tools="$root/.tools"
stamps="$tools/stamps"
log="$tools/setup.log"
# What a failed step shows of its log: enough for the cause, short enough to read.
log_lines_shown=25

say() { printf 'setup: %s\n' "$*" >&2; }

# fail SENTENCE…: one sentence a line, then exit 1.
fail() {
  for sentence in "$@"; do say "$sentence"; done
  exit 1
}

# step LABEL COMMAND…: runs the command with its output in the log. A terminal sees the seconds go by.
# When the command fails, the end of its log is quoted and the step's status is returned.
step() {
  label=$1
  shift
  : >"$log"
  started=$(date +%s)
  "$@" >>"$log" 2>&1 </dev/null 9>&- &
  step_pid=$!
  # A shell's background commands do not hear Ctrl-C. npm takes half a minute to end when it is asked to, and would work
  # against the next set-up all the while; every step cleans up what an earlier one left, so it is ended at once.
  trap 'kill -KILL "$step_pid" 2>/dev/null; wait "$step_pid" 2>/dev/null || true; exit 130' INT TERM
  if [ -t 2 ]; then
    while kill -0 "$step_pid" 2>/dev/null; do
      printf '\rsetup: %s … %s s ' "$label" "$(($(date +%s) - started))" >&2
      sleep 1
    done
    printf '\r' >&2
  else
    say "$label …"
  fi
  status=0
  wait "$step_pid" || status=$?
  trap - INT TERM
  if [ "$status" -eq 0 ]; then
    say "$label: done in $(($(date +%s) - started)) s"
  else
    say "$label: failed (exit $status). The end of $log:"
    tail -n "$log_lines_shown" "$log" | sed 's/^/  | /' >&2
    return "$status"
  fi
}

# hash_of FILE-OR-FOLDER…: one hash over names and contents. What does not exist counts as absent.
hash_of() {
  for entry in "$@"; do
    [ -e "$entry" ] && find "$entry" -type f ! -name '*.test.ts'
  done | LC_ALL=C sort | tr '\n' '\0' | xargs -0 -r sha256sum | sha256sum | cut -d' ' -f1
}

# stamped NAME KEY: whether the step was last done for this key.
stamped() { [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }
stamp() {
  mkdir -p "$stamps"
  printf '%s\n' "$2" >"$stamps/$1"
}
