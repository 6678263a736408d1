// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "cli/byte_sink.h"
#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/interrupts.h"
#include "connector/kafka/kafka_connector.h"
#include "sql/engine.h"

namespace lotic::cli {

/// The columns and rows of a topic list: topic, partitions, records, first, last, format, problem (only if a topic has one).
struct TopicTable {
  std::vector<sql::ResultColumn> columns;
  sql::TextChunk rows;
};
TopicTable MakeTopicTable(const std::vector<kafka::TopicSummary>& topics, sql::CellForm form);

/// 2022-02-11T13:36:25.807Z
std::string InstantText(int64_t milliseconds);

/// `lotic topics`. @return the exit code.
int RunTopicsCommand(const CommandLine& line, const Console& console, Interrupts& interrupts);

}  // namespace lotic::cli
