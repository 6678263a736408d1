# SPDX-License-Identifier: Apache-2.0
"""Spark looks into modules whose names begin with pyspark_ for a DefaultSource: this registers format("lotic") without a call."""

from lotic.spark.source import LoticDataSource as DefaultSource

__all__ = ["DefaultSource"]
