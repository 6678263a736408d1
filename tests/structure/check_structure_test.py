#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that check_structure.py can fail: one small tree per rule that breaks it, and one that breaks none."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import check_structure

TOP = "// SPDX-License-Identifier: Apache-2.0\n"
GOOD = {
    "include/lotic/status.h": TOP,
    "src/base/README.md": "base\n",
    "src/base/bytes.h": TOP + '#include "lotic/status.h"\n',
    "src/base/bytes.cc": TOP + '#include "base/bytes.h"\n#include <simdjson.h>\n',
    "src/net/README.md": "net\n",
    "src/net/socket.h": TOP + '#include "base/bytes.h"\n',
    "src/net/socket_test.cc": TOP + '#include "socket.h"\n#include "broker/broker.h"\n',
    "src/broker/README.md": "broker\n",
    "src/broker/broker.h": TOP,
}


class StructureTest(unittest.TestCase):
    def findings(self, changes, build=None):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in {**GOOD, **changes}.items():
                if text is not None:
                    (root / path).parent.mkdir(parents=True, exist_ok=True)
                    (root / path).write_text(text)
            arrows = check_structure.Arrows((check_structure.HERE / "arrows.txt").read_text())
            return check_structure.check(root, arrows, build(root) if build else None)

    def assert_finds(self, part, changes, **kwargs):
        findings = self.findings(changes, **kwargs)
        self.assertEqual(len(findings), 1, findings)
        self.assertIn(part, findings[0])

    def test_a_tree_that_keeps_every_rule_has_no_finding(self):
        self.assertEqual(self.findings({}), [])

    def test_an_include_against_the_arrows_is_found(self):
        self.assert_finds("src/base may not include", {"src/base/up.h": TOP + '#include "net/socket.h"\n'})

    def test_a_setting_that_nobody_reads_is_found(self):
        settings = {"src/catalog/README.md": "x\n", "src/catalog/stream_config.h": TOP + "struct StreamConfig {\n  std::string topic;  ///< ours\n  int64_t wait_ms = 5;\n};\n",
                    "src/catalog/stream_reader.cc": TOP + "void Read() { config.wait_ms = 1; }\n", "apps/streams.cc": TOP + "void Make() { Use(config.topic); }\n"}
        self.assert_finds("StreamConfig::wait_ms is read by nobody", settings)
        self.assertEqual(self.findings({**settings, "apps/streams.cc": TOP + "void Make() { Use(config.topic, config.wait_ms); }\n"}), [])

    def test_permission_is_not_transitive(self):
        # broker may include net and kafka_protocol, kafka_protocol only base
        self.assert_finds("may not include", {
            "src/kafka_protocol/README.md": "x\n", "src/kafka_protocol/api.h": TOP + '#include "net/socket.h"\n'})

    def test_product_code_may_not_include_the_broker_but_a_proof_may(self):
        self.assert_finds('may not include "broker/broker.h"', {"src/net/real.cc": TOP + '#include "broker/broker.h"\n'})

    def test_what_tests_share_may_include_the_broker_and_product_code_may_not_include_it(self):
        shared = {"src/net/test_peer.h": TOP + '#include "broker/broker.h"\n'}
        self.assertEqual(self.findings(shared), [])
        self.assert_finds("which is for tests", {**shared, "src/net/real.cc": TOP + '#include "net/test_peer.h"\n'})

    def test_a_connector_may_not_include_its_sibling(self):
        self.assert_finds("src/connector/kafka may not include", {
            "src/connector/memory/README.md": "x\n", "src/connector/memory/memory.h": TOP,
            "src/connector/kafka/README.md": "x\n",
            "src/connector/kafka/reader.cc": TOP + '#include "connector/memory/memory.h"\n'})

    def test_the_public_headers_include_nothing_of_ours(self):
        self.assert_finds("include/lotic may not include", {"include/lotic/batch.h": TOP + '#include "base/bytes.h"\n'})

    def test_a_folder_that_the_table_does_not_know_is_found(self):
        self.assert_finds("not in arrows.txt", {"src/extra/x.h": TOP})

    def test_an_include_of_nothing_is_found(self):
        self.assert_finds("no file of this tree", {"src/base/x.h": TOP + '#include "base/gone.h"\n'})

    def test_a_third_party_header_in_a_header_is_found(self):
        self.assert_finds("simdjson.h", {"src/base/json.h": TOP + "#include <simdjson.h>\n"})

    def test_duckdb_outside_its_seam_is_found(self):
        self.assert_finds("duckdb.hpp", {"src/base/db.cc": TOP + '#include "duckdb.hpp"\n'})

    def test_a_long_file_is_found(self):
        self.assert_finds("more than 900", {"src/base/long.cc": TOP + "\n" * 900})

    def test_a_name_that_says_nothing_is_found(self):
        self.assert_finds("says nothing", {"src/base/string_utils.h": TOP})

    def test_a_missing_licence_line_is_found(self):
        self.assert_finds("SPDX", {"src/base/x.h": "#pragma once\n"})

    def test_a_missing_readme_is_found(self):
        self.assert_finds("no README.md", {"src/net/README.md": None})

    def test_a_path_of_a_machine_is_found(self):
        self.assert_finds("somebody's machine", {"docs/setup.md": "cd /wor" + "k/main\n"})

    def build_with(self, compiled, run):
        """A build folder whose targets compile `compiled` (file -> target) and whose ctest runs the programs `run`."""

        def make(root):
            build = root / "build"
            build.mkdir()
            (build / "compile_commands.json").write_text(json.dumps([
                {"directory": str(build), "file": str(root / file), "command": f"c++ -o CMakeFiles/{target}.dir/{file}.o -c"}
                for file, target in compiled.items()]))
            (build / "CTestTestfile.cmake").write_text("".join(f'add_test({name} "{build}/{name}")\n' for name in run))
            for name in run:  # ctest lists only what exists with its command
                (build / name).touch(mode=0o755)
            return build

        return make

    BUILT = {"src/base/bytes.cc": "lotic_base", "src/net/socket_test.cc": "socket_test"}

    def test_sources_that_are_built_and_tests_that_are_run_give_no_finding(self):
        self.assertEqual(self.findings({}, build=self.build_with(self.BUILT, ["socket_test"])), [])

    def test_a_source_that_no_target_builds_is_found(self):
        self.assert_finds("no target builds it", {"src/base/lost.cc": TOP}, build=self.build_with(self.BUILT, ["socket_test"]))

    def test_a_test_that_ctest_does_not_run_is_found(self):
        self.assert_finds("no ctest case runs", {}, build=self.build_with(self.BUILT, ["other"]))

    def test_a_script_test_that_ctest_does_not_run_is_found(self):
        self.assert_finds("no ctest case runs it", {"tests/cli/shell_test.py": "# " + TOP},
                          build=self.build_with(self.BUILT, ["socket_test"]))

    def test_the_command_ends_with_code_1_on_a_finding(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "src" / "nowhere" / "x.h"
            path.parent.mkdir(parents=True)
            path.write_text(TOP)
            done = subprocess.run(["python3", check_structure.__file__, folder], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stdout.endswith("1 findings\n"), done.stdout)


if __name__ == "__main__":
    unittest.main()
