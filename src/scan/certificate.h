// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/connector.h"
#include "lotic/scan.h"

namespace lotic {

/// The accounting rule of dense sources: read_end - read_start = the sum of the record counts, none of them negative, and the read range
/// lies within the planned one. Checked whenever a split ends, in every build. Errors: UnknownError (a bug of ours), with the numbers.
Status CheckAccounting(const SplitCertificate& certificate);

/// Splits of one partition that were read one after the other (each begins where the one before it ended, as planned and as read) become one
/// entry; others stay apart, so that the accounting rule holds for every entry. Sorted by partition (numbers as numbers), then start.
std::vector<SplitCertificate> MergeCertificates(std::vector<SplitCertificate> splits);

/// The certificate of one table reading: the splits', merged, with those the plan left out. Complete if every split is.
/// `splits` holds one entry for each split of the plan, read or not; one that was never opened has read_start = read_end = planned_start.
TableCertificate MakeTableCertificate(const Prepared& plan, std::vector<SplitCertificate> splits);

/// A certificate for a split that was not opened: nothing read. `proved_unneeded`: complete, for `reason` (a limit reached).
SplitCertificate UnreadCertificate(const Split& split, bool proved_unneeded, EndReason reason);

/// The JSON document of --certificate: {"tables": [{attributes..., "version", "complete", "reason", "bytes_fetched", "partitions": [...]}]}.
/// Positions that are whole numbers are written as numbers. Ends with a line feed.
std::string CertificatesToJson(std::span<const TableCertificate> tables);

/// One line for people: "read 1,204 of 96,000 records in 2 of 4 partitions, complete". Empty if there are no tables.
std::string CertificateSummary(std::span<const TableCertificate> tables);

}  // namespace lotic
