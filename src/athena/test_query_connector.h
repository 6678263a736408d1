// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "connector/memory/memory_connector.h"
#include "lotic/connector.h"
#include "lotic/query_passthrough.h"

namespace lotic::athena {

/// The sample data of `memory` with a language of its own: "all of TABLE", and "select 'a'\n" for the orders; the optional argument leaves a column out. Tables are reached by
/// nothing else.
class QueryConnector final : public Connector, public QueryPassthrough {
 public:
  std::string type_name() const override { return "query"; }
  Result<std::vector<std::string>> ListSchemas(const CallContext&) override { return std::vector<std::string>{"default"}; }
  Result<TablePage> ListTables(const CallContext&, const std::string&, const PageRequest&) override { return TablePage(); }
  Result<TableInfo> GetTable(const CallContext&, const TableName& name) override { return Status::NotFound("there is no table ", name.ToString()); }
  PassthroughFunction Passthrough() const override { return {"system", "query", {"Query"}, {"Without"}}; }
  Result<TableInfo> DescribeQuery(const CallContext& ctx, const std::map<std::string, std::string>& arguments) override {
    ++described;
    LOTIC_ASSIGN_OR_RETURN(TableInfo info, inner_->GetTable(ctx, Meant(arguments)));
    const auto without = arguments.find("Without");
    if (without != arguments.end()) std::erase_if(info.schema.fields, [&](const Field& field) { return field.name == without->second; });
    info.name = {"system", "query"};
    return info;
  }
  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override { return inner_->Prepare(ctx, Inner(request)); }
  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    return inner_->Splits(ctx, Inner(request), partitions, page);
  }
  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    return inner_->Open(ctx, Inner(request), splits);
  }

  int described = 0;

 private:
  static TableName Meant(const std::map<std::string, std::string>& arguments) {
    const std::string& query = arguments.at("Query");
    if (query == "select 'a'\n") return {"default", "orders"};
    return {"default", query.starts_with("all of ") ? query.substr(7) : "no table"};
  }
  static ScanRequest Inner(ScanRequest request) {
    LOTIC_CHECK((request.table == TableName{"system", "query"}));
    request.table = Meant(request.arguments);
    request.arguments.clear();
    return request;
  }
  const std::shared_ptr<Connector> inner_ = memory::MakeAthenaSampleData()->connector();
};

}  // namespace lotic::athena
