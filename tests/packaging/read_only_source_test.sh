#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A source folder that cannot be written and has spaces in its name: what ./run and ./test do first works from there, in the user's cache folder, and leaves
# the source as it is. It builds one library: the compiler cache does not serve a build folder outside of the source, and a whole build takes minutes.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/scripts/environment.sh"
work=$(mktemp -d)
source="$work/read only source"
built=$LOTIC_CACHE/build/$(printf '%s' "$source" | cksum | cut -d' ' -f1)
trap 'rm -rf "$work" "$built"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

mkdir "$source"
tar -C "$root" --exclude=./build --exclude=./.git -cf - . | tar -C "$source" -xf -
before=$(cd "$source" && find . -printf '%P %s %T@\n' | LC_ALL=C sort | cksum)

# A mount that cannot be written binds root too; it lies in a name space that ends with the program.
user=()
[ "$(id -u)" -eq 0 ] || user=(--map-root-user)
inside() {  # COMMAND ARGS...
  unshare "${user[@]}" --mount sh -c 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"' "$source" "$@" </dev/null
}
! inside touch new 2>"$work/refused" || fail "the source folder can be written"
grep -q 'Read-only' "$work/refused" || fail "touch says: $(cat "$work/refused")"

inside bash -c 'set -euo pipefail; root=$1; . scripts/environment.sh; . scripts/build.sh
  folder=$(build_folder release)
  lock_build "$folder"
  configure release "$folder" LOTIC_TESTS=OFF LOTIC_WERROR=OFF LOTIC_PRECOMPILE=ON
  build "$folder" lotic_base' bash "$source" || fail "the build ended with code $?"
[ -s "$built/release/src/base/liblotic_base.a" ] || fail "nothing was built in $built"
[ "$(cd "$source" && find . -printf '%P %s %T@\n' | LC_ALL=C sort | cksum)" = "$before" ] || fail "the source folder has changed"
echo "a source folder that cannot be written is built from"
