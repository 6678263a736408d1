// SPDX-License-Identifier: Apache-2.0
#include "format/row_format_harness.h"

#include "lotic/batch_builder.h"

namespace lotic {

DecodedRecords DecodeRecords(const RowFormat& format, const Schema& columns, const std::vector<std::string>& records, bool strict) {
  DecodedRecords made;
  std::vector<PayloadView> payloads;
  std::vector<uint32_t> all;
  for (const std::string& record : records) {
    all.push_back(static_cast<uint32_t>(payloads.size()));
    payloads.push_back({reinterpret_cast<const uint8_t*>(record.data()), static_cast<uint32_t>(record.size())});
  }
  made.bad = format.MakeChecker({}, strict).ValueOrDie()->Check(payloads, all, &made.good, &made.first_bad);
  const std::unique_ptr<MessageDecoder> decoder = format.MakeDecoder(columns, {}).ValueOrDie();
  BatchBuilder builder(std::make_shared<const Schema>(columns));
  std::vector<ColumnBuilder*> out;
  for (size_t c = 0; c < columns.fields.size(); ++c) out.push_back(&builder.column(c));
  decoder->Decode(payloads, made.good, out);
  made.rows = builder.Finish(static_cast<int64_t>(made.good.size()));
  made.undecodable = decoder->counts().undecodable_values;
  return made;
}

}  // namespace lotic
