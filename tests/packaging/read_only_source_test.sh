#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./run in a source folder that cannot be written and has spaces in its name: it builds in the user's cache folder and leaves the source as it is.
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

# The settings of ./test, which ./run keeps, so that what the compiler cache holds serves here too.
inside bash -c 'set -euo pipefail; root=$1; . scripts/environment.sh; . scripts/build.sh; configure release "$(build_folder release)" LOTIC_TESTS=ON LOTIC_WERROR=ON' \
  bash "$source" || fail "the configuration failed"
[ -f "$built/release/build.ninja" ] || fail "nothing was configured in $built"
answer=$(inside ./run --format csv --no-header "SELECT 6 * 7") || fail "./run ended with code $?"
[ "$answer" = 42 ] || fail "SELECT 6 * 7 gave '$answer'"
[ "$(cd "$source" && find . -printf '%P %s %T@\n' | LC_ALL=C sort | cksum)" = "$before" ] || fail "the source folder has changed"
echo "./run answers from a source folder that cannot be written"
