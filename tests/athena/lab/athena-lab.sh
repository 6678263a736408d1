#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Java with Athena's original SDK, from the jars that scripts/setup --test fetched, and with the programs of tests/athena/java.
#
#   athena-lab.sh check             exit code 0: the jars are there
#   athena-lab.sh compile FOLDER    compiles tests/athena/java under FOLDER, unless these very sources are there; prints the class folder
#   athena-lab.sh java FOLDER ARGS...   java with the jars and what compile made (lotic.oracle.Judge, lotic.oracle.Host CLASS, ...)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
. "$root/scripts/environment.sh"

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
jars=$LOTIC_DEPS/$ATHENA_SDK_FOLDER
sources=$here/../java

compile() {  # FOLDER
  local sum classes work
  [ -d "$jars" ] || die "the Athena SDK is not there: run scripts/setup --test"
  sum=$({ cat "$here/jars.sha256"; find "$sources" -name '*.java' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | cut -d' ' -f1; } | sha256sum | cut -c1-16)
  classes=$1/$sum
  if [ ! -d "$classes" ]; then
    mkdir -p "$1"
    work=$(mktemp -d "$1/work.XXXXXX")
    find "$sources" -name '*.java' -print0 | xargs -0 "${java}c" -Xlint:all,-serial,-processing,-path,-classfile,-fallthrough,-try -Werror \
      -d "$work" -cp "$jars/*" >&2 || { rm -rf "$work"; die "tests/athena/java does not compile"; }
    mv -T "$work" "$classes" 2>/dev/null || rm -rf "$work"  # another process was faster
  fi
  echo "$classes"
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
  check) [ -d "$jars" ] ;;
  compile) compile "$1" ;;
  java)
    classes=$(compile "$1")
    shift
    exec "$java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xshare:auto -Xmx512m -Djava.net.preferIPv4Stack=true \
      -Dsun.net.httpserver.nodelay=true --add-opens=java.base/java.nio=ALL-UNNAMED -cp "$classes:$jars/*" "$@"
    ;;
  *)
    sed -n '3,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
