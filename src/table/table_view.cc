// SPDX-License-Identifier: Apache-2.0
#include "table/table_view.h"

#include <algorithm>

#include "table/discovery.h"
#include "table/manifest.h"
#include "table/rows_map.h"

namespace lotic::table {
namespace {

// The owner may replace a file between two looks at the folder; so often it is looked at again.
constexpr int kMaxLooks = 4;

// Puts in what is published of the consuming segment. NotFound: the manifest that named the file is no longer the newest.
Status AddPublished(const std::string& folder, PartitionView* view) {
  for (SegmentInfo& segment : view->segments) {
    if (segment.state != SegmentState::kConsuming) continue;
    Result<std::shared_ptr<RowsMap>> map = RowsMap::Open(folder + "/" + segment.rows_file);
    Status status = map.status();
    if (map.ok()) {
      const RowsFileHeader& header = (*map)->header();
      Result<RowsMap::Published> published = (*map)->ReadPublished();
      status = published.status();
      if (status.ok() && (header.sequence != segment.sequence || header.partition != segment.partition || header.start != segment.start)) {
        status = Status::DataLoss((*map)->path(), " belongs to another segment");
      }
      if (status.ok()) {
        segment.end = published->end;
        segment.totals = published->totals;
        segment.rows_bytes = published->bytes;
        view->position = segment.end;
        continue;
      }
    }
    if (status.code() == StatusCode::kNotFound) return status;
    if (status.code() != StatusCode::kDataLoss) return status;
    segment.state = SegmentState::kDamaged;
    segment.damage = status.message();
    segment.repair_from = segment.end = segment.start;
    view->position = segment.start;
    view->unknown_end = segment.sequence;
  }
  return Status::OK();
}

Result<PartitionView> ViewOf(const std::string& table_folder, const PartitionStart& start, const TableIdentity& identity) {
  const std::string folder = PartitionFolderOf(table_folder, start.partition);
  Status last;
  for (int look = 0; look < kMaxLooks; ++look) {
    PartitionView view;
    view.partition = start.partition;
    view.start = view.position = start.start;
    const Result<std::shared_ptr<const PartitionState>> state = ReadManifest(folder + "/manifest");
    if (!state.ok()) {
      // Its folder was there before the partition was committed: a manifest that is missing was lost.
      if (state.status().code() != StatusCode::kDataLoss && state.status().code() != StatusCode::kNotFound) return state.status();
      view.damaged = Status::DataLoss(state.status().message());
      return view;
    }
    if ((*state)->table_id != identity.table_id || (*state)->partition != start.partition) {
      view.damaged = Status::DataLoss(folder, "/manifest belongs to table ", (*state)->table_id, ", partition ", (*state)->partition);
      return view;
    }
    view.start = (*state)->start;
    view.position = (*state)->position;
    view.losses = (*state)->losses;
    for (const auto& [sequence, segment] : (*state)->segments) view.segments.push_back(segment);
    last = AddPublished(folder, &view);
    if (last.ok()) return view;
    if (last.code() != StatusCode::kNotFound) return last;
  }
  PartitionView view;
  view.partition = start.partition;
  view.start = view.position = start.start;
  view.damaged = Status::DataLoss(last.message());
  return view;
}

}  // namespace

Result<std::shared_ptr<const TableView>> TableView::Open(const std::string& folder) {
  LOTIC_ASSIGN_OR_RETURN(const auto discovery, ReadDiscovery(folder));
  auto view = std::make_shared<TableView>();
  view->folder_ = folder;
  view->identity_ = discovery->identity;
  view->discovery_state_ = discovery->state;
  for (const auto& [partition, start] : discovery->partitions) {
    LOTIC_ASSIGN_OR_RETURN(PartitionView one, ViewOf(folder, start, discovery->identity));
    view->partitions_.push_back(std::move(one));
  }
  return std::shared_ptr<const TableView>(std::move(view));
}

const PartitionView* TableView::Find(int32_t partition) const {
  const auto found =
      std::lower_bound(partitions_.begin(), partitions_.end(), partition, [](const PartitionView& view, int32_t number) { return view.partition < number; });
  return found != partitions_.end() && found->partition == partition ? &*found : nullptr;
}

std::string TableView::PathOf(int32_t partition, const std::string& file) const { return PartitionFolderOf(folder_, partition) + "/" + file; }

int64_t TableView::rows() const {
  int64_t rows = 0;
  for (const PartitionView& partition : partitions_) {
    for (const SegmentInfo& segment : partition.segments) {
      if (segment.state != SegmentState::kDamaged && segment.state != SegmentState::kDropped) rows += segment.totals.rows;
    }
  }
  return rows;
}

int64_t TableView::bytes() const {
  int64_t bytes = 0;
  for (const PartitionView& partition : partitions_) {
    for (const SegmentInfo& segment : partition.segments) {
      if (segment.state != SegmentState::kDropped) bytes += SegmentBytes(segment);
    }
  }
  return bytes;
}

}  // namespace lotic::table
