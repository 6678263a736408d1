// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "athena/spill_store.h"

namespace lotic::athena {

/// A spill store in memory for tests: objects by "bucket/key"; refuses what is written twice; does what the test says before each write.
class TestSpillStore final : public SpillStore {
 public:
  Status CheckBucket(const CallContext&, const std::string& bucket) override {
    ++checks;
    return check ? check(bucket) : Status::OK();
  }
  Status Put(const CallContext& ctx, const std::string& bucket, const std::string& key, std::string_view body) override {
    if (before_put) {
      const Status status = before_put(ctx, key);
      if (!status.ok()) return status;
    }
    const std::lock_guard lock(mutex_);
    if (!objects_.emplace(bucket + "/" + key, body).second) return Status::Invalid("object ", key, " is written twice");
    return Status::OK();
  }
  Result<std::string> Get(const CallContext&, const std::string& bucket, const std::string& key) override {
    const std::lock_guard lock(mutex_);
    const auto at = objects_.find(bucket + "/" + key);
    if (at == objects_.end()) return Status::NotFound("no object ", bucket, "/", key);
    return at->second;
  }
  Status Abandon(const CallContext&, const std::string& bucket, const std::string& key) override {
    const std::lock_guard lock(mutex_);
    objects_.erase(bucket + "/" + key);
    return Status::OK();
  }
  std::map<std::string, std::string> objects() const {
    const std::lock_guard lock(mutex_);
    return objects_;
  }

  std::function<Status(const std::string& bucket)> check;                            ///< set before use
  std::function<Status(const CallContext& ctx, const std::string& key)> before_put;  ///< set before use; any thread
  int checks = 0;

 private:
  mutable std::mutex mutex_;  // guards the member below
  std::map<std::string, std::string> objects_;
};

}  // namespace lotic::athena
