// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "lotic/connector.h"
#include "table/ports.h"
#include "table/table_facts.h"
#include "table/table_plan.h"
#include "table/table_view.h"

namespace lotic::table {

/// What a reader of a table's segments needs beside the splits.
struct SegmentReaderParts {
  TableFacts facts;
  std::shared_ptr<const TableView> view;
  SegmentFiles* files = nullptr;  ///< borrowed; null: see TablesConnectorOptions
  std::string host_name;
};

/// Reads segments one after the other, each in the order of its rows. Certificates count records in stream offsets: a split read to its end says what became of each record at ingest, as its
/// plan knew it; one that was left in the middle knows rows from records without one, and counts all of the latter as skipped. Errors: Invalid (the layout does not fit the table).
Result<std::unique_ptr<Reader>> MakeSegmentReader(SegmentReaderParts parts, const ScanRequest& request);

/// See CountedSplits: the certificate of a split of a plan with Estimate::exact_rows. Errors: Invalid (no split of a table, or of one whose rows are not known).
Result<SplitCertificate> CountedSegment(const TableView& view, const Split& split);

}  // namespace lotic::table
