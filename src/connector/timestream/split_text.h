// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "connector/timestream/query_text.h"
#include "lotic/scan.h"

namespace lotic::timestream {

/// What a split's properties say: what the query selects from, so that Open needs no look-up.
struct SplitText {
  QuerySource source;
  std::vector<std::string> columns;  ///< of a passthrough query, all of them, by their place in the answer

  std::map<std::string, std::string> ToProperties() const;
  /// Errors: Invalid (not a split of ours).
  static Result<SplitText> Parse(const std::map<std::string, std::string>& properties);
  static Result<SplitText> Parse(const Split& split) { return Parse(split.properties); }
};

/// The snapshot token: {"v":1,"kind":"none","db":"ops","table":"cpu"}. It fixes nothing: reading twice is two queries.
std::string TokenOf(const TableName& table);
/// Errors: Invalid.
Status CheckToken(const ScanRequest& request);

}  // namespace lotic::timestream
