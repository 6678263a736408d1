// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"
#include "net/secret.h"

namespace lotic::kafka {

using SaslBytes = std::vector<uint8_t>;

/// The client's side of one SASL exchange. Made for one login, then thrown away. One thread at a time.
///
///   mechanism->Step({})               → first message to send
///   mechanism->Step(broker's answer)  → next message to send, until done(); the message returned by the Step that
///                                       makes it done() is empty and not sent.
///
/// Errors of Step: Unauthorized (the broker refused, or could not prove that it knows the password), IOError (an answer
/// that breaks the mechanism's rules), CapacityError (a limit named in the message). None holds a secret.
class SaslMechanism {
 public:
  virtual ~SaslMechanism() = default;
  /// As in SaslHandshake: "PLAIN", "SCRAM-SHA-256", ...
  virtual std::string_view name() const = 0;
  virtual Result<SaslBytes> Step(std::span<const uint8_t> challenge) = 0;
  virtual bool done() const = 0;
};

struct SaslCredentials {
  std::string mechanism;  ///< any case
  std::string username;
  net::Secret password;
};

/// A new exchange. Errors: Invalid (no user name, characters the mechanism cannot carry), NotImplemented (a mechanism
/// that Kafka has and we do not; the message says which we have).
Result<std::unique_ptr<SaslMechanism>> MakeSaslMechanism(const SaslCredentials& credentials);

/// What is built, in order of preference: "SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN".
std::span<const std::string_view> BuiltSaslMechanisms();
/// OK if `mechanism` (any case) is built; NotImplemented if it is known; Invalid with the nearest name otherwise.
Status CheckSaslMechanism(std::string_view mechanism);

/// RFC 5802 with a nonce chosen by the caller: for tests. `sha512` false: SCRAM-SHA-256 (RFC 7677).
std::unique_ptr<SaslMechanism> MakeScramForTest(bool sha512, const SaslCredentials& credentials, std::string nonce);

inline constexpr uint32_t kMinScramIterations = 4096;       ///< RFC 7677 §4: fewer are refused
inline constexpr uint32_t kMaxScramIterations = 1'000'000;  ///< a broker that asks for more is refused: it would burn our CPU
inline constexpr size_t kMaxScramMessageBytes = 8192;

}  // namespace lotic::kafka
