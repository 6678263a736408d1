// SPDX-License-Identifier: Apache-2.0
#include "cli/row_writer.h"

#include "cli/table_writer.h"
#include "cli/text_writers.h"

namespace lotic::cli {

std::unique_ptr<RowWriter> MakeRowWriter(Format format, const RenderOptions& options, ByteSink& sink) {
  switch (format) {
    case Format::kBox: return MakeTableWriter(/*ascii=*/false, options, sink);
    case Format::kAscii: return MakeTableWriter(/*ascii=*/true, options, sink);
    case Format::kMarkdown: return MakeMarkdownWriter(options, sink);
    case Format::kLine: return MakeLineWriter(options, sink);
    case Format::kCsv: return MakeCsvWriter(options, sink);
    case Format::kTsv: return MakeTsvWriter(options, sink);
    case Format::kJson: return MakeJsonWriter(/*lines=*/false, sink);
    case Format::kJsonl: return MakeJsonWriter(/*lines=*/true, sink);
  }
  return MakeJsonWriter(/*lines=*/true, sink);
}

std::string WithThousands(int64_t number) {
  std::string digits = std::to_string(number);
  const size_t first = digits[0] == '-' ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

}  // namespace lotic::cli
