// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lotic/value.h"

namespace lotic {

/// What a Value holds that is no scalar.
struct Value::Nested {
  struct List {
    std::vector<Value> items;
  };
  struct Map {
    std::vector<std::pair<Value, Value>> entries;
  };
  struct Struct {
    std::vector<std::pair<std::string, Value>> members;
  };
  struct ResolvedList {
    size_t count;
    ListResolver item;
  };
  struct ResolvedStruct {
    StructResolver member;
  };
  std::variant<List, Map, Struct, ResolvedList, ResolvedStruct> form;
};

/// "a list", for messages.
inline std::string_view NestedName(const Value::Nested& nested) {
  switch (nested.form.index()) {
    case 1: return "a map";
    case 0:
    case 3: return "a list";
    default: return "a struct";
  }
}

}  // namespace lotic
