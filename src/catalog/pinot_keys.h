// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

// The keys of Pinot's schema and table JSON that are known here, and what becomes of each. The readers go by these tables; docs/reference/realtime-definitions.md shows them (a test compares).

namespace lotic::catalog {

enum class KeySupport : uint8_t {
  kHonoured,  ///< H: does what Pinot's documentation says
  kWarned,    ///< W: checked for its type, stored, shown again, and a warning says that it has no effect
  kRefused,   ///< R: an error names key and reason, unless its value is what Pinot has without the key (null, false, "", {}, [])
};

enum class KeyType : uint8_t { kText, kBoolean, kInteger, kNumber, kObject, kArray, kTexts /* an array of texts */, kAny };

struct DefinitionKey {
  std::string_view place;  ///< where it stands: "schema", "field", "table", "segmentsConfig", …, "stream", "client"
  std::string_view key;    ///< in "stream": `<T>` stands for the stream's type; a trailing `*` for anything
  KeySupport support;
  KeyType type;
  std::string_view note;        ///< W: ends the sentence "KEY has no effect: …"; R: "KEY: …"; H: what it does, for the documentation
  std::string_view quiet = "";  ///< W: a value that says what is so anyway, in any case of letters: no warning; "<table>": the table's name
};

/// All of them, grouped by place.
std::span<const DefinitionKey> PinotKeys();
/// Those of one place.
std::span<const DefinitionKey> PinotKeys(std::string_view place);
/// Null: unknown there. `*` and `<T>` are matched ("stream.kafka.topic.name" is "stream.<T>.topic.name").
const DefinitionKey* FindPinotKey(std::string_view place, std::string_view key);

char KeySupportLetter(KeySupport support);   ///< 'H', 'W', 'R'
std::string_view KeyTypeName(KeyType type);  ///< "text", "true or false", "an integer", …

}  // namespace lotic::catalog
