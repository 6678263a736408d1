# SPDX-License-Identifier: Apache-2.0
"""Certificates of Spark's tasks: written one file an attempt, added up by `certificate`.

    FOLDER/PLAN/plan.json                   the plan: request, splits, and which of them each task reads
    FOLDER/PLAN/task-00003.ATTEMPT.json     what one attempt of a task has read; present from its start, "complete" at its end

Every file appears whole, under its final name, or not at all. Needs no Spark.
"""

import json
import os
import pathlib
import re
import time
import uuid

_FORMAT = 1
_TASK_FILE = re.compile(r"task-(\d+)\.(.+)\.json")


def folder_of(text):
    """The absolute path of a folder that a user names, by file:// or as a path: executors have working directories of their own. Raises ValueError."""
    path = re.sub(r"^file:(//)?(?=/)", "", text)
    if not path or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", path):
        raise ValueError(f"{text!r} is no folder; certificates are written to a folder that the driver and every executor reach by one path")
    return os.path.abspath(path)


def _write(path, value):
    """The file appears whole or not at all."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    temporary.write_text(json.dumps(value), encoding="utf-8")
    os.replace(temporary, path)


def _read(path):
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no certificate file: {error}") from None
    if value.get("format") != _FORMAT:
        raise ValueError(f"{path} is no certificate file of this version: its format is {value.get('format')!r}")
    return value


def write_plan(folder, load, request, plan, splits, tasks):
    """Begins the certificates of one plan of one table. `load`: which load() of the user it serves. `tasks`: for each its splits' numbers.
    Gives the plan's own folder."""
    own = pathlib.Path(folder) / uuid.uuid4().hex
    own.mkdir(parents=True)
    _write(own / "plan.json", {"format": _FORMAT, "load": load, "time_ms": int(time.time() * 1000), "request": request, "plan": plan, "splits": splits, "tasks": tasks})
    return str(own)


class TaskCertificate:
    """The file of one attempt of one task."""

    def __init__(self, folder, task, stage_attempt=0, attempt=0, attempt_id=0):
        # Attempt ids of Spark grow, so that files sort by age; the rest tells attempts apart that know no id.
        self._path = pathlib.Path(folder) / f"task-{task:05d}.{attempt_id:012d}-{stage_attempt}-{attempt}-{uuid.uuid4().hex[:12]}.json"
        self._write(False, [])

    def finish(self, certificates):
        """Everything was read and handed over."""
        self._write(True, certificates)

    def stop(self, certificates):
        """The reading ended before its end."""
        self._write(False, certificates)

    def _write(self, finished, certificates):
        _write(self._path, {"format": _FORMAT, "finished": finished, "certificates": certificates})


def _attempts(folder, num_tasks):
    """For each task: the certificates of the attempt that counts (the last finished one, else the last), or None.

    An attempt that did not finish has handed over less than it read: nothing of it is complete."""
    found = [[] for _ in range(num_tasks)]
    for path in folder.iterdir():
        match = _TASK_FILE.fullmatch(path.name)
        if match is None:
            continue
        number = int(match.group(1))
        if number >= num_tasks:
            raise ValueError(f"{path}: the plan has {num_tasks} tasks")
        value = _read(path)
        read = value["certificates"] if value["finished"] else [{**each, "complete": False} for each in value["certificates"]]
        found[number].append((value["finished"], match.group(2), read))
    return [max(each)[2] if each else None for each in found]


def certificate(folder):
    """What Spark's tasks have read, in the JSON form of `lotic --certificate`: {"tables": [{..., "complete": ..., "partitions": [...]}, ...]},
    one entry for each plan that was run. One attempt of each split counts. A split without a finished certificate makes its table incomplete.

    A plan that no task has begun counts only if none of the same load() was begun (explain() makes such plans): it is incomplete then.
    """
    from lotic.connection import certificate_of

    root = pathlib.Path(folder_of(str(folder)))
    if not root.is_dir():
        raise FileNotFoundError(f"no certificates: {root} is no folder")
    loads = {}
    for own in sorted(root.iterdir()):
        if (own / "plan.json").is_file():
            value = _read(own / "plan.json")
            attempts = _attempts(own, len(value["tasks"]))
            loads.setdefault((value["load"], value["request"]["schema"], value["request"]["table"]), []).append((value["time_ms"], own.name, value, attempts))
    if not loads:
        raise FileNotFoundError(f'no certificates: {root} holds no plan; was .option("certificate", ...) this folder?')
    chosen = []
    for plans in loads.values():
        plans.sort(key=lambda each: each[:2])
        begun = [each for each in plans if not each[3] or any(attempt is not None for attempt in each[3])]  # nothing to read is read
        chosen += begun or plans[-1:]
    tables = []
    for _, _, value, attempts in sorted(chosen, key=lambda each: each[:2]):
        certificates = [None] * len(value["splits"])
        for splits, read in zip(value["tasks"], attempts):
            for number, each in zip(splits, read or []):
                certificates[number] = each
        tables += certificate_of(value["request"], value["plan"], value["splits"], certificates)["tables"]
    return {"tables": tables}
