// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "connector/kafka/sasl.h"

namespace lotic::kafka {

/// SCRAM-SHA-256 or -512, the client's side, with this nonce (printable ASCII without a comma). Follows: RFC 5802, RFC
/// 7677, without channel binding. User name and password are taken as UTF-8 as they are, as Kafka's own client and
/// tools do: SASLprep changes nothing in printable ASCII.
std::unique_ptr<SaslMechanism> MakeScram(bool sha512, const SaslCredentials& credentials, std::string nonce);

}  // namespace lotic::kafka
