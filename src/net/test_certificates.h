// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/secret.h"

namespace lotic::net {

/// A key and its certificate, made at test time. For tests only.
struct TestIdentity {
  std::string certificate_pem;
  std::string key_pem;  ///< PKCS8, not encrypted

  std::vector<uint8_t> certificate_der() const;
  std::vector<uint8_t> key_pkcs8_der() const;
  std::string encrypted_key_pem(const std::string& password) const;  ///< PKCS8, AES-256
  std::string pkcs12(const std::string& password, const std::string& authority_pem = "") const;
};

/// A certificate authority that lives as long as a test.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name);
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  const std::string& certificate_pem() const { return identity_.certificate_pem; }
  std::vector<uint8_t> certificate_der() const { return identity_.certificate_der(); }

  /// `names`: subject alternative names as OpenSSL writes them, "DNS:localhost,IP:127.0.0.1"; empty: none. Valid from
  /// `from_s` to `to_s`, seconds from now.
  TestIdentity Issue(const std::string& common_name, const std::string& names, int64_t from_s = -3600, int64_t to_s = 86400) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  TestIdentity identity_;
};

}  // namespace lotic::net
