# SPDX-License-Identifier: Apache-2.0
"""Lotic in Apache Spark: spark.read.format("lotic") (docs/reference/spark.md), found by Spark itself through the module pyspark_lotic.

    lotic.spark.certificate(folder)   what the tasks of .option("certificate", folder) have read, added up
"""

from lotic.spark.certificates import certificate

__all__ = ["certificate"]
