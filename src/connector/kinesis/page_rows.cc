// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/page_rows.h"

#include <utility>

#include "lotic/batch_builder.h"

namespace lotic::kinesis {

bool RecordRange::ArrivalAllowed(int64_t arrival_ms) const {
  return ValueSetAllows(Type::Timestamp(TimeUnit::kMilli, true), compare, *arrival, Scalar(arrival_ms));
}

Result<PageRows> PageRows::Make(std::shared_ptr<const Schema> layout) {
  PageRows made(std::move(layout));
  Schema message;
  for (const Field& field : made.layout_->fields) {
    const auto at = field.metadata.find(kColumnMetadata);
    Source source = Source::kMessage;
    if (at != field.metadata.end()) {
      source = at->second == "_arrival_timestamp" ? Source::kArrival
               : at->second == "_shard_id"        ? Source::kShard
               : at->second == "_sequence_number" ? Source::kSequence
               : at->second == "_partition_key"   ? Source::kKey
                                                  : Source::kData;
    } else {
      message.fields.push_back(field);
    }
    made.sources_.push_back(source);
  }
  if (!message.fields.empty()) {
    LOTIC_ASSIGN_OR_RETURN(made.decoder_, MakeJsonDecoder(JsonFields(message), {.readable_padding = kDecoderPadding}));
  }
  return made;
}

Batch PageRows::Make(const std::string& shard, const RecordPage& page, std::span<const uint32_t> wanted, SplitCertificate* certificate) {
  BatchBuilder builder(layout_);
  std::vector<ColumnBuilder*> decoded;
  for (size_t c = 0; c < sources_.size(); ++c) {
    ColumnBuilder& column = builder.column(c);
    switch (sources_[c]) {
      case Source::kMessage: decoded.push_back(&column); break;
      case Source::kArrival:
        for (const uint32_t i : wanted) column.AppendInt64(page.records[i].arrival_ms);
        break;
      case Source::kShard:
        for (size_t i = 0; i < wanted.size(); ++i) column.AppendBytes(shard);
        break;
      case Source::kSequence:
        for (const uint32_t i : wanted) column.AppendBytes(page.records[i].sequence);
        break;
      case Source::kKey:
        for (const uint32_t i : wanted) column.AppendBytes(page.records[i].partition_key);
        break;
      case Source::kData:
        for (const uint32_t i : wanted) column.AppendBytes(page.records[i].data);
        break;
    }
  }
  if (decoder_ != nullptr) {
    std::vector<PayloadView> payloads;
    payloads.reserve(page.records.size());
    for (const RecordView& record : page.records)
      payloads.push_back({reinterpret_cast<const uint8_t*>(record.data.data()), static_cast<uint32_t>(record.data.size())});
    const int64_t before = decoder_->counts().undecodable_values;
    decoder_->Decode(payloads, wanted, decoded);
    certificate->undecodable_values += decoder_->counts().undecodable_values - before;
  }
  return builder.Finish(static_cast<int64_t>(wanted.size()));
}

}  // namespace lotic::kinesis
