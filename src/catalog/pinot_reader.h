// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/json_tree.h"
#include "catalog/pinot_keys.h"
#include "lotic/status.h"

// What the readers of Pinot's documents share: members checked by the tables of keys, then taken as values.

namespace lotic::catalog {

inline constexpr size_t kMaxPinotWarnings = 200;      ///< of one document; those beyond are counted in a last one
inline constexpr size_t kMaxUnrecognizedKeys = 1000;  ///< of one document: CapacityError

inline constexpr std::string_view kHiddenSecret = "******";
/// Values of passwords and the like (see IsSecretOption), however deep, become kHiddenSecret; those that are `${NAME}` alone stay.
void HideSecrets(JsonTree* tree);

/// What there is to say about a document, besides errors.
class Findings {
 public:
  void Warn(std::string sentence);
  /// "KEY has no effect: WHY".
  void WarnNoEffect(std::string_view path, std::string_view why);
  /// A secret's value is not kept.
  Status Unrecognized(std::string path, const JsonTree& value);

  std::vector<std::string> TakeWarnings();
  /// Of the table that the document is about; "" at first.
  const std::string& table_name() const { return table_name_; }
  void set_table_name(std::string name) { table_name_ = std::move(name); }
  std::string unrecognized() const { return WriteJson(unrecognized_); }

 private:
  std::vector<std::string> warnings_;
  size_t dropped_ = 0;
  std::string table_name_;
  JsonTree unrecognized_ = JsonTree::Object();
};

/// A value in a message: "a text" in quotes and cut where long, digits, "an object", …; "******" where `key` is one of secrets.
std::string ShownJson(std::string_view key, const JsonTree& value);

/// Each member of `object` by the table of `place`: types are checked, what has no effect warned about, what is refused refused, what is unknown collected. `path`: where the object stands,
/// "" or "segmentsConfig."; it begins all messages. Errors: Invalid, CapacityError.
Status CheckKeys(const JsonTree& object, std::string_view place, const std::string& path, Findings* findings);

/// A value of a key's type, or the like of it ("5" for 5, "true" for true). Errors: Invalid, beginning with `path`.
Status CheckType(const JsonTree& value, KeyType type, const std::string& path);

// Values of members that CheckKeys has seen; the fallback where there is none (or null).
std::string TextAt(const JsonTree& object, std::string_view key);  ///< "" where there is none; numbers and booleans as they are written
bool BoolAt(const JsonTree& object, std::string_view key, bool fallback = false);
int64_t IntAt(const JsonTree& object, std::string_view key, int64_t fallback);
std::vector<std::string> TextsAt(const JsonTree& object, std::string_view key);

/// The text of a scalar; "" for others.
std::string ScalarText(const JsonTree& value);
bool ParseIntegerText(std::string_view text, int64_t* value);  ///< decimal, with an optional sign
bool ParseNumberText(std::string_view text, double* value);    ///< finite
bool ParseBooleanText(std::string_view text, bool* value);     ///< true or false, in any case

/// Objects in an array, with their path "dimensionFieldSpecs.0."; null items are passed over. Errors: Invalid: an item that is no object.
struct PlacedObject {
  const JsonTree* object;
  std::string path;
};
Result<std::vector<PlacedObject>> ObjectsAt(const JsonTree& object, std::string_view key, const std::string& path);

}  // namespace lotic::catalog
