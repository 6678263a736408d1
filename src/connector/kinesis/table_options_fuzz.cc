// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>

#include "connector/kinesis/declared_table.h"
#include "connector/kinesis/start_time.h"

// Lines "key=value": the options of a table, of which whatever is accepted keeps within its limits, and no message shows a secret. The first two lines are a pattern and a text
// for the start time.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lotic;
  if (size > 4'096) return 0;
  std::vector<std::string> lines(1);
  for (size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      lines.emplace_back();
    } else {
      lines.back().push_back(static_cast<char>(data[i]));
    }
  }
  lines.resize(std::max<size_t>(lines.size(), 2));
  const Result<kinesis::StartTime> start = kinesis::ParseStartTime("k", lines[1], lines[0]);
  if (start.ok() && (start->ms < 0 || start->ms > 253'402'300'799'999)) std::abort();

  TableDefinition definition;
  definition.name = {"default", "t"};
  definition.columns = {{.name = "a", .type = Type::String(), .type_text = "STRING"},
                        {.name = "b", .kind = ColumnDefinition::Kind::kMetadata, .type = Type::String(), .metadata_key = "shard-id"}};
  for (size_t i = 2; i < lines.size(); ++i) {
    const size_t equals = lines[i].find('=');
    definition.options.emplace_back(lines[i].substr(0, equals), equals == std::string::npos ? "" : lines[i].substr(equals + 1));
  }
  definition.options.emplace_back("aws.credentials.basic.secretkey", "S3CRET-OF-THE-TEST");
  const Result<kinesis::KinesisTableOptions> parsed = kinesis::ParseTableOptions(definition);
  if (parsed.status().ToString().find("S3CRET-OF-THE-TEST") != std::string::npos) std::abort();
  if (parsed.ok()) {
    const kinesis::SinkOptions& sink = parsed->sink;
    if (sink.batch_records < 1 || sink.batch_records > 500 || sink.max_buffered <= sink.batch_records || sink.batch_bytes < 1 << 20 ||
        sink.backoff_min.count() < 1)
      std::abort();
  }
  (void)kinesis::MakeDeclaredTable(definition, [](const kinesis::ConnectionOptions&) -> Result<aws::Session> { return Status::Invalid("not asked"); });
  return 0;
}
