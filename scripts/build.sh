# SPDX-License-Identifier: Apache-2.0
# Configuring and building, for ./run, ./test and ./bench. Sourced after scripts/environment.sh. Everything it prints goes to
# stderr: stdout belongs to the program that ./run starts.

# set_up [--test]: a question (sudo) is possible only with a terminal; otherwise stdin is kept for the program.
set_up() {
  if [ -t 0 ]; then "$root/scripts/setup" "$@" >/dev/null; else "$root/scripts/setup" "$@" >/dev/null </dev/null; fi
}

cached_option() { sed -n "s/^$2:[A-Z]*=//p" "$1/CMakeCache.txt" 2>/dev/null || true; }

# configure PRESET BUILD NAME=VALUE...: does nothing when the build folder has these values already; what else has changed
# the build tool sees itself.
configure() {
  local preset=$1 build=$2 option stale= arguments=()
  shift 2
  [ -f "$build/build.ninja" ] || stale=1
  # A source folder that was moved or copied together with its build folder starts anew.
  if [ -f "$build/CMakeCache.txt" ] && ! [ "$(cached_option "$build" CMAKE_CACHEFILE_DIR)" -ef "$build" ]; then
    stale=1
    arguments+=(--fresh)
  fi
  for option in "$@" "LOTIC_DEPS=$LOTIC_DEPS"; do
    arguments+=("-D$option")
    [ -n "$stale" ] || [ "$(cached_option "$build" "${option%%=*}")" = "${option#*=}" ] || stale=1
  done
  [ -n "$stale" ] || return 0
  mkdir -p "$build"
  cmake -S "$root" --preset "$preset" -B "$build" "${arguments[@]}" >"$build/configure.log" 2>&1 </dev/null || {
    cat "$build/configure.log" >&2
    return 1
  }
}

# build BUILD TARGET...: quiet when there is nothing to do.
build() {
  local folder=$1
  shift
  [[ $(ninja -C "$folder" -n "$@" 2>/dev/null </dev/null) != *'no work to do'* ]] || return 0
  NINJA_STATUS='[%f/%t] ' cmake --build "$folder" -j "$LOTIC_JOBS" --target "$@" >&2 </dev/null
}

# One build at a time in a folder; the lock goes with the process. A test that calls these scripts runs under ./test's own lock.
lock_build() {
  [ "${LOTIC_LOCKED_BUILD:-}" != "$1" ] || return 0
  mkdir -p "$1"
  exec 8>"$1/.lotic.lock"
  flock 8
}
unlock_build() { exec 8>&-; }
