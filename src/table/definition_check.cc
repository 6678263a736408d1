// SPDX-License-Identifier: Apache-2.0
#include "table/definition_check.h"

#include <utility>

namespace lotic::table {

Status CheckSchemaAfter(const DefinitionBefore& before, const catalog::PinotSchema& after, bool force) {
  if (before.schema.has_value() && !force) LOTIC_RETURN_NOT_OK(catalog::CheckSchemaChange(*before.schema, after));
  if (!before.config.has_value()) return Status::OK();
  if (before.schema.has_value()) LOTIC_RETURN_NOT_OK(catalog::CheckTimeFormatChange(*before.schema, after, before.config->time_column));  // also by force
  return catalog::CheckTable(*before.config, after);
}

Status CheckConfigAfter(const DefinitionBefore& before, const catalog::PinotTableConfig& after, bool start_given, std::vector<std::string>* warnings) {
  if (!before.config.has_value() || before.config->stream.SameSource(after.stream)) return Status::OK();
  const bool brokers_only = before.config->stream.type == after.stream.type && before.config->stream.topic == after.stream.topic;
  if (!brokers_only || start_given) return catalog::CheckTableChange(*before.config, after, start_given);
  warnings->push_back("the brokers are others than those of table " + after.NameWithType() +
                      ": they are asked when it is changed, and if they do not have the same topic, consumeFrom must say where to begin");
  return Status::OK();
}

Result<std::optional<catalog::OffsetCriteria>> ParseConsumeFrom(std::string_view text) {
  if (text.empty()) return std::optional<catalog::OffsetCriteria>();
  Result<catalog::OffsetCriteria> given = catalog::ParseOffsetCriteria(text);
  if (!given.ok()) return given.status().WithMessage("consumeFrom: ", given.status().message());
  return std::optional(*std::move(given));
}

}  // namespace lotic::table
