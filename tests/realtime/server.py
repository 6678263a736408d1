# SPDX-License-Identifier: Apache-2.0
"""`lotic serve`, a broker with the demo's topics, and the files of the published guide, for the tests of this folder."""

import contextlib
import http.client
import json
import pathlib
import signal
import subprocess
import time
import urllib.parse

PATIENCE = 60  # seconds for anything that has to come

# As the guide to stream ingestion publishes them; only the broker's address is put in.
SCHEMA = {
    "schemaName": "events",
    "dimensionFieldSpecs": [{"name": "uuid", "dataType": "STRING"}],
    "metricFieldSpecs": [{"name": "count", "dataType": "INT"}],
    "dateTimeFieldSpecs": [{"name": "ts", "dataType": "TIMESTAMP", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"}],
}


def table(brokers, name="events", topic="events", **changes):
    return {
        "tableName": name,
        "tableType": "REALTIME",
        "segmentsConfig": {"timeColumnName": "ts", "schemaName": name, "replicasPerPartition": "1"},
        "tenants": {},
        "tableIndexConfig": {
            "loadMode": "MMAP",
            "streamConfigs": {
                "streamType": "kafka",
                "stream.kafka.topic.name": topic,
                "stream.kafka.broker.list": brokers,
                "stream.kafka.consumer.type": "lowlevel",
                "stream.kafka.consumer.prop.auto.offset.reset": "smallest",
                "stream.kafka.consumer.factory.class.name": "org.apache.pinot.plugin.stream.kafka20.KafkaConsumerFactory",
                "stream.kafka.decoder.class.name": "org.apache.pinot.plugin.stream.kafka.KafkaJSONMessageDecoder",
                "realtime.segment.flush.threshold.rows": "0",
                "realtime.segment.flush.threshold.time": "24h",
                "realtime.segment.flush.threshold.segment.size": "50M",
            },
        },
        "metadata": {"customConfigs": {}},
        **changes,
    }


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read().decode()

    @property
    def json(self):
        return json.loads(self.body)


class Serve:
    """One `lotic serve`; free ports unless it is started again."""

    def __init__(self, lotic, folder, *arguments, log=None):
        self.process = subprocess.Popen([lotic, "serve", "--data", str(folder), "--controller-port", "0", "--broker-port", "0", *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        lines = [self.process.stdout.readline().split() for _ in range(2)]
        assert [line[:1] for line in lines] == [["controller"], ["broker"]], f"lotic serve said {lines}"
        self.controller, self.broker = (line[1] for line in lines)

    def ask(self, method, path, body=None, headers=None, broker=False):
        where = urllib.parse.urlsplit(self.broker if broker else self.controller)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            text = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json", **(headers or {})})
            return Answer(connection.getresponse())

    def query(self, sql, **members):
        return self.ask("POST", "/query/sql", {"sql": sql, **members}, broker=True).json

    def rows(self, sql, **members):
        answer = self.query(sql, **members)
        assert answer["exceptions"] == [], f"{sql}: {answer['exceptions']}"
        return answer["resultTable"]["rows"]

    def stop(self):
        """@return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()


class Broker:
    """Lotic's own broker with the demo's topics, until the end of the with block."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()


def wait_for(what, condition):
    """Until `condition()` is true; asked again and again, since only the other process knows."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {PATIENCE} s"
        time.sleep(0.02)


def write(folder, name, document):
    path = pathlib.Path(folder) / name
    path.write_text(json.dumps(document, indent=2))
    return str(path)
