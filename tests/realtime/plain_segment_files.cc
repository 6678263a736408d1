// SPDX-License-Identifier: Apache-2.0
#include "tests/realtime/plain_segment_files.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "lotic/batch_builder.h"
#include "lotic/scan_json.h"

namespace lotic::table {

namespace {

void Put(std::ofstream& out, int64_t value) { out.write(reinterpret_cast<const char*>(&value), sizeof value); }
void Put(std::ofstream& out, const void* bytes, int64_t size) {
  Put(out, size);
  out.write(static_cast<const char*>(bytes), size);
}

bool HasBytes(const Type& type) { return type.id() == TypeId::kString || type.id() == TypeId::kBinary; }

int64_t DataBytes(const Column& column) {
  if (HasBytes(column.type)) return (column.length + 1) * 4;
  return column.type.id() == TypeId::kBool ? (column.length + 7) / 8 : column.length * column.type.byte_width();
}

class Writer final : public SegmentFileWriter {
 public:
  Writer(const std::string& path, const Schema& schema) : out_(path, std::ios::binary) {
    const std::string text = ToJson(schema);
    Put(out_, text.data(), static_cast<int64_t>(text.size()));
  }
  Status Write(const Batch& rows) override {
    Put(out_, rows.num_rows());
    rows_ += rows.num_rows();
    for (size_t i = 0; i < rows.num_columns(); ++i) {
      const Column& column = rows.column(i);
      Put(out_, column.null_count);
      Put(out_, column.validity, column.validity == nullptr ? 0 : (column.length + 7) / 8);
      Put(out_, column.data, DataBytes(column));
      Put(out_, column.bytes, HasBytes(column.type) ? column.offsets()[static_cast<size_t>(column.length)] : 0);
    }
    return Status::OK();
  }
  Result<int64_t> Finish() override {
    out_.close();
    if (!out_.good()) return Status::IOError("cannot write a plain segment");
    return rows_;
  }

 private:
  std::ofstream out_;
  int64_t rows_ = 0;
};

/// Aligned as a Batch wants it.
using Bytes = std::shared_ptr<uint8_t[]>;

class FileReader final : public SegmentFileReader {
 public:
  FileReader(const std::string& path, Schema layout, int64_t first_row) : in_(path, std::ios::binary), layout_(std::move(layout)), skip_(first_row) {}

  Status Begin(const std::string& path) {
    if (!in_.good()) return Status::NotFound("no plain segment ", path);
    int64_t size = 0;
    if (!Get(&size) || size < 0 || size > (1 << 20)) return Status::Invalid(path, ": not a plain segment");
    std::string text(static_cast<size_t>(size), ' ');
    in_.read(text.data(), size);
    LOTIC_ASSIGN_OR_RETURN(schema_, SchemaFromJson(text));
    return Status::OK();
  }

  Result<std::optional<Batch>> Next(const CallContext& ctx) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("read a plain segment"));
    int64_t rows = 0;
    if (!Get(&rows)) return std::optional<Batch>();
    struct Owner {
      std::vector<Bytes> buffers;
      std::vector<Batch> nulls;
    };
    auto owned = std::make_shared<Owner>();
    std::vector<Column> all;
    for (const Field& field : schema_.fields) {
      Column column{field.type, rows, 0, nullptr, nullptr, nullptr, {}};
      if (!Get(&column.null_count)) return Status::Invalid("a plain segment is cut off");
      LOTIC_ASSIGN_OR_RETURN(column.validity, Buffer(&owned->buffers));
      LOTIC_ASSIGN_OR_RETURN(column.data, Buffer(&owned->buffers));
      LOTIC_ASSIGN_OR_RETURN(column.bytes, Buffer(&owned->buffers));
      if (column.null_count == 0) column.validity = nullptr;
      all.push_back(std::move(column));
    }
    Schema schema = schema_;
    for (const Field& field : layout_.fields) {
      if (schema.IndexOf(field.name).has_value()) continue;
      BatchBuilder nulls(std::make_shared<const Schema>(Schema{{field}, {}}));  // a column that was added since
      for (int64_t row = 0; row < rows; ++row) nulls.column(0).AppendNull();
      owned->nulls.push_back(nulls.Finish(rows));
      all.push_back(owned->nulls.back().column(0));
      schema.fields.push_back(field);
    }
    const Batch whole(std::make_shared<const Schema>(schema), rows, all, owned);
    std::vector<size_t> wanted;
    for (const Field& field : layout_.fields) {
      const auto index = schema.IndexOf(field.name);
      if (schema.fields[*index].type != field.type) return Status::NotImplemented("plain segments have columns as they are: ", field.name);
      wanted.push_back(*index);
    }
    Batch selected = whole.Select(wanted);
    if (skip_ == 0) return std::optional<Batch>(selected);
    const int64_t passed = std::min(skip_, rows);
    skip_ -= passed;
    std::vector<int64_t> rest;
    for (int64_t row = passed; row < rows; ++row) rest.push_back(row);
    return std::optional<Batch>(selected.Take(rest));
  }

 private:
  bool Get(int64_t* value) {
    in_.read(reinterpret_cast<char*>(value), sizeof *value);
    return in_.gcount() == sizeof *value;
  }
  Result<const uint8_t*> Buffer(std::vector<Bytes>* owned) {
    int64_t size = 0;
    if (!Get(&size) || size < 0 || size > (int64_t{1} << 31)) return Status::Invalid("a plain segment is cut off");
    const size_t padded = (static_cast<size_t>(size) + 63) / 64 * 64 + 64;
    const Bytes bytes(static_cast<uint8_t*>(std::aligned_alloc(64, padded)), [](uint8_t* p) { std::free(p); });
    std::memset(bytes.get(), 0, padded);
    in_.read(reinterpret_cast<char*>(bytes.get()), size);
    if (in_.gcount() != size) return Status::Invalid("a plain segment is cut off");
    owned->push_back(bytes);
    return static_cast<const uint8_t*>(bytes.get());
  }

  std::ifstream in_;
  Schema layout_, schema_;
  int64_t skip_;
};

class Files final : public SegmentFiles {
 public:
  Result<std::unique_ptr<SegmentFileWriter>> Create(const std::string& path, const Schema& schema) override {
    return std::unique_ptr<SegmentFileWriter>(std::make_unique<Writer>(path, schema));
  }
  Result<std::unique_ptr<SegmentFileReader>> Open(const CallContext&, const std::string& path, const Schema& layout, int64_t first_row) override {
    auto reader = std::make_unique<FileReader>(path, layout, first_row);
    LOTIC_RETURN_NOT_OK(reader->Begin(path));
    return std::unique_ptr<SegmentFileReader>(std::move(reader));
  }
};

}  // namespace

std::unique_ptr<SegmentFiles> MakePlainSegmentFiles() { return std::make_unique<Files>(); }

}  // namespace lotic::table
