// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sql/engine.h"
#include "sql/entry.h"

namespace lotic::sql {
namespace {

constexpr const char* kLibrary = "liblotic_sql.so";

/// The folder of the running program; empty if unknown.
std::string ProgramFolder() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return "";
  const std::string whole(path, static_cast<size_t>(length));
  return whole.substr(0, whole.rfind('/'));
}

/// The folder of the library that holds this code, where a program that is not ours has opened one: liblotic.so in Python; else empty.
std::string LibraryFolder() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&LibraryFolder), &info) == 0 || info.dli_fname == nullptr || *info.dli_fname != '/') return "";
  const std::string whole(info.dli_fname);
  const std::string folder = whole.substr(0, whole.rfind('/'));
  return folder == ProgramFolder() ? "" : folder;
}

std::vector<std::string> Candidates() {
  if (const char* set = std::getenv("LOTIC_SQL_LIBRARY"); set != nullptr && *set != '\0') return {set};
  const std::string program = ProgramFolder(), library = LibraryFolder();
  std::vector<std::string> candidates;
  if (!library.empty()) candidates.push_back(library + "/" + kLibrary);  // of one version with the code that asks
  candidates.push_back(program + "/" + kLibrary);
  candidates.push_back(program + "/../lib/" + kLibrary);
  return candidates;
}

struct Entries {
  MakeEngineFunction make_engine = nullptr;
  MakeTablePortsFunction make_table_ports = nullptr;
};

Result<Entries> OpenLibrary() {
  std::string tried;
  for (const std::string& path : Candidates()) {
    if (!tried.empty()) tried += ", ";
    if (::access(path.c_str(), F_OK) != 0) {
      tried += path + " (does not exist)";
      continue;
    }
    // Lazy: a query calls few of DuckDB's 25,000 functions, and looking all of them up takes longer than most queries.
    void* library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr) {
      const char* why = ::dlerror();
      return Status::NotFound("the SQL library ", path, " cannot be opened: ", why == nullptr ? "unknown reason" : why);
    }
    const auto symbol = [&](const char* name) -> Result<void*> {
      if (void* found = ::dlsym(library, name)) return found;
      return Status::NotFound("the SQL library ", path, " is of another version: it has no ", name);
    };
    LOTIC_ASSIGN_OR_RETURN(void* const engine, symbol(kMakeEngineSymbol));
    LOTIC_ASSIGN_OR_RETURN(void* const ports, symbol(kMakeTablePortsSymbol));
    return Entries{reinterpret_cast<MakeEngineFunction>(engine), reinterpret_cast<MakeTablePortsFunction>(ports)};
  }
  return Status::NotFound("the SQL library was not found; tried ", tried, "; LOTIC_SQL_LIBRARY can name it");
}

/// The library stays open until the process ends; one that was not found is looked for again.
Result<Entries> Library() {
  static std::mutex mutex;
  static std::optional<Entries> entries;
  std::lock_guard lock(mutex);
  if (!entries) {
    LOTIC_ASSIGN_OR_RETURN(entries, OpenLibrary());
  }
  return *entries;
}

}  // namespace

std::string DefaultTemporaryFolder() {
  const char* const set = std::getenv("TMPDIR");
  return std::string(set != nullptr && *set != '\0' ? set : "/tmp") + "/lotic-sql-" + std::to_string(::getpid());
}

Result<std::unique_ptr<Engine>> OpenEngine(EngineOptions options) {
  if (options.temp_folder.empty()) options.temp_folder = DefaultTemporaryFolder();
  LOTIC_ASSIGN_OR_RETURN(const Entries library, Library());
  Result<std::unique_ptr<Engine>> engine = Status::UnknownError("the SQL library gave no engine");
  library.make_engine(&options, &engine);
  return engine;
}

Result<TablePorts> OpenTablePorts() {
  LOTIC_ASSIGN_OR_RETURN(const Entries library, Library());
  static std::mutex mutex;
  static std::optional<TablePorts> ports;
  std::lock_guard lock(mutex);
  if (!ports) {
    Result<TablePorts> made = Status::UnknownError("the SQL library gave no ports");
    library.make_table_ports(&made);
    LOTIC_ASSIGN_OR_RETURN(ports, std::move(made));
  }
  return *ports;
}

}  // namespace lotic::sql
