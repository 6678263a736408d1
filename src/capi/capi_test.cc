// SPDX-License-Identifier: Apache-2.0
// What c_api_test.c cannot show: several threads, faults of a broker, residual filters.
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "broker/broker.h"
#include "broker/demo_data.h"
#include "lotic/c.h"

namespace lotic {
namespace {

using broker::Broker;
using broker::Fault;
using broker::FaultAction;
using Json = nlohmann::ordered_json;
using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{30};

/// Calls a function whose last outputs are a text and an error; fails the test where the call does.
std::string Text(const std::function<lotic_status(char**, char**)>& call) {
  char *text = nullptr, *error = nullptr;
  const lotic_status status = call(&text, &error);
  EXPECT_EQ(status, LOTIC_OK) << (error == nullptr ? "" : error);
  std::string out = text == nullptr ? "" : text;
  lotic_string_release(text);
  lotic_string_release(error);
  return out;
}

/// A planned reading of one table through c.h.
class Planned {
 public:
  Planned(const std::string& type, const std::string& path, const std::string& table, const std::string& columns, const char* constraints,
          const std::function<void(Json*)>& change = {}) {
    char* error = nullptr;
    EXPECT_EQ(lotic_connector_open(type.c_str(), path.c_str(), nullptr, &connector_, &error), LOTIC_OK) << error;
    const std::string described = Text([&](char** out, char** e) { return lotic_table(connector_, nullptr, "default", table.c_str(), out, e); });
    Json request = Json::parse(Text([&](char** out, char** e) { return lotic_request(described.c_str(), columns.c_str(), nullptr, constraints, -1, out, e); }));
    if (change) change(&request);
    plan_ = Text([&](char** out, char** e) { return lotic_prepare(connector_, nullptr, described.c_str(), request.dump().c_str(), out, e); });
    request["token"] = Json::parse(plan_)["token"];
    request_ = request.dump();
    splits_ = Json::parse(
        Text([&](char** out, char** e) { return lotic_splits(connector_, nullptr, request_.c_str(), plan_.c_str(), nullptr, 0, out, e); }))["splits"];
  }
  ~Planned() { lotic_connector_release(connector_); }
  Planned(const Planned&) = delete;
  Planned& operator=(const Planned&) = delete;

  const Json& splits() const { return splits_; }
  lotic_reader* Open(const Json& splits) const {
    lotic_reader* reader = nullptr;
    char* error = nullptr;
    EXPECT_EQ(lotic_open(connector_, nullptr, request_.c_str(), splits.dump().c_str(), &reader, &error), LOTIC_OK) << error;
    return reader;
  }
  /// The certificate of the table, had it this one split.
  Json Sum(const Json& split, const Json& certificate) const {
    const std::string splits = Json::array({split}).dump(), certificates = Json::array({certificate}).dump();
    return Json::parse(Text(
        [&](char** out, char** e) { return lotic_certificate(request_.c_str(), plan_.c_str(), splits.c_str(), certificates.c_str(), out, e); }))["tables"][0];
  }

 private:
  lotic_connector* connector_ = nullptr;
  std::string request_, plan_;
  Json splits_;
};

struct Read {
  int code = 0;
  int64_t rows = 0;
  std::string message;
};

Read ReadAll(lotic_reader* reader) {
  Read read;
  ArrowArrayStream stream;
  EXPECT_EQ(lotic_reader_stream(reader, -1, &stream, nullptr), LOTIC_OK);
  while (true) {
    ArrowArray array;
    read.code = stream.get_next(&stream, &array);
    if (read.code != 0 || array.release == nullptr) break;
    read.rows += array.length;
    array.release(&array);
  }
  if (read.code != 0) read.message = stream.get_last_error(&stream);
  stream.release(&stream);
  return read;
}

std::unique_ptr<Broker> Demo() {
  auto broker = Broker::Start();
  EXPECT_TRUE(broker.ok() && broker::FillDemo(**broker).ok());
  return std::move(*broker);
}

TEST(CApi, AppliesWhatTheSourceLeavesToTheDoor) {
  // id = 7 OR tags IS NULL, as an expression: no connector evaluates those.
  const char* either = R"([{"columns":[],"expressions":[{"kind":"call","type":"BOOLEAN","name":"or","args":[
    {"kind":"call","type":"BOOLEAN","name":"equal","args":[{"kind":"column","type":"BIGINT","name":"id"},{"kind":"constant","type":"BIGINT","value":"7"}]},
    {"kind":"call","type":"BOOLEAN","name":"is_null","args":[{"kind":"column","type":"VARCHAR","name":"name"}]}]}]}])";
  const Planned planned("memory", "sample", "types", R"(["price"])", either);
  lotic_reader* reader = planned.Open(planned.splits());
  const Read read = ReadAll(reader);
  lotic_reader_release(reader);
  EXPECT_EQ(read.code, 0) << read.message;
  EXPECT_EQ(read.rows, 27);  // every ninth of 240 rows is NULL
}

TEST(CApi, BeginsASplitWhereItIsTold) {
  const auto broker = Demo();
  const Planned planned("kafka", broker->bootstrap(), "orders", "[]", nullptr);
  Json split = planned.splits()[0];
  const int64_t end = std::stoll(split["end"].get<std::string>());
  lotic_reader* reader = planned.Open(Json::array({{{"split", split}, {"position", std::to_string(end - 5)}}}));
  const Read read = ReadAll(reader);
  EXPECT_EQ(read.code, 0) << read.message;
  EXPECT_EQ(read.rows, 5);
  lotic_reader_release(reader);
}

TEST(CApi, ACertificateOfATailIsNotOneOfTheSplit) {
  const auto broker = Demo();
  const Planned planned("kafka", broker->bootstrap(), "orders", "[]", nullptr);
  const Json split = planned.splits()[0];
  lotic_reader* reader = planned.Open(Json::array({split}));
  EXPECT_EQ(ReadAll(reader).code, 0);
  Json certificate = Json::parse(Text([&](char** out, char** e) { return lotic_reader_certificate(reader, 0, out, e); }));
  lotic_reader_release(reader);
  EXPECT_TRUE(planned.Sum(split, certificate)["complete"].get<bool>());
  certificate["read_start"] = "5";  // as a reader writes it that began there
  const Json table = planned.Sum(split, certificate);
  EXPECT_FALSE(table["complete"].get<bool>());
  EXPECT_THAT(table["partitions"][0]["notes"].dump(), HasSubstr("read from 5 only"));
}

TEST(CApi, AReaderIsCancelledFromAnotherThreadWhileItWaits) {
  const auto broker = Demo();
  const Planned planned("kafka", broker->bootstrap(), "orders", "[]", nullptr);
  Fault held;
  held.action = FaultAction::Hold();
  held.times = Fault::kAlways;
  broker->AddFault(held);
  broker->ForgetRequests();
  lotic_reader* reader = planned.Open(planned.splits());
  std::thread other([&] {
    EXPECT_TRUE(broker->WaitForRequests(kafka_protocol::ApiKey::kFetch, 1, kPatience));
    lotic_reader_cancel(reader);
  });
  const Read read = ReadAll(reader);
  other.join();
  EXPECT_EQ(read.code, ECANCELED) << read.message;
  EXPECT_EQ(lotic_reader_status(reader, nullptr), LOTIC_CANCELLED);
  lotic_reader_release(reader);
}

TEST(CApi, RecordsThatAreGoneFailTheStreamUnlessThePolicyGoesOn) {
  const auto broker = Demo();
  for (const char* policy : {"fail", "warn"}) {
    const Planned planned("kafka", broker->bootstrap(), "orders", "[]", nullptr, [&](Json* request) { (*request)["policy"]["on_data_loss"] = policy; });
    const int64_t start = std::stoll(planned.splits()[0]["start"].get<std::string>());
    const int64_t end = std::stoll(planned.splits()[0]["end"].get<std::string>());
    const auto partition = static_cast<int32_t>(std::stoi(planned.splits()[0]["partition"].get<std::string>()));
    ASSERT_TRUE(broker->SetLogStart("orders", partition, start + (end - start) / 2).ok());
    lotic_reader* reader = planned.Open(Json::array({planned.splits()[0]}));
    const Read read = ReadAll(reader);
    const Json certificate = Json::parse(Text([&](char** out, char** e) { return lotic_reader_certificate(reader, 0, out, e); }));
    EXPECT_FALSE(certificate["complete"].get<bool>());
    if (std::string(policy) == "fail") {
      EXPECT_EQ(read.code, ENODATA) << read.message;
      EXPECT_EQ(lotic_reader_status(reader, nullptr), LOTIC_DATA_LOSS);
    } else {
      EXPECT_EQ(read.code, 0) << read.message;
      EXPECT_EQ(certificate["reason"], "data_loss");
      EXPECT_GT(std::stoll(certificate["missing"].get<std::string>()), 0);
      EXPECT_EQ(read.rows, std::stoll(certificate["returned"].get<std::string>()));
    }
    lotic_reader_release(reader);
  }
}

TEST(CApi, EndlessReadingIsSaidNotToBeBuilt) {
  const Planned planned("memory", "sample", "numbers", "[]", nullptr);
  Json endless = planned.splits()[0];
  endless["end"] = nullptr;
  lotic_connector* connector = nullptr;
  ASSERT_EQ(lotic_connector_open("memory", "sample", nullptr, &connector, nullptr), LOTIC_OK);
  const std::string table = Text([&](char** out, char** e) { return lotic_table(connector, nullptr, "default", "numbers", out, e); });
  Json request = Json::parse(Text([&](char** out, char** e) { return lotic_request(table.c_str(), nullptr, nullptr, nullptr, -1, out, e); }));
  request["token"] = "x";
  lotic_reader* reader = nullptr;
  char* error = nullptr;
  EXPECT_EQ(lotic_open(connector, nullptr, request.dump().c_str(), Json::array({endless}).dump().c_str(), &reader, &error), LOTIC_NOT_IMPLEMENTED);
  ASSERT_NE(error, nullptr);
  EXPECT_THAT(error, HasSubstr("not built yet"));
  lotic_string_release(error);
  lotic_connector_release(connector);
}

}  // namespace
}  // namespace lotic
