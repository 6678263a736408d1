// SPDX-License-Identifier: Apache-2.0
#include "apps/declared_streams.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "catalog/create_table.h"
#include "catalog/ddl_tokens.h"
#include "connector/kinesis/kinesis_connector.h"
#include "lotic/type.h"

namespace lotic {
namespace {

constexpr const char* kSchema = "default";

Status AtLine(const std::string& file, std::string_view text, size_t at, const Status& status) {
  const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(at, text.size())), '\n') + 1;
  return status.WithMessage(file, ":", line, ": ", status.message());
}

// Keys and tokens do not belong into a package that many can read.
Status CheckNoSecret(const TableDefinition& definition) {
  for (const auto& [key, value] : definition.options) {
    if (key.find("secret") == std::string::npos && key.find("token") == std::string::npos) continue;
    if (value.find("${") != std::string::npos)
      return Status::NotImplemented("option '", key, "': secrets by name are not built yet; leave the option out, and the function's role is used");
    return Status::Invalid("option '", key, "' holds a secret, which is no part of a file; leave it out, and the function's role is used");
  }
  return Status::OK();
}

Status ReadFile(const std::filesystem::path& path, std::string* text) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > kMaxDefinitionFileBytes)
    return Status::CapacityError(path.string(), " has ", size, " bytes; at most ", kMaxDefinitionFileBytes, " are read");
  std::ifstream file(path, std::ios::binary);
  text->assign(std::istreambuf_iterator<char>(file), {});
  if (error || !file.good()) return Status::Invalid(path.string(), " cannot be read");
  return Status::OK();
}

// Statements of a file, with where each begins.
Result<std::vector<std::pair<size_t, std::string_view>>> Statements(const std::string& file, std::string_view text) {
  std::vector<std::pair<size_t, std::string_view>> statements;
  std::optional<size_t> begin;
  for (catalog::Tokens tokens(text);; tokens.Advance()) {
    const catalog::Token& token = tokens.now();
    if (token.kind == catalog::TokenKind::kBad) return AtLine(file, text, token.at, Status::Invalid(token.text));
    const bool end = token.kind == catalog::TokenKind::kEnd;
    if (end || tokens.IsSign(';')) {
      if (begin) statements.emplace_back(*begin, text.substr(*begin, (end ? text.size() : token.at) - *begin));
      begin.reset();
      if (end) return statements;
    } else if (!begin) {
      begin = token.at;
    }
  }
}

bool IsFinerThanMillis(const Type& type) {
  if (type.id() == TypeId::kTimestamp) return type.unit() == TimeUnit::kMicro || type.unit() == TimeUnit::kNano;
  return type.is_nested() && std::any_of(type.children().begin(), type.children().end(), [](const Field& child) { return IsFinerThanMillis(child.type); });
}

class DeclaredStreamsConnector final : public Connector {
 public:
  DeclaredStreamsConnector(std::map<std::string, std::shared_ptr<Connector>> own, std::shared_ptr<Connector> others, bool time_floor)
      : own_(std::move(own)), others_(std::move(others)), time_floor_(time_floor) {
    for (const auto& [name, connector] : own_) names_.push_back(name);
  }

  std::string type_name() const override { return "kinesis"; }
  Result<std::vector<std::string>> ListSchemas(const CallContext&) override { return std::vector<std::string>{kSchema}; }

  // The declared ones are the first page.
  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(ResolveName("schema", schema, {kSchema}).status());
    constexpr std::string_view kOthers = "others:";
    TablePage made;
    if (page.page_token.empty()) {
      for (const std::string& name : names_) made.tables.push_back({kSchema, name});
      if (others_ != nullptr) made.next_page = kOthers;
      if (!names_.empty() || others_ == nullptr) return made;
    }
    if (others_ == nullptr || (!page.page_token.empty() && !page.page_token.starts_with(kOthers)))
      return Status::Invalid("page token '", page.page_token.substr(0, 40), "' is not one of these tables");
    PageRequest inner = page;
    if (!page.page_token.empty()) inner.page_token = page.page_token.substr(kOthers.size());
    LOTIC_ASSIGN_OR_RETURN(TablePage more, others_->ListTables(ctx, kSchema, inner));
    std::erase_if(more.tables, [&](const TableName& table) { return own_.count(table.table) != 0; });
    if (!more.next_page.empty()) more.next_page.insert(0, kOthers);
    return more;
  }

  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override {
    LOTIC_RETURN_NOT_OK(ResolveName("schema", name.schema, {kSchema}).status());
    const Result<size_t> declared = ResolveName("table", name.table, names_);
    if (!declared.ok() && (declared.status().code() != StatusCode::kNotFound || others_ == nullptr)) return declared.status();
    if (!declared.ok()) return others_->GetTable(ctx, name);
    LOTIC_ASSIGN_OR_RETURN(TableInfo info, own_.at(names_[*declared])->GetTable(ctx, {kSchema, names_[*declared]}));
    for (const Field& field : info.schema.fields) {
      if (!time_floor_ && IsFinerThanMillis(field.type)) {
        return Status::Invalid("table ", info.name.ToString(), ": column '", field.name, "' is ", field.type.ToString(),
                               ", and Athena's timestamps have milliseconds; kinesis_time_floor = 'true' cuts them down");
      }
    }
    return info;
  }

  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override {
    LOTIC_ASSIGN_OR_RETURN(Connector * connector, Of(request.table));
    return connector->Prepare(ctx, request);
  }
  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    LOTIC_ASSIGN_OR_RETURN(Connector * connector, Of(request.table));
    return connector->Splits(ctx, request, partitions, page);
  }
  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_ASSIGN_OR_RETURN(Connector * connector, Of(request.table));
    return connector->Open(ctx, request, splits);
  }

 private:
  // By the exact name that GetTable gave.
  Result<Connector*> Of(const TableName& table) const {
    const auto own = own_.find(table.table);
    if (own != own_.end()) return own->second.get();
    if (others_ != nullptr) return others_.get();
    return Status::NotFound("there is no table ", table.ToString());
  }

  const std::map<std::string, std::shared_ptr<Connector>> own_;
  const std::shared_ptr<Connector> others_;
  const bool time_floor_;
  std::vector<std::string> names_;
};

}  // namespace

Result<std::vector<TableDefinition>> ReadDefinitions(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".sql") files.push_back(at->path());
    if (files.size() > kMaxDefinitionFiles) return Status::CapacityError(folder, " holds more than ", kMaxDefinitionFiles, " files of definitions");
  }
  if (error) return Status::Invalid("the folder of definitions ", folder, " cannot be read: ", error.message());
  std::sort(files.begin(), files.end());
  std::vector<TableDefinition> definitions;
  std::map<std::string, std::string> places;
  for (const std::filesystem::path& path : files) {
    const std::string file = path.filename().string();
    std::string text;
    LOTIC_RETURN_NOT_OK(ReadFile(path, &text));
    LOTIC_ASSIGN_OR_RETURN(const auto statements, Statements(file, text));
    for (const auto& [at, statement] : statements) {
      const auto fail = [&, at = at](const Status& status) {
        const auto* position = dynamic_cast<const catalog::TextPosition*>(status.detail().get());
        return AtLine(file, text, at + (position == nullptr ? 0 : position->byte), status);
      };
      Result<std::optional<catalog::CreateTable>> parsed = catalog::ParseCreateTable(statement);
      if (!parsed.ok()) return fail(parsed.status());
      if (!*parsed) return fail(Status::Invalid("only CREATE TABLE … WITH ('connector' = …) stands in a file of definitions"));
      TableDefinition definition = std::move((*parsed)->definition);
      if (!definition.name.schema.empty() && definition.name.schema != kSchema)
        return fail(Status::Invalid("table ", definition.name.ToString(), ": declared tables are in schema default"));
      definition.name.schema = kSchema;
      const Status no_secret = CheckNoSecret(definition);
      if (!no_secret.ok()) return fail(no_secret);
      const auto [place, is_new] = places.emplace(definition.name.table, file);
      if (!is_new) return fail(Status::Invalid("table ", definition.name.table, " is declared in ", place->second, ", too"));
      if (definitions.size() == kMaxDeclaredTables) return Status::CapacityError(folder, " declares more than ", kMaxDeclaredTables, " tables");
      definitions.push_back(std::move(definition));
    }
  }
  return definitions;
}

Result<std::shared_ptr<Connector>> MakeDeclaredStreams(DeclaredStreams declared, const athena::Environment& environment) {
  std::map<std::string, std::shared_ptr<Connector>> own;
  for (const TableDefinition& definition : declared.definitions) {
    Result<DefinedTable> table = kinesis::DefineKinesisTable(definition, environment, declared.hand_on_throttles);
    if (!table.ok()) return table.status().WithMessage("table ", definition.name.table, ": ", table.status().message());
    own[definition.name.table] = std::move(table->connector);
  }
  return std::shared_ptr<Connector>(std::make_shared<DeclaredStreamsConnector>(std::move(own), std::move(declared.others), declared.time_floor));
}

}  // namespace lotic
