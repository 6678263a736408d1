// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/row_records.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "connector/kinesis/partition_key.h"
#include "format/format_options.h"
#include "lotic/batch_builder.h"

namespace lotic::kinesis {
namespace {

constexpr size_t kMaxShownBytes = 100;  // of a value in a message
constexpr size_t kMaxHashDigits = 39;
constexpr std::string_view kHashKeys = "340282366920938463463374607431768211456";  // 2^128: one too many

/// A constant of INSERT … PARTITION (c = 'text') as a value of a column that a key may have.
Result<Scalar> CastConstant(const Field& field, const std::string& text) {
  const auto bad = [&] { return Status::Invalid("PARTITION (", field.name, " = '", text.substr(0, kMaxShownBytes), "'): this is no ", field.type.ToString()); };
  switch (field.type.id()) {
    case TypeId::kString: return Scalar(text);
    case TypeId::kBool:
      if (text != "true" && text != "false") return bad();
      return Scalar(text == "true");
    case TypeId::kFloat32:
    case TypeId::kFloat64: {
      double value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (text.empty() || error != std::errc() || end != text.data() + text.size()) return bad();
      return Scalar(value);
    }
    default: break;
  }
  if (!field.type.is_integer())
    return Status::Invalid("PARTITION (", field.name, " = …): a constant is text, BOOLEAN, an integer or a float, not ", field.type.ToString());
  if (field.type.id() == TypeId::kUInt64) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return bad();
    return Scalar(value);
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return bad();
  const int bits = field.type.byte_width() * 8;
  if (bits < 64) {
    const int64_t low = field.type.is_unsigned() ? 0 : -(int64_t{1} << (bits - 1));
    const int64_t high = (int64_t{1} << (field.type.is_unsigned() ? bits : bits - 1)) - 1;
    if (value < low || value > high) return bad();
  }
  return field.type.is_unsigned() ? Scalar(static_cast<uint64_t>(value)) : Scalar(value);
}

bool IsHashKey(std::string_view text) {
  if (text.empty() || text.size() > kMaxHashDigits || text.find_first_not_of("0123456789") != std::string_view::npos || (text.size() > 1 && text[0] == '0'))
    return false;
  return text.size() < kHashKeys.size() || text < kHashKeys;
}

}  // namespace

Result<std::unique_ptr<RowRecords>> RowRecords::Make(const SinkTable& table, const WriteRequest& request, int number, int64_t max_record_bytes) {
  std::unique_ptr<RowRecords> made(new RowRecords(table, number, max_record_bytes));
  const Status bound = made->Bind(request);
  if (!bound.ok()) return bound.WithMessage("INSERT INTO ", request.table.ToString(), ": ", bound.message());
  return made;
}

Status RowRecords::Bind(const WriteRequest& request) {
  request_ = request.columns;
  std::vector<std::string> known;
  for (const Field& field : table_.columns.fields) known.push_back(field.name);
  for (size_t i = 0; i < request_.fields.size(); ++i) {
    const Field& field = request_.fields[i];
    const std::optional<size_t> at = table_.columns.IndexOf(field.name);
    if (!at) {
      const std::vector<std::string> nearest = NearestNames(field.name, known, 1);
      return Status::Invalid("the table has no column '", field.name, "' that can be written", nearest.empty() ? "" : "; did you mean '" + nearest[0] + "'?");
    }
    if (*request_.IndexOf(field.name) != i) return Status::Invalid("column '", field.name, "' is named twice");
    const Field& wanted = table_.columns.fields[*at];
    if (!(wanted.type == field.type))
      return Status::Invalid("column '", field.name, "' is ", wanted.type.ToString(), ", and the rows have ", field.type.ToString());
    if (IsNotNull(wanted)) not_null_.push_back(i);
  }
  std::vector<std::pair<std::string, Scalar>> constants;
  for (const auto& [name, text] : request.constants) {
    const std::vector<std::string>& keys = table_.options.key_columns;
    if (std::find(keys.begin(), keys.end(), name) == keys.end()) return Status::Invalid("PARTITION (", name, " = …): the table is not PARTITIONED BY it");
    if (request_.IndexOf(name)) return Status::Invalid("column '", name, "' is given by PARTITION and by the rows");
    for (const auto& earlier : constants) {
      if (earlier.first == name) return Status::Invalid("PARTITION names '", name, "' twice");
    }
    LOTIC_ASSIGN_OR_RETURN(Scalar value, CastConstant(table_.columns.fields[*table_.columns.IndexOf(name)], text));
    constants.emplace_back(name, std::move(value));
  }
  const auto constant_of = [&](const std::string& name) -> const Scalar* {
    for (const auto& constant : constants) {
      if (constant.first == name) return &constant.second;
    }
    return nullptr;
  };
  for (const Field& field : table_.columns.fields) {
    if (IsNotNull(field) && !request_.IndexOf(field.name) && constant_of(field.name) == nullptr)
      return Status::Invalid("column '", field.name, "' is NOT NULL and must be given");
  }
  for (const Field& field : table_.payload.fields) {
    payload_.push_back(request_.IndexOf(field.name));
    const Scalar* const constant = constant_of(field.name);
    constants_.push_back(constant == nullptr ? Scalar() : *constant);
  }
  for (const std::string& name : table_.options.key_columns) {
    const Scalar* const constant = constant_of(name);
    key_.push_back(constant == nullptr ? table_.payload.IndexOf(name) : std::nullopt);
    std::string text;
    for (const auto& [key, value] : request.constants) {
      if (key == name) text = value;  // as it was written, not as it was cast
    }
    key_texts_.push_back(std::move(text));
  }
  if (!table_.key_column.empty()) key_column_ = request_.IndexOf(table_.key_column);
  if (!table_.hash_column.empty()) hash_column_ = request_.IndexOf(table_.hash_column);
  if (!table_.key_column.empty() && !key_column_ && !table_.null_key_is_random)
    return Status::Invalid("column '", table_.key_column, "' gives the partition key and must be given");
  if (table_.format != nullptr) {
    serializer_ = table_.format->MakeSerializer();
  } else {
    data_column_ = request_.IndexOf(table_.data_column);
  }
  return Status::OK();
}

Status RowRecords::Take(const Batch& rows) {
  const std::vector<Field>& given = rows.schema().fields;
  bool same = given.size() == request_.fields.size();
  for (size_t i = 0; same && i < given.size(); ++i) same = given[i].name == request_.fields[i].name && given[i].type == request_.fields[i].type;
  if (!same) return Status::Invalid("the rows of a batch do not have the columns that the writer was opened for");
  rows_ = rows;
  if (table_.format == nullptr) return Status::OK();
  // Columns that are there are shared, the others built.
  Schema absent;
  for (size_t c = 0; c < payload_.size(); ++c) {
    if (!payload_[c]) absent.fields.push_back(table_.payload.fields[c]);
  }
  BatchBuilder builder(std::make_shared<const Schema>(std::move(absent)));
  size_t next = 0;
  for (size_t c = 0; c < payload_.size(); ++c) {
    if (payload_[c]) continue;
    ColumnBuilder& column = builder.column(next++);
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      if (IsNull(constants_[c])) {
        column.AppendNull();
      } else {
        AppendScalar(constants_[c], &column);
      }
    }
  }
  auto owners = std::make_shared<std::pair<Batch, Batch>>(rows, builder.Finish(rows.num_rows()));
  std::vector<Column> columns;
  next = 0;
  for (const std::optional<size_t>& place : payload_) columns.push_back(place ? owners->first.column(*place) : owners->second.column(next++));
  records_ = Batch(std::make_shared<const Schema>(table_.payload), rows.num_rows(), std::move(columns), owners);
  return Status::OK();
}

Result<std::string> RowRecords::Key(int64_t row) {
  if (!table_.key_column.empty()) {
    if (!key_column_ || rows_->column(*key_column_).IsNull(row)) {
      if (table_.null_key_is_random) return RandomKey(random_);
      return Status::Invalid("column '", table_.key_column, "' is NULL, and it is the partition key");
    }
    std::string key(rows_->column(*key_column_).Text(row));
    if (key.empty()) return Status::Invalid("empty partition key");
    if (const size_t characters = Characters(key); characters > kMaxKeyUnits)
      return Status::Invalid("a partition key of ", characters, " characters; ", kMaxKeyUnits, " are possible");
    return key;
  }
  switch (table_.options.partitioner) {
    case SinkOptions::Partitioner::kRandom: return RandomKey(random_);
    case SinkOptions::Partitioner::kFixed: return std::to_string(number_);
    case SinkOptions::Partitioner::kColumns: break;
  }
  KeyFromColumns made(table_.options.delimiter);
  for (size_t i = 0; i < key_.size(); ++i) {
    std::string text;
    if (key_[i]) {
      AppendKeyText(records_->column(*key_[i]), row, &text);
    } else {
      text = key_texts_[i];
    }
    if (!made.Add(text)) break;
  }
  std::string key = made.Finish();
  if (key.empty()) return Status::Invalid("empty partition key");
  return key;
}

Result<PutEntry> RowRecords::Record(int64_t row, int64_t number) {
  const auto named = [&](const Status& status) { return status.WithMessage("row ", number, ": ", status.message()); };
  for (const size_t c : not_null_) {
    if (rows_->column(c).IsNull(row)) return Status::Invalid("row ", number, ": column '", request_.fields[c].name, "' is NOT NULL, and the row has NULL");
  }
  PutEntry entry;
  if (serializer_ != nullptr) {
    const Status written = serializer_->Append(*records_, row, &entry.data);
    if (!written.ok()) return named(written);
  } else {
    entry.data = rows_->column(*data_column_).Text(row);
  }
  Result<std::string> key = Key(row);
  if (!key.ok()) return named(key.status());
  entry.key = std::move(*key);
  if (hash_column_ && !rows_->column(*hash_column_).IsNull(row)) {
    entry.hash_key = rows_->column(*hash_column_).Text(row);
    if (!IsHashKey(entry.hash_key))
      return Status::Invalid("row ", number, ": '", entry.hash_key.substr(0, kMaxShownBytes), "' is no explicit hash key; a number below 2^128 is expected");
  }
  if (entry.bytes() > max_record_bytes_) {
    return Status::CapacityError("row ", number, ": a record of ", entry.bytes(), " bytes with its key is larger than the stream takes, ", max_record_bytes_);
  }
  return entry;
}

}  // namespace lotic::kinesis
