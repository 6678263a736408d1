// SPDX-License-Identifier: Apache-2.0
#include "apps/shown_tables.h"

#include <algorithm>
#include <utility>

namespace lotic {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool Matches(const std::string& pattern, const std::string& name) {
  const bool prefix = pattern.ends_with('*');
  const size_t length = pattern.size() - (prefix ? 1 : 0);
  if (prefix ? name.size() < length : name.size() != length) return false;
  return std::equal(pattern.begin(), pattern.begin() + static_cast<std::ptrdiff_t>(length), name.begin(), [](char a, char b) { return Lower(a) == Lower(b); });
}

class ShowingConnector final : public Connector {
 public:
  ShowingConnector(std::shared_ptr<Connector> inner, ShownTables shown) : inner_(std::move(inner)), shown_(std::move(shown)) {}

  std::string type_name() const override { return inner_->type_name(); }
  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override { return inner_->ListSchemas(ctx); }
  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    LOTIC_ASSIGN_OR_RETURN(TablePage tables, inner_->ListTables(ctx, schema, page));
    std::erase_if(tables.tables, [&](const TableName& table) { return !IsShown(table.table); });
    return tables;
  }
  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override {
    LOTIC_RETURN_NOT_OK(Check(name));
    LOTIC_ASSIGN_OR_RETURN(TableInfo info, inner_->GetTable(ctx, name));
    LOTIC_RETURN_NOT_OK(Check(info.name));
    if (!shown_.hidden_columns) {
      std::erase_if(info.partition_columns, [&](const std::string& column) { return info.hidden.IndexOf(column).has_value(); });
      info.hidden.fields.clear();
    }
    return info;
  }
  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override {
    LOTIC_RETURN_NOT_OK(Check(request.table));
    LOTIC_ASSIGN_OR_RETURN(Prepared plan, inner_->Prepare(ctx, request));
    if (!shown_.hidden_columns) {
      for (LayoutPartition& partition : plan.partitions) partition.values.clear();  // of columns that are not there
    }
    return plan;
  }
  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    LOTIC_RETURN_NOT_OK(Check(request.table));
    return inner_->Splits(ctx, request, partitions, page);
  }
  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    LOTIC_RETURN_NOT_OK(Check(request.table));
    return inner_->Open(ctx, request, splits);
  }

 private:
  bool IsShown(const std::string& table) const {
    return shown_.patterns.empty() ||
           std::any_of(shown_.patterns.begin(), shown_.patterns.end(), [&](const std::string& pattern) { return Matches(pattern, table); });
  }
  Status Check(const TableName& name) const {
    return IsShown(name.table) ? Status::OK() : Status::NotFound("table ", name.ToString(), " is not among those that ", shown_.variable, " shows");
  }

  const std::shared_ptr<Connector> inner_;
  const ShownTables shown_;
};

}  // namespace

std::shared_ptr<Connector> ShowTables(std::shared_ptr<Connector> inner, ShownTables shown) {
  if (shown.patterns.empty() && shown.hidden_columns) return inner;
  return std::make_shared<ShowingConnector>(std::move(inner), std::move(shown));
}

Result<std::vector<std::string>> ParseTablePatterns(const std::string& variable, const std::string& text) {
  std::vector<std::string> patterns;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    std::string pattern = text.substr(at, comma - at);
    pattern.erase(0, pattern.find_first_not_of(' '));
    pattern.erase(pattern.find_last_not_of(' ') + 1);
    if (pattern.empty() || pattern.find('*') < pattern.size() - 1) {
      return Status::Invalid("environment variable ", variable, " = '", text.substr(0, 100),
                             "': expected names and prefixes with a star at their end, with commas between them");
    }
    patterns.push_back(std::move(pattern));
    at = comma + 1;
  }
  return patterns;
}

}  // namespace lotic
