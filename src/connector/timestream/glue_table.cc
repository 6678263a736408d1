// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/glue_table.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "aws/aws_error.h"
#include "connector/timestream/column_info.h"
#include "connector/timestream/passthrough.h"
#include "connector/timestream/timestream_client.h"

namespace lotic::timestream {
namespace {

constexpr std::chrono::milliseconds kGlueTime{2'000};  // for a look-up in all: a table must not wait for a Glue that does not answer
constexpr int kGlueTries = 3;
constexpr size_t kMaxTypeBytes = 131'072;  // Glue's own limit for a type
constexpr const char* kFlag = "timestream-metadata-flag";
constexpr const char* kViewTemplate = "_view_template";

const aws::JsonService& GlueService() {
  static const aws::JsonService service{"glue", "GLUE", "glue", "glue", "AWSGlue", "1.1"};
  return service;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

class TypeParser {
 public:
  TypeParser(std::string_view text, TimeUnit unit) : text_(text), unit_(unit) {}

  Result<Type> Whole(std::string* source) {
    LOTIC_ASSIGN_OR_RETURN(Type type, One(0, source));
    SkipBlanks();
    if (at_ != text_.size()) return Fail("the end");
    if (unreadable_) *source = std::string(kUnreadable);
    return type;
  }

 private:
  Status Fail(std::string_view expected) const { return Status::Invalid("Glue type '", text_.substr(0, 200), "': ", expected, " was expected at byte ", at_); }
  void SkipBlanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  bool Take(char c) {
    SkipBlanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string Word() {
    SkipBlanks();
    const size_t from = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) ++at_;
    return Lower(text_.substr(from, at_ - from));
  }
  Result<int> Number() {
    SkipBlanks();
    int value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) return Fail("a number");
    at_ = static_cast<size_t>(end - text_.data());
    return value;
  }
  Result<std::string> MemberName() {
    SkipBlanks();
    std::string name;
    for (; at_ < text_.size() && text_[at_] != ':'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      name += text_[at_];
    }
    while (!name.empty() && name.back() == ' ') name.pop_back();
    if (name.empty() || !Take(':')) return Fail("a member's name and ':'");
    return name;
  }

  Result<Type> One(int depth, std::string* source) {
    if (depth > kMaxTypeDepth) return Status::CapacityError("Glue type: nested more than ", kMaxTypeDepth, " deep");
    const std::string word = Word();
    *source = std::string(kDeclared);
    const auto own = [source](const char* name, Type type) {
      *source = name;
      return type;
    };
    std::string inner;
    if (word == "varchar" || word == "string" || word == "char") {
      if (word != "string" && Take('(')) {
        LOTIC_RETURN_NOT_OK(Number().status());
        if (!Take(')')) return Fail("')'");
      }
      return own("varchar", Type::String());
    }
    if (word == "double") return own("double", Type::Float64());
    if (word == "bigint") return own("bigint", Type::Int64());
    if (word == "int" || word == "integer") return own("integer", Type::Int32());
    if (word == "boolean") return own("boolean", Type::Bool());
    if (word == "date") return own("date", Type::Date());
    if (word == "timestamp") return own("timestamp", Type::Timestamp(unit_, false));
    if (word == "timestamptz") return Type::Timestamp(unit_ == TimeUnit::kNano ? TimeUnit::kMicro : unit_, true);
    if (word == "float") return Type::Float32();
    if (word == "smallint") return Type::Int16();
    if (word == "tinyint") return Type::Int8();
    if (word == "decimal") {
      int precision = 10, scale = 0;
      if (Take('(')) {
        LOTIC_ASSIGN_OR_RETURN(precision, Number());
        if (Take(',')) {
          LOTIC_ASSIGN_OR_RETURN(scale, Number());
        }
        if (!Take(')')) return Fail("')'");
      }
      if (precision < 1 || precision > 38 || scale < 0 || scale > precision) return Fail("a precision of 1 to 38 and a scale up to it");
      return Type::Decimal(precision, scale);
    }
    if (word == "array" || word == "set") {
      if (!Take('<')) return Fail("'<'");
      LOTIC_ASSIGN_OR_RETURN(Type item, One(depth + 1, &inner));
      if (!Take('>')) return Fail("'>'");
      return Type::List(std::move(item));
    }
    if (word == "struct") {
      if (!Take('<')) return Fail("'<'");
      std::vector<Field> members;
      do {
        LOTIC_ASSIGN_OR_RETURN(std::string name, MemberName());
        LOTIC_ASSIGN_OR_RETURN(Type type, One(depth + 1, &inner));
        members.push_back({std::move(name), std::move(type)});
      } while (Take(','));
      if (!Take('>')) return Fail("',' or '>'");
      return Type::Struct(std::move(members));
    }
    if (word == "binary") {
      unreadable_ = true;
      return Type::Binary();
    }
    if (word == "map") {
      unreadable_ = true;
      if (!Take('<')) return Fail("'<'");
      LOTIC_ASSIGN_OR_RETURN(Type key, One(depth + 1, &inner));
      if (!Take(',')) return Fail("','");
      LOTIC_ASSIGN_OR_RETURN(Type value, One(depth + 1, &inner));
      if (!Take('>')) return Fail("'>'");
      return Type::Map(std::move(key), std::move(value));
    }
    at_ -= std::min(at_, word.size());
    return Fail("a type");
  }

  const std::string_view text_;
  const TimeUnit unit_;
  size_t at_ = 0;
  bool unreadable_ = false;  // binary or a map was met
};

/// "a=b,c=d": a Glue column's name → the name in Timestream.
std::map<std::string, std::string> Mapping(const std::string& text) {
  std::map<std::string, std::string> made;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const size_t equals = text.find('=', at);
    if (equals != std::string::npos && equals < end) made[text.substr(at, equals - at)] = text.substr(equals + 1, end - equals - 1);
    at = end + 1;
  }
  return made;
}

std::string TextOf(const nlohmann::json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

Result<Type> ParseGlueType(std::string_view text, TimeUnit unit, std::string* source) {
  if (text.size() > kMaxTypeBytes) return Status::CapacityError("Glue type: ", text.size(), " bytes; ", kMaxTypeBytes, " can be taken");
  return TypeParser(text, unit).Whole(source);
}

Result<std::optional<SupplementalTable>> ParseGlueTable(std::string_view answer, TimeUnit unit) {
  const nlohmann::json document = nlohmann::json::parse(answer, nullptr, false);
  if (!document.is_object()) return Status::IOError("glue GetTable: the answer of ", answer.size(), " bytes is no JSON object");
  const auto table = document.find("Table");
  if (table == document.end() || !table->is_object()) return Status::IOError("glue GetTable: the answer has no Table");
  SupplementalTable made;
  if (const auto parameters = table->find("Parameters"); parameters != table->end() && parameters->is_object()) {
    for (const auto& [name, value] : parameters->items()) {
      if (value.is_string()) made.parameters[name] = value.get<std::string>();
    }
  }
  if (made.parameters.count(kFlag) == 0 && made.parameters.count(kViewTemplate) == 0) return std::optional<SupplementalTable>();
  made.source.database = TextOf(*table, "DatabaseName");
  made.source.table = TextOf(*table, "Name");
  const std::string where = "Glue table " + made.source.database + "." + made.source.table + ": ";
  if (made.source.table.empty()) return Status::IOError("glue GetTable: the answer's table has no Name");
  made.source.view = TextOf(*table, "ViewOriginalText");
  if (const auto view = made.parameters.find(kViewTemplate); made.source.view.empty() && view != made.parameters.end()) made.source.view = view->second;
  if (!made.source.view.empty()) {
    Result<std::string> checked = CheckPassthrough(made.source.view);
    if (!checked.ok()) return checked.status().WithMessage(where, "its view text: ", checked.status().message());
    if (IsMetadataStatement(*checked)) return Status::Invalid(where, "its view text is no SELECT");
    made.source.view = std::move(*checked);
  }
  const auto mapped = made.parameters.find("columnMapping");
  const std::map<std::string, std::string> mapping = mapped == made.parameters.end() ? std::map<std::string, std::string>() : Mapping(mapped->second);
  const auto storage = table->find("StorageDescriptor");
  if (storage == table->end() || !storage->is_object() || !storage->contains("Columns") || !(*storage)["Columns"].is_array()) {
    return Status::Invalid(where, "it has no columns");
  }
  for (const nlohmann::json& column : (*storage)["Columns"]) {
    if (!column.is_object() || TextOf(column, "Name").empty()) return Status::IOError("glue GetTable: a column without a name");
    if (made.schema.fields.size() >= kMaxColumns) return Status::CapacityError(where, "more than ", kMaxColumns, " columns");
    Field field{TextOf(column, "Name"), Type::String(), {}};
    Result<Type> type = ParseGlueType(TextOf(column, "Type"), unit, &field.metadata[kSourceType]);
    if (!type.ok()) return type.status().WithMessage(where, "column '", field.name, "': ", type.status().message());
    field.type = std::move(*type);
    if (const auto name = mapping.find(field.name); name != mapping.end()) field.metadata[kSourceName] = name->second;
    if (const std::string comment = TextOf(column, "Comment"); !comment.empty()) field.metadata["comment"] = comment;
    made.schema.fields.push_back(std::move(field));
  }
  if (made.schema.fields.empty()) return Status::Invalid(where, "it has no columns");
  return std::optional(std::move(made));
}

Result<std::unique_ptr<GlueTables>> GlueTables::Create(aws::Session session, const std::string& endpoint, std::string catalog_id, TimeUnit unit) {
  aws::JsonClientOptions options;
  options.endpoint = endpoint;
  options.retry.max_attempts = kGlueTries;
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<aws::JsonClient> json, aws::JsonClient::Create(GlueService(), std::move(session), options));
  return std::unique_ptr<GlueTables>(new GlueTables(std::move(json), std::move(catalog_id), unit));
}

Result<std::optional<SupplementalTable>> GlueTables::Find(const CallContext& ctx, const std::string& database, const std::string& table) {
  std::string body = "{\"DatabaseName\":" + JsonText(Lower(database)) + ",\"Name\":" + JsonText(Lower(table));
  if (!catalog_id_.empty()) body += ",\"CatalogId\":" + JsonText(catalog_id_);
  const Result<aws::JsonAnswer> answer = json_->Call(ctx.WithDeadline(std::chrono::steady_clock::now() + kGlueTime), "GetTable", body + "}");
  if (answer.ok()) return ParseGlueTable(answer->body, unit_);
  if (answer.status().code() == StatusCode::kNotFound) return std::optional<SupplementalTable>();
  return answer.status();
}

}  // namespace lotic::timestream
