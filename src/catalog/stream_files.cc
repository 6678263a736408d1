// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <system_error>

#include "catalog/stream_config.h"

namespace lotic::catalog {
namespace {

namespace fs = std::filesystem;

/// Whether `path` is within `folder`, both without dots and links.
bool IsBelow(const fs::path& path, const fs::path& folder) {
  const auto [at, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return at == folder.end() && rest != path.end();
}

fs::path WithoutEnd(fs::path path) {
  path = path.lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // "/a/" is "/a"
}

}  // namespace

Status CheckFiles(const std::vector<std::string>& allowed_folders, StreamConfig* config) {
  for (NamedFile& file : config->files) {
    // The same words wherever a file may not be read, so that nobody learns whether it is there.
    const Status outside = Status::Invalid(file.key, ": files of a table's document are read below a folder that the operator allows (--allow-files DIR), ",
                                           allowed_folders.empty() ? "and none is allowed; this one is not read" : "and this one is not below one");
    const fs::path given(file.path);
    if (!given.is_absolute()) return Status::Invalid(file.key, ": expected an absolute path");
    const fs::path plain = given.lexically_normal();
    const auto allowed =
        std::find_if(allowed_folders.begin(), allowed_folders.end(), [&](const std::string& folder) { return IsBelow(plain, WithoutEnd(folder)); });
    if (allowed == allowed_folders.end()) return outside;
    std::error_code error;
    const fs::path folder = fs::canonical(*allowed, error);
    if (error) return Status::Invalid(file.key, ": the allowed folder ", *allowed, " cannot be opened: ", error.message());
    const fs::path real = fs::weakly_canonical(given, error);
    if (error) return Status::Invalid(file.key, ": ", plain.string(), " cannot be opened: ", error.message());
    if (!IsBelow(real, folder)) return Status::Invalid(file.key, ": ", plain.string(), " leads out of the allowed folder ", *allowed);
    if (!fs::exists(real, error)) return Status::Invalid(file.key, ": ", plain.string(), " does not exist");
    if (!fs::is_regular_file(real, error)) return Status::Invalid(file.key, ": ", plain.string(), " is no regular file");
    const uintmax_t bytes = fs::file_size(real, error);
    if (error) return Status::Invalid(file.key, ": ", plain.string(), " cannot be opened: ", error.message());
    if (bytes > static_cast<uintmax_t>(kMaxNamedFileBytes))
      return Status::Invalid(file.key, ": ", plain.string(), " has ", bytes, " bytes; at most ", kMaxNamedFileBytes, " are read");
    for (std::map<std::string, std::string>* const properties : {&config->client_properties, &config->decoder_properties}) {
      for (auto& [key, value] : *properties) {
        if (value == file.path && file.key.ends_with(key)) value = real.string();
      }
    }
    file.path = real.string();
  }
  return Status::OK();
}

}  // namespace lotic::catalog
