# SPDX-License-Identifier: Apache-2.0
"""Apache Pinot 0.11.0 and Apache Kafka 3.9.2 for a test, in a network namespace of their own: Pinot listens on every interface, and this one has loopback only.

    if not cluster.inside(): cluster.enter()      # starts this program again inside the namespace
    with cluster.Cluster(folder) as pinot: ...    # pinot.bootstrap, pinot.controller, pinot.broker
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
KAFKA_LAB = HERE.parent / "kafka" / "lab" / "kafka-lab.sh"
JARS = pathlib.Path(os.environ.get("LOTIC_DEPS", "")) / "pinot-0.11.0"
OPEN = ["--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
        "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED"]
READY_SECONDS = 120
PARTITIONS = 2  # of every topic
MARK = "LOTIC_PINOT_NAMESPACE"


def inside():
    return os.environ.get(MARK) == "1"


def enter():
    """Replaces this process by itself in a new network namespace, with loopback up and as the way to everywhere: Pinot asks the routes for its own address."""
    environment = dict(os.environ, **{MARK: "1"})
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    script = 'ip link set lo up && ip route add default dev lo && exec "$@"'
    os.execvpe("unshare", ["unshare", *as_root, "--net", "sh", "-c", script, "sh", sys.executable, "-B", *sys.argv], environment)


def missing():
    """Why this cannot run here, or nothing."""
    if not JARS.is_dir():
        return f"{JARS} is not there (scripts/setup --test brings Pinot)"
    for command in ("java", "kcat", "unshare", "ip"):
        if shutil.which(command) is None:
            return f"{command} is not installed"
    return None


def call(url, body=None, method=None):
    request = urllib.request.Request(url, data=None if body is None else body.encode(), method=method, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{url}: {error.code} {error.read().decode()[:1000]}") from error


def wait(what, done, seconds, alive=lambda: True):
    deadline = time.monotonic() + seconds
    while not done():
        if not alive():
            raise RuntimeError(f"{what}: the process has ended")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.2)


def answers(url, body=None):
    try:
        return call(url, body)
    except (urllib.error.URLError, OSError, RuntimeError):
        return None


class Cluster:
    controller, broker = "http://127.0.0.1:9000", "http://127.0.0.1:8000"

    def __init__(self, folder, compilers=("-XX:TieredStopAtLevel=1",)):
        """`compilers`: what the virtual machine is told of its compilers; as it is, a short life is the aim."""
        self.folder = pathlib.Path(folder)
        self.compilers = compilers
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        log = open(self.folder / "pinot.log", "wb")
        self.process = subprocess.Popen(["java", "-Xms128m", "-Xmx1200m", *self.compilers, *OPEN, f"-Djava.io.tmpdir={self.folder}", "-cp", f"{JARS}/*",
                                         "org.apache.pinot.tools.admin.PinotAdministrator", "QuickStart", "-type", "EMPTY", "-dataDir", str(self.folder / "data")],
                                        cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        log.close()
        kafka = self.folder / "kafka"
        subprocess.run(["bash", str(KAFKA_LAB), "start", "3.9.2", str(kafka)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for line in (kafka / "env").read_text().splitlines():
            name, _, value = line.partition("=")
            if name == "BOOTSTRAP":
                self.bootstrap = value.strip("'\"")
        for url in (self.controller, self.broker):
            wait(f"Pinot at {url}", lambda url=url: answers(url + "/health") == "OK", READY_SECONDS, lambda: self.process.poll() is None)

        # The roles are healthy before they have joined the cluster.
        wait("Pinot's tenants", lambda: (answers(self.controller + "/tenants") or "").count("DefaultTenant") == 2, READY_SECONDS, lambda: self.process.poll() is None)

    def stop(self):
        subprocess.run(["bash", str(KAFKA_LAB), "stop", str(self.folder / "kafka")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def create_topic(self, topic):
        subprocess.run(["bash", str(KAFKA_LAB), "java", "3.9.2", str(HERE / "CreateTopic.java"), self.bootstrap, topic, str(PARTITIONS)], check=True, stdin=subprocess.DEVNULL)

    def produce(self, topic, partition, values):
        text = "".join(json.dumps(value) + "\n" if not isinstance(value, str) else value + "\n" for value in values)
        subprocess.run(["kcat", "-P", "-b", self.bootstrap, "-t", topic, "-p", str(partition)], input=text, text=True, check=True)

    def query(self, sql):
        return json.loads(call(self.broker + "/query/sql", json.dumps({"sql": sql})))
