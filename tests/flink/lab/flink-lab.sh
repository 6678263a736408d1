#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Java with Flink's planner, from the jars that scripts/setup --test fetched, and with tests/flink/java.
#
#   flink-lab.sh check               exit code 0: the jars are there
#   flink-lab.sh java FOLDER ARGS... compiles tests/flink/java under FOLDER, unless these very sources are there, and runs java with it
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
. "$root/scripts/environment.sh"

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
jars=$LOTIC_DEPS/$FLINK_FOLDER
sources=$here/../java

compile() {  # FOLDER: sets `classes`
  local sum work
  sum=$(cat "$here/jars.sha256" "$sources"/*.java | sha256sum | cut -c1-16)
  classes=$1/$sum
  [ -d "$classes" ] && return
  mkdir -p "$1"
  work=$(mktemp -d "$1/work.XXXXXX")
  "${java}c" -Xlint:all,-processing,-path,-classfile -Werror -d "$work" -cp "$jars/*" "$sources"/*.java >&2 \
    || { rm -rf "$work"; die "tests/flink/java does not compile"; }
  mv -T "$work" "$classes" 2>/dev/null || rm -rf "$work"  # another process was faster
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
  check) [ -d "$jars" ] ;;
  java)
    [ -d "$jars" ] || die "Flink is not there: run scripts/setup --test"
    compile "$1"
    shift
    exec "$java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xshare:auto -Xmx512m \
      --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED -cp "$classes:$jars/*" "$@"
    ;;
  *)
    sed -n '3,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
