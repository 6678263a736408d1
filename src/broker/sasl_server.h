// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"

namespace lotic::broker {

/// The serving side of one SASL login: PLAIN (RFC 4616), SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, 7677, without
/// channel binding). For demo and tests: it holds passwords in the clear. One thread at a time.
class SaslServer {
 public:
  /// `users`: name → password; must outlive this object.
  explicit SaslServer(const std::map<std::string, std::string>& users) : users_(users) {}

  static std::vector<std::string> Mechanisms() { return {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}; }
  /// Begins anew with `mechanism`. NotImplemented for others.
  Status Begin(const std::string& mechanism);
  /// The answer to the client's next message; done() says whether the client is in. Unauthorized: refused.
  Result<std::string> Step(std::string_view message);
  bool begun() const { return begun_; }
  bool done() const { return done_; }

 private:
  Result<std::string> Plain(std::string_view message);
  Result<std::string> ScramFirst(std::string_view message);
  Result<std::string> ScramFinal(std::string_view message);
  Status Refused() const;

  const std::map<std::string, std::string>& users_;
  std::string mechanism_;
  bool begun_ = false;
  bool done_ = false;
  std::string salted_password_, nonce_, client_first_bare_, server_first_, header_;
};

}  // namespace lotic::broker
