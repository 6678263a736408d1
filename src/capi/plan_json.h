// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/connector.h"
#include "lotic/scan.h"
#include "lotic/status.h"

// The canonical JSON of what crosses c.h and has no form in lotic/scan_json.h; its rules hold here too. Input is bounded: 64 MiB, depth 64
// (CapacityError). Errors of all readers: Invalid, naming the member.

namespace lotic::capi {

inline constexpr size_t kMaxTextBytes = size_t{64} << 20;
inline constexpr size_t kMaxItems = 1'000'000;  ///< splits or certificates in one text

std::string ToJson(const std::vector<std::string>& names);
std::string ToJson(const TableInfo& info);
std::string ToJson(const TablePage& page);
std::string ToJson(const SplitPage& page, const Schema& layout);
/// `info`: of the planned table; its partition columns' types go into the text, so that PlanFromJson needs no look-up.
std::string ToJson(const Prepared& plan, const TableInfo& info);

Result<std::vector<std::string>> NamesFromJson(std::string_view json);
Result<std::map<std::string, std::string>> OptionsFromJson(std::string_view json);
/// Name, columns, hidden columns, aliases, partition columns; what else a table's text holds is not needed to plan.
Result<TableInfo> TableFromJson(std::string_view json);
Result<Prepared> PlanFromJson(std::string_view json);
/// An array of constraints, as a request and a split hold them; columns are typed by `schema`.
Result<std::vector<Constraints>> ConstraintsListFromJson(std::string_view json, const Schema& schema);
/// An array of splits and {"split", "position"}; a plain split begins at its start.
Result<std::vector<SplitStart>> SplitStartsFromJson(std::string_view json, const Schema& layout);
/// An array of certificates and nulls.
Result<std::vector<std::optional<SplitCertificate>>> CertificatesFromJson(std::string_view json);

}  // namespace lotic::capi
