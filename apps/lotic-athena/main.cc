// SPDX-License-Identifier: Apache-2.0
// The bootstrap of a Lambda function: wiring only.
#include "apps/athena_functions.h"
#include "apps/lotic-athena/bootstrap_process.h"

int main() { return lotic::RunBootstrapProcess(lotic::MakeAthenaFunction); }
