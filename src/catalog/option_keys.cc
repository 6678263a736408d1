// SPDX-License-Identifier: Apache-2.0
#include "catalog/option_keys.h"

#include <algorithm>

#include "catalog/ddl_tokens.h"
#include "lotic/type.h"

namespace lotic::catalog {
namespace {

constexpr size_t kMaxShownKey = 100;  // bytes of a key in a message

}  // namespace

bool IsSecretOption(std::string_view key) {
  const std::string lowered = AsciiLower(key);
  if (lowered.find("token.file") != std::string::npos) return false;  // the name of a file
  for (const std::string_view part : {"secret", "accesskeyid", "password", "passphrase", "token", "jaas", "user.info", "client.key", "keystore.key"}) {
    if (lowered.find(part) != std::string::npos) return true;
  }
  return false;
}

std::string ShownOption(std::string_view key, std::string_view text) { return IsSecretOption(key) ? "******" : std::string(text); }

Status CheckOptionKeys(const std::vector<std::pair<std::string, std::string>>& options, const KnownOptions& known) {
  std::string unknown;
  size_t count = 0;
  for (const auto& option : options) {
    const std::string& key = option.first;
    if (std::find(known.keys.begin(), known.keys.end(), key) != known.keys.end()) continue;
    const auto opens = [&](const std::string& prefix) { return key.starts_with(prefix) && key.size() > prefix.size(); };
    if (std::any_of(known.open_prefixes.begin(), known.open_prefixes.end(), opens)) continue;
    if (++count > kMaxNamedKeys) continue;
    unknown += (unknown.empty() ? "'" : ", '") + key.substr(0, kMaxShownKey) + "'";
    const std::vector<std::string> nearest = NearestNames(key, known.keys, 1);
    if (!nearest.empty()) unknown += " (did you mean '" + nearest[0] + "'?)";
  }
  if (count == 0) return Status::OK();
  if (count > kMaxNamedKeys) unknown += " and " + std::to_string(count - kMaxNamedKeys) + " more";
  std::vector<std::string> sorted = known.keys;
  for (const std::string& prefix : known.open_prefixes) sorted.push_back(prefix + "*");
  std::sort(sorted.begin(), sorted.end());
  std::string list;
  for (const std::string& key : sorted) list += (list.empty() ? "" : ", ") + key;
  return Status::Invalid(count == 1 ? "unknown option " : "unknown options ", unknown, "; known are: ", list);
}

}  // namespace lotic::catalog
