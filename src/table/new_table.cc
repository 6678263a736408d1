// SPDX-License-Identifier: Apache-2.0
#include "table/new_table.h"

#include <cstdio>
#include <memory>
#include <random>
#include <string_view>

#include <sys/stat.h>

#include "catalog/ddl_tokens.h"
#include "table/connector.h"
#include "table/files.h"
#include "table/rows_format.h"
#include "table/tables.h"

namespace lotic::table {

namespace {

bool IsUnfinished(const std::string& folder, bool is_partition) {
  const Result<std::vector<std::string>> names = ListFolder(folder);
  if (!names.ok()) return false;
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return false;
    if (S_ISDIR(info.st_mode)) {
      const bool partition = !is_partition && name.size() > 1 && name[0] == 'p' && name.find_first_not_of("0123456789", 1) == std::string::npos;
      if (!partition || !IsUnfinished(path, true)) return false;
      continue;
    }
    if (!S_ISREG(info.st_mode)) return false;
    const bool replaced = name.ends_with(".tmp") || name.ends_with(".new");
    const bool of_partition = name == "manifest" || name == "manifest.copy" || (name.ends_with(".rows") && info.st_size <= kRowsHeaderBytes);
    const bool of_table = name == "discovery" || name == "discovery.copy" || name == "errors";
    if (!replaced && !(is_partition ? of_partition : of_table)) return false;
  }
  return true;
}

}  // namespace

std::string RandomHex(size_t digits) {
  std::random_device device;
  std::string text;
  while (text.size() < digits) {
    char piece[9];
    std::snprintf(piece, sizeof piece, "%08x", static_cast<unsigned>(device()));
    text += piece;
  }
  return text.substr(0, digits);
}

std::string RandomUuid() {
  std::string hex = RandomHex(32);
  hex[12] = '4';  // version 4, and its variant
  hex[16] = "89ab"[hex[16] % 4];
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" + hex.substr(20);
}

bool IsUnfinishedCreation(const std::string& folder) { return IsUnfinished(folder, false); }

Status CheckNewTableName(const std::string& raw, const std::vector<std::string>& others) {
  const auto bad = [&](const std::string& why) { return Status::Invalid("Table name ", raw, ": ", why); };
  if (const size_t dot = raw.find('.'); dot != std::string::npos)
    return bad("there is no database " + raw.substr(0, dot) + "; call the table " + raw.substr(dot + 1));
  const std::string lowered = catalog::AsciiLower(raw);
  if (lowered == kErrorsTable) return bad("the records that became no row are shown under this name; take another one");
  for (const std::string_view ending : {"_OFFLINE", "_REALTIME"}) {
    if (raw.ends_with(ending)) return bad("the ending " + std::string(ending) + " says of what type a table is, and is no part of its name");
  }
  for (const std::string& other : others) {
    if (other != raw && catalog::AsciiLower(other) == lowered) {
      return bad("table " + other + " exists, and SQL does not tell names apart that differ in case only; take another one")
          .WithDetail(std::make_shared<Conflict>());
    }
  }
  return Status::OK();
}

}  // namespace lotic::table
