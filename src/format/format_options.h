// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/row_format.h"

namespace lotic {

/// Takes the options of one format apart: each is asked for once, and Finish() names what nobody asked for. One thread.
class FormatOptionReader {
 public:
  FormatOptionReader(std::string format, const FormatOptions& options);

  /// "true" or "false" in any case.
  bool Bool(const std::string& key, bool otherwise);
  std::optional<std::string> Text(const std::string& key);
  /// One of `words` (any case), as written there; the first is the default.
  std::string Word(const std::string& key, const std::vector<std::string>& words);
  /// Known, not built: only `only`, or nothing, may be said. An empty `only`: nothing.
  void NotBuilt(const std::string& key, const std::string& only);
  /// "json.ignore-parse-errors".
  std::string Full(const std::string& key) const { return format_ + "." + key; }
  void Fail(Status status);

  /// The first failure; Invalid for a key that was not asked for, with the nearest that was.
  Status Finish() const;

 private:
  const std::string format_;
  std::map<std::string, std::string> left_;
  std::vector<std::string> known_;
  Status failure_;
};

/// The formats, each with the errors of MakeRowFormat.
Result<std::shared_ptr<const RowFormat>> MakeJsonRowFormat(const FormatOptions& options, const Schema& columns);
Result<std::shared_ptr<const RowFormat>> MakeCsvRowFormat(const FormatOptions& options, const Schema& columns);
Result<std::shared_ptr<const RowFormat>> MakeRawRowFormat(const FormatOptions& options, const Schema& columns);

/// Whether a column carries kNotNullMetadata.
bool IsNotNull(const Field& field);

}  // namespace lotic
