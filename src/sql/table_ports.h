// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "lotic/status.h"
#include "table/ports.h"

namespace lotic::sql {

/// What src/table declares and this library implements.
struct TablePorts {
  std::shared_ptr<table::SegmentFiles> files;
  std::shared_ptr<table::Expressions> expressions;
};

/// Opens liblotic_sql.so as OpenEngine does. Any thread; cheap from the second call on: the same ports are given again. Errors: NotFound (no library, naming the paths tried).
Result<TablePorts> OpenTablePorts();

}  // namespace lotic::sql
