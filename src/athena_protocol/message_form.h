// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

// How a value stands in the JSON of a message. The table of messages (message_table.h) gives each member one of these forms; reading (message_read.cc), writing
// (message_write.cc) and the documentation (message_describe.cc) have one function for each form.

namespace lotic::athena::form {

struct Text {};           // std::string; a whole number is taken for its digits
struct Number {};         // int or int64_t; a text of digits is taken
struct NumberText {};     // int64_t, written as a text
struct Flag {};           // bool; the texts true and false are taken
struct Bytes {};          // std::string as base64; never shown in an error
struct Schema {};         // WireSchema: base64 of a schema message
struct Block {};          // athena::Block: {aId, schema, records}
struct Object {};         // a struct with a MessageTable
struct Choice {};         // a std::variant of such structs: `@type` says which
struct Type {};           // WireType: `@type` and parameters (wire_type_table.h)
struct ValueSet {};       // WireValueSet, as one of the three structs of its table
struct Expression {};     // WireExpression, likewise
struct BoundName {};      // Bound
struct DirectionName {};  // SortDirection
struct OnlyScalar {};     // std::string: "SCALAR" and nothing else

template <typename Item>
struct OrNull {};  // std::optional, or a value that null leaves at its default
template <typename Item>
struct List {};  // std::vector

enum class Repeated : uint8_t { kError, kLastWins };
template <typename Item, Repeated repeated>
struct Map {};  // std::vector of pairs or std::map by text: an object

}  // namespace lotic::athena::form
