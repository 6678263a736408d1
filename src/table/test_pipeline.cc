// SPDX-License-Identifier: Apache-2.0
#include "table/test_pipeline.h"

#include <algorithm>

#include "format/decode_harness.h"
#include "lotic/batch_builder.h"
#include "table/record_pipeline.h"

namespace lotic::table::testing_pipeline {
namespace {

struct Call {
  std::string function;
  std::vector<std::string> arguments;
};

Result<Call> ParseCall(const std::string& text) {
  const size_t open = text.find('(');
  if (open == std::string::npos || text.back() != ')') return Status::Invalid("not a call: ", text);
  Call call{text.substr(0, open), {}};
  std::string name;
  for (const char c : text.substr(open + 1)) {
    if (c == ',' || c == ')') {
      if (!name.empty()) call.arguments.push_back(name);
      name.clear();
    } else if (c != ' ') {
      name.push_back(c);
    }
  }
  return call;
}

class WordExpression final : public CompiledExpressions {
 public:
  WordExpression(Call call, Field result, int64_t* evaluations) : call_(std::move(call)), result_(std::move(result)), evaluations_(evaluations) {}
  const std::vector<std::string>& inputs() const override { return call_.arguments; }
  Result<Batch> Evaluate(const CallContext&, const Batch& input) override {
    ++*evaluations_;
    Schema schema;
    schema.fields.push_back(result_);
    BatchBuilder out(std::make_shared<const Schema>(std::move(schema)));
    for (int64_t row = 0; row < input.num_rows(); ++row) {
      bool null = false;
      std::vector<std::string> texts;
      for (const std::string& name : call_.arguments) {
        const Column& column = input.column(*input.schema().IndexOf(name));
        null = null || column.IsNull(row);
        texts.push_back(column.type.id() == TypeId::kString && !column.IsNull(row) ? std::string(column.Text(row)) : format_testing::CellText(column, row));
      }
      ColumnBuilder& to = out.column(0);
      if (null) {
        to.AppendNull();
      } else if (call_.function == "join") {
        to.AppendBytes(texts[0] + "|" + texts[1]);
      } else if (call_.function == "list") {
        to.child(0).AppendBytes(texts[0]);
        to.FinishList();
      } else if (call_.function == "one") {
        to.AppendInt64(1);
      } else if (texts[0] == "bad") {
        return Status::Invalid(call_.function, ": cannot be computed: bad");
      } else if (call_.function == "is_drop") {
        to.AppendBool(texts[0] == "drop");
      } else {
        to.AppendInt64(static_cast<int64_t>(texts[0].size()));
      }
    }
    return out.Finish(input.num_rows());
  }

 private:
  const Call call_;
  const Field result_;
  int64_t* const evaluations_;
};

}  // namespace

Batch RawBatch(const Schema& layout, const std::vector<RawRecord>& records, int64_t first_offset) {
  BatchBuilder builder(std::make_shared<const Schema>(layout));
  const auto bytes = [](const std::optional<std::string>& value, ColumnBuilder& out) { value.has_value() ? out.AppendBytes(*value) : out.AppendNull(); };
  for (size_t i = 0; i < records.size(); ++i) {
    const RawRecord& record = records[i];
    builder.column(0).AppendInt64(first_offset + static_cast<int64_t>(i));
    record.timestamp_ms.has_value() ? builder.column(1).AppendInt64(*record.timestamp_ms) : builder.column(1).AppendNull();
    bytes(record.value, builder.column(2));
    for (size_t column = 3; column < layout.fields.size(); ++column) {
      ColumnBuilder& out = builder.column(column);
      if (layout.fields[column].name == "_key_bytes") {
        bytes(record.key, out);
        continue;
      }
      for (const auto& [name, values] : record.headers) {
        out.child(0).AppendBytes(name);
        for (const auto& value : values) bytes(value, out.child(1).child(0));
        out.child(1).FinishList();
      }
      out.FinishList();
    }
  }
  return builder.Finish(static_cast<int64_t>(records.size()));
}

Result<std::vector<std::string>> WordExpressions::Inputs(const std::string& text) {
  LOTIC_ASSIGN_OR_RETURN(Call call, ParseCall(text));
  return call.arguments;
}

Result<std::unique_ptr<CompiledExpressions>> WordExpressions::Compile(std::span<const NamedExpression> expressions, const Schema& input) {
  LOTIC_CHECK(expressions.size() == 1);
  LOTIC_ASSIGN_OR_RETURN(Call call, ParseCall(expressions[0].text));
  static const std::vector<std::string> kFunctions = {"join", "size", "list", "one", "is_drop"};
  if (std::find(kFunctions.begin(), kFunctions.end(), call.function) == kFunctions.end()) return Status::Invalid("no function ", call.function);
  std::string described = expressions[0].text + " over";
  for (const Field& field : input.fields)
    described += " " + field.name + " " + field.type.ToString() + (field.metadata.contains(kRawFieldMetadata) ? " raw" : "");
  compiled.push_back(described);
  return std::unique_ptr<CompiledExpressions>(std::make_unique<WordExpression>(std::move(call), expressions[0].result, &evaluations));
}

}  // namespace lotic::table::testing_pipeline
