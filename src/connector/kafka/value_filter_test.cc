// SPDX-License-Identifier: Apache-2.0
#include "connector/kafka/value_filter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "lotic/batch_builder.h"

namespace lotic::kafka {
namespace {

Scalar RandomScalar(const Type& type, std::mt19937& random) {
  const int n = static_cast<int>(random() % 12) - 4;
  switch (type.id()) {
    case TypeId::kBool: return Scalar(n > 0);
    case TypeId::kUInt8:
    case TypeId::kUInt64: return n == 7 && type.id() == TypeId::kUInt64 ? Scalar(std::numeric_limits<uint64_t>::max()) : Scalar(static_cast<uint64_t>(n + 4));
    case TypeId::kFloat32:
    case TypeId::kFloat64:
      return Scalar(n == 7 ? std::numeric_limits<double>::quiet_NaN() : n == 6 ? std::numeric_limits<double>::infinity() : n == 5 ? -0.0 : n * 0.5);
    case TypeId::kDecimal128: return Scalar(static_cast<Int128>(n));
    case TypeId::kString:
    case TypeId::kBinary:
      return Scalar(n < 0    ? std::string()
                    : n == 7 ? std::string("\xF0\x9F\x98\x80")
                    : n == 6 ? std::string("\xEF\xBF\xBD")
                             : std::string(static_cast<size_t>(n) + 1, 'b'));
    case TypeId::kInt64:
      return n == 7 ? Scalar(std::numeric_limits<int64_t>::max()) : n == -4 ? Scalar(std::numeric_limits<int64_t>::min()) : Scalar(static_cast<int64_t>(n));
    default: return Scalar(static_cast<int64_t>(n));
  }
}

TEST(ValueFilter, AgreesWithTheReferenceOnEveryTypeAndKindOfSet) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<Type> types = {Type::Bool(),   Type::Int8(),   Type::Int16(),   Type::Int32(),   Type::Int64(),
                                   Type::UInt8(),  Type::UInt64(), Type::Float32(), Type::Float64(), Type::Decimal(10, 2),
                                   Type::String(), Type::Binary(), Type::Date(),    Type::Time(),    Type::Timestamp(TimeUnit::kMicro, true)};
  int fast = 0;
  for (int round = 0; round < 3000; ++round) {
    const Type& type = types[random() % types.size()];
    CompareOptions options;
    options.signed_zero_distinct = random() % 4 == 0;
    if (random() % 4 == 0) options.string_order = CompareOptions::StringOrder::kUtf16Unit;
    ValueSet set;
    set.kind = static_cast<ValueSet::Kind>(random() % 5);
    set.null_allowed = random() % 2 == 0;
    for (uint32_t i = random() % 4; set.kind == ValueSet::Kind::kRanges && i-- > 0;) {
      ValueRange range;
      if (random() % 3 != 0) range.low = RandomScalar(type, random);
      if (random() % 3 != 0) range.high = RandomScalar(type, random);
      range.low_inclusive = random() % 2 == 0;
      range.high_inclusive = random() % 2 == 0;
      set.ranges.push_back(range);
    }
    for (uint32_t i = random() % 4; (set.kind == ValueSet::Kind::kListed || set.kind == ValueSet::Kind::kUnlisted) && i-- > 0;) {
      set.values.push_back(RandomScalar(type, random));
    }
    ASSERT_TRUE(NormalizeValueSet(type, options, &set).ok());
    BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"c", type}}, {}}));
    std::vector<Scalar> values;
    for (int i = 0; i < 40; ++i) {
      values.push_back(random() % 5 == 0 ? Scalar() : RandomScalar(type, random));
      AppendScalar(values.back(), &builder.column(0));
    }
    const Batch batch = builder.Finish(40);
    std::vector<uint8_t> keep(40, 1);
    keep[3] = 0;
    const ValueFilter filter(type, set, options);
    fast += filter.is_fast() ? 1 : 0;
    filter.Apply(batch.column(0), keep);
    for (size_t i = 0; i < values.size(); ++i) {
      const bool expected = i != 3 && ValueSetAllows(type, options, set, values[i]);
      ASSERT_EQ(keep[i] != 0, expected) << type.ToString() << " " << ScalarToString(type, values[i]) << " kind " << static_cast<int>(set.kind);
    }
  }
  EXPECT_GT(fast, 1000);  // the plain loops are what is used
}

}  // namespace
}  // namespace lotic::kafka
