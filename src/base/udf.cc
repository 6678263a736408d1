// SPDX-License-Identifier: Apache-2.0
#include "lotic/udf.h"

#include <algorithm>
#include <memory>

#include "base/utf8.h"

namespace lotic {
namespace {

constexpr size_t kMaxColumnBytes = (size_t{1} << 31) - 1;

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// What Athena's lookup looks at: of a ROW or an ARRAY not what is inside.
std::string Outside(const std::string& type) { return type.substr(0, type.find('(')); }

bool SameLookup(const UdfSignature& a, const UdfSignature& b) {
  return a.name == b.name && std::equal(a.arguments.begin(), a.arguments.end(), b.arguments.begin(), b.arguments.end(),
                                        [](const std::string& x, const std::string& y) { return Outside(x) == Outside(y); });
}

std::string TypesOf(const Schema& schema) {
  std::string types;
  for (const Field& field : schema.fields) types += (types.empty() ? "" : ", ") + field.type.ToString();
  return types;
}

}  // namespace

namespace udf {

Status Cell<Decimal>::Write(ColumnBuilder& to, const Decimal& value) {
  LOTIC_ASSIGN_OR_RETURN(const Int128 unscaled, RescaleHalfUp(value, to.type().precision(), to.type().scale()));
  to.AppendDecimal(unscaled);
  return Status::OK();
}

Status AppendText(ColumnBuilder& to, std::string_view value) {
  if (!IsUtf8(value)) return Status::Invalid("the result is not valid UTF-8; a function that returns bytes returns lotic::Binary");
  return AppendBinary(to, value);
}

Status AppendBinary(ColumnBuilder& to, std::string_view value) {
  if (value.size() > kMaxColumnBytes - to.bytes_size()) return Status::CapacityError("the results of one batch hold more than 2^31 - 1 bytes");
  to.AppendBytes(value);
  return Status::OK();
}

std::optional<size_t> FindMember(const Type& row, std::string_view name) {
  std::optional<size_t> folded;
  size_t matches = 0;
  for (size_t i = 0; i < row.children().size(); ++i) {
    if (row.children()[i].name == name) return i;
    if (EqualIgnoringCase(row.children()[i].name, name)) {
      folded = i;
      ++matches;
    }
  }
  return matches == 1 ? folded : std::nullopt;
}

Status AtRow(std::string_view name, int64_t row, const Status& status) { return status.WithMessage(name, ", row ", row, ": ", status.message()); }

}  // namespace udf

std::string UdfSignature::ToString() const {
  std::string text = name + "(";
  for (size_t i = 0; i < arguments.size(); ++i) text += (i == 0 ? "" : ", ") + arguments[i];
  return text + ") " + result;
}

Status UdfRegistry::AddOverload(udf::Overload overload) {
  const std::string& name = overload.signature.name;
  const bool lower = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                     std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (!lower) return Status::Invalid("function \"", name, "\": a name has lower-case letters, digits and underscores, since Athena sends names in lower case");
  for (const udf::Overload& other : overloads_) {
    if (SameLookup(other.signature, overload.signature)) {
      return Status::Invalid("function ", overload.signature.ToString(), ": ", other.signature.ToString(), " exists, and a call could not tell them apart");
    }
  }
  overloads_.push_back(std::move(overload));
  return Status::OK();
}

Result<Batch> UdfRegistry::Call(const CallContext& ctx, std::string_view name, const Batch& arguments, const Field& result) const {
  const udf::Overload* found = nullptr;
  std::string near;
  for (const udf::Overload& overload : overloads_) {
    if (overload.signature.name != name) continue;
    near += (near.empty() ? "" : ", ") + overload.signature.ToString();
    if (overload.takes(arguments.schema())) found = &overload;
  }
  if (found == nullptr) {
    if (near.empty()) {
      for (const udf::Overload& overload : overloads_) near += (near.empty() ? "" : ", ") + overload.signature.ToString();
    }
    return Status::NotImplemented("no function ", name, "(", TypesOf(arguments.schema()), ")", near.empty() ? "" : "; there is " + near);
  }
  if (!found->gives(result.type)) {
    return Status::Invalid("function ", found->signature.ToString(), " does not return ", result.type.ToString());
  }
  BatchBuilder builder(std::make_shared<const Schema>(Schema{{result}}));
  builder.column(0).Reserve(arguments.num_rows());
  LOTIC_RETURN_NOT_OK(found->run(ctx, arguments, builder.column(0)));
  return builder.Finish(arguments.num_rows());
}

std::vector<UdfSignature> UdfRegistry::functions() const {
  std::vector<UdfSignature> signatures;
  for (const udf::Overload& overload : overloads_) signatures.push_back(overload.signature);
  return signatures;
}

}  // namespace lotic
