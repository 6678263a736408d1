#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A second checkout in another folder, with a space in its name, is built out of the compiler cache: at least 95 % hits.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/scripts/environment.sh"
. "$root/scripts/build.sh"
command -v ccache >/dev/null || { echo "ccache is not installed"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The files as they are, so that a work tree with changes not yet committed is compared with itself.
mkdir "$work/second checkout"
tar -C "$root" --exclude=./build --exclude=./.git -cf - . | tar -C "$work/second checkout" -xf -
root="$work/second checkout"
folder=$root/build/release
configure release "$folder" LOTIC_TESTS=ON LOTIC_WERROR=ON || die "the configuration failed"
export CCACHE_STATSLOG=$work/statistics
build "$folder" all || die "the build failed"

hits=$(grep -c -x -E 'direct_cache_hit|preprocessed_cache_hit' "$work/statistics" || true)
calls=$(grep -c -x -E 'direct_cache_hit|preprocessed_cache_hit|cache_miss' "$work/statistics" || true)
awk '/^#/ {file = $2} $1 == "cache_miss" {print "missed: " file}' "$work/statistics" | head -20
echo "$hits of $calls compilations came out of the cache"
[ "$calls" -gt 0 ] || die "no compilation went through the cache"
[ $((hits * 100)) -ge $((calls * 95)) ] || die "fewer than 95 % hits"
