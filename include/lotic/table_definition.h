// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lotic/connector.h"
#include "lotic/scan.h"
#include "lotic/status.h"
#include "lotic/type.h"

// A table as a user declares it: columns and options in a CREATE TABLE … WITH (…). Read by src/catalog, understood by the connector that
// its option 'connector' names.

namespace lotic {

struct ColumnDefinition {
  enum class Kind : uint8_t {
    kPhysical,  ///< a field of the record
    kMetadata,  ///< something the source says of the record
    kComputed,  ///< an expression over the other columns; a door evaluates it, a connector ignores it
  };
  std::string name;
  Kind kind = Kind::kPhysical;
  Type type = Type::Bool();  ///< kComputed: meaningless
  std::string type_text;     ///< as declared, normalised: "TIMESTAMP(3) WITH LOCAL TIME ZONE"; empty for kComputed
  bool not_null = false;
  std::string metadata_key;  ///< kMetadata: METADATA FROM 'key', or the column's name
  bool read_only = false;    ///< kMetadata: VIRTUAL, never written
  std::string expression;    ///< kComputed
  std::optional<std::string> comment;
  bool operator==(const ColumnDefinition&) const = default;
};

struct WatermarkDefinition {
  std::string column;
  std::string expression;
  bool operator==(const WatermarkDefinition&) const = default;
};

struct TableDefinition {
  TableName name;
  std::vector<ColumnDefinition> columns;
  std::vector<std::string> primary_key;  ///< NOT ENFORCED
  std::vector<std::string> partitioned_by;
  std::optional<WatermarkDefinition> watermark;
  std::optional<std::string> comment;
  std::vector<std::pair<std::string, std::string>> options;  ///< in the order written; no key twice; 'connector' among them
  bool operator==(const TableDefinition&) const = default;
};

/// A declared table, ready to be used: the connector that serves it under `table`, and what its user should hear.
struct DefinedTable {
  std::shared_ptr<Connector> connector;
  TableName table;                    ///< the definition's name
  std::vector<std::string> warnings;  ///< one sentence each: an option that is known and does nothing here
};

}  // namespace lotic
