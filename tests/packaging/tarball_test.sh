#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tarball runs in a root that holds glibc, /proc and nothing else: less than the emptiest Debian.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

file=$("$root/scripts/tarball" "$work/lotic.tar.gz")
mkdir -p "$work/root/tmp" "$work/root/proc" "$work/root/any where"
dpkg-query -L libc6 | grep -E '^(/usr)?/lib.*\.so[.0-9]*$' | while read -r library; do
  mkdir -p "$work/root$(dirname "$library")"
  cp -L "$library" "$work/root$library"
done
mkdir -p "$work/root/lib64"
cp -L /lib64/ld-linux-x86-64.so.2 "$work/root/lib64/"
tar -xzf "$file" -C "$work/root/any where" --strip-components=1

# /proc, by which a program finds the libraries beside it, is mounted in a name space that ends with the program.
user=()
[ "$(id -u)" -eq 0 ] || user=(--map-root-user)
inside() {  # PROGRAM ARGS...
  local program=$1
  shift
  unshare "${user[@]}" --mount sh -c 'mount --rbind /proc "$0/proc" && exec env -i HOME=/tmp TMPDIR=/tmp "$@"' "$work/root" \
    "$(PATH=$PATH:/usr/sbin command -v chroot)" "$work/root" "/any where/$program" "$@" </dev/null
}

[[ $(inside lotic --version) == *[0-9].[0-9]* ]] || fail "--version says no version"
answer=$(inside lotic --format csv --no-header "SELECT 6 * 7")
[ "$answer" = 42 ] || fail "SELECT 6 * 7 gave '$answer'"
inside lotic demo >"$work/demo" 2>&1 || { cat "$work/demo"; fail "the demo ended with code $?"; }

refused=$(inside lotic-athena 2>&1) && fail "lotic-athena ran without a connector"
[[ $refused == *LOTIC_CONNECTOR* ]] || fail "lotic-athena without a connector says '$refused'"
[ -s "$work/root/any where/lib/libcurl.so.4" ] || fail "libcurl is not in the tarball"

# No path of the machine that built it.
for binary in lotic lotic-athena liblotic_sql.so; do
  ! grep -a -o -F -e "$root/" -e "$HOME/" "$work/root/any where/$binary" | sort | uniq -c | head -5 | grep . \
    || fail "$binary contains a path of this machine"
done
for licence in duckdb libssl3 libstdc++6 libcurl4 nlohmann-json3-dev libcli11-dev libboost1.81-dev; do
  [ -s "$work/root/any where/licences/$licence" ] || fail "the licence of $licence is not in the tarball"
done
echo "the tarball answers in an empty root"
