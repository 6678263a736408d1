// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <mutex>

#include "athena/test_door.h"
#include "aws/test_http_server.h"
#include "connector/memory/memory_connector.h"

// Whole queries whose rows go to S3's HTTP, found as the environment says, and to a directory.

namespace lotic::athena {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

const TableName kOrders{"default", "orders"};

class S3SpillTest : public ::testing::Test {
 protected:
  aws::TestHttpAnswer Answer(const aws::TestHttpRequest& request) {
    const std::lock_guard lock(mutex_);
    if (request.method == "HEAD") return {.status = bucket_status_};
    if (request.method == "PUT") {
      ++puts_;
      if (const auto refused = refusals_.find(request.target.substr(request.target.rfind('.'))); refused != refusals_.end() && refused->second-- > 0) {
        return {.status = 503, .body = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"};
      }
      encryption_headers_ += request.Header("x-amz-server-side-encryption") == "AES256" ? 1 : 0;
      objects_[request.target] = request.body;
      return {};
    }
    const auto at = objects_.find(request.target);
    return at == objects_.end() ? aws::TestHttpAnswer{.status = 404, .body = "<Error><Code>NoSuchKey</Code></Error>"} : aws::TestHttpAnswer{.body = at->second};
  }

  Result<EngineAnswer> Run(const EngineQuery& query) {
    const auto function = MakeConnectorFunction(memory::MakeAthenaSampleData()->connector(), environment_);
    if (!function.ok()) return function.status();
    const auto reader = MakeS3SpillStore(environment_, {}).ValueOrDie();
    return TestEngine(**function, reader.get()).Run(query);
  }

  std::mutex mutex_;  // guards the members below
  std::map<std::string, std::string> objects_;
  std::map<std::string, int> refusals_;  // by the end of the key
  int bucket_status_ = 200;
  int puts_ = 0;
  int encryption_headers_ = 0;
  aws::TestHttpServer server_{[this](const aws::TestHttpRequest& request) { return Answer(request); }};
  Environment environment_ = {{"AWS_ENDPOINT_URL_S3", server_.url()},
                              {"AWS_REGION", "eu-central-1"},
                              {"AWS_ACCESS_KEY_ID", "AKID"},
                              {"AWS_SECRET_ACCESS_KEY", "secret"},
                              {"HOME", "/nonexistent"},
                              {"spill_bucket", "my-spill"},
                              {"spill_put_request_headers", R"({"x-amz-server-side-encryption": "AES256"})"},
                              {"throttle_initial_delay_ms", "1"}};
};

TEST_F(S3SpillTest, SpilledRowsEqualInlineRowsAndHeadersGoWithEveryObject) {
  const EngineAnswer plain = Run({kOrders}).ValueOrDie();
  ASSERT_THAT(plain.rows, SizeIs(120));
  EXPECT_EQ(puts_, 0);
  const Result<EngineAnswer> spilled = Run({kOrders, std::nullopt, {}, 1000, 1});
  ASSERT_TRUE(spilled.ok()) << spilled.status();
  EXPECT_EQ(spilled->rows, plain.rows);
  EXPECT_EQ(spilled->spilled_splits, 3u);
  EXPECT_THAT(objects_, SizeIs(spilled->objects.size()));
  EXPECT_EQ(encryption_headers_, puts_);
  EXPECT_THAT(objects_.begin()->first, HasSubstr("/my-spill/athena-federation-spill/query-1/"));
}

TEST_F(S3SpillTest, SlowDownBeforeTheFirstBlockIsThrottledAtOnceAndLaterTriedAgain) {
  refusals_ = {{".0", 1}};
  const Status first = Run({kOrders, std::nullopt, {}, 1'000'000, 1}).status();
  EXPECT_EQ(first.code(), StatusCode::kThrottled) << first;
  EXPECT_EQ(puts_, 1);
  refusals_ = {{".2", 3}};  // of two writers the one that gets so far has written a block
  const Result<EngineAnswer> later = Run({kOrders, std::nullopt, {}, 1000, 1});
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_THAT(later->rows, SizeIs(120));
}

TEST_F(S3SpillTest, Check34ABucketThatIsMissingOrRefusedMakesNoSplits) {
  for (const int status : {403, 404}) {
    bucket_status_ = status;
    const Status refused = Run({kOrders}).status();
    EXPECT_EQ(refused.code(), StatusCode::kInvalid) << refused;
    EXPECT_THAT(refused.message(), HasSubstr("my-spill"));
  }
}

TEST(DirectorySpill, RowsThatWentThroughADirectoryEqualInlineRows) {
  std::string folder = (std::filesystem::temp_directory_path() / "lotic-spill-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string bucket = "file://" + folder;
  const auto function = MakeConnectorFunction(memory::MakeAthenaSampleData()->connector(), {{"spill_bucket", bucket}}).ValueOrDie();
  const auto store = MakeDirectorySpillStore(bucket).ValueOrDie();
  TestEngine engine(*function, store.get());
  const EngineAnswer plain = engine.Run({{"default", "types"}}).ValueOrDie();
  const Result<EngineAnswer> spilled = engine.Run({{"default", "types"}, std::nullopt, {}, 3000, 1});
  ASSERT_TRUE(spilled.ok()) << spilled.status();
  EXPECT_EQ(spilled->rows, plain.rows);
  EXPECT_GT(spilled->objects.size(), 6u);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lotic::athena
