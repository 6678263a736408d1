// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "aws/environment.h"
#include "lotic/call_context.h"
#include "lotic/status.h"
#include "net/secret.h"

namespace lotic::aws {

/// Who signs. Prints as its access key id alone, and of that the last four characters.
struct Credentials {
  std::string access_key_id;
  net::Secret secret_access_key;
  net::Secret session_token;  ///< empty: none

  friend bool operator==(const Credentials&, const Credentials&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Credentials& credentials);
};

/// Where credentials come from. Any thread.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  /// Those to sign with now. Errors: Unauthorized (there are none), Cancelled, DeadlineExceeded, IOError.
  virtual Result<Credentials> Get(const CallContext& ctx) const = 0;
  /// Where they come from, for messages: "environment", "profile 'dev' in ~/.aws/credentials". No secret.
  virtual std::string Describe() const = 0;
};

/// Always the same ones. Errors: Invalid (key or secret empty; a character that no HTTP header may hold).
Result<std::shared_ptr<const CredentialsProvider>> FixedCredentials(Credentials credentials, std::string description = "fixed keys");

/// The ways to get credentials that AWS's SDKs know.
enum class CredentialsSource {
  kAutomatic,    ///< the first of: environment, web identity, profile, container, instance
  kFixed,        ///< AccessKeyId and secret given by the user
  kEnvironment,  ///< AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
  kProfile,      ///< AWS_PROFILE in AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE
  // Known, not built: resolving them answers NotImplemented with their name.
  kWebIdentity,
  kSingleSignOn,
  kAssumeRole,
  kProcess,
  kContainer,
  kInstance,
  kLogin,
};

/// "environment", "web identity", ...
std::string_view CredentialsSourceName(CredentialsSource source);

struct CredentialsOptions {
  CredentialsSource source = CredentialsSource::kAutomatic;
  Credentials fixed;             ///< for kFixed; when set, kAutomatic takes them before anything else
  std::string profile;           ///< "": AWS_PROFILE, then AWS_DEFAULT_PROFILE, then "default"
  std::string credentials_file;  ///< "": AWS_SHARED_CREDENTIALS_FILE, then ~/.aws/credentials
};

/// Finds the source and reads it once, so that a broken set-up fails early. What it does not find it names: which variables and
/// which files it looked at. Errors: Unauthorized (nothing found), Invalid (half a key pair, a broken file, a profile that does
/// not exist although it was asked for), NotImplemented (the set-up asks for a source that is not built, named).
Result<std::shared_ptr<const CredentialsProvider>> ResolveCredentials(const CredentialsOptions& options, const Environment& environment);

/// The region: AWS_REGION, AWS_DEFAULT_REGION, the profile's `region`; "" when none says. Errors: Invalid (a broken file; a value
/// that cannot be a region's name).
Result<std::string> ResolveRegion(const CredentialsOptions& options, const Environment& environment);

/// A region's name is made of letters, digits and '-': it becomes part of a host name. Errors: Invalid.
Status ValidateRegion(std::string_view region);

}  // namespace lotic::aws
