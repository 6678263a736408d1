// SPDX-License-Identifier: Apache-2.0
#include "athena/name_casing.h"

#include <algorithm>
#include <utility>

#include "athena/athena_table.h"
#include "athena/environment_values.h"
#include "lotic/type.h"

namespace lotic::athena {
namespace {

constexpr std::pair<std::string_view, CasingMode> kModes[] = {{"NONE", CasingMode::kNone},
                                                              {"LOWER", CasingMode::kLower},
                                                              {"UPPER", CasingMode::kUpper},
                                                              {"CASE_INSENSITIVE_SEARCH", CasingMode::kSearch},
                                                              {"ANNOTATION", CasingMode::kAnnotation}};

std::string UpperCase(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

}  // namespace

Result<CasingMode> CasingModeOf(const Environment& environment) {
  const std::string text = ValueOf(environment, "casing_mode"), upper = UpperCase(text);
  if (text.empty()) return CasingMode::kUnset;
  for (const auto& [name, mode] : kModes) {
    if (upper == name) return mode;
  }
  return Status::Invalid("environment variable casing_mode = '", text.substr(0, 100), "': expected NONE, LOWER, UPPER, CASE_INSENSITIVE_SEARCH or ANNOTATION");
}

std::string_view CasingModeName(CasingMode mode) {
  for (const auto& [name, of] : kModes) {
    if (of == mode) return name;
  }
  return "unset";
}

std::string Cased(CasingMode mode, std::string_view name) {
  return mode == CasingMode::kLower ? LowerCase(name) : mode == CasingMode::kUpper ? UpperCase(name) : std::string(name);
}

Result<size_t> FindName(CasingMode mode, std::string_view what, const std::string& name, const std::vector<std::string>& names) {
  if (mode == CasingMode::kUnset) return ResolveName(what, name, names);
  if (mode == CasingMode::kSearch) {
    std::vector<size_t> found;
    for (size_t i = 0; i < names.size(); ++i) {
      if (LowerCase(names[i]) == LowerCase(name)) found.push_back(i);
    }
    if (found.empty()) return ResolveName(what, name, names);  // which names the nearest
    if (found.size() == 1) return found[0];
    return Status::Invalid(what, " '", name, "' is ambiguous with casing_mode CASE_INSENSITIVE_SEARCH: '", names[found[0]], "' and '", names[found[1]],
                           "' differ in case only");
  }
  const std::string wanted = Cased(mode, name);
  const auto at = std::find(names.begin(), names.end(), wanted);
  if (at != names.end()) return static_cast<size_t>(at - names.begin());
  const std::vector<std::string> others = OthersByCase(wanted, names);
  if (others.empty()) return ResolveName(what, wanted, names);
  return Status::NotFound("no ", what, " '", wanted, "', which casing_mode ", CasingModeName(mode), " asks for; there is '", others[0], "'");
}

bool IsAnnotated(std::string_view table) {
  const size_t at = table.rfind('@');
  return at != std::string_view::npos && table.find('=', at) != std::string_view::npos;
}

Result<TableName> AnnotatedName(const TableName& table) {
  const size_t at = table.table.rfind('@');
  TableName name{table.schema, table.table.substr(0, at)};
  const std::string suffix = table.table.substr(at + 1);
  for (size_t begin = 0; begin <= suffix.size();) {
    const size_t end = std::min(suffix.find('&', begin), suffix.size());
    const std::string part = LowerCase(std::string_view(suffix).substr(begin, end - begin));
    std::string* const told = part.starts_with("schemacase=") ? &name.schema : part.starts_with("tablecase=") ? &name.table : nullptr;
    const std::string how = part.substr(std::min(part.find('='), part.size()));
    if (told == nullptr || (how != "=upper" && how != "=lower")) {
      return Status::Invalid("table '", table.table.substr(0, 200), "': '", part.substr(0, 100),
                             "' behind the @; casing_mode ANNOTATION takes schemaCase and tableCase, each upper or lower, with & between them");
    }
    *told = Cased(how == "=upper" ? CasingMode::kUpper : CasingMode::kLower, *told);
    begin = end + 1;
  }
  return name;
}

std::vector<std::string> OthersByCase(std::string_view name, const std::vector<std::string>& names) {
  std::vector<std::string> others;
  for (const std::string& other : names) {
    if (other != name && LowerCase(other) == LowerCase(name)) others.push_back(other);
  }
  return others;
}

}  // namespace lotic::athena
