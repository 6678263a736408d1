// SPDX-License-Identifier: Apache-2.0
#include "apps/tables_source.h"

#include "sql/table_ports.h"
#include "table/connector.h"

namespace lotic {

Result<std::shared_ptr<Connector>> OpenTables(const std::string& folder) {
  struct Kept {
    std::shared_ptr<table::SegmentFiles> files;  // outlives the connector that reads through it
    std::shared_ptr<Connector> connector;
  };
  const auto kept = std::make_shared<Kept>();
  const Result<sql::TablePorts> ports = sql::OpenTablePorts();
  if (!ports.ok() && ports.status().code() != StatusCode::kNotFound) return ports.status();
  if (ports.ok()) kept->files = ports->files;
  LOTIC_ASSIGN_OR_RETURN(kept->connector, table::MakeTablesConnector({.folder = folder, .segment_files = kept->files.get(), .host_name = {}}));
  return std::shared_ptr<Connector>(kept, kept->connector.get());
}

}  // namespace lotic
