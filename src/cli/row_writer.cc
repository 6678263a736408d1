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
  const std::string digits = std::to_string(number);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && digits[i - 1] != '-' && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

}  // namespace lotic::cli
