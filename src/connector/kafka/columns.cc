// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/columns.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace lotic::kafka {

using kafka_protocol::Bytes;
using kafka_protocol::RecordView;

namespace {

constexpr std::array<std::string_view, kNumMetadataColumns> kNames = {"_topic",          "_partition_id", "_partition_offset", "_timestamp", "_timestamp_ms",
                                                                      "_timestamp_type", "_key",          "_message",          "_key_bytes", "_message_bytes",
                                                                      "_headers",        "_key_length",   "_message_length"};

struct Alias {
  std::string_view alias;
  MetadataColumn column;
};
constexpr Alias kAliases[] = {{"_partition", MetadataColumn::kPartition}, {"_offset", MetadataColumn::kOffset}, {"_value", MetadataColumn::kMessage}};

constexpr int64_t kMaxMillis = std::numeric_limits<int64_t>::max() / 1000;

Type TypeOf(MetadataColumn column) {
  switch (column) {
    case MetadataColumn::kPartition:
    case MetadataColumn::kOffset:
    case MetadataColumn::kTimestampMs:
    case MetadataColumn::kKeyLength:
    case MetadataColumn::kMessageLength: return Type::Int64();
    case MetadataColumn::kTimestamp: return Type::Timestamp(TimeUnit::kMicro, true);
    case MetadataColumn::kKeyBytes:
    case MetadataColumn::kMessageBytes: return Type::Binary();
    case MetadataColumn::kHeaders: return Type::Map(Type::String(), Type::List(Type::Binary()));
    case MetadataColumn::kTopic:
    case MetadataColumn::kTimestampType:
    case MetadataColumn::kKey:
    case MetadataColumn::kMessage: return Type::String();
  }
  return Type::String();
}

bool SameIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view TimestampTypeName(TimestampType type) {
  switch (type) {
    case TimestampType::kNone: return "NONE";
    case TimestampType::kCreateTime: return "CREATE_TIME";
    case TimestampType::kLogAppendTime: return "LOG_APPEND_TIME";
  }
  return "NONE";
}

/// The length of the valid sequence at `at`, or 0; then `*broken` is the length of the maximal part to replace.
size_t SequenceLength(const uint8_t* at, const uint8_t* end, size_t* broken) {
  const uint8_t lead = *at;
  size_t need;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  *broken = 1;
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) {
    need = 1;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    need = 2;
    if (lead == 0xE0) low = 0xA0;   // no overlong forms
    if (lead == 0xED) high = 0x9F;  // no surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    need = 3;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;  // nothing above U+10FFFF
  } else {
    return 0;
  }
  for (size_t i = 1; i <= need; ++i) {
    if (at + i >= end || at[i] < low || at[i] > high) {
      *broken = i;
      return 0;
    }
    low = 0x80;
    high = 0xBF;
  }
  return need + 1;
}

void AppendText(Bytes bytes, ColumnBuilder* out) {
  AppendReplacingInvalid(bytes, &out->bytes());
  out->FinishBytes();
}

std::string ReplacingInvalid(std::string_view text) {
  Buffer valid;
  AppendReplacingInvalid(kafka_protocol::AsBytes(text), &valid);
  return {reinterpret_cast<const char*>(valid.data()), valid.size()};
}

/// One header of a record.
struct Header {
  std::string_view key;
  std::optional<Bytes> value;
};

bool AppendHeaders(const RecordView& record, std::vector<Header>* scratch, ColumnBuilder* out) {
  scratch->clear();
  kafka_protocol::HeaderCursor cursor(record);
  kafka_protocol::HeaderView view;
  while (cursor.Next(&view)) scratch->push_back({view.key, view.value});
  const bool ok = cursor.ok();
  if (!ok) scratch->clear();
  ColumnBuilder& keys = out->child(0);
  ColumnBuilder& lists = out->child(1);
  // Keys are grouped as the text they become: two that are no UTF-8 may look alike, and a map's keys must differ.
  std::map<std::string, size_t, std::less<>> first_seen;
  std::vector<std::pair<std::string, std::vector<size_t>>> groups;
  for (size_t i = 0; i < scratch->size(); ++i) {
    std::string key = ReplacingInvalid((*scratch)[i].key);
    const auto [at, added] = first_seen.emplace(key, groups.size());
    if (added) groups.emplace_back(std::move(key), std::vector<size_t>());
    groups[at->second].second.push_back(i);
  }
  for (const auto& [key, group] : groups) {
    keys.AppendBytes(key);
    for (const size_t i : group) {
      const std::optional<Bytes>& value = (*scratch)[i].value;
      if (value.has_value()) {
        lists.child(0).AppendBytes(kafka_protocol::AsText(*value));
      } else {
        lists.child(0).AppendNull();
      }
    }
    lists.FinishList();
  }
  out->FinishList();
  return ok;
}

}  // namespace

std::string_view MetadataColumnName(MetadataColumn column) { return kNames[static_cast<size_t>(column)]; }

Field MetadataField(MetadataColumn column) {
  const std::string name(MetadataColumnName(column));
  return {name, TypeOf(column), {{kColumnMetadata, name}}};
}

std::optional<MetadataColumn> MetadataColumnOf(const Field& field) {
  const auto at = field.metadata.find(kColumnMetadata);
  if (at == field.metadata.end()) return std::nullopt;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == at->second) return static_cast<MetadataColumn>(i);
  }
  return std::nullopt;
}

TopicColumns ColumnsOf(const SchemaDocument& document) {
  TopicColumns made;
  const auto taken = [&](std::string_view name) {
    return document.format != PayloadFormat::kRaw &&
           std::any_of(document.columns.fields.begin(), document.columns.fields.end(), [&](const Field& field) { return SameIgnoringCase(field.name, name); });
  };
  std::vector<MetadataColumn> shown;
  if (document.format == PayloadFormat::kRaw) {
    shown = {MetadataColumn::kKey, MetadataColumn::kMessage};
    for (const MetadataColumn column : shown) made.visible.fields.push_back(MetadataField(column));
  } else {
    made.visible = document.columns;
  }
  const auto there = [&](MetadataColumn column) { return !taken(MetadataColumnName(column)); };
  for (size_t i = 0; i < kNumMetadataColumns; ++i) {
    const auto column = static_cast<MetadataColumn>(i);
    if (std::find(shown.begin(), shown.end(), column) == shown.end() && there(column)) {
      made.hidden.fields.push_back(MetadataField(column));
    }
  }
  for (const Alias& alias : kAliases) {
    if (taken(alias.alias)) continue;
    if (made.hidden.IndexOf(MetadataColumnName(alias.column)).has_value()) {
      made.aliases.emplace(alias.alias, MetadataColumnName(alias.column));
    } else if (std::find(shown.begin(), shown.end(), alias.column) != shown.end()) {
      // An alias names a hidden column; what is shown gets a hidden column by the other name.
      Field field = MetadataField(alias.column);
      field.name = alias.alias;
      made.hidden.fields.push_back(std::move(field));
    }
  }
  if (there(MetadataColumn::kPartition)) {
    made.partition_columns.push_back(std::string(MetadataColumnName(MetadataColumn::kPartition)));
  }
  return made;
}

void AppendReplacingInvalid(Bytes bytes, Buffer* out) {
  const uint8_t* at = bytes.data();
  const uint8_t* const end = at + bytes.size();
  const uint8_t* valid_from = at;
  while (at < end) {
    if (end - at >= 8) {  // eight ASCII bytes at a time
      uint64_t word;
      std::memcpy(&word, at, sizeof word);
      if ((word & 0x8080808080808080u) == 0) {
        at += 8;
        continue;
      }
    }
    size_t broken;
    const size_t length = SequenceLength(at, end, &broken);
    if (length != 0) {
      at += length;
      continue;
    }
    out->Append(valid_from, static_cast<size_t>(at - valid_from));
    out->Append("\xEF\xBF\xBD", 3);
    at += broken;
    valid_from = at;
  }
  out->Append(valid_from, static_cast<size_t>(end - valid_from));
}

int64_t AppendMetadataColumn(MetadataColumn column, const RecordRun& run, std::span<const uint32_t> selection, ColumnBuilder* out) {
  const RecordView* const records = run.records.data();
  const auto count = static_cast<int64_t>(selection.size());
  out->Reserve(count);
  switch (column) {
    case MetadataColumn::kTopic:
      for (int64_t i = 0; i < count; ++i) out->AppendBytes(run.topic);
      return 0;
    case MetadataColumn::kPartition: {
      int64_t* const to = out->UnsafeValues<int64_t>();
      std::fill(to, to + count, run.partition);
      out->Advance(count);
      return 0;
    }
    case MetadataColumn::kOffset: {
      int64_t* const to = out->UnsafeValues<int64_t>();
      for (int64_t i = 0; i < count; ++i) to[i] = records[selection[i]].offset;
      out->Advance(count);
      return 0;
    }
    case MetadataColumn::kTimestampMs: {
      int64_t* const to = out->UnsafeValues<int64_t>();
      for (int64_t i = 0; i < count; ++i) to[i] = records[selection[i]].timestamp;
      out->Advance(count);
      return 0;
    }
    case MetadataColumn::kTimestamp: {
      int64_t* const to = out->UnsafeValues<int64_t>();
      const int64_t first = out->length();
      bool none = false;
      for (int64_t i = 0; i < count; ++i) {
        const int64_t ms = records[selection[i]].timestamp;
        none |= ms == -1 || ms > kMaxMillis || ms < -kMaxMillis;
        to[i] = static_cast<int64_t>(static_cast<uint64_t>(ms) * 1000u);
      }
      out->Advance(count);
      for (int64_t i = 0; none && i < count; ++i) {
        const int64_t ms = records[selection[i]].timestamp;
        if (ms == -1 || ms > kMaxMillis || ms < -kMaxMillis) out->SetNull(first + i);
      }
      return 0;
    }
    case MetadataColumn::kTimestampType:
      for (int64_t i = 0; i < count; ++i) out->AppendBytes(TimestampTypeName(run.timestamp_type));
      return 0;
    case MetadataColumn::kKey:
    case MetadataColumn::kMessage:
      for (int64_t i = 0; i < count; ++i) {
        const RecordView& record = records[selection[i]];
        const bool is_key = column == MetadataColumn::kKey;
        if (is_key ? !record.has_key() : !record.has_value()) {
          out->AppendNull();
        } else {
          AppendText(is_key ? record.key_bytes() : record.value_bytes(), out);
        }
      }
      return 0;
    case MetadataColumn::kKeyBytes:
    case MetadataColumn::kMessageBytes:
      for (int64_t i = 0; i < count; ++i) {
        const RecordView& record = records[selection[i]];
        const bool is_key = column == MetadataColumn::kKeyBytes;
        if (is_key ? !record.has_key() : !record.has_value()) {
          out->AppendNull();
        } else {
          out->AppendBytes(kafka_protocol::AsText(is_key ? record.key_bytes() : record.value_bytes()));
        }
      }
      return 0;
    case MetadataColumn::kKeyLength:
    case MetadataColumn::kMessageLength:
      for (int64_t i = 0; i < count; ++i) {
        const RecordView& record = records[selection[i]];
        const int32_t size = column == MetadataColumn::kKeyLength ? record.key_size : record.value_size;
        if (size < 0) {
          out->AppendNull();
        } else {
          out->AppendInt64(size);
        }
      }
      return 0;
    case MetadataColumn::kHeaders: {
      std::vector<Header> scratch;
      int64_t broken = 0;
      for (int64_t i = 0; i < count; ++i) broken += AppendHeaders(records[selection[i]], &scratch, out) ? 0 : 1;
      return broken;
    }
  }
  return 0;
}

}  // namespace lotic::kafka
