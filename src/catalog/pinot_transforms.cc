// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "catalog/pinot_expression.h"
#include "catalog/pinot_table_config.h"

namespace lotic::catalog {
namespace {

struct Step {
  PinotTransform transform;
  std::vector<std::string> inputs;
  bool of_schema = false;
};

std::string Named(const std::string& column) { return "the transform of column \"" + column.substr(0, 100) + "\""; }

Result<std::vector<Step>> ReadSteps(const PinotTableConfig& table, const PinotSchema& schema) {
  std::vector<Step> steps;
  std::set<std::string> columns;
  const size_t of_table = table.transforms.size();
  const std::vector<PinotTransform> transforms = AllTransforms(table, schema);
  for (size_t i = 0; i < transforms.size(); ++i) {
    const PinotTransform& transform = transforms[i];
    if (!columns.insert(transform.column).second)
      return Status::Invalid("column \"", transform.column.substr(0, 100), "\" has two transforms, one of the schema and one of the table");
    Result<std::vector<std::string>> inputs = PinotExpressionInputs(transform.function);
    if (!inputs.ok()) return Status::Invalid(Named(transform.column), ": ", inputs.status().message());
    if (std::find(inputs->begin(), inputs->end(), transform.column) != inputs->end())
      return Status::Invalid(Named(transform.column), " reads the column itself: a field of another name is needed");
    steps.push_back({transform, *std::move(inputs), i + of_table < transforms.size()});
  }
  return steps;
}

/// Steps whose inputs are computed come after those that compute them.
Status CheckOrder(const std::vector<Step>& steps) {
  std::set<std::string> waiting;
  for (const Step& step : steps) waiting.insert(step.transform.column);
  for (size_t before = waiting.size() + 1; !waiting.empty() && waiting.size() < before;) {
    before = waiting.size();
    for (const Step& step : steps) {
      const bool ready = std::none_of(step.inputs.begin(), step.inputs.end(), [&](const std::string& input) { return waiting.contains(input); });
      if (ready) waiting.erase(step.transform.column);
    }
  }
  if (waiting.empty()) return Status::OK();
  return Status::Invalid(Named(*waiting.begin()), " waits for itself: transforms read each other's columns in a circle");
}

}  // namespace

Status CheckTransforms(const PinotTableConfig& table, const PinotSchema& schema) {
  LOTIC_ASSIGN_OR_RETURN(const std::vector<Step> steps, ReadSteps(table, schema));
  std::set<std::string> read, of_schema;
  for (const Step& step : steps) {
    read.insert(step.inputs.begin(), step.inputs.end());
    if (step.of_schema) of_schema.insert(step.transform.column);
  }
  if (!table.filter.empty()) {
    const Result<std::vector<std::string>> inputs = PinotExpressionInputs(table.filter);
    if (!inputs.ok()) return Status::Invalid("ingestionConfig.filterConfig.filterFunction: ", inputs.status().message());
    read.insert(inputs->begin(), inputs->end());
  }
  for (const Step& step : steps) {
    const std::string& column = step.transform.column;
    if (schema.Find(column) == nullptr && !read.contains(column))
      return Status::Invalid(Named(column), " has no use: schema \"", schema.name, "\" has no such column, and nothing else reads it");
    if (!step.of_schema) continue;
    const auto chained = std::find_if(step.inputs.begin(), step.inputs.end(), [&](const std::string& input) { return of_schema.contains(input); });
    if (chained != step.inputs.end())
      return Status::Invalid(Named(column), " reads \"", chained->substr(0, 100),
                             "\", which another transform of the schema makes; ingestionConfig.transformConfigs may do that");
  }
  return CheckOrder(steps);
}

}  // namespace lotic::catalog
