// SPDX-License-Identifier: Apache-2.0
// The command over a data directory that this test owns and writes: `lotic --data DIR` and `lotic tables --data DIR`, beside the owner and without one.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sql/table_ports.h"
#include "table/record_errors.h"
#include "table/status_file.h"
#include "table/stored_table.h"
#include "table/test_table.h"

namespace lotic {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Done {
  int code = -1;
  std::string out;  // with what went to standard error
};

// Tests run beside the program.
Done Lotic(const std::string& arguments) {
  Done done;
  FILE* pipe = ::popen(("./lotic " + arguments + " 2>&1 </dev/null").c_str(), "r");
  if (pipe == nullptr) return done;
  char buffer[4096];
  for (size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) done.out.append(buffer, got);
  const int status = ::pclose(pipe);
  done.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return done;
}

class TablesShell : public testing::Test {
 protected:
  void SetUp() override { ::setenv("LOTIC_SQL_LIBRARY", "./liblotic_sql.so", 1); }
  void Seal() {
    const auto ports = sql::OpenTablePorts();
    ASSERT_TRUE(ports.ok()) << ports.status();
    for (;;) {
      const auto sealed = data_.store("events").SealOne(*ports->files, {});
      ASSERT_TRUE(sealed.ok()) << sealed.status();
      if (!*sealed) return;
    }
  }
  Done Ask(const std::string& sql, const std::string& more = "-q --format csv") { return Lotic("--data " + data_.folder() + " " + more + " \"" + sql + "\""); }

  table::TestData data_;
};

TEST_F(TablesShell, AsksTablesBesideTheirOwner) {
  data_.AddTable("events", 2);
  data_.Commit("events", 0, 100);
  data_.Roll("events", 0);
  Seal();
  data_.Commit("events", 0, 50);
  data_.Commit("events", 1, 30);
  // Offsets of partition 0 are 0 … 149, of partition 1 0 … 29, without each tenth; qty is the offset modulo 100.
  EXPECT_EQ(Ask("SELECT count(*), sum(qty) FROM events").out, "count_star(),sum(qty)\n162,5868\n");
  EXPECT_EQ(Ask("SELECT count(*) AS n FROM tables.events_REALTIME WHERE ts > TIMESTAMPTZ '2023-11-14 22:15:00Z'").out, "n\n44\n");
  EXPECT_EQ(Ask("SELECT \\\"__metadata\\$partition\\\" AS p, min(\\\"\\$offset\\\") AS a, max(\\\"\\$offset\\\") AS b FROM events GROUP BY 1 ORDER BY 1").out,
            "p,a,b\n0,0,148\n1,0,28\n");
  EXPECT_EQ(Ask("SELECT tags, body, ok, amount FROM events WHERE \\\"\\$offset\\\" = 2 AND \\\"\\$partitionId\\\" = 1").out,
            "tags,body,ok,amount\n\"[t0, t1]\",\\x00\\xFF1,true,1.0\n");
  EXPECT_EQ(Ask("SELECT count(*) AS n FROM events a JOIN events b USING (\\\"\\$offset\\\")").out, "n\n216\n");
}

TEST_F(TablesShell, ReadsWithoutAnOwnerAndSaysWhatItRead) {
  data_.AddTable("events", 1);
  data_.Commit("events", 0, 100);
  const std::string file = data_.folder() + "/certificate.json";
  const Done done = Ask("SELECT max(qty) AS m FROM events", "--format csv --certificate " + file);
  EXPECT_EQ(done.code, 0) << done.out;
  EXPECT_THAT(done.out, HasSubstr("m\n98\n"));
  EXPECT_THAT(done.out, HasSubstr("complete"));
  std::ifstream in(file);
  const std::string json((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_THAT(json, HasSubstr("\"segment\": \"events__0__0__"));
  EXPECT_THAT(json, HasSubstr("\"isolation_level\": \"read_uncommitted\""));
  EXPECT_THAT(json, HasSubstr("\"returned\": 90"));
  EXPECT_THAT(json, HasSubstr("\"complete\": true"));
}

TEST_F(TablesShell, ACountSaysWhatItStandsForAlthoughItReadsNothing) {
  data_.AddTable("events", 2);
  data_.Commit("events", 0, 100);
  data_.Roll("events", 0);
  Seal();
  data_.Commit("events", 1, 30);
  const std::string file = data_.folder() + "/certificate.json";
  const Done done = Ask("SELECT count(*) AS n FROM events", "--format csv --certificate " + file);
  EXPECT_THAT(done.out, HasSubstr("n\n117\n"));
  const std::string summary = "read 128 of 130 records in 2 of 2 partitions, complete";  // two offsets have no record
  EXPECT_THAT(done.out, HasSubstr(summary));
  EXPECT_THAT(Ask("SELECT max(qty) FROM events", "--format csv").out, HasSubstr(summary)) << "as of a reading";
  std::ifstream in(file);
  const std::string json((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_THAT(json, HasSubstr("\"returned\": 90"));
  EXPECT_THAT(json, HasSubstr("\"rows\": 27"));
  EXPECT_THAT(json, HasSubstr("no row was read"));
}

TEST_F(TablesShell, ErrorsAreAskedInSql) {
  data_.AddTable("events", 1);
  const table::RecordError error{0, 7, 1'700'000'000'000, 1'700'000'000'500, "convert", "qty", "no INT", "{}", 2};
  ASSERT_TRUE(data_.store("events").errors().Append({&error, 1}).ok());
  EXPECT_EQ(Ask("SELECT stage, \\\"column\\\", \\\"offset\\\", decode(payload) AS payload FROM _errors WHERE topic = 'events-topic'").out,
            "stage,column,offset,payload\nconvert,qty,7,{}\n");
  EXPECT_EQ(Ask("SELECT count(*) AS n FROM _errors WHERE \\\"table\\\" = 'nothing'").out, "n\n0\n");
}

TEST_F(TablesShell, ListsPartitionsWithTheirLag) {
  data_.AddTable("events", 2);
  data_.Commit("events", 0, 100);
  data_.Roll("events", 0);
  data_.Commit("events", 0, 20);
  const std::string line = "tables --data " + data_.folder() + " --format csv";
  Done done = Lotic(line);
  EXPECT_EQ(done.code, 0);
  EXPECT_EQ(done.out,
            "table,partition,state,rows,segments,start,end,lag,lag_age_ms,newest,errors\n"
            "events,0,OFFLINE,108,2,0,120,,,2023-11-14T22:15:19.000Z,3\n"
            "events,1,OFFLINE,0,1,0,0,,,,0\n");
  table::StatusFile status;
  status.written_ms = Clock::System().NowMs();
  status.running = true;
  status.partitions.push_back({.partition = 0, .state = table::PartitionState::kConsuming, .upstream = 150, .heard_ms = status.written_ms});
  status.partitions.push_back({.partition = 1, .state = table::PartitionState::kStopped, .error = "the topic was created again"});
  ASSERT_TRUE(table::WriteStatusFile(table::TableFolder(data_.folder(), "events_REALTIME"), status).ok());
  done = Lotic(line);
  EXPECT_THAT(done.out, HasSubstr("events,0,CONSUMING,108,2,0,120,30,"));
  EXPECT_THAT(done.out, HasSubstr("events,1,ERROR,0,1,0,0,,,,0,the topic was created again\n"));
  const table::PartitionStatus stopped = status.partitions.back();
  status.partitions.pop_back();
  status.left_out = 1;
  ASSERT_TRUE(table::WriteStatusFile(table::TableFolder(data_.folder(), "events_REALTIME"), status).ok());
  EXPECT_THAT(Lotic(line).out, HasSubstr("events,1,UNKNOWN,0,1,0,0,,,,0,status.json has no room for the state of all partitions; /metrics has it\n"));
  status.partitions.push_back(stopped);
  status.left_out = 0;
  status.written_ms -= 60'000;
  ASSERT_TRUE(table::WriteStatusFile(table::TableFolder(data_.folder(), "events_REALTIME"), status).ok());
  done = Lotic(line);
  EXPECT_THAT(done.out, HasSubstr("events,0,OFFLINE,108,2,0,120,30,")) << "its owner was killed";
  EXPECT_THAT(done.out, HasSubstr("has said nothing for 6"));
}

TEST_F(TablesShell, WhatIsNoDataDirectoryIsSaidSo) {
  const Done missing = Lotic("--data /nonexistent/folder \"SELECT 1\"");
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.out, HasSubstr("/nonexistent/folder"));
  const std::string other = data_.folder() + "/empty";
  std::filesystem::create_directories(other);
  const Done none = Lotic("--data " + other + " \"SELECT 1\"");
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.out, HasSubstr(other));
  EXPECT_NE(Lotic("tables --data " + other).code, 0);
  EXPECT_THAT(Lotic("tables").out, HasSubstr("lotic tables --data DIR"));
  data_.AddTable("events", 1);
  EXPECT_THAT(Ask("SELECT * FROM evnts").out, HasSubstr("events"));
}

TEST_F(TablesShell, ADamagedSegmentFailsTheQueryThatNeedsIt) {
  data_.AddTable("events", 1);
  data_.Commit("events", 0, 100);
  data_.Roll("events", 0);
  Seal();
  data_.Commit("events", 0, 10);
  const std::string folder = table::TableFolder(data_.folder(), "events_REALTIME") + "/p0";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".rows" && entry.path().filename().string().rfind("0.", 0) == 0) std::filesystem::remove(entry.path());
    if (entry.path().extension() != ".parquet") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(64);
    file.put('\x7e');
  }
  const Done failed = Ask("SELECT sum(qty) FROM events");
  EXPECT_NE(failed.code, 0);
  EXPECT_THAT(failed.out, HasSubstr("events__0__0__"));
  const Done partial = Ask("SELECT count(qty) AS n FROM events", "--format csv --allow-partial");
  EXPECT_EQ(partial.code, 0) << partial.out;
  EXPECT_THAT(partial.out, HasSubstr("n\n9\n"));
  EXPECT_THAT(partial.out, HasSubstr("NOT COMPLETE"));
  EXPECT_EQ(Ask("SELECT count(qty) AS n FROM events WHERE \\\"\\$offset\\\" >= 100").out, "n\n9\n") << "it does not need the segment";
}

}  // namespace
}  // namespace lotic
