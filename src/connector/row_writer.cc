// SPDX-License-Identifier: Apache-2.0
#include "lotic/row_writer.h"

#include <utility>

#include "connector/nested_value.h"
#include "lotic/constraints.h"

namespace lotic {

RowWriter::RowWriter(Schema table, std::shared_ptr<const Schema> wanted, RowWriterOptions options)
    : table_(std::move(table)), wanted_(std::move(wanted)), options_(std::move(options)), builder_(wanted_) {
  for (const Field& field : table_.fields) places_.emplace(field.name, std::nullopt);
  for (size_t i = 0; i < wanted_->fields.size(); ++i) {
    places_[wanted_->fields[i].name] = i;
    const auto given = options_.defaults.find(wanted_->fields[i].name);
    defaults_.push_back(given == options_.defaults.end() ? Scalar() : given->second);
  }
}

bool RowWriter::Wants(std::string_view column) const {
  const auto place = places_.find(column);
  return place != places_.end() && place->second.has_value();
}

void RowWriter::EndRow() {
  if (rows_ == first_) return;
  for (size_t i = 0; i < defaults_.size(); ++i) {
    if (builder_.column(i).length() < rows_ - first_) AppendScalar(defaults_[i], &builder_.column(i));
  }
  batch_bytes_ += row_bytes_;
  row_bytes_ = 0;
}

Result<int64_t> RowWriter::AddRow() {
  EndRow();
  if (options_.flush && (rows_ - first_ >= kRowsPerBatch || batch_bytes_ >= kBytesPerBatch)) {
    Batch full = builder_.Finish(rows_ - first_);
    first_ = rows_;
    batch_bytes_ = 0;
    LOTIC_RETURN_NOT_OK(options_.flush(std::move(full)));
  }
  return rows_++;
}

Result<Batch> RowWriter::Finish() {
  EndRow();
  Batch rest = builder_.Finish(rows_ - first_);
  first_ = rows_;
  batch_bytes_ = 0;
  if (options_.flush && rest.num_rows() > 0) {
    LOTIC_RETURN_NOT_OK(options_.flush(std::move(rest)));
    rest = builder_.Finish(0);
  }
  return rest;
}

Status RowWriter::Set(int64_t row, std::string_view column, const Value& value) {
  const auto place = places_.find(column);
  if (place == places_.end()) {
    std::vector<std::string> names;
    for (const Field& field : table_.fields) names.push_back(field.name);
    const std::vector<std::string> nearest = NearestNames(std::string(column), names, 1);
    return Status::Invalid("column \"", column, "\": the table has none of this name", nearest.empty() ? "" : "; did you mean \"" + nearest[0] + "\"?");
  }
  if (row != rows_ - 1) return Status::Invalid("column \"", column, "\": row ", row, " cannot be set; the row being written is ", rows_ - 1);
  if (!place->second) return Status::OK();
  ColumnBuilder& to = builder_.column(*place->second);
  if (to.length() != row - first_) return Status::Invalid("column \"", column, "\": row ", row, " was set before");
  std::string path(column);
  return Append(to, to.type(), value, &path);
}

Status RowWriter::Append(ColumnBuilder& to, const Type& type, const Value& value, std::string* path) {
  if (value.is_null()) {
    to.AppendNull();
    return Status::OK();
  }
  if (type.is_nested()) {
    const auto* nested = std::get_if<std::shared_ptr<const Value::Nested>>(&value.held());
    if (nested == nullptr)
      return Status::Invalid("field \"", *path, "\": one value cannot become ", type.ToString(), "; it is set by Value::Struct, List or Map");
    // A failure half-way leaves the column as it was.
    std::vector<int64_t> before;
    for (size_t i = 0; i < type.children().size(); ++i) before.push_back(to.child(i).length());
    const Status appended = AppendNested(to, type, **nested, path);
    if (!appended.ok()) {
      for (size_t i = 0; i < before.size(); ++i) to.child(i).Truncate(before[i]);
    }
    return appended;
  }
  Result<Scalar> scalar = ScalarOf(type, value, options_.narrowing);
  if (!scalar.ok()) return scalar.status().WithMessage("field \"", *path, "\": ", scalar.status().message());
  if (const auto* bytes = std::get_if<std::string>(&*scalar)) {
    row_bytes_ += static_cast<int64_t>(bytes->size());
    if (row_bytes_ > kMaxRowBytes) return Status::CapacityError("field \"", *path, "\": row ", rows_ - 1, " has more than ", kMaxRowBytes, " bytes of text");
  }
  AppendScalar(*scalar, &to);
  return Status::OK();
}

Status RowWriter::AppendNested(ColumnBuilder& to, const Type& type, const Value::Nested& value, std::string* path) {
  const size_t path_size = path->size();
  const auto append = [&](size_t child, const std::string& step, const Value& item) {
    *path += step;
    const Status appended = Append(to.child(child), type.children()[child].type, item, path);
    path->resize(path_size);
    return appended;
  };
  const auto mismatch = [&] { return Status::Invalid("field \"", *path, "\": ", NestedName(value), " cannot become ", type.ToString()); };
  using Nested = Value::Nested;
  switch (type.id()) {
    case TypeId::kStruct: {
      const auto* named = std::get_if<Nested::Struct>(&value.form);
      const auto* resolved = std::get_if<Nested::ResolvedStruct>(&value.form);
      if (named == nullptr && resolved == nullptr) return mismatch();
      if (named != nullptr) {
        for (const auto& [name, member] : named->members) {
          bool known = false;
          for (const Field& field : type.children()) known = known || field.name == name;
          if (!known) return Status::Invalid("field \"", *path, "\": ", type.ToString(), " has no member \"", name, "\"");
        }
      }
      for (size_t i = 0; i < type.children().size(); ++i) {
        const Field& field = type.children()[i];
        Value member;
        if (named != nullptr) {
          for (const auto& [name, given] : named->members) {
            if (name == field.name) member = given;
          }
        } else {
          member = resolved->member(field);
        }
        LOTIC_RETURN_NOT_OK(append(i, "." + field.name, member));
      }
      to.AppendValid();
      return Status::OK();
    }
    case TypeId::kList: {
      if (const auto* list = std::get_if<Nested::List>(&value.form)) {
        for (size_t i = 0; i < list->items.size(); ++i) LOTIC_RETURN_NOT_OK(append(0, "[" + std::to_string(i) + "]", list->items[i]));
      } else if (const auto* resolved = std::get_if<Nested::ResolvedList>(&value.form)) {
        for (size_t i = 0; i < resolved->count; ++i) LOTIC_RETURN_NOT_OK(append(0, "[" + std::to_string(i) + "]", resolved->item(i)));
      } else {
        return mismatch();
      }
      to.FinishList();
      return Status::OK();
    }
    default: {
      const auto* map = std::get_if<Nested::Map>(&value.form);
      if (map == nullptr) return mismatch();
      for (const auto& [key, item] : map->entries) {
        if (key.is_null()) return Status::Invalid("field \"", *path, "\": a map key cannot be NULL");
        LOTIC_RETURN_NOT_OK(append(0, ".key", key));
        LOTIC_RETURN_NOT_OK(append(1, ".value", item));
      }
      to.FinishList();
      return Status::OK();
    }
  }
}

}  // namespace lotic
