// SPDX-License-Identifier: Apache-2.0
#include "server/pinot_value.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace lotic::server {
namespace {

TEST(JavaText, IsPlainBetweenAThousandthAndTenMillions) {
  EXPECT_EQ(JavaText(0.0), "0.0");
  EXPECT_EQ(JavaText(-0.0), "-0.0");
  EXPECT_EQ(JavaText(1.0), "1.0");
  EXPECT_EQ(JavaText(-1.5), "-1.5");
  EXPECT_EQ(JavaText(100.0), "100.0");
  EXPECT_EQ(JavaText(9999999.0), "9999999.0");
  EXPECT_EQ(JavaText(1e7), "1.0E7");
  EXPECT_EQ(JavaText(12345678.9), "1.23456789E7");
  EXPECT_EQ(JavaText(0.001), "0.001");
  EXPECT_EQ(JavaText(0.00123), "0.00123");
  EXPECT_EQ(JavaText(0.0009), "9.0E-4");
  EXPECT_EQ(JavaText(1.234e-5), "1.234E-5");
  EXPECT_EQ(JavaText(0.1), "0.1");
  EXPECT_EQ(JavaText(123.456), "123.456");
  EXPECT_EQ(JavaText(std::numeric_limits<double>::max()), "1.7976931348623157E308");
  EXPECT_EQ(JavaText(std::numeric_limits<double>::denorm_min()), "5.0E-324");
  EXPECT_EQ(JavaText(0.1F), "0.1");
  EXPECT_EQ(JavaText(3.4028235e38F), "3.4028235E38");
  EXPECT_EQ(JavaText(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(JavaText(-std::numeric_limits<float>::infinity()), "-Infinity");
  EXPECT_EQ(JavaText(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(TimestampText, DropsZerosBehindTheFirstDigitOfTheFraction) {
  EXPECT_EQ(TimestampText(0), "1970-01-01 00:00:00.0");
  EXPECT_EQ(TimestampText(1644586585807), "2022-02-11 13:36:25.807");
  EXPECT_EQ(TimestampText(1644586585120), "2022-02-11 13:36:25.12");
  EXPECT_EQ(TimestampText(-1), "1969-12-31 23:59:59.999");
  EXPECT_EQ(TimestampText(951782400000), "2000-02-29 00:00:00.0");
  EXPECT_EQ(InstantText(1644586585120), "2022-02-11T13:36:25.120Z");
  EXPECT_EQ(TimestampText(std::numeric_limits<int64_t>::max()), "292278994-08-17 07:12:55.807");
}

std::string Rendered(const std::string& type, const std::optional<std::string>& cell) {
  std::string out;
  const Status status = CellWriter::For(type).ValueOrDie().Append(cell, &out);
  return status.ok() ? out : status.ToString();
}

TEST(CellWriter, WritesEachTypeAsPinotDoes) {
  EXPECT_EQ(Rendered("INT", "-2147483648"), "-2147483648");
  EXPECT_EQ(Rendered("LONG", "9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(Rendered("DOUBLE", "3"), "3.0");
  EXPECT_EQ(Rendered("DOUBLE", "1e+20"), "1.0E20");
  EXPECT_EQ(Rendered("DOUBLE", "\"inf\""), "\"Infinity\"");
  EXPECT_EQ(Rendered("DOUBLE", "\"-inf\""), "\"-Infinity\"");
  EXPECT_EQ(Rendered("FLOAT", "\"nan\""), "\"NaN\"");
  EXPECT_EQ(Rendered("FLOAT", "0.1"), "0.1");
  EXPECT_EQ(Rendered("BOOLEAN", "true"), "true");
  EXPECT_EQ(Rendered("TIMESTAMP", "1644586585807"), "\"2022-02-11 13:36:25.807\"");
  EXPECT_EQ(Rendered("STRING", "\"a\\\"b\""), "\"a\\\"b\"");
  EXPECT_EQ(Rendered("JSON", "\"{\\\"a\\\":1}\""), "\"{\\\"a\\\":1}\"");
  EXPECT_EQ(Rendered("BIG_DECIMAL", "\"1.50\""), "\"1.50\"");
  EXPECT_EQ(Rendered("BYTES", "\"00ff\""), "\"00ff\"");
  EXPECT_EQ(Rendered("MAP", "\"{\\\"a\\\":1}\""), "{\"a\":1}");
  EXPECT_EQ(Rendered("MAP", "\"null\""), "null");
  EXPECT_EQ(Rendered("LONG_ARRAY", "[1,2,null]"), "[1,2,null]");
  EXPECT_EQ(Rendered("DOUBLE_ARRAY", "[1,\"inf\",0.5]"), "[1.0,\"Infinity\",0.5]");
  EXPECT_EQ(Rendered("TIMESTAMP_ARRAY", "[0]"), "[\"1970-01-01 00:00:00.0\"]");
  EXPECT_EQ(Rendered("DOUBLE_ARRAY", "[]"), "[]");
  EXPECT_EQ(Rendered("STRING_ARRAY", "[\"a,b\",\"c\"]"), "[\"a,b\",\"c\"]");
  EXPECT_EQ(Rendered("UNKNOWN", std::nullopt), "null");
}

TEST(CellWriter, TellsACellThatIsNotOfItsType) {
  EXPECT_EQ(CellWriter::For("DATE").status().code(), StatusCode::kUnknownError);
  std::string out;
  EXPECT_EQ(CellWriter::For("TIMESTAMP").ValueOrDie().Append("\"2022\"", &out).code(), StatusCode::kUnknownError);
  EXPECT_EQ(CellWriter::For("DOUBLE").ValueOrDie().Append("true", &out).code(), StatusCode::kUnknownError);
}

}  // namespace
}  // namespace lotic::server
