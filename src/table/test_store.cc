// SPDX-License-Identifier: Apache-2.0
#include "table/test_store.h"

#include <array>
#include <cstdlib>

#include <unistd.h>

#include "lotic/batch_builder.h"
#include "table/files.h"

namespace lotic::table {
namespace {

std::shared_ptr<const Schema> Layout() {
  static const auto schema = std::make_shared<const Schema>(Schema{{{"text", Type::String()},
                                                                    {"value", Type::Int64()},
                                                                    {"flag", Type::Bool()},
                                                                    {"numbers", Type::List(Type::Int32())},
                                                                    {"$offset", Type::Int64()},
                                                                    {"$timestamp", Type::Timestamp(TimeUnit::kMilli, true)}},
                                                                   {}});
  return schema;
}

std::string TextOf(int64_t offset) { return "row-" + std::to_string(offset); }

void Check(const Status& status) {
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    std::abort();
  }
}

std::string RowText(bool null, std::string_view text, int64_t value, bool flag, int64_t a, int64_t b, int64_t offset, int64_t time) {
  return (null ? "NULL" : std::string(text)) + "|" + std::to_string(value) + "|" + (flag ? "t" : "f") + "|" + std::to_string(a) + "," + std::to_string(b) +
         "|" + std::to_string(offset) + "|" + std::to_string(time);
}

}  // namespace

ScratchFolder::ScratchFolder() {
  // In memory where that is possible: these tests sync thousands of times, and what they prove does not depend on a disk.
  const char* const base = std::getenv("TMPDIR");
  path_ = std::string(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : base != nullptr ? base : "/tmp") + "/lotic-store-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) std::abort();
}

ScratchFolder::~ScratchFolder() { (void)RemoveFolder(path_); }

Batch SomeRows(int64_t start, int64_t end) {
  BatchBuilder builder(Layout());
  int64_t rows = 0;
  for (int64_t offset = start; offset < end; ++offset) {
    if (offset % 7 == 6) continue;
    ++rows;
    if (offset % 5 == 0) {
      builder.column(0).AppendNull();
    } else {
      builder.column(0).AppendBytes(TextOf(offset));
    }
    builder.column(1).AppendInt64(3 * offset);
    builder.column(2).AppendBool(offset % 2 == 0);
    builder.column(3).child(0).AppendInt64(offset);
    builder.column(3).child(0).AppendInt64(-offset);
    builder.column(3).FinishList();
    builder.column(4).AppendInt64(offset);
    builder.column(5).AppendInt64(1'700'000'000'000 + offset);
  }
  return builder.Finish(rows);
}

int64_t RowsIn(int64_t start, int64_t end) {
  int64_t rows = 0;
  for (int64_t offset = start; offset < end; ++offset) rows += offset % 7 == 6 ? 0 : 1;
  return rows;
}

Commit SomeCommit(int64_t start, int64_t end) {
  Commit commit;
  commit.start = start;
  commit.end = end;
  commit.rows = SomeRows(start, end);
  commit.fates.rows = commit.rows.num_rows();
  commit.fates.filtered = end - start - commit.fates.rows;
  commit.newest_stream_ms = 1'700'000'000'000 + end - 1;
  commit.commit_ms = 1'700'000'100'000 + end;
  return commit;
}

std::vector<std::string> RowsOf(const TableView& view, int32_t partition, SegmentFiles* files) {
  std::vector<std::string> texts;
  for (const SegmentInfo& segment : view.Find(partition)->segments) {
    if (segment.state == SegmentState::kDropped) continue;
    auto rows = SegmentRows::Open({}, view, segment, *Layout(), files);
    Check(rows.status());
    for (;;) {
      const auto next = (*rows)->Next({});
      Check(next.status());
      if (!next->has_value()) break;
      const Batch& batch = **next;
      Check(batch.Validate());
      for (int64_t row = 0; row < batch.num_rows(); ++row) {
        const bool null = batch.column(0).IsNull(row);
        const Column& list = batch.column(3);
        const int32_t at = list.offsets()[row];
        if (list.offsets()[row + 1] - at != 2) std::abort();
        texts.push_back(RowText(null, null ? "" : batch.column(0).Text(row), batch.column(1).values<int64_t>()[row], batch.column(2).Bool(row),
                                list.children[0].values<int32_t>()[at], list.children[0].values<int32_t>()[at + 1], batch.column(4).values<int64_t>()[row],
                                batch.column(5).values<int64_t>()[row]));
      }
    }
  }
  return texts;
}

std::vector<std::string> ExpectedRows(int64_t start, int64_t end) {
  std::vector<std::string> texts;
  for (int64_t offset = start; offset < end; ++offset) {
    if (offset % 7 != 6)
      texts.push_back(RowText(offset % 5 == 0, TextOf(offset), 3 * offset, offset % 2 == 0, offset, -offset, offset, 1'700'000'000'000 + offset));
  }
  return texts;
}

TableIdentity SomeTable() { return {"6f1c2d0e", "events", "$timestamp"}; }

std::unique_ptr<TableStore> MakeStore(const std::string& folder, int64_t start, StoreOptions options) {
  auto store = TableStore::Create(folder, SomeTable(), options);
  Check(store.status());
  const std::array<PartitionStart, 1> partitions = {{{0, start, {}}}};
  Check((*store)->AddPartitions("one", partitions));
  return *std::move(store);
}

}  // namespace lotic::table
