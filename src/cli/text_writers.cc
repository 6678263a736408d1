// SPDX-License-Identifier: Apache-2.0
#include "cli/text_writers.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <set>

#include "cli/display_width.h"

namespace lotic::cli {
namespace {

using Cell = std::optional<std::string>;

// What the row-by-row formats share: a subclass writes the head, one row, and the foot.
class StreamingWriter : public RowWriter {
 public:
  StreamingWriter(const RenderOptions& options, ByteSink& sink) : options_(options), sink_(sink) {}
  sql::CellForm form() const override { return sql::CellForm::kText; }

  Status Begin(const std::vector<sql::ResultColumn>& columns) override {
    columns_ = columns;
    Head(&line_);
    return Put();
  }
  Status Rows(const sql::TextChunk& chunk) override {
    for (size_t row = 0; row < chunk.num_rows; ++row) {
      Row(chunk, row, &line_);
      ++rows_;
      LOTIC_RETURN_NOT_OK(Put());
    }
    return sink_.Flush();
  }
  Status End() override {
    Foot(&line_);
    LOTIC_RETURN_NOT_OK(Put());
    return sink_.Flush();
  }

 protected:
  virtual void Head(std::string*) {}
  virtual void Row(const sql::TextChunk& chunk, size_t row, std::string* out) = 0;
  virtual void Foot(std::string*) {}

  RenderOptions options_;
  std::vector<sql::ResultColumn> columns_;
  int64_t rows_ = 0;  // written before this one

 private:
  Status Put() {
    const Status status = sink_.Write(line_);
    line_.clear();
    return status;
  }
  ByteSink& sink_;
  std::string line_;
};

class CsvWriter final : public StreamingWriter {
 public:
  using StreamingWriter::StreamingWriter;

 private:
  void Head(std::string* out) override {
    if (!options_.header) return;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) *out += ',';
      Field(columns_[i].name, out);
    }
    *out += '\n';
  }
  void Row(const sql::TextChunk& chunk, size_t row, std::string* out) override {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) *out += ',';
      const Cell& cell = chunk.cells[i][row];
      if (cell) {
        Field(*cell, out);
      } else {
        *out += options_.null_text.value_or("");
      }
    }
    *out += '\n';
  }
  static void Field(const std::string& text, std::string* out) {
    const bool outer_space = !text.empty() && (text.front() == ' ' || text.back() == ' ');
    if (!text.empty() && !outer_space && text.find_first_of(",\"\r\n") == std::string::npos) {
      *out += text;
      return;
    }
    *out += '"';
    for (const char c : text) {
      if (c == '"') *out += '"';
      *out += c;
    }
    *out += '"';
  }
};

class TsvWriter final : public StreamingWriter {
 public:
  using StreamingWriter::StreamingWriter;

 private:
  void Head(std::string* out) override {
    if (!options_.header) return;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) *out += '\t';
      Field(columns_[i].name, out);
    }
    *out += '\n';
  }
  void Row(const sql::TextChunk& chunk, size_t row, std::string* out) override {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) *out += '\t';
      const Cell& cell = chunk.cells[i][row];
      if (cell) {
        Field(*cell, out);
      } else {
        *out += options_.null_text.value_or("\\N");
      }
    }
    *out += '\n';
  }
  static void Field(const std::string& text, std::string* out) {
    for (const char c : text) {
      switch (c) {
        case '\t': *out += "\\t"; break;
        case '\n': *out += "\\n"; break;
        case '\r': *out += "\\r"; break;
        case '\\': *out += "\\\\"; break;
        default: *out += c;
      }
    }
  }
};

class MarkdownWriter final : public StreamingWriter {
 public:
  using StreamingWriter::StreamingWriter;

 private:
  void Head(std::string* out) override {
    *out += '|';
    for (const auto& column : columns_) *out += " " + (options_.header ? Escaped(column.name) : "") + " |";
    *out += "\n|";
    for (const auto& column : columns_) *out += column.numeric ? " ---: |" : " --- |";
    *out += '\n';
  }
  void Row(const sql::TextChunk& chunk, size_t row, std::string* out) override {
    *out += '|';
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Cell& cell = chunk.cells[i][row];
      *out += " " + (cell ? Escaped(*cell) : options_.null_text.value_or("NULL")) + " |";
    }
    *out += '\n';
  }
  static std::string Escaped(const std::string& text) {
    const auto is_word = [&](size_t at) { return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0; };
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      switch (c) {
        case '\\':
        case '`':
        case '*':
        case '[':
        case ']':
        case '|':
        case '~': out += '\\', out += c; break;
        // Inside a word an underscore is no markup, and names are full of them.
        case '_': out += (i > 0 && is_word(i - 1) && is_word(i + 1)) ? "_" : "\\_"; break;
        case '<': out += "&lt;"; break;
        case '&': out += "&amp;"; break;
        case '\n': out += "<br>"; break;
        case '\r': break;
        default: out += c;
      }
    }
    return Printable(out);
  }
};

class LineWriter final : public StreamingWriter {
 public:
  using StreamingWriter::StreamingWriter;

 private:
  void Head(std::string*) override {
    for (const auto& column : columns_) {
      names_.push_back(Printable(column.name));
      width_ = std::max(width_, DisplayWidth(names_.back()));
    }
  }
  void Row(const sql::TextChunk& chunk, size_t row, std::string* out) override {
    if (rows_ > 0) *out += '\n';
    for (size_t i = 0; i < names_.size(); ++i) {
      const Cell& cell = chunk.cells[i][row];
      out->append(width_ - DisplayWidth(names_[i]), ' ');
      *out += names_[i] + " = " + (cell ? Printable(*cell) : options_.null_text.value_or("NULL")) + "\n";
    }
  }
  std::vector<std::string> names_;
  size_t width_ = 0;
};

class PlanWriter final : public StreamingWriter {
 public:
  explicit PlanWriter(ByteSink& sink) : StreamingWriter(RenderOptions{}, sink) {}

 private:
  void Row(const sql::TextChunk& chunk, size_t row, std::string* out) override {
    std::string_view text = chunk.cells.back()[row] ? std::string_view(*chunk.cells.back()[row]) : std::string_view();
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      *out += Printable(text.substr(0, end)) + "\n";
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
};

class JsonWriter final : public StreamingWriter {
 public:
  JsonWriter(bool lines, ByteSink& sink) : StreamingWriter(RenderOptions{}, sink), lines_(lines) {}
  sql::CellForm form() const override { return sql::CellForm::kJson; }

 private:
  void Head(std::string* out) override {
    std::set<std::string> taken;
    for (const auto& column : columns_) taken.insert(column.name);
    std::set<std::string> used;
    for (const auto& column : columns_) {
      std::string name = column.name;
      // Two members of one name in an object: most readers would lose one of them silently.
      for (int number = 1; !used.insert(name).second; ++number) {
        std::string next = column.name + "_" + std::to_string(number);
        if (taken.count(next) == 0) name = std::move(next);
      }
      keys_.push_back(JsonString(name) + ":");
    }
    if (!lines_) *out += '[';
  }
  void Row(const sql::TextChunk& chunk, size_t row, std::string* out) override {
    if (!lines_) *out += rows_ > 0 ? ",\n" : "\n";
    *out += '{';
    for (size_t i = 0; i < keys_.size(); ++i) {
      if (i > 0) *out += ',';
      *out += keys_[i];
      const Cell& cell = chunk.cells[i][row];
      *out += cell ? *cell : "null";
    }
    *out += lines_ ? "}\n" : "}";
  }
  void Foot(std::string* out) override {
    if (!lines_) *out += rows_ > 0 ? "\n]\n" : "]\n";
  }

  const bool lines_;
  std::vector<std::string> keys_;
};

}  // namespace

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char escape[8];
          std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
          out += escape;
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::unique_ptr<RowWriter> MakeCsvWriter(const RenderOptions& options, ByteSink& sink) { return std::make_unique<CsvWriter>(options, sink); }
std::unique_ptr<RowWriter> MakeTsvWriter(const RenderOptions& options, ByteSink& sink) { return std::make_unique<TsvWriter>(options, sink); }
std::unique_ptr<RowWriter> MakeMarkdownWriter(const RenderOptions& options, ByteSink& sink) { return std::make_unique<MarkdownWriter>(options, sink); }
std::unique_ptr<RowWriter> MakeLineWriter(const RenderOptions& options, ByteSink& sink) { return std::make_unique<LineWriter>(options, sink); }
std::unique_ptr<RowWriter> MakePlanWriter(ByteSink& sink) { return std::make_unique<PlanWriter>(sink); }
std::unique_ptr<RowWriter> MakeJsonWriter(bool lines, ByteSink& sink) { return std::make_unique<JsonWriter>(lines, sink); }

}  // namespace lotic::cli
