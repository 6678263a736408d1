# SPDX-License-Identifier: Apache-2.0
"""pip install ./python: the package, and the built library with it."""

import os
import pathlib
import re
import shutil
import subprocess

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent
BUILT = HERE.parent / "build" / "release" / "liblotic.so"


def version():
    """The project's, where the source folder is around; the package alone has it in its own metadata."""
    cmake = HERE.parent / "CMakeLists.txt"
    found = re.search(r"project\(lotic VERSION ([0-9.]+)", cmake.read_text()) if cmake.is_file() else None
    return found.group(1) if found else "0.1.0"


def library():
    named = os.environ.get("LOTIC_LIBRARY")
    path = pathlib.Path(named) if named else BUILT
    if not path.is_file():
        raise SystemExit(
            f"error: liblotic.so is not at {path}. Build it in the source folder (cmake --build build/release --target lotic_c), "
            "or let LOTIC_LIBRARY name it; then run pip install again."
        )
    return path


def beside(path):
    """What liblotic.so opens to read sealed segments of real-time tables: its SQL part, and DuckDB, with its licence."""
    sql = path.with_name("liblotic_sql.so")
    if not sql.is_file():
        print(f"note: {sql} is not there: without it sealed segments of real-time tables cannot be read (cmake --build build/release --target lotic_sql)")
        return []
    needed = subprocess.run(["ldd", str(sql)], capture_output=True, text=True, check=True).stdout
    duckdb = re.search(r"libduckdb\.so => (/.+) \(0x", needed)
    if duckdb is None:
        raise SystemExit(f"error: {sql} needs libduckdb.so, which is not found: it was built on another machine, or without the folder that scripts/setup prints")
    duckdb = pathlib.Path(duckdb.group(1))
    licence = duckdb.parent.parent / "LICENSE"
    return [sql, duckdb, *([licence] if licence.is_file() else [])]


def folders():
    """Where setuptools may write: the source folder's own build folder, so that nothing is left in python/."""
    if not (HERE.parent / "CMakeLists.txt").is_file():
        return {}
    base = HERE.parent / "build" / "python"
    base.mkdir(parents=True, exist_ok=True)
    return {"build": {"build_base": str(base)}, "egg_info": {"egg_base": str(base)}}


class BuildWithLibrary(build_py):
    def run(self):
        source = library()
        super().run()
        target = pathlib.Path(self.build_lib) / "lotic" / "lib"
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target / "liblotic.so")
        for each in beside(source):
            shutil.copyfile(each, target / ("LICENSE.duckdb" if each.name == "LICENSE" else each.name))


class ForThisPlatform(Distribution):
    def has_ext_modules(self):  # the library is of one machine's kind, so the wheel is, too
        return True


setup(
    name="lotic",
    version=version(),
    description="Tables of Kafka, Kinesis, Timestream and Athena's connectors, for Python and Apache Spark",
    license="Apache-2.0",
    python_requires=">=3.9",
    install_requires=["pyarrow"],
    packages=["lotic", "lotic.spark"],
    py_modules=["pyspark_lotic"],
    cmdclass={"build_py": BuildWithLibrary},
    distclass=ForThisPlatform,
    options=folders(),
)
