// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lotic/connector.h"
#include "lotic/scan.h"
#include "lotic/status.h"

// The one canonical JSON form of everything that travels between processes: members in a fixed order, no white space, integers that may
// pass 2^53 as text, binary as base64, types by Type::ToString(). FromJson(ToJson(x)) == x. Unknown members are errors (Invalid),
// so that an older process never drops what a newer one asked for. Input is bounded: 16 MiB, depth 64 (CapacityError).

namespace lotic {

std::string ToJson(const Schema& schema);
std::string ToJson(const ScanRequest& request);
std::string ToJson(const LayoutPartition& partition, const TableInfo& table);
std::string ToJson(const Split& split, const Schema& layout);
std::string ToJson(const SplitStart& start, const Schema& layout);
std::string ToJson(const SplitCertificate& certificate);

Result<Schema> SchemaFromJson(std::string_view json);
Result<ScanRequest> ScanRequestFromJson(std::string_view json);
/// Values of partition columns are typed by `table`.
Result<LayoutPartition> LayoutPartitionFromJson(std::string_view json, const TableInfo& table);
/// The residual's values are typed by the request's `layout`, which includes its columns.
Result<Split> SplitFromJson(std::string_view json, const Schema& layout);
Result<SplitStart> SplitStartFromJson(std::string_view json, const Schema& layout);
Result<SplitCertificate> SplitCertificateFromJson(std::string_view json);

}  // namespace lotic
