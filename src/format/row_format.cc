// SPDX-License-Identifier: Apache-2.0
#include "format/row_format.h"

#include <algorithm>

#include "format/format_options.h"
#include "lotic/table_writer.h"

namespace lotic {
namespace {

constexpr const char* kBuilt[] = {"json", "csv", "raw"};
constexpr const char* kKnown[] = {"avro",       "avro-confluent", "avro-glue", "debezium-json", "debezium-avro-confluent",
                                  "canal-json", "maxwell-json",   "ogg-json",  "protobuf"};
constexpr size_t kMaxShownBytes = 100;  // of a value in a message

bool EqualWords(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

FormatOptionReader::FormatOptionReader(std::string format, const FormatOptions& options) : format_(std::move(format)) {
  for (const auto& [key, value] : options) {
    if (!left_.emplace(key, value).second) Fail(Status::Invalid("option '", Full(key), "' is given twice"));
  }
}

void FormatOptionReader::Fail(Status status) {
  if (failure_.ok()) failure_ = std::move(status);
}

std::optional<std::string> FormatOptionReader::Text(const std::string& key) {
  known_.push_back(key);
  const auto at = left_.find(key);
  if (at == left_.end()) return std::nullopt;
  std::string value = std::move(at->second);
  left_.erase(at);
  return value;
}

bool FormatOptionReader::Bool(const std::string& key, bool otherwise) {
  const std::optional<std::string> text = Text(key);
  if (!text) return otherwise;
  if (EqualWords(*text, "true")) return true;
  if (!EqualWords(*text, "false"))
    Fail(Status::Invalid("option '", Full(key), "': '", text->substr(0, kMaxShownBytes), "' is no boolean; true or false is expected"));
  return false;
}

std::string FormatOptionReader::Word(const std::string& key, const std::vector<std::string>& words) {
  const std::optional<std::string> text = Text(key);
  if (!text) return words[0];
  std::string list;
  for (const std::string& word : words) {
    if (EqualWords(*text, word)) return word;
    list += (list.empty() ? "" : ", ") + word;
  }
  Fail(Status::Invalid("option '", Full(key), "': '", text->substr(0, kMaxShownBytes), "' is none of ", list));
  return words[0];
}

void FormatOptionReader::NotBuilt(const std::string& key, const std::string& only) {
  const std::optional<std::string> text = Text(key);
  if (!text || (!only.empty() && EqualWords(*text, only))) return;
  Fail(Status::NotImplemented("option '", Full(key), "' = '", text->substr(0, kMaxShownBytes), "' is not built",
                              only.empty() ? "; leave it out" : "; only '" + only + "' is"));
}

Status FormatOptionReader::Finish() const {
  if (!failure_.ok()) return failure_;
  if (left_.empty()) return Status::OK();
  const std::string& key = left_.begin()->first;
  const std::vector<std::string> nearest = NearestNames(key, known_, 1);
  if (!nearest.empty()) return Status::Invalid("unknown option '", Full(key), "'; did you mean '", Full(nearest[0]), "'?");
  std::string list;
  for (const std::string& known : known_) list += (list.empty() ? "" : ", ") + Full(known);
  return Status::Invalid("unknown option '", Full(key), "'; format ", format_, " knows ", list);
}

bool IsNotNull(const Field& field) {
  const auto at = field.metadata.find(kNotNullMetadata);
  return at != field.metadata.end() && at->second == "true";
}

bool RowFormat::TakeApart(const PayloadView&, std::vector<PayloadView>*) const { return false; }

Result<std::shared_ptr<const RowFormat>> MakeRowFormat(const std::string& name, const FormatOptions& options, const Schema& columns) {
  if (name == "json") return MakeJsonRowFormat(options, columns);
  if (name == "csv") return MakeCsvRowFormat(options, columns);
  if (name == "raw") return MakeRawRowFormat(options, columns);
  if (std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown)) {
    return Status::NotImplemented("format '", name, "' is not built yet; json, csv and raw are");
  }
  const std::vector<std::string> nearest = NearestNames(name, {std::begin(kBuilt), std::end(kBuilt)}, 1);
  return Status::Invalid("unknown format '", name.substr(0, kMaxShownBytes), "'; ",
                         nearest.empty() ? "json, csv and raw are known" : "did you mean '" + nearest[0] + "'?");
}

}  // namespace lotic
