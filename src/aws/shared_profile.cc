// SPDX-License-Identifier: Apache-2.0
#include "aws/shared_profile.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "aws/ascii.h"

namespace lotic::aws {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\f\v";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Blanks inside a section's name are one: "[profile   dev]" is "profile dev". A name with blanks stands in quotes: [profile "a b"].
std::string SectionName(std::string_view text) {
  std::string name;
  for (const char c : Trim(text)) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && !name.empty() && name.back() == ' ') continue;
    name.push_back(blank ? ' ' : c);
  }
  const size_t quote = name.find_first_of("'\"");
  const bool quoted = quote != std::string::npos && quote + 1 < name.size() && (quote == 0 || name[quote - 1] == ' ') &&
                      name.find_first_of("'\"", quote + 1) == name.size() - 1 && name.back() == name[quote];
  if (!quoted) return name;
  const std::string_view whole = name;
  const std::string plain = name.substr(0, quote) + std::string(Trim(whole.substr(quote + 1, name.size() - quote - 2)));
  return std::string(Trim(plain));
}

// A comment after a value needs a blank before it: "secret#1" is a value.
std::string_view WithoutComment(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if ((text[i] == '#' || text[i] == ';') && (text[i - 1] == ' ' || text[i - 1] == '\t')) return text.substr(0, i);
  }
  return text;
}

Result<ProfileSections> ReadSections(const std::string& path) {
  if (path.empty()) return ProfileSections{};
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return ProfileSections{};
    return Status::IOError("reading the AWS file ", path, ": ", std::strerror(errno));
  }
  std::string text(kMaxProfileFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) {
    net::Wipe(text.data(), text.size());
    return Status::IOError("reading the AWS file ", path, ": ", std::strerror(errno != 0 ? errno : EIO));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  Result<ProfileSections> sections = text.size() > kMaxProfileFileBytes
                                         ? Status::CapacityError("the AWS file ", path, " is larger than ", kMaxProfileFileBytes, " bytes")
                                         : ParseProfileFile(text, path);
  net::Wipe(text.data(), text.size());
  return sections;
}

std::string ExpandHome(std::string_view path, std::string_view home) {
  if (path.starts_with("~/") && !home.empty()) return std::string(home).append(path.substr(1));
  return std::string(path);
}

}  // namespace

Result<ProfileSections> ParseProfileFile(std::string_view text, std::string_view file) {
  ProfileSections sections;
  ProfileSettings* section = nullptr;
  std::string parent;  // the name whose empty value may be followed by indented settings
  int number = 0;
  const auto broken = [&](std::string_view why) { return Status::Invalid("the AWS file ", file, ", line ", number, ": ", why); };
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    ++number;
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find('\0') != std::string_view::npos) return broken("a zero byte, so this is no text file");
    const std::string_view content = Trim(line);
    if (content.empty() || content[0] == '#' || content[0] == ';') continue;
    const bool indented = line[0] == ' ' || line[0] == '\t';
    if (content[0] == '[' && !indented) {
      const size_t close = content.find(']');
      if (close == std::string_view::npos) return broken("a section without its closing ']'");
      const std::string_view after = Trim(content.substr(close + 1));
      if (!after.empty() && after[0] != '#' && after[0] != ';') return broken("text behind a section's ']'");
      const std::string name = SectionName(content.substr(1, close - 1));
      if (name.empty()) return broken("a section without a name");
      section = &sections[name];
      parent.clear();
      continue;
    }
    if (section == nullptr) return broken("a setting before the first [section]");
    const size_t equals = content.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      // A continued value; none of the settings that we read has one.
      if (indented && !parent.empty()) continue;
      return broken("expected 'name = value' or '[section]'");
    }
    const std::string name = AsciiLower(Trim(content.substr(0, equals)));
    const std::string_view value = Trim(WithoutComment(content.substr(equals + 1)));
    if (indented && !parent.empty()) {
      (*section)[parent + "." + name] = net::Secret(std::string(value));
      continue;
    }
    (*section)[name] = net::Secret(std::string(value));
    parent = value.empty() ? name : "";
  }
  return sections;
}

ProfileFiles ProfileFiles::FromEnvironment(const Environment& environment) {
  const std::string_view home = Lookup(environment, "HOME");
  const auto locate = [&](const std::string& variable, std::string_view name) {
    const std::string_view given = Lookup(environment, variable);
    if (!given.empty()) return ExpandHome(given, home);
    return home.empty() ? std::string() : std::string(home) + "/.aws/" + std::string(name);
  };
  return {locate("AWS_SHARED_CREDENTIALS_FILE", "credentials"), locate("AWS_CONFIG_FILE", "config")};
}

std::string_view SharedProfile::Get(const std::string& name) const {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string_view() : std::string_view(found->second.Reveal());
}

Result<SharedProfile> LoadSharedProfile(const ProfileFiles& files, const std::string& profile) {
  LOTIC_ASSIGN_OR_RETURN(ProfileSections config, ReadSections(files.config));
  LOTIC_ASSIGN_OR_RETURN(ProfileSections credentials, ReadSections(files.credentials));
  SharedProfile merged;
  const auto take = [&merged](ProfileSections& sections, const std::string& name) {
    const auto found = sections.find(name);
    if (found == sections.end()) return;
    merged.found = true;
    for (auto& [setting, value] : found->second) merged.settings[setting] = std::move(value);
  };
  if (profile == "default") take(config, "default");
  take(config, "profile " + profile);
  take(credentials, profile);
  return merged;
}

}  // namespace lotic::aws
