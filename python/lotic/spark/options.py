# SPDX-License-Identifier: Apache-2.0
"""What a user of spark.read.format("lotic") may write, checked: an unknown option is an error with the nearest name."""

import csv
import difflib
import json
import os
from dataclasses import dataclass, field

from lotic.spark import certificates

# The options of every connector, as they are written. Spark hands their names over in lower case.
_OPTIONS = ("connector", "source", "schema", "table", "columns", "filter", "limit", "metadata", "certificate", "failOnDataLoss", "onError", "tombstones")
_KAFKA_OPTIONS = ("subscribe", "subscribePattern", "startingOffsets", "endingOffsets", "startingTimestamp", "endingTimestamp", "minPartitions")
# Options of Spark's own Kafka source that have another name here, or none: what to do in their place.
_INSTEAD = {
    "assign": 'subscribe the topic and filter by _partition_id: .option("subscribe", "orders").option("filter", "_partition_id IN (0, 1)")',
    "startingoffsetsbytimestamp": "startingTimestamp sets one time for all partitions",
    "endingoffsetsbytimestamp": "endingTimestamp sets one time for all partitions",
    "includeheaders": '.option("metadata", "_headers")',
    "maxoffsetspertrigger": "streams are not built yet",
    "minoffsetspertrigger": "streams are not built yet",
    "groupidprefix": "no consumer group is used",
    "kafka.group.id": "no consumer group is used, and no offsets are committed",
    "maxrecordsperpartition": "minPartitions cuts partitions into more splits",
}
_MAX_MIN_PARTITIONS = 1024  # of a Kafka plan; the connector's parallel_splits


class OptionError(ValueError):
    """A user's option that cannot be."""


@dataclass
class Options:
    connector: str = ""
    source: str = ""  # what ATTACH 'path' takes; for Kafka the brokers
    connector_options: dict = field(default_factory=dict, repr=False)  # passwords, too
    schema: str = None
    tables: list = None  # names; None: those that match `pattern`
    pattern: str = None
    columns: list = None  # None: all
    filter: str = None
    limit: int = None
    metadata: list = None  # hidden columns to append; None: none, []: all
    certificate: str = None  # a folder
    policy: dict = field(default_factory=dict)
    starting_offsets: str = None
    ending_offsets: str = None
    starting_timestamp: int = None
    ending_timestamp: int = None
    min_partitions: int = None


def names_of(text, option):
    """A list of names: separated by commas, in double quotes where a name holds one, or a JSON array."""
    if text.lstrip().startswith("["):
        try:
            names = json.loads(text)
        except ValueError as error:
            raise OptionError(f'option "{option}": {text!r} is no JSON array: {error}') from None
        if not all(isinstance(name, str) for name in names):
            raise OptionError(f'option "{option}": {text!r} is no array of texts')
    else:
        names = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
    if not names or not all(names):
        raise OptionError(f'option "{option}": {text!r} names nothing, or holds an empty name')
    return names


def _whole(text, option, low, high=2**63 - 1):
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        raise OptionError(f'option "{option}": {text!r} is no whole number from {low} to {high}')
    return number


def _truth(text, option):
    if text.lower() not in ("true", "false"):
        raise OptionError(f'option "{option}": {text!r} is neither true nor false')
    return text.lower() == "true"


def _one_of(text, option, allowed):
    if text.lower() not in allowed:
        raise OptionError(f'option "{option}": {text!r} is none of {", ".join(allowed)}')
    return text.lower()


def _folder(text):
    try:
        return certificates.folder_of(text)
    except ValueError as error:
        raise OptionError(f'option "certificate": {error}') from None


def _unknown(name, connector):  # without the value: a mistyped name may hide a password
    if name in _INSTEAD:
        raise OptionError(f'option "{name}" is not known to format "lotic": {_INSTEAD[name]}')
    known = list(_OPTIONS) + (list(_KAFKA_OPTIONS) if connector == "kafka" else [])
    by_lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name, by_lower, n=1, cutoff=0.6)
    advice = f'; did you mean "{by_lower[near[0]]}"?' if near else f' (known: {", ".join(known)}, and {connector}.* for the connector\'s own)'
    if not near and name in (each.lower() for each in _KAFKA_OPTIONS):
        advice = f': it belongs to connector kafka, and this is {connector}'
    raise OptionError(f'option "{name}" is not known to format "lotic"{advice}')


def parse(given):
    """`given`: names in lower case → texts, as Spark hands them over. Raises OptionError."""
    given = {name.lower(): value for name, value in given.items()}
    options = Options()
    options.connector = given.pop("connector", "kafka" if "kafka.bootstrap.servers" in given else "")
    if not options.connector:
        raise OptionError('format "lotic" needs .option("connector", ...): kafka, kinesis, timestream, athena, tables or memory')
    own = f"{options.connector}."
    kafka = options.connector == "kafka"
    path = given.pop("path", None)
    table = given.pop("table", None)
    if path is not None and table is not None:
        raise OptionError(f'the table is named twice: load({path!r}) and .option("table", {table!r})')
    named = path if path is not None else table
    chosen = {name: given.pop(name) for name in ("subscribe", "subscribepattern") if kafka and name in given}
    if len(chosen) + (named is not None) > 1:
        raise OptionError("name what to read once: load(TOPIC), or subscribe, or subscribePattern")
    if "subscribe" in chosen:
        options.tables = [name.strip() for name in chosen["subscribe"].split(",")]
        if not all(options.tables) or len(set(options.tables)) != len(options.tables):
            raise OptionError(f'option "subscribe": {chosen["subscribe"]!r} holds an empty name or one twice')
    elif "subscribepattern" in chosen:
        options.pattern = chosen["subscribepattern"]
    elif named:
        options.tables = [named]
    else:
        raise OptionError("nothing says what to read: load(TABLE)" + (", or subscribe, or subscribePattern" if kafka else ""))
    if kafka:
        options.source = given.pop("kafka.bootstrap.servers", "")
        if not options.source:
            raise OptionError('connector kafka needs .option("kafka.bootstrap.servers", "host:9092")')
        isolation = given.pop("kafka.isolation.level", None)
        if isolation is not None:
            options.policy["isolation"] = _one_of(isolation, "kafka.isolation.level", ("read_committed", "read_uncommitted"))
    for name, value in given.items():
        if name in _INSTEAD:
            _unknown(name, options.connector)
        elif name.startswith(own):
            options.connector_options[name[len(own) :]] = value
        elif name == "source" and not kafka:
            options.source = os.path.abspath(value) if options.connector == "tables" else value  # a data directory: executors have working directories of their own
        elif name == "schema":
            options.schema = value
        elif name == "columns":
            options.columns = names_of(value, "columns")
        elif name == "filter":
            options.filter = value
        elif name == "limit":
            options.limit = _whole(value, "limit", 0)
        elif name == "metadata":
            options.metadata = [] if value.strip().lower() == "all" else names_of(value, "metadata")
        elif name == "certificate":
            options.certificate = _folder(value)
        elif name == "failondataloss":
            options.policy["on_data_loss"] = "fail" if _truth(value, "failOnDataLoss") else "warn"
        elif name == "onerror":
            options.policy["on_error"] = _one_of(value, "onError", ("null", "skip", "fail"))
        elif name == "tombstones":
            options.policy["tombstones"] = _one_of(value, "tombstones", ("emit", "skip"))
        elif kafka and name == "startingoffsets":
            options.starting_offsets = value
        elif kafka and name == "endingoffsets":
            options.ending_offsets = value
        elif kafka and name == "startingtimestamp":
            options.starting_timestamp = _whole(value, "startingTimestamp", 0)
        elif kafka and name == "endingtimestamp":
            options.ending_timestamp = _whole(value, "endingTimestamp", 1)
        elif kafka and name == "minpartitions":
            options.min_partitions = _whole(value, "minPartitions", 1)
        else:
            _unknown(name, options.connector)
    if options.starting_offsets is not None and options.starting_timestamp is not None:
        raise OptionError("startingOffsets and startingTimestamp exclude each other")
    if options.ending_offsets is not None and options.ending_timestamp is not None:
        raise OptionError("endingOffsets and endingTimestamp exclude each other")
    if options.min_partitions is not None:
        if options.min_partitions > _MAX_MIN_PARTITIONS:
            raise OptionError(f"minPartitions={options.min_partitions}: at most {_MAX_MIN_PARTITIONS}")
        if "parallel_splits" in options.connector_options:
            raise OptionError("minPartitions and parallel_splits exclude each other")
        options.connector_options["parallel_splits"] = str(options.min_partitions)
    return options
