# SPDX-License-Identifier: Apache-2.0
"""Kafka's offsets as Spark users write them: {"orders": {"0": 23, "1": -2}}; -2 is the beginning, -1 the end.

Positions of the Kafka connector are offsets as texts; this module is the only one here that reads them.
"""

import json

from lotic.spark.options import OptionError

EARLIEST, LATEST = -2, -1


def _per_partition(text, option, topics):
    """topic → partition → offset, complete: every partition of every topic. `topics`: topic → number of partitions."""
    try:
        given = json.loads(text)
        offsets = {topic: {int(partition): offset for partition, offset in each.items()} for topic, each in given.items()}
    except (ValueError, AttributeError):
        raise OptionError(f'option "{option}": {text!r} is neither earliest, latest nor of the form {{"topic": {{"0": 23, "1": -2}}}}') from None
    unknown = sorted(set(offsets) - set(topics))
    missing = sorted(set(topics) - set(offsets))
    if unknown or missing:
        raise OptionError(f'option "{option}" names the topics {sorted(offsets)}, and {sorted(topics)} are read')
    for topic, each in offsets.items():
        if set(each) != set(range(topics[topic])):
            raise OptionError(f'option "{option}": topic {topic} has the partitions 0 to {topics[topic] - 1}, and {sorted(each)} are named; name them all, -2 is the beginning and -1 the end')
        for partition, offset in each.items():
            if isinstance(offset, bool) or not isinstance(offset, int) or offset < EARLIEST:
                raise OptionError(f'option "{option}": {offset!r} is no offset of {topic}, partition {partition}')
    return offsets


def starts(text, topics):
    """topic → the request's "start"."""
    if text is None or text.lower() == "earliest":
        return {}
    if text.lower() == "latest":
        raise OptionError('option "startingOffsets": "latest" leaves nothing to read in a batch')
    made = {}
    for topic, offsets in _per_partition(text, "startingOffsets", topics).items():
        if LATEST in offsets.values():
            raise OptionError(f'option "startingOffsets": -1 (the end) leaves nothing to read of a partition of {topic} in a batch')
        positions = {str(partition): str(offset) for partition, offset in offsets.items() if offset != EARLIEST}
        made[topic] = {"kind": "positions", "time_ms": "0", "positions": positions}
    return made


def ends(text, topics):
    """topic → partition (text) → offset behind the last one wanted; partitions that are read to the snapshot's end are not in it."""
    if text is None or text.lower() == "latest":
        return {}
    if text.lower() == "earliest":
        raise OptionError('option "endingOffsets": "earliest" leaves nothing to read')
    made = {}
    for topic, offsets in _per_partition(text, "endingOffsets", topics).items():
        if EARLIEST in offsets.values():
            raise OptionError(f'option "endingOffsets": -2 (the beginning) leaves nothing to read of a partition of {topic}')
        made[topic] = {str(partition): offset for partition, offset in offsets.items() if offset != LATEST}
    return made


def _unread(partition, start, note):
    """The certificate, in canonical form, of a partition of which nothing is to be read."""
    none = dict.fromkeys(("returned", "filtered", "skipped", "aborted", "control", "missing", "rows", "undecodable_values", "bytes_fetched"), "0")
    ends = dict.fromkeys(("planned_start", "planned_end", "read_start", "read_end"), start)
    return {"partition": partition, **ends, "complete": True, "reason": "end", **none, "notes": [note], "first_record": None, "last_record": None, "proof": ""}


def clip(topic, splits, plan, start, ends):
    """The splits up to the wanted ends. `plan` is told: its certificate shows the option, and the partitions of which it leaves nothing.

    start: the request's. ends: of this topic. An offset that the log does not reach is an error, as far as the plan knows the log's end, and so is
    an end before its own start."""
    known = {}
    for split in splits:
        known[split["partition"]] = max(known.get(split["partition"], 0), int(split["end"]))
    for certificate in plan["left_out"]:
        if certificate["reason"] == "end":  # an empty partition, not a pruned one
            known.setdefault(certificate["partition"], int(certificate["planned_start"]))
    positions = start.get("positions", {})
    for option, given in (("startingOffsets", positions), ("endingOffsets", ends)):
        for partition, offset in given.items():
            if partition in known and int(offset) > known[partition]:
                raise OptionError(f'option "{option}": {offset} of {topic}, partition {partition}, is behind what can be read, which ends at {known[partition]}')
    for partition, end in ends.items():
        if end < int(positions.get(partition, 0)):
            raise OptionError(f'option "endingOffsets": {end} of {topic}, partition {partition}, lies before its startingOffsets, {positions[partition]}')
    clipped = []
    for split in splits:
        end = min(int(split["end"]), ends.get(split["partition"], int(split["end"])))
        if end > int(split["start"]):
            clipped.append({**split, "end": str(end)})
    if ends:
        plan["attributes"].append({"name": "endingOffsets", "value": json.dumps(ends)})
    left = {split["partition"] for split in clipped}
    for split in splits:  # in order: the first of a partition is where its reading would have begun
        partition, begin = split["partition"], split["start"]
        if partition not in left:
            left.add(partition)
            plan["left_out"].append(_unread(partition, begin, f"endingOffsets leave nothing to read: {ends[partition]} is not behind {begin}, where reading would begin"))
    return clipped
