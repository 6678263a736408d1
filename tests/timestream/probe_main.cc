// SPDX-License-Identifier: Apache-2.0
// What the connector reads, as lines of JSON, for the tests in Python:
//   timestream_probe URL [OPTION=VALUE ...] tables | rows DATABASE TABLE | query TEXT
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "connector/timestream/timestream_connector.h"
#include "lotic/query_passthrough.h"
#include "tests/timestream/reading.h"

namespace lotic::timestream {
namespace {

Status Print(Connector& connector, const ScanRequest& request) {
  LOTIC_ASSIGN_OR_RETURN(const Scan scan, ReadAll(connector, request));
  for (const Batch& batch : scan.batches) {
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      nlohmann::json cells = nlohmann::json::array();
      for (size_t c = 0; c < batch.num_columns(); ++c) {
        const Column& column = batch.column(c);
        if (column.IsNull(row)) {
          cells.push_back(nullptr);
        } else if (column.type.id() == TypeId::kFloat64) {
          char text[64];
          std::snprintf(text, sizeof(text), "%.17g", column.values<double>()[static_cast<size_t>(row)]);
          cells.push_back(text);
        } else if (column.type.id() == TypeId::kString) {
          cells.push_back(std::string(column.Text(row)));
        } else {
          cells.push_back(Show(column, row));
        }
      }
      std::puts(cells.dump().c_str());
    }
  }
  return Status::OK();
}

Status Run(std::vector<std::string> arguments) {
  if (arguments.empty()) return Status::Invalid("usage: timestream_probe URL [OPTION=VALUE ...] COMMAND ...");
  std::map<std::string, std::string> options = {{"endpoint", arguments[0]}, {"time_precision", "ns"}};
  arguments.erase(arguments.begin());
  while (!arguments.empty() && arguments[0].find('=') != std::string::npos) {
    options[arguments[0].substr(0, arguments[0].find('='))] = arguments[0].substr(arguments[0].find('=') + 1);
    arguments.erase(arguments.begin());
  }
  const char* const secret = std::getenv("AWS_SECRET_ACCESS_KEY");
  LOTIC_ASSIGN_OR_RETURN(
      const std::shared_ptr<Connector> connector,
      AttachTimestream("us-east-1", options, {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"}, {"AWS_SECRET_ACCESS_KEY", secret != nullptr ? secret : ""}}));
  if (arguments.size() == 1 && arguments[0] == "tables") {
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> schemas, connector->ListSchemas(Soon()));
    for (const std::string& schema : schemas) {
      LOTIC_ASSIGN_OR_RETURN(const TablePage page, connector->ListTables(Soon(), schema, {}));
      for (const TableName& table : page.tables) std::puts(nlohmann::json({table.schema, table.table}).dump().c_str());
    }
    return Status::OK();
  }
  if (arguments.size() == 3 && arguments[0] == "rows") {
    LOTIC_ASSIGN_OR_RETURN(const TableInfo info, connector->GetTable(Soon(), {arguments[1], arguments[2]}));
    return Print(*connector, RequestFor(info));
  }
  if (arguments.size() == 2 && arguments[0] == "query") {
    const std::map<std::string, std::string> query = {{"QUERY", arguments[1]}};
    LOTIC_ASSIGN_OR_RETURN(const TableInfo info, dynamic_cast<QueryPassthrough&>(*connector).DescribeQuery(Soon(), query));
    ScanRequest request = RequestFor(info);
    request.arguments = query;
    return Print(*connector, request);
  }
  return Status::Invalid("unknown command");
}

}  // namespace
}  // namespace lotic::timestream

int main(int argc, char** argv) {
  const lotic::Status status = lotic::timestream::Run({argv + 1, argv + argc});
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
