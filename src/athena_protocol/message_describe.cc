// SPDX-License-Identifier: Apache-2.0
// The tables of messages as Markdown.
#include "athena_protocol/message_json.h"
#include "athena_protocol/message_table.h"
#include "athena_protocol/wire_type_table.h"

namespace lotic::athena {
namespace {

std::string Link(std::string_view name) {
  std::string anchor(name);
  for (char& c : anchor) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c == ' ' ? '-' : c;
  return "[" + std::string(name) + "](#" + anchor + ")";
}

template <size_t N>
std::string Words(const std::array<std::string_view, N>& words) {
  std::string out;
  for (const std::string_view word : words) out.append(out.empty() ? "`" : ", `").append(word).append("`");
  return out;
}

// What stands in the JSON, and what it becomes (T).
template <typename T>
std::string Kind(form::Text) {
  return "text";
}
template <typename T>
std::string Kind(form::Number) {
  return sizeof(T) == sizeof(int) ? "number (32 bits)" : "number (64 bits)";
}
template <typename T>
std::string Kind(form::NumberText) {
  return "number (64 bits), written as a text";
}
template <typename T>
std::string Kind(form::Flag) {
  return "true or false";
}
template <typename T>
std::string Kind(form::Bytes) {
  return "base64";
}
template <typename T>
std::string Kind(form::Schema) {
  return "base64 of a schema message";
}
template <typename T>
std::string Kind(form::Block) {
  return Link("Block");
}
template <typename T>
std::string Kind(form::Type) {
  return Link("Arrow type");
}
template <typename T>
std::string Kind(form::ValueSet) {
  return "value set";
}
template <typename T>
std::string Kind(form::Expression) {
  return "expression";
}
template <typename T>
std::string Kind(form::BoundName) {
  return Words(kBoundNames);
}
template <typename T>
std::string Kind(form::DirectionName) {
  return Words(kDirectionNames);
}
template <typename T>
std::string Kind(form::OnlyScalar) {
  return "`SCALAR`";
}
template <typename T>
std::string Kind(form::Object) {
  return Link(MessageTable<T>::kName);
}

template <typename T>
struct InnerOf {
  using type = T;
};
template <typename T>
struct InnerOf<std::optional<T>> {
  using type = T;
};
template <typename T>
struct ItemOf;
template <typename T>
struct ItemOf<std::vector<T>> {
  using type = T;
};
template <typename T>
struct ItemOf<std::vector<std::pair<std::string, T>>> {
  using type = T;
};
template <typename T>
struct ItemOf<std::map<std::string, T>> {
  using type = T;
};

template <typename T, typename Item>
std::string Kind(form::OrNull<Item>);
template <typename T, typename Item>
std::string Kind(form::List<Item>);
template <typename T, typename Item, form::Repeated repeated>
std::string Kind(form::Map<Item, repeated>);

template <typename T, typename Item>
std::string Kind(form::OrNull<Item>) {
  return Kind<typename InnerOf<T>::type>(Item{}) + " or null";
}
template <typename T, typename Item>
std::string Kind(form::List<Item>) {
  return "array of " + Kind<typename ItemOf<T>::type>(Item{});
}
template <typename T, typename Item, form::Repeated repeated>
std::string Kind(form::Map<Item, repeated>) {
  return "object: name → " + Kind<typename ItemOf<T>::type>(Item{}) +
         (repeated == form::Repeated::kError ? " (a name twice is an error)" : " (of a name twice the last counts)");
}

std::string Reading(Absent absent, int since) {
  if (since > 2) return "since version " + std::to_string(since) + "; absent before";
  switch (absent) {
    case Absent::kError: return "needed";
    case Absent::kTolerated: return "may be absent";
    case Absent::kOptional: return "may be absent, also for the original";
  }
  return "";
}

void Row(std::string_view name, const std::string& kind, const std::string& reading, std::string* out) {
  out->append("| `").append(name).append("` | ").append(kind).append(" | ").append(reading).append(" |\n");
}
template <typename Owner, typename T, typename Form>
void DescribeMember(const Member<Owner, T, Form>& member, std::string* out) {
  Row(member.name, Kind<T>(member.form), Reading(member.absent, member.since), out);
}
void DescribeMember(const FixedMember& member, std::string* out) { Row(member.name, "always `\"" + std::string(member.value) + "\"`", "ignored", out); }

constexpr std::string_view kTableHead = "| member | kind | when read |\n|---|---|---|\n";

template <typename T>
void DescribeObject(std::string* out) {
  using Table = MessageTable<T>;
  out->append("\n### ").append(Table::kName).append("\n\n");
  if (Table::kSince > 2) out->append("Since version ").append(std::to_string(Table::kSince)).append(".\n\n");
  out->append(kTableHead);
  if (Table::kTyped) Row("@type", "`\"" + std::string(Table::kName) + "\"`", "needed", out);
  std::apply([&](const auto&... member) { (DescribeMember(member, out), ...); }, Table::kMembers);
}
template <typename... Ts>
void DescribeAll(const std::variant<Ts...>*, std::string* out) {
  (DescribeObject<Ts>(out), ...);
}

void DescribeBlock(std::string* out) {
  out->append("\n### Block\n\n").append(kTableHead);
  Row("aId", "text: the label of an allocator", "ignored", out);
  Row("schema", "base64 of a schema message", "needed", out);
  Row("records", "base64 of a record batch message; `\"\"`: no rows", "needed", out);
}

void DescribeTypes(std::string* out) {
  out->append("\n### Arrow type\n\nThe children of lists, structs and maps do not travel.\n\n| `@type` | members |\n|---|---|\n");
  for (const WireTypeForm& form : kWireTypeForms) {
    std::string members;
    for (const TypeParameter parameter : form.parameters) {
      if (parameter == TypeParameter::kNone) continue;
      members.append(members.empty() ? "`" : ", `").append(TypeParameterName(parameter)).append("`");
      if (parameter == TypeParameter::kFloatPrecision) members += " (" + Words(kFloatPrecisions) + ")";
      if (parameter == TypeParameter::kDateUnit) members += " (" + Words(kDateUnits) + ")";
      if (parameter == TypeParameter::kTimeUnit) members += " (" + Words(kTimeUnits) + ")";
      if (parameter == TypeParameter::kIntervalUnit) members += " (" + Words(kIntervalUnits) + ")";
      if (parameter == TypeParameter::kTimezone) members += " (a text or null)";
    }
    out->append("| `").append(form.name).append("` | ").append(members.empty() ? "none" : members).append(" |\n");
  }
}

}  // namespace

std::string DescribeMessages() {
  std::string out =
      "# Messages of the Athena federation protocol\n\n"
      "What Lotic reads and writes, member by member, in the order in which members are written: `@type` first. This page is made from the tables in\n"
      "`src/athena_protocol/message_table.h`; a test keeps it equal to them. What is tolerated when reading is in [athena.md](athena.md).\n\n"
      "## Requests\n";
  DescribeAll(static_cast<const FederationRequest*>(nullptr), &out);
  out += "\n## Answers\n\nThey are the same in all serde versions from 2 on.\n";
  DescribeAll(static_cast<const FederationResponse*>(nullptr), &out);
  out += "\n## Objects inside\n";
  DescribeObject<FederatedIdentity>(&out);
  DescribeObject<TableName>(&out);
  DescribeBlock(&out);
  DescribeObject<WireSplit>(&out);
  DescribeObject<SpillLocation>(&out);
  DescribeObject<EncryptionKey>(&out);
  DescribeObject<Capability>(&out);
  DescribeObject<WireConstraints>(&out);
  DescribeObject<OrderByField>(&out);
  DescribeObject<QueryPlan>(&out);
  out += "\n## Value sets\n";
  DescribeAll(static_cast<const ValueSetJson*>(nullptr), &out);
  DescribeObject<RangeJson>(&out);
  DescribeObject<MarkerJson>(&out);
  out += "\n## Expressions\n";
  DescribeAll(static_cast<const ExpressionJson*>(nullptr), &out);
  DescribeObject<FunctionNameJson>(&out);
  out += "\n## Types\n";
  DescribeTypes(&out);
  return out;
}

}  // namespace lotic::athena
