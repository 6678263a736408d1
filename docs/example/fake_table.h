// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "athena/lambda_function.h"
#include "lotic/federated_source.h"

namespace lotic::example {

/// Tests take less of it; every row that is left is the same.
struct FakeTableSize {
  int last_year = 2017;
  int last_day = 28;
};

/// The connector of Athena's federation tutorial: tables custom_source.fake_table and schema1.table1 with ten rows for each day of 2008 to 2017, and the
/// functions extract_tx_id and decrypt. `configuration`: `example_key`, 32 bytes in base64, with which the payloads are encrypted; without it a key that everybody knows.
/// Errors: Invalid (no such key; its text is not shown).
Result<std::shared_ptr<FederatedSource>> MakeFakeTable(const athena::Environment& configuration, FakeTableSize size = {});

}  // namespace lotic::example
