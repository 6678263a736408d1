// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"

#include <algorithm>

#include "lotic/type.h"

namespace lotic::cli {

const std::vector<std::string>& FormatNames() {
  static const std::vector<std::string> names = {"box", "ascii", "markdown", "line", "csv", "tsv", "json", "jsonl"};
  return names;
}

std::string_view FormatName(Format format) { return FormatNames()[static_cast<size_t>(format)]; }

Result<Format> ParseFormat(std::string_view name) {
  const auto& names = FormatNames();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<Format>(found - names.begin());
  const auto near = NearestNames(name, names, 1);
  std::string all;
  for (const auto& each : names) all += (all.empty() ? "" : ", ") + each;
  return Status::Invalid("unknown format \"", name, "\"", near.empty() ? "" : ": did you mean " + near[0] + "?", " (formats: ", all, ")");
}

}  // namespace lotic::cli
