// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/athena/judge.h"

// What a whole query needs around it: a store for spilled blocks, and functions that answer.

namespace lotic::athena_pack {

/// tests/aws/fake_s3.py with the bucket "spill", which verifies signatures. Ends with this object.
class FakeS3 {
 public:
  /// Null, with a failure of the test, if it does not start.
  static std::unique_ptr<FakeS3> Start();
  const std::string& url() const { return url_; }
  /// Judge::Environment with the keys that it takes.
  std::map<std::string, std::string> Environment() const;
  /// Forgets every object.
  void RemoveObjects();
  /// What lies in it: bucket, key, size, ...
  nlohmann::json Objects();

 private:
  std::unique_ptr<Child> child_;
  std::string url_;
};

/// A process that serves an invoke URL, which is the first line of its output.
class ServedFunction {
 public:
  /// Null, with a failure of the test, if it does not start.
  static std::unique_ptr<ServedFunction> Start(const std::vector<std::string>& words, const std::map<std::string, std::string>& environment);
  const std::string& url() const { return url_; }

 private:
  std::unique_ptr<Child> child_;
  std::string url_;
};

/// `lotic lambda local NAME`, spilling into `s3`.
std::unique_ptr<ServedFunction> StartOurs(const std::string& name, const FakeS3& s3, std::map<std::string, std::string> more = {});
/// MinimalConnector.java over HTTP, spilling into `s3`.
std::unique_ptr<ServedFunction> StartMinimal(const FakeS3& s3, std::map<std::string, std::string> more = {});

/// The member of an answer as sorted texts.
std::vector<std::string> Sorted(const nlohmann::json& answer, const std::string& member);

}  // namespace lotic::athena_pack
