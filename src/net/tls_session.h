// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lotic/status.h"
#include "net/stream.h"

namespace lotic::net {

/// The TLS half of a Stream: one SSL object over the stream's non-blocking socket, and what is needed to explain its
/// failures. One thread at a time. Lives at one address: OpenSSL holds a pointer to it.
struct Stream::Tls {
  /// `peer` is the endpoint as it was asked for: its host is the name the certificate must be for.
  static Result<std::unique_ptr<Tls>> Start(int fd, const Endpoint& peer, std::shared_ptr<const TlsContext> context, std::string not_tls_hint);
  ~Tls();

  enum class Progress { kDone, kWantsRead, kWantsWrite };
  Result<Progress> HandshakeStep();
  Result<Transfer> Read(std::span<uint8_t> into);
  Result<Transfer> Write(std::span<const uint8_t> data);
  bool has_buffered() const;
  bool heard_nothing() const { return bytes_received == 0; }

  /// Turns the failure of the last call into a Status; `doing` is "TLS handshake", "read" or "write".
  Status Failure(int ssl_result, std::string_view doing);
  Status NotTls(std::string_view what) const;

  int fd = -1;
  Endpoint peer;
  std::shared_ptr<const TlsContext> context;
  std::string not_tls_hint;
  SSL* ssl = nullptr;

  bool handshake_done = false;
  bool broken = false;            ///< after a fatal error nothing may be sent, not even a goodbye
  bool drained = true;            ///< the last read took all that OpenSSL had
  bool read_wants_write = false;  ///< what the last call waited for, where that is not the obvious direction
  bool write_wants_read = false;

  // Filled by the BIO and by callbacks of OpenSSL.
  int system_error = 0;
  bool saw_end = false;
  uint64_t bytes_received = 0;
  uint8_t first_bytes[3] = {};
  bool asked_for_certificate = false;
  std::string refused_certificate;  ///< why the peer's certificate is not believed; empty: no complaint

 private:
  Status CertificateFailure() const;
  Status AlertFailure(int alert, const std::string& reason) const;
};

}  // namespace lotic::net
