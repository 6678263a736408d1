#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real one-broker Apache Kafka (KRaft) for tests, on loopback, from the jars that scripts/setup --test fetched.
#
#   kafka-lab.sh start VERSION DIR [--auth] [--prop KEY=VALUE]... [--heap SIZE]
#                                 new, empty broker with its data in DIR; returns when it is ready and DIR/env tells where
#                                 it listens. What an earlier start left in DIR is ended and removed.
#   kafka-lab.sh stop DIR         ends the broker cleanly (SIGTERM); the data stays
#   kafka-lab.sh kill DIR         ends it at once (SIGKILL), as a crash would
#   kafka-lab.sh restart DIR      starts a stopped or killed broker again: same data, same ports
#   kafka-lab.sh java VERSION ARGS...    java with the broker's jars on the class path (EXTRA_CLASSPATH comes first)
#   kafka-lab.sh javac VERSION ARGS...   javac likewise
#   kafka-lab.sh check VERSION    exit code 0: jars and class archive are there
#   kafka-lab.sh warm VERSION     makes the class archive (start-up 1.5 s instead of 4 s)
#
# DIR/env holds KEY=VALUE lines, quoted for a shell: BOOTSTRAP, and with --auth BOOTSTRAP_SSL, BOOTSTRAP_MTLS,
# BOOTSTRAP_SASL_PLAINTEXT, BOOTSTRAP_SASL_SSL, CERTS, LAB_USER, LAB_PASSWORD. The broker's log is DIR/broker.log.
# A broker ends by itself after LOTIC_KAFKA_LIFETIME seconds (default 3600), should its test have died.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
. "$root/scripts/environment.sh"

ready_seconds=60  # a start that takes longer has failed
stop_seconds=20   # a clean stop that takes longer becomes a kill
cluster_id=bG90aWMta2Fma2EtbGFiMQ  # 16 bytes in base64url
user=alice
password=alice-secret
marker=.lotic-kafka-lab
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

jar_folder() {
  [ -d "$LOTIC_DEPS/kafka-$1" ] || die "Apache Kafka $1 is not there: run scripts/setup --test"
  echo "$LOTIC_DEPS/kafka-$1"
}
# The archive is valid for exactly one list of jars in one order, hence no wildcard.
class_path() { printf '%s\n' "$(jar_folder "$1")"/*.jar | LC_ALL=C sort | paste -sd:; }
# ... and for exactly one Java.
archive() {
  local binary home
  binary=$(readlink -f "$(command -v "$java")")
  home=$(dirname "$(dirname "$binary")")
  echo "$LOTIC_DEPS/kafka-$1/classes-$({ echo "$binary"; cat "$home/release" 2>/dev/null; } | cksum | cut -d' ' -f1).jsa"
}
# jvm VERSION: fills the array `jvm`: the quick-start flags; short-lived programs gain nothing from the second compiler.
jvm_flags() {
  local kept
  kept=$(archive "$1")
  jvm=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -Xshare:auto -Djava.net.preferIPv4Stack=true
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info
    -Dorg.slf4j.simpleLogger.showDateTime=true '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS')
  [ ! -f "$kept" ] || jvm+=("-XX:SharedArchiveFile=$kept")
}

# Below the range of ephemeral ports, so that no client's socket sits on it when a broker comes back.
free_port() {  # sets `port`
  local attempt
  for attempt in {1..100}; do
    port=$((11000 + (RANDOM * 32768 + RANDOM) % 21000))
    [[ " ${taken:-} " != *" $port "* ]] || continue
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      taken="${taken:-} $port"
      return
    fi
  done
  die "no free port on 127.0.0.1"
}

alive() { [ -f "$1/pid" ] && kill -0 "$(cat "$1/pid")" 2>/dev/null; }
end() {  # DIR SIGNAL: the process group is the broker and the `timeout` around it
  local pid tick
  rm -f "$1/env"
  [ -f "$1/pid" ] || return 0
  pid=$(cat "$1/pid")
  kill "-$2" -- "-$pid" 2>/dev/null || true
  for ((tick = 0; tick < stop_seconds * 20; ++tick)); do
    kill -0 -- "-$pid" 2>/dev/null || break
    sleep 0.05
  done
  kill -KILL -- "-$pid" 2>/dev/null || true
  rm -f "$1/pid"
}

make_certificates() {  # into the current folder
  local name
  export OPENSSL_CONF=/dev/null
  key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
  request() { openssl req -new -key "$1.key" -subj "$2" -config <(printf '[req]\ndistinguished_name=dn\n[dn]\n'); }
  for name in ca other-ca; do
    key $name.key
    openssl req -x509 -new -key $name.key -sha256 -days 30 -subj "/CN=lotic test $name" -out $name.crt \
      -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
      -config <(printf '[req]\ndistinguished_name=dn\n[dn]\n')
  done
  issue() {  # NAME SUBJECT CA EXTENSIONS
    key "$1.key"
    request "$1" "$2" | openssl x509 -req -CA "$3.crt" -CAkey "$3.key" -CAcreateserial -days 30 -sha256 \
      -extfile <(printf '%s\n' "$4") -out "$1.crt" 2>/dev/null
    cat "$1.key" "$1.crt" "$3.crt" >"$1.pem"
  }
  issue server /CN=localhost ca $'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth'
  issue client "/CN=$user" ca 'extendedKeyUsage=clientAuth'
  issue stranger /CN=mallory other-ca 'extendedKeyUsage=clientAuth'
}

write_properties() {  # VERSION DIR AUTH PROPERTY...
  local dir=$2 auth=$3 listeners map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT controller name
  shift 3
  free_port; controller=$port
  free_port; listeners=PLAINTEXT://127.0.0.1:$port
  printf 'BOOTSTRAP=127.0.0.1:%s\n' "$port" >"$dir/addresses"
  if [ -n "$auth" ]; then
    for name in SSL MTLS SASL_PLAINTEXT SASL_SSL; do
      free_port
      listeners+=,$name://127.0.0.1:$port
      printf 'BOOTSTRAP_%s=127.0.0.1:%s\n' "$name" "$port" >>"$dir/addresses"
    done
    map+=,SSL:SSL,MTLS:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
    printf 'CERTS=%q\nLAB_USER=%s\nLAB_PASSWORD=%s\n' "$dir/certs" "$user" "$password" >>"$dir/addresses"
  fi
  {
    cat <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
listeners=$listeners,CONTROLLER://127.0.0.1:$controller
advertised.listeners=$listeners
listener.security.protocol.map=$map
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
num.network.threads=2
num.io.threads=2
num.recovery.threads.per.data.dir=1
background.threads=2
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
# an open transaction stays open as long as a test wants
transaction.max.timeout.ms=86400000
group.initial.rebalance.delay.ms=0
# a killed broker is let back in after this, not after 9 s
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
message.max.bytes=12582912
replica.fetch.max.bytes=12582912
socket.request.max.bytes=33554432
# records with old timestamps stay; compaction comes soon and is cheap
log.retention.ms=-1
log.initial.task.delay.ms=200
log.cleaner.backoff.ms=200
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.io.buffer.size=65536
P
    if [ -n "$auth" ]; then
      cat <<P
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
super.users=User:ANONYMOUS
P
      for name in ssl mtls sasl_ssl; do
        printf 'listener.name.%s.ssl.keystore.type=PEM\nlistener.name.%s.ssl.keystore.location=%s\n' $name $name "$dir/certs/server.pem"
      done
      cat <<P
listener.name.mtls.ssl.truststore.type=PEM
listener.name.mtls.ssl.truststore.location=$dir/certs/ca.crt
listener.name.mtls.ssl.client.auth=required
listener.name.mtls.ssl.principal.mapping.rules=RULE:^CN=([^,]*).*\$/\$1/,DEFAULT
P
      for name in sasl_plaintext sasl_ssl; do
        cat <<P
listener.name.$name.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.$name.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$user="$password";
listener.name.$name.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.$name.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
P
      done
    fi
    [ $# -eq 0 ] || printf '%s\n' "$@"
  } >"$dir/server.properties"
}

# Succeeds when the broker says that it has started (it takes requests then); fails when it ended or took too long.
launch() {  # DIR
  local dir=$1 version heap pid extra=() tick
  read -r version heap <"$dir/settings"
  jvm_flags "$version"
  [ -z "${LOTIC_KAFKA_ARCHIVE_TO:-}" ] || extra=("-XX:ArchiveClassesAtExit=$LOTIC_KAFKA_ARCHIVE_TO")
  : >"$dir/broker.log"
  setsid timeout -k 10 "${LOTIC_KAFKA_LIFETIME:-3600}" "$java" "-Xmx$heap" -Xms64m "${jvm[@]}" "${extra[@]}" \
    -cp "$(class_path "$version")" kafka.Kafka "$dir/server.properties" >>"$dir/broker.log" 2>&1 </dev/null 9>&- &
  pid=$!
  echo "$pid" >"$dir/pid"
  for ((tick = 0; tick < ready_seconds * 20; ++tick)); do
    if grep -q 'Kafka Server started' "$dir/broker.log"; then
      cp "$dir/addresses" "$dir/env.new"
      printf 'KAFKA_VERSION=%s\nBROKER_PID=%s\n' "$version" "$pid" >>"$dir/env.new"
      mv "$dir/env.new" "$dir/env"
      return 0
    fi
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

format_and_launch() {  # VERSION DIR AUTH PROPERTY...
  local scram=()
  rm -rf "$2/data"
  write_properties "$@"
  [ -z "$3" ] || scram=(--add-scram "SCRAM-SHA-256=[name=$user,password=$password]"
    --add-scram "SCRAM-SHA-512=[name=$user,password=$password]")
  jvm_flags "$1"
  "$java" -Xmx128m "${jvm[@]}" -cp "$(class_path "$1")" kafka.tools.StorageTool format -t "$cluster_id" \
    -c "$2/server.properties" "${scram[@]}" >"$2/format.log" 2>&1 || { cat "$2/format.log" >&2; die "the format step failed"; }
  launch "$2"
}

start() {
  local version=$1 dir=$2 auth= heap=256m properties=()
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      --auth) auth=1; shift ;;
      --prop) properties+=("$2"); shift 2 ;;
      --heap) heap=$2; shift 2 ;;
      *) die "unknown option $1" ;;
    esac
  done
  jar_folder "$version" >/dev/null
  if [ -e "$dir" ] && [ -n "$(ls -A "$dir")" ]; then
    [ -f "$dir/$marker" ] || die "$dir is not empty and not of an earlier start; it is left alone"
    end "$dir" KILL
    rm -rf "$dir"
  fi
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  touch "$dir/$marker"
  echo "$version $heap" >"$dir/settings"
  if [ -n "$auth" ]; then
    mkdir "$dir/certs"
    (cd "$dir/certs" && make_certificates)
  fi
  # Somebody else may take a port between the look and the bind: a service that fails to start is started once more.
  if ! format_and_launch "$version" "$dir" "$auth" "${properties[@]}"; then
    end "$dir" KILL
    if ! format_and_launch "$version" "$dir" "$auth" "${properties[@]}"; then
      tail -20 "$dir/broker.log" >&2
      end "$dir" KILL
      die "Apache Kafka $version did not start; its log is $dir/broker.log"
    fi
  fi
  cat "$dir/env"
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
  start) start "$@" ;;
  stop) end "$1" TERM ;;
  kill) end "$1" KILL ;;
  restart)
    ! alive "$1" || die "the broker of $1 is running"
    launch "$(cd "$1" && pwd)" || { tail -20 "$1/broker.log" >&2; die "the broker of $1 did not come back"; }
    cat "$1/env"
    ;;
  java)
    version=$1; shift
    exec "$java" -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "${EXTRA_CLASSPATH:+$EXTRA_CLASSPATH:}$(class_path "$version")" "$@"
    ;;
  javac)
    version=$1; shift
    exec "${java}c" -cp "${EXTRA_CLASSPATH:+$EXTRA_CLASSPATH:}$(class_path "$version")" "$@"
    ;;
  check) [ -d "$LOTIC_DEPS/kafka-$1" ] && [ -f "$(archive "$1")" ] ;;
  warm)
    [ ! -f "$(archive "$1")" ] || exit 0
    temporary=$(mktemp -d)
    trap 'end "$temporary/broker" KILL; rm -rf "$temporary"' EXIT
    LOTIC_KAFKA_ARCHIVE_TO=$temporary/classes.jsa start "$1" "$temporary/broker" >/dev/null
    stop_seconds=300  # writing the archive is part of its end, and slow on a busy machine
    end "$temporary/broker" TERM
    [ -f "$temporary/classes.jsa" ] || die "Java wrote no class archive"
    cp "$temporary/classes.jsa" "$(archive "$1").new"
    mv "$(archive "$1").new" "$(archive "$1")"
    ;;
  *)
    sed -n '3,21s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
