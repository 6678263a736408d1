// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "aws/environment.h"
#include "lotic/status.h"
#include "net/secret.h"

namespace lotic::aws {

inline constexpr size_t kMaxProfileFileBytes = size_t{1} << 20;  ///< a larger file is a CapacityError

/// The settings of one profile. Names are lower case; any value may be a secret.
using ProfileSettings = std::map<std::string, net::Secret>;

/// Sections of an AWS ini file by their names as written: "default", "profile dev", "sso-session corp".
using ProfileSections = std::map<std::string, ProfileSettings>;

/// Reads the ini dialect of AWS's shared files: `[section]`, `name = value`, comments from `#` or `;` at a line's start or after
/// blanks, indented lines below an empty value (nested settings, kept as "name.nested"). A section that occurs twice is merged,
/// the later value wins. `file` names the text in messages. Errors: Invalid with the line's number, never its content.
Result<ProfileSections> ParseProfileFile(std::string_view text, std::string_view file);

/// Where the shared files lie: AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE, else under HOME; a leading "~/" is HOME.
struct ProfileFiles {
  std::string credentials;  ///< "": no HOME is set either
  std::string config;

  static ProfileFiles FromEnvironment(const Environment& environment);
};

/// One profile out of both files: `[NAME]` of the credentials file wins over `[profile NAME]` (or `[default]`) of the other. A file
/// that does not exist is an empty one. `found`: the profile has a section in one of them. Errors: Invalid, IOError, CapacityError.
struct SharedProfile {
  ProfileSettings settings;
  bool found = false;

  /// The value, or "" when there is none. Borrowed.
  std::string_view Get(const std::string& name) const;
};
Result<SharedProfile> LoadSharedProfile(const ProfileFiles& files, const std::string& profile);

}  // namespace lotic::aws
