// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <mutex>
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

std::vector<std::string> Candidates() {
  if (const char* set = std::getenv("LOTIC_SQL_LIBRARY"); set != nullptr && *set != '\0') return {set};
  const std::string folder = ProgramFolder();
  return {folder + "/" + kLibrary, folder + "/../lib/" + kLibrary};
}

Result<MakeEngineFunction> OpenLibrary() {
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
    void* symbol = ::dlsym(library, kMakeEngineSymbol);
    if (symbol == nullptr) return Status::NotFound("the SQL library ", path, " is of another version: it has no ", kMakeEngineSymbol);
    return reinterpret_cast<MakeEngineFunction>(symbol);
  }
  return Status::NotFound("the SQL library was not found; tried ", tried, "; LOTIC_SQL_LIBRARY can name it");
}

}  // namespace

Result<std::unique_ptr<Engine>> OpenEngine(EngineOptions options) {
  static std::mutex mutex;
  static MakeEngineFunction make_engine = nullptr;  // stays open until the process ends
  {
    std::lock_guard lock(mutex);
    if (make_engine == nullptr) {
      LOTIC_ASSIGN_OR_RETURN(make_engine, OpenLibrary());
    }
  }
  Result<std::unique_ptr<Engine>> engine = Status::UnknownError("the SQL library gave no engine");
  make_engine(&options, &engine);
  return engine;
}

}  // namespace lotic::sql
