// SPDX-License-Identifier: Apache-2.0
#include "aws/credentials.h"

#include <algorithm>
#include <utility>

#include "aws/shared_profile.h"

namespace lotic::aws {
namespace {

class FixedProvider final : public CredentialsProvider {
 public:
  FixedProvider(Credentials credentials, std::string description) : credentials_(std::move(credentials)), description_(std::move(description)) {}
  Result<Credentials> Get(const CallContext&) const override { return credentials_; }
  std::string Describe() const override { return description_; }

 private:
  const Credentials credentials_;
  const std::string description_;
};

bool IsHeaderText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

Status NotBuilt(CredentialsSource source, std::string_view asked_by) {
  return Status::NotImplemented("AWS credentials by ", CredentialsSourceName(source), ", which ", asked_by,
                                " asks for, are not built yet; give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (for example from `aws "
                                "configure export-credentials`) or a profile that holds keys");
}

std::string ProfileName(const CredentialsOptions& options, const Environment& environment) {
  if (!options.profile.empty()) return options.profile;
  for (const char* variable : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    if (const std::string_view name = Lookup(environment, variable); !name.empty()) return std::string(name);
  }
  return "default";
}

// True when somebody named the profile, so that it must exist.
bool IsProfileAskedFor(const CredentialsOptions& options, const Environment& environment) {
  return !options.profile.empty() || !Lookup(environment, "AWS_PROFILE").empty() || !Lookup(environment, "AWS_DEFAULT_PROFILE").empty();
}

ProfileFiles FilesOf(const CredentialsOptions& options, const Environment& environment) {
  ProfileFiles files = ProfileFiles::FromEnvironment(environment);
  if (!options.credentials_file.empty()) files.credentials = options.credentials_file;
  return files;
}

using Provider = std::shared_ptr<const CredentialsProvider>;

// Null when the environment names no key at all.
Result<Provider> FromEnvironment(const Environment& environment) {
  const std::string_view id = Lookup(environment, "AWS_ACCESS_KEY_ID");
  const std::string_view secret = Lookup(environment, "AWS_SECRET_ACCESS_KEY");
  if (id.empty() && secret.empty()) return Provider();
  if (id.empty() || secret.empty()) {
    return Status::Invalid("AWS credentials: ", id.empty() ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID", " is set without ",
                           id.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY");
  }
  Credentials credentials{std::string(id), net::Secret(std::string(secret)), net::Secret(std::string(Lookup(environment, "AWS_SESSION_TOKEN")))};
  return FixedCredentials(std::move(credentials), "environment");
}

// The source that a profile asks for beside plain keys; kFixed when none.
CredentialsSource SourceOf(const SharedProfile& profile) {
  if (!profile.Get("role_arn").empty()) {
    return profile.Get("web_identity_token_file").empty() ? CredentialsSource::kAssumeRole : CredentialsSource::kWebIdentity;
  }
  // Keys in the profile win over what follows, as in the SDKs.
  if (!profile.Get("aws_access_key_id").empty() || !profile.Get("aws_secret_access_key").empty()) return CredentialsSource::kFixed;
  if (!profile.Get("sso_session").empty() || !profile.Get("sso_start_url").empty()) return CredentialsSource::kSingleSignOn;
  if (!profile.Get("login_session").empty()) return CredentialsSource::kLogin;
  if (!profile.Get("credential_process").empty()) return CredentialsSource::kProcess;
  return CredentialsSource::kFixed;
}

// Null when the profile holds nothing of credentials and nobody asked for it.
Result<Provider> FromProfile(const CredentialsOptions& options, const Environment& environment, bool required) {
  const std::string name = ProfileName(options, environment);
  const ProfileFiles files = FilesOf(options, environment);
  LOTIC_ASSIGN_OR_RETURN(const SharedProfile profile, LoadSharedProfile(files, name));
  const std::string where = "profile '" + name + "' (" + (files.credentials.empty() ? "no HOME, so no file" : files.credentials) +
                            (files.config.empty() ? "" : ", " + files.config) + ")";
  if (!profile.found) {
    if (!required) return Provider();
    return Status::Invalid("AWS credentials: there is no ", where);
  }
  const CredentialsSource source = SourceOf(profile);
  if (source != CredentialsSource::kFixed) return NotBuilt(source, where);
  const std::string_view id = profile.Get("aws_access_key_id");
  const std::string_view secret = profile.Get("aws_secret_access_key");
  if (id.empty() && secret.empty()) {
    if (!required) return Provider();
    return Status::Unauthorized("AWS credentials: the ", where, " holds no aws_access_key_id");
  }
  if (id.empty() || secret.empty()) {
    return Status::Invalid("AWS credentials: the ", where, " has ", id.empty() ? "aws_secret_access_key" : "aws_access_key_id", " without ",
                           id.empty() ? "aws_access_key_id" : "aws_secret_access_key");
  }
  Credentials credentials{std::string(id), net::Secret(std::string(secret)), net::Secret(std::string(profile.Get("aws_session_token")))};
  return FixedCredentials(std::move(credentials), where);
}

Result<Provider> FromAnywhere(const CredentialsOptions& options, const Environment& environment) {
  if (!options.fixed.access_key_id.empty() || !options.fixed.secret_access_key.empty()) return FixedCredentials(options.fixed);
  if (options.profile.empty()) {  // a profile named by the user himself comes before the variables
    LOTIC_ASSIGN_OR_RETURN(Provider found, FromEnvironment(environment));
    if (found != nullptr) return found;
    if (!Lookup(environment, "AWS_WEB_IDENTITY_TOKEN_FILE").empty()) {
      return NotBuilt(CredentialsSource::kWebIdentity, "AWS_WEB_IDENTITY_TOKEN_FILE");
    }
  }
  LOTIC_ASSIGN_OR_RETURN(Provider found, FromProfile(options, environment, IsProfileAskedFor(options, environment)));
  if (found != nullptr) return found;
  for (const char* variable : {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"}) {
    if (!Lookup(environment, variable).empty()) return NotBuilt(CredentialsSource::kContainer, variable);
  }
  const ProfileFiles files = FilesOf(options, environment);
  return Status::Unauthorized("no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and profile '", ProfileName(options, environment),
                              "' holds no keys in ", files.credentials.empty() ? "any file (HOME is not set)" : files.credentials + " or " + files.config,
                              "; the instance's own credentials are not asked for, since that is not built yet");
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Credentials& credentials) {
  const std::string& id = credentials.access_key_id;
  return out << "…" << (id.size() > 8 ? id.substr(id.size() - 4) : std::string());
}

std::string_view CredentialsSourceName(CredentialsSource source) {
  switch (source) {
    case CredentialsSource::kAutomatic: return "automatic";
    case CredentialsSource::kFixed: return "fixed keys";
    case CredentialsSource::kEnvironment: return "environment";
    case CredentialsSource::kProfile: return "profile";
    case CredentialsSource::kWebIdentity: return "web identity";
    case CredentialsSource::kSingleSignOn: return "single sign-on";
    case CredentialsSource::kAssumeRole: return "assume role";
    case CredentialsSource::kProcess: return "credential process";
    case CredentialsSource::kContainer: return "container";
    case CredentialsSource::kInstance: return "instance metadata";
    case CredentialsSource::kLogin: return "console login";
  }
  return "?";
}

Result<std::shared_ptr<const CredentialsProvider>> FixedCredentials(Credentials credentials, std::string description) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Status::Invalid("AWS credentials (", description, "): the ", credentials.access_key_id.empty() ? "access key id" : "secret access key", " is empty");
  }
  if (!IsHeaderText(credentials.access_key_id) || credentials.access_key_id.find_first_of("/,=") != std::string::npos) {
    return Status::Invalid("AWS credentials (", description, "): the access key id holds a blank or another character that none can have");
  }
  if (!IsHeaderText(credentials.session_token.Reveal())) {
    return Status::Invalid("AWS credentials (", description, "): the session token holds a blank, a line break or a character beyond ASCII");
  }
  if (credentials.secret_access_key.Reveal().find_first_of("\r\n") != std::string::npos) {
    return Status::Invalid("AWS credentials (", description, "): the secret access key holds a line break");
  }
  return Provider(std::make_shared<FixedProvider>(std::move(credentials), std::move(description)));
}

Result<std::shared_ptr<const CredentialsProvider>> ResolveCredentials(const CredentialsOptions& options, const Environment& environment) {
  switch (options.source) {
    case CredentialsSource::kAutomatic: return FromAnywhere(options, environment);
    case CredentialsSource::kFixed: return FixedCredentials(options.fixed);
    case CredentialsSource::kEnvironment: {
      LOTIC_ASSIGN_OR_RETURN(Provider found, FromEnvironment(environment));
      if (found == nullptr) return Status::Unauthorized("AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
      return found;
    }
    case CredentialsSource::kProfile: return FromProfile(options, environment, /*required=*/true);
    case CredentialsSource::kWebIdentity:
    case CredentialsSource::kSingleSignOn:
    case CredentialsSource::kAssumeRole:
    case CredentialsSource::kProcess:
    case CredentialsSource::kContainer:
    case CredentialsSource::kInstance:
    case CredentialsSource::kLogin: return NotBuilt(options.source, "the configuration");
  }
  return Status::Invalid("AWS credentials: an unknown source");
}

Status ValidateRegion(std::string_view region) {
  const bool good =
      !region.empty() && region.size() <= 63 && region.front() != '-' && region.back() != '-' &&
      std::all_of(region.begin(), region.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; });
  if (good) return Status::OK();
  return Status::Invalid("'", region, "' is not the name of an AWS region; one looks like us-east-1");
}

Result<std::string> ResolveRegion(const CredentialsOptions& options, const Environment& environment) {
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    const std::string_view region = Lookup(environment, variable);
    if (region.empty()) continue;
    Status valid = ValidateRegion(region);
    if (!valid.ok()) return valid.WithMessage(variable, ": ", valid.message());
    return std::string(region);
  }
  const std::string name = ProfileName(options, environment);
  LOTIC_ASSIGN_OR_RETURN(const SharedProfile profile, LoadSharedProfile(FilesOf(options, environment), name));
  const std::string_view region = profile.Get("region");
  if (region.empty()) return std::string();
  Status valid = ValidateRegion(region);
  if (!valid.ok()) return valid.WithMessage("profile '", name, "': ", valid.message());
  return std::string(region);
}

}  // namespace lotic::aws
