# SPDX-License-Identifier: Apache-2.0
"""Lotic from Python: tables of Kafka, Kinesis, Timestream and Athena's connectors as Arrow batches, over liblotic.so.

    import lotic
    for batch in lotic.connect("kafka", "localhost:9092").read("orders", columns=["status", "qty"], filter="qty > 5"):
        ...

For Apache Spark: docs/reference/spark.md; spark.read.format("lotic") needs no call.
"""

from lotic._library import LoticError, version
from lotic.connection import Connection, Reader, certificate_of, connector_types, request


def connect(connector, path, options=None):
    """Opens a source: connect("kafka", "host:9092", {"sasl.username": "me"}). Options as ATTACH takes them."""
    return Connection(connector, path, options)


__all__ = ["Connection", "LoticError", "Reader", "certificate_of", "connect", "connector_types", "request", "version"]
