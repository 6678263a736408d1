// SPDX-License-Identifier: Apache-2.0
#include "net/tls_session.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "lotic/source_error.h"

namespace lotic::net {
namespace {

std::shared_ptr<const SourceError> Permanent() { return std::make_shared<SourceError>(false); }
std::shared_ptr<const SourceError> Retryable() { return std::make_shared<SourceError>(true); }

// --- A BIO over the socket. OpenSSL's own would raise SIGPIPE, and hides the first bytes and errno, which messages
// need.

int BioWrite(BIO* bio, const char* data, int size) {
  auto* tls = static_cast<Stream::Tls*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  ssize_t sent;
  do {
    sent = send(tls->fd, data, static_cast<size_t>(size), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      BIO_set_retry_write(bio);
    } else {
      tls->system_error = errno;
    }
  }
  return static_cast<int>(sent);
}

int BioRead(BIO* bio, char* into, int size) {
  auto* tls = static_cast<Stream::Tls*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  ssize_t got;
  do {
    got = recv(tls->fd, into, static_cast<size_t>(size), 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    for (ssize_t i = 0; i < got && tls->bytes_received + static_cast<uint64_t>(i) < sizeof tls->first_bytes; ++i) {
      tls->first_bytes[tls->bytes_received + static_cast<uint64_t>(i)] = static_cast<uint8_t>(into[i]);
    }
    tls->bytes_received += static_cast<uint64_t>(got);
  } else if (got == 0) {
    tls->saw_end = true;
  } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
    BIO_set_retry_read(bio);
  } else {
    tls->system_error = errno;
  }
  return static_cast<int>(got);
}

long BioControl(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return static_cast<Stream::Tls*>(BIO_get_data(bio))->saw_end ? 1 : 0;
    default: return 0;
  }
}

BIO_METHOD* SocketMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lotic socket");
    LOTIC_CHECK(made != nullptr);
    BIO_meth_set_write(made, BioWrite);
    BIO_meth_set_read(made, BioRead);
    BIO_meth_set_ctrl(made, BioControl);
    return made;
  }();
  return method;
}

// --- Saying why a certificate is not believed.

std::string NameText(const X509_NAME* name) {
  BIO* out = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(out, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB & ~XN_FLAG_SPC_EQ);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  std::string result(text, static_cast<size_t>(size > 0 ? size : 0));
  BIO_free(out);
  constexpr size_t kMaxNameBytes = 200;
  if (result.size() > kMaxNameBytes) result = result.substr(0, kMaxNameBytes) + "…";
  return result.empty() ? "(no name)" : result;
}

std::string TimeText(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable time";
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// "DNS:a, DNS:b, IP:127.0.0.1": whom the certificate is for. Hostile lists are cut.
std::string SubjectNames(const X509* certificate) {
  constexpr int kMaxNames = 8;
  std::string text;
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  const int count = names != nullptr ? sk_GENERAL_NAME_num(names) : 0;
  for (int i = 0; i < count && i < kMaxNames; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    std::string one;
    if (name->type == GEN_DNS) {
      const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
      one.assign(bytes, static_cast<size_t>(std::min(ASN1_STRING_length(name->d.dNSName), 255)));
      for (char& c : one) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
      }
    } else if (name->type == GEN_IPADD) {
      char ip[INET6_ADDRSTRLEN] = "?";
      const int length = ASN1_STRING_length(name->d.iPAddress);
      if (length == 4 || length == 16) {
        inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), ip, sizeof ip);
      }
      one = ip;
    } else {
      continue;
    }
    text += (text.empty() ? "" : ", ") + one;
  }
  if (count > kMaxNames) text += ", …";
  if (names != nullptr) GENERAL_NAMES_free(names);
  return text.empty() ? NameText(X509_get_subject_name(certificate)) : text;
}

std::string ExplainVerification(int error, const X509* certificate, const std::string& host) {
  const std::string subject = certificate ? NameText(X509_get_subject_name(certificate)) : "(none)";
  const std::string issuer = certificate ? NameText(X509_get_issuer_name(certificate)) : "(none)";
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "host name mismatch: the certificate is for " + (certificate ? SubjectNames(certificate) : subject) + ", not for " + host;
    case X509_V_ERR_CERT_HAS_EXPIRED: return "the certificate of " + subject + " expired at " + TimeText(X509_get0_notAfter(certificate));
    case X509_V_ERR_CERT_NOT_YET_VALID: return "the certificate of " + subject + " is not valid before " + TimeText(X509_get0_notBefore(certificate));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_CERT_UNTRUSTED:
      return (subject == issuer ? "the authority " + subject + " is" : "the certificate of " + subject + " is signed by " + issuer + ", which is") +
             " not among the trusted authorities (" + X509_verify_cert_error_string(error) + ")";
    default: return "the certificate of " + subject + " is not accepted: " + X509_verify_cert_error_string(error);
  }
}

int OnVerify(int ok, X509_STORE_CTX* store) {
  if (ok != 1) {
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* tls = static_cast<Stream::Tls*>(SSL_get_app_data(ssl));
    if (tls->refused_certificate.empty()) {
      tls->refused_certificate = ExplainVerification(X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_current_cert(store), tls->peer.host);
    }
  }
  return ok;
}

// Called when the server asks for a certificate.
int OnCertificateWanted(SSL*, void* tls) {
  static_cast<Stream::Tls*>(tls)->asked_for_certificate = true;
  return 1;  // go on with what there is
}

bool IsNumericAddress(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

Result<std::unique_ptr<Stream::Tls>> Stream::Tls::Start(int fd, const Endpoint& peer, std::shared_ptr<const TlsContext> context, std::string not_tls_hint) {
  auto tls = std::make_unique<Tls>();
  tls->fd = fd;
  tls->peer = peer;
  tls->context = std::move(context);
  tls->not_tls_hint = std::move(not_tls_hint);
  tls->ssl = SSL_new(static_cast<SSL_CTX*>(tls->context->native()));
  BIO* bio = BIO_new(SocketMethod());
  if (tls->ssl == nullptr || bio == nullptr) {
    BIO_free(bio);
    return Status::UnknownError(peer.ToString(), ": OpenSSL could not make a session");
  }
  BIO_set_data(bio, tls.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(tls->ssl, bio, bio);  // owned by the SSL object from here on
  SSL_set_app_data(tls->ssl, tls.get());
  SSL_set_verify(tls->ssl, SSL_get_verify_mode(tls->ssl), OnVerify);
  if (tls->context->is_server()) {
    SSL_set_accept_state(tls->ssl);
    return tls;
  }
  SSL_set_connect_state(tls->ssl);
  SSL_set_cert_cb(tls->ssl, OnCertificateWanted, tls.get());
  std::string host = peer.host;
  if (host.size() > 1 && host.back() == '.') host.pop_back();
  const bool numeric = IsNumericAddress(host);
  bool accepted = true;
  if (!numeric) accepted = SSL_set_tlsext_host_name(tls->ssl, host.c_str()) == 1;
  if (accepted && tls->context->verifies_host_name()) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(tls->ssl);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    accepted = numeric ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1 : X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size()) == 1;
  }
  if (!accepted) {
    ERR_clear_error();
    return Status::Invalid("TLS to ", peer.ToString(), ": OpenSSL does not take this host name");
  }
  return tls;
}

Stream::Tls::~Tls() {
  if (ssl == nullptr) return;
  if (handshake_done && !broken && !saw_end) SSL_shutdown(ssl);  // a goodbye, if it can be said without waiting
  SSL_free(ssl);
  ERR_clear_error();
}

Result<Stream::Tls::Progress> Stream::Tls::HandshakeStep() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl);
  if (result == 1) {
    handshake_done = true;
    return Progress::kDone;
  }
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ: return Progress::kWantsRead;
    case SSL_ERROR_WANT_WRITE: return Progress::kWantsWrite;
    default: return Failure(result, "TLS handshake");
  }
}

Result<Transfer> Stream::Tls::Read(std::span<uint8_t> into) {
  ERR_clear_error();
  read_wants_write = false;
  size_t got = 0;
  const int result = SSL_read_ex(ssl, into.data(), into.size(), &got);
  handshake_done = handshake_done || SSL_is_init_finished(ssl) == 1;
  if (result == 1) {
    drained = false;
    return Transfer{Transfer::Kind::kBytes, got};
  }
  drained = true;
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ: return Transfer{};
    case SSL_ERROR_WANT_WRITE: read_wants_write = true; return Transfer{};
    case SSL_ERROR_ZERO_RETURN:
      if (handshake_done) return Transfer{Transfer::Kind::kEnd, 0};
      break;
    default: break;
  }
  return Failure(result, handshake_done ? "read" : "TLS handshake");
}

Result<Transfer> Stream::Tls::Write(std::span<const uint8_t> data) {
  ERR_clear_error();
  write_wants_read = false;
  size_t sent = 0;
  const int result = SSL_write_ex(ssl, data.data(), data.size(), &sent);
  handshake_done = handshake_done || SSL_is_init_finished(ssl) == 1;
  if (result == 1) return Transfer{Transfer::Kind::kBytes, sent};
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ: write_wants_read = true; return Transfer{};
    case SSL_ERROR_WANT_WRITE: return Transfer{};
    default: return Failure(result, handshake_done ? "write" : "TLS handshake");
  }
}

bool Stream::Tls::has_buffered() const { return !drained && SSL_has_pending(ssl) == 1; }

Status Stream::Tls::NotTls(std::string_view what) const {
  std::string hint;
  if (!context->is_server()) {
    hint = "; is this port a plaintext listener?";
    if (!not_tls_hint.empty()) hint += " " + not_tls_hint;
  }
  return Status::IOError("TLS handshake with ", peer.ToString(), " failed: ", what, hint).WithDetail(Permanent());
}

Status Stream::Tls::CertificateFailure() const {
  return Status::IOError("TLS handshake with ", peer.ToString(), " failed: ", refused_certificate).WithDetail(Permanent());
}

Status Stream::Tls::AlertFailure(int alert, const std::string& reason) const {
  const std::string text = reason + " (TLS alert " + std::to_string(alert) + ")";
  const Status wants_certificate =
      Status::Unauthorized(peer.ToString(), " refused the connection: ", text, "; it asks for a client certificate, and none is configured")
          .WithDetail(Permanent());
  const bool came_without = !context->is_server() && !context->has_own_certificate();
  switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:
      if (came_without && asked_for_certificate) return wants_certificate;
      break;
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
      if (came_without) return wants_certificate;
      if (!context->is_server()) {
        return Status::Unauthorized(peer.ToString(), " refused our client certificate: ", text).WithDetail(Permanent());
      }
      return Status::Unauthorized(peer.ToString(), " does not believe our certificate: ", text).WithDetail(Permanent());
    default: break;
  }
  return Status::IOError("TLS with ", peer.ToString(), " failed: the peer reports: ", text).WithDetail(Permanent());
}

Status Stream::Tls::Failure(int ssl_result, std::string_view doing) {
  broken = true;
  const int kind = SSL_get_error(ssl, ssl_result);
  unsigned long code = ERR_peek_last_error();
  if (!refused_certificate.empty() && !handshake_done) {
    ERR_clear_error();
    return CertificateFailure();
  }
  const bool shaking_hands = !handshake_done;
  if (shaking_hands && bytes_received > 0) {
    // A TLS record starts with its kind (20 change cipher .. 23 data) and the major version, always 3.
    const bool tls_like = first_bytes[0] >= 20 && first_bytes[0] <= 23 && (bytes_received < 2 || first_bytes[1] == 3);
    if (!tls_like) {
      ERR_clear_error();
      return NotTls(context->is_server() ? "the client sent bytes that are not TLS" : "the peer answered with bytes that are not TLS");
    }
  }
  if (kind == SSL_ERROR_SSL && code != 0 && ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) > SSL_AD_REASON_OFFSET &&
      ERR_GET_REASON(code) < SSL_AD_REASON_OFFSET + 256) {
    const char* reason = ERR_reason_error_string(code);
    const int alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;
    ERR_clear_error();
    return AlertFailure(alert, reason != nullptr ? reason : "alert");
  }
  ERR_clear_error();
  const bool lost = saw_end || system_error == ECONNRESET || system_error == EPIPE;
  if (lost && shaking_hands && heard_nothing() && !context->is_server()) {
    return NotTls("the peer closed the connection without an answer");
  }
  if (lost && !shaking_hands && doing == "write") {
    // Who refuses us says so before hanging up (TLS 1.3: after our handshake is over). Look for that last word.
    uint8_t byte;
    size_t got = 0;
    system_error = 0;
    const int result = SSL_peek_ex(ssl, &byte, 1, &got);
    code = result == 1 ? 0 : ERR_peek_last_error();
    if (code != 0 && ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) > SSL_AD_REASON_OFFSET) {
      const char* reason = ERR_reason_error_string(code);
      const int alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;
      ERR_clear_error();
      return AlertFailure(alert, reason != nullptr ? reason : "alert");
    }
    ERR_clear_error();
  }
  if (system_error != 0) {
    return Status::IOError(doing, shaking_hands ? " with " : " failed: connection to ", peer.ToString(), ": ", std::strerror(system_error))
        .WithDetail(Retryable());
  }
  if (lost) {
    return Status::IOError(doing, shaking_hands ? " with " : " failed: connection to ", peer.ToString(), ": the peer closed the connection")
        .WithDetail(Retryable());
  }
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return Status::IOError(doing, shaking_hands ? " with " : " failed: connection to ", peer.ToString(), ": ",
                         reason != nullptr ? reason : "TLS failed without a reason")
      .WithDetail(Permanent());
}

}  // namespace lotic::net
