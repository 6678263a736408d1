// SPDX-License-Identifier: Apache-2.0
#include "athena/spiller.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <system_error>
#include <thread>
#include <vector>

#include "athena/test_spill_store.h"
#include "athena_protocol/ipc.h"
#include "athena_protocol/spill_object.h"
#include "lotic/batch_builder.h"

namespace lotic::athena {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const SpillLocation kPlace{"bucket", "prefix/query/split", true};
const WireSchema kNumbers{{{"col1", true, {.kind = WireKind::kInt, .bit_width = 64}}}};

Batch Numbers(int64_t first, int64_t count) {
  BatchBuilder builder(std::make_shared<const Schema>(Schema{{{"col1", Type::Int64()}}}));
  for (int64_t i = first; i < first + count; ++i) builder.column(0).AppendInt64(i);
  return builder.Finish(count);
}

class SpillerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Spiller> Make(SpillerOptions options = {2, 2}, SpillLocation place = kPlace, const CallContext& ctx = CallContext()) {
    return std::make_unique<Spiller>(ctx, store_, invoker_, std::move(place), key_, options);
  }
  TestSpillStore store_;
  ThrottlingInvoker invoker_{ThrottleOptions{}, [](const CallContext&, std::chrono::milliseconds) { return Status::OK(); }};
  std::optional<EncryptionKey> key_;
};

TEST_F(SpillerTest, Check52TheListIsCompleteAndInOrderForHundredsOfSmallBlocks) {
  for (const int threads : {1, 2, 4}) {
    for (int round = 0; round < 10; ++round) {
      const SpillLocation place{"bucket", "p/" + std::to_string(threads) + "/" + std::to_string(round), true};
      auto spiller = Make({threads, 1 + round % 3}, place);
      for (int64_t i = 0; i < 300; ++i) ASSERT_TRUE(spiller->Submit(Numbers(i, 1)).ok());
      const std::vector<SpillLocation> objects = spiller->Finish().ValueOrDie();
      ASSERT_EQ(objects.size(), 300u);
      for (int64_t i = 0; i < 300; ++i) {
        const SpillLocation& object = objects[static_cast<size_t>(i)];
        ASSERT_EQ(object, (SpillLocation{"bucket", place.key + "." + std::to_string(i), false}));
        const Block block = DecodeSpillObject(store_.Get(CallContext(), object.bucket, object.key).ValueOrDie(), key_, kNumbers).ValueOrDie();
        ASSERT_EQ(block.rows.column(0).values<int64_t>()[0], i);
      }
    }
  }
}

TEST_F(SpillerTest, Check36AnObjectIsTheSealedLegacyBatch) {
  key_ = MakeEncryptionKey().ValueOrDie();
  auto spiller = Make();
  ASSERT_TRUE(spiller->Submit(Numbers(5, 3)).ok());
  const SpillLocation object = spiller->Finish().ValueOrDie().at(0);
  std::string plain;
  EncodeBatch(Numbers(5, 3), Framing::kLegacy, &plain);
  const std::string stored = store_.Get(CallContext(), object.bucket, object.key).ValueOrDie();
  EXPECT_EQ(stored.size(), plain.size() + 16);
  EXPECT_EQ(OpenAesGcm(*key_, stored).ValueOrDie(), plain);
  EXPECT_EQ(spiller->bytes(), static_cast<int64_t>(stored.size()));
}

// Two writers really write at once, and the producer waits when all places are taken.
TEST_F(SpillerTest, Check37WritesInParallelAndHoldsTheProducerBack) {
  std::mutex mutex;
  std::condition_variable changed;
  int inside = 0;
  bool open = false;
  store_.before_put = [&](const CallContext&, const std::string&) {
    std::unique_lock lock(mutex);
    ++inside;
    changed.notify_all();
    changed.wait(lock, [&] { return open; });
    return Status::OK();
  };
  auto spiller = Make({2, 2});
  std::atomic<int> submitted{0};
  std::jthread producer([&] {
    for (int64_t i = 0; i < 6; ++i) {
      ASSERT_TRUE(spiller->Submit(Numbers(i, 1)).ok());
      ++submitted;
    }
  });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return inside == 2; });
  }
  while (submitted < 4) std::this_thread::yield();  // two are being written, two wait
  EXPECT_LE(submitted, 4);
  {
    const std::lock_guard lock(mutex);
    open = true;
  }
  changed.notify_all();
  producer.join();
  EXPECT_EQ(spiller->Finish().ValueOrDie().size(), 6u);
}

// "Resource temporarily unavailable" is what a machine at its limit of tasks answers: no reason to lose a split, less one to lose the process.
TEST_F(SpillerTest, AMachineWithoutAThreadToSpareWritesWithThoseThatItHas) {
  for (const int to_spare : {0, 1}) {
    SCOPED_TRACE(to_spare);
    int left = to_spare;
    std::atomic<int> asked{0};
    store_.before_put = [&](const CallContext&, const std::string&) {
      while (asked <= to_spare) std::this_thread::yield();  // until one has been refused
      return Status::OK();
    };
    SpillerOptions options{2, 2};
    options.start = [&](std::function<void()> work) {
      ++asked;
      if (left-- > 0) return std::jthread(std::move(work));
      throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    };
    const SpillLocation place{"bucket", "spare/" + std::to_string(to_spare), true};
    auto spiller = Make(options, place);
    for (int64_t i = 0; i < 50; ++i) ASSERT_TRUE(spiller->Submit(Numbers(i, 1)).ok());
    const std::vector<SpillLocation> objects = spiller->Finish().ValueOrDie();
    ASSERT_EQ(objects.size(), 50u);
    for (int64_t i = 0; i < 50; ++i) {
      const SpillLocation& object = objects[static_cast<size_t>(i)];
      ASSERT_EQ(object.key, place.key + "." + std::to_string(i));
      ASSERT_EQ(
          DecodeSpillObject(store_.Get(CallContext(), object.bucket, object.key).ValueOrDie(), key_, kNumbers).ValueOrDie().rows.column(0).values<int64_t>()[0],
          i);
    }
    EXPECT_GT(asked, to_spare);
    store_.before_put = nullptr;
  }
}

TEST_F(SpillerTest, AWriteThatFailsOnTheCallersThreadFailsTheCall) {
  SpillerOptions options{2, 2};
  options.start = [](const std::function<void()>&) -> std::jthread {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  };
  store_.before_put = [](const CallContext&, const std::string& key) { return key.ends_with(".1") ? Status::IOError("the bucket is gone") : Status::OK(); };
  auto spiller = Make(options);
  EXPECT_TRUE(spiller->Submit(Numbers(0, 1)).ok());
  EXPECT_THAT(spiller->Submit(Numbers(1, 1)).message(), HasSubstr("the bucket is gone"));
  EXPECT_FALSE(spiller->Finish().ok());
}

TEST_F(SpillerTest, Check37TheFirstWriteErrorFailsTheCallAndWhatWasWrittenIsAbandoned) {
  for (const int failing : {0, 3, 9}) {  // the last block's failure too
    store_.before_put = [&](const CallContext&, const std::string& key) {
      return key.ends_with("." + std::to_string(failing)) ? Status::IOError("the disk is full") : Status::OK();
    };
    auto spiller = Make();
    Status status;
    for (int64_t i = 0; i < 10 && status.ok(); ++i) status = spiller->Submit(Numbers(i, 1));
    const Result<std::vector<SpillLocation>> list = status.ok() ? spiller->Finish() : Result<std::vector<SpillLocation>>(status);
    ASSERT_FALSE(list.ok()) << failing;
    EXPECT_EQ(list.status().code(), StatusCode::kIOError);
    EXPECT_THAT(list.status().message(), HasSubstr("spilling block " + std::to_string(failing) + " to bucket: the disk is full"));
    spiller.reset();
    EXPECT_THAT(store_.objects(), IsEmpty());
  }
}

TEST_F(SpillerTest, AnEarlyStopAbandonsWhatWasWritten) {
  auto spiller = Make();
  for (int64_t i = 0; i < 20; ++i) ASSERT_TRUE(spiller->Submit(Numbers(i, 1)).ok());
  spiller.reset();
  EXPECT_THAT(store_.objects(), IsEmpty());
}

TEST_F(SpillerTest, AWaitingProducerIsStoppedWithItsCall) {
  std::stop_source stop;
  CallContext ctx;
  ctx.stop = stop.get_token();
  std::atomic<int> inside{0};
  store_.before_put = [&](const CallContext& inner, const std::string&) {
    ++inside;
    while (!inner.stop.stop_requested()) std::this_thread::yield();
    return Status::Cancelled("writing");
  };
  auto spiller = Make({1, 1}, kPlace, ctx);
  ASSERT_TRUE(spiller->Submit(Numbers(0, 1)).ok());
  std::jthread stopper([&] {
    while (inside == 0) std::this_thread::yield();
    stop.request_stop();
  });
  Status status;
  for (int i = 0; i < 3 && status.ok(); ++i) status = spiller->Submit(Numbers(i, 1));
  EXPECT_TRUE(status.IsCancelled()) << status;
}

TEST_F(SpillerTest, AThrottledWriteIsRepeatedOnceABlockHasBeenWritten) {
  std::atomic<int> refusals{3};
  store_.before_put = [&](const CallContext&, const std::string& key) {
    return key.ends_with(".1") && refusals-- > 0 ? Status::Throttled("SlowDown") : Status::OK();
  };
  auto spiller = Make({1, 1});
  for (int64_t i = 0; i < 3; ++i) ASSERT_TRUE(spiller->Submit(Numbers(i, 1)).ok());
  EXPECT_EQ(spiller->Finish().ValueOrDie().size(), 3u);
  EXPECT_EQ(store_.objects().size(), 3u);
}

// What counts is what stands in the store, not the number of the block.
TEST_F(SpillerTest, AThrottledBlock0IsRepeatedOnceALaterBlockHasBeenWritten) {
  std::mutex mutex;
  std::condition_variable changed;
  int written = 0;
  std::atomic<int> refusals{1};
  store_.before_put = [&](const CallContext&, const std::string& key) {
    std::unique_lock lock(mutex);
    if (key.ends_with(".0") && refusals-- > 0) {
      changed.wait(lock, [&] { return written > 2; });  // the two before the last of them stand
      return Status::Throttled("SlowDown");
    }
    if (!key.ends_with(".0")) ++written;
    changed.notify_all();
    return Status::OK();
  };
  auto spiller = Make({2, 2});
  for (int64_t i = 0; i < 5; ++i) ASSERT_TRUE(spiller->Submit(Numbers(i, 1)).ok());
  const Result<std::vector<SpillLocation>> objects = spiller->Finish();
  ASSERT_TRUE(objects.ok()) << objects.status();
  EXPECT_EQ(objects->size(), 5u);
  EXPECT_EQ(store_.objects().size(), 5u);
}

TEST_F(SpillerTest, ALaterBlockThatIsThrottledBeforeAnyWasWrittenIsThrottledForAthena) {
  std::mutex mutex;
  std::condition_variable changed;
  bool refused = false;
  int attempts = 0;
  store_.before_put = [&](const CallContext& inner, const std::string& key) {
    std::unique_lock lock(mutex);
    if (key.ends_with(".1")) {
      refused = true;
      ++attempts;
      changed.notify_all();
      return Status::Throttled("SlowDown");
    }
    changed.wait(lock, [&] { return refused; });
    lock.unlock();
    while (!inner.stop.stop_requested()) std::this_thread::yield();  // it is the refusal that ends the call
    return Status::Cancelled("writing");
  };
  CallContext ctx;
  ctx.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  auto spiller = Make({2, 2}, kPlace, ctx);
  Status status;
  for (int64_t i = 0; i < 2 && status.ok(); ++i) status = spiller->Submit(Numbers(i, 1));
  if (status.ok()) status = spiller->Finish().status();
  EXPECT_EQ(status.code(), StatusCode::kThrottled) << status;
  EXPECT_EQ(attempts, 1);
}

TEST_F(SpillerTest, AThrottledFirstWriteIsThrottledForAthena) {
  store_.before_put = [&](const CallContext&, const std::string&) { return Status::Throttled("SlowDown"); };
  auto spiller = Make({1, 1});
  ASSERT_TRUE(spiller->Submit(Numbers(0, 1)).ok());
  EXPECT_EQ(spiller->Finish().status().code(), StatusCode::kThrottled);
}

TEST_F(SpillerTest, Check31ALocationThatIsAnObjectIsRefused) {
  auto spiller = Make({2, 2}, {"bucket", "key", false});
  EXPECT_EQ(spiller->Submit(Numbers(0, 1)).code(), StatusCode::kInvalid);
}

// ---- The directory store.

class DirectoryStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "lotic-spill-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    bucket_ = "file://" + root_;
    store_ = MakeDirectorySpillStore(bucket_).ValueOrDie();
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string root_, bucket_;
  std::shared_ptr<SpillStore> store_;
  const CallContext ctx_;
};

TEST_F(DirectoryStoreTest, KeepsWholeObjectsByTheirKeyAndNeverReplacesOne) {
  ASSERT_TRUE(store_->CheckBucket(ctx_, bucket_).ok());
  const std::string body("a\0b", 3);
  ASSERT_TRUE(store_->Put(ctx_, bucket_, "p/q/s.0", body).ok());
  EXPECT_EQ(store_->Get(ctx_, bucket_, "p/q/s.0").ValueOrDie(), body);
  const Status again = store_->Put(ctx_, bucket_, "p/q/s.0", "other");
  EXPECT_EQ(again.code(), StatusCode::kInvalid) << again;
  EXPECT_EQ(store_->Get(ctx_, bucket_, "p/q/s.0").ValueOrDie(), body);
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) files += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(files, 1u);  // nothing half-written stays
  EXPECT_EQ(store_->Get(ctx_, bucket_, "p/q/s.1").status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(store_->Abandon(ctx_, bucket_, "p/q/s.0").ok());
  EXPECT_EQ(store_->Get(ctx_, bucket_, "p/q/s.0").status().code(), StatusCode::kNotFound);
}

TEST_F(DirectoryStoreTest, OfTwoWhoWriteOneObjectAtOnceOneWritesItWhole) {
  const std::string bodies[] = {std::string(4'000'000, 'a'), std::string(4'000'000, 'b')};
  for (int round = 0; round < 20; ++round) {
    const std::string key = "p/s." + std::to_string(round);
    std::latch both(2);
    Status outcomes[2];
    {
      std::vector<std::jthread> writers;
      for (size_t i = 0; i < 2; ++i) {
        writers.emplace_back([&, i] {
          both.arrive_and_wait();
          outcomes[i] = store_->Put(ctx_, bucket_, key, bodies[i]);
        });
      }
    }
    ASSERT_NE(outcomes[0].ok(), outcomes[1].ok()) << outcomes[0] << "; " << outcomes[1];
    ASSERT_TRUE(store_->Get(ctx_, bucket_, key).ValueOrDie() == bodies[outcomes[0].ok() ? 0 : 1]) << "round " << round;
  }
}

TEST_F(DirectoryStoreTest, WritesNowhereElse) {
  EXPECT_EQ(store_->Put(ctx_, "file:///tmp", "x", "y").code(), StatusCode::kUnauthorized);
  EXPECT_EQ(store_->Put(ctx_, "bucket", "x", "y").code(), StatusCode::kUnauthorized);
  for (const char* key : {"../x", "a/../x", "/x", "a//b", "a/.", "", "a/..", ".."})
    EXPECT_EQ(store_->Put(ctx_, bucket_, key, "y").code(), StatusCode::kInvalid) << key;
  EXPECT_EQ(store_->Put(ctx_, bucket_, std::string("a\0b", 3), "y").code(), StatusCode::kInvalid);
  EXPECT_TRUE(std::filesystem::is_empty(root_));
}

TEST(DirectoryStore, AMissingDirectoryIsNotFound) {
  const auto store = MakeDirectorySpillStore("file:///nowhere/of/lotic").ValueOrDie();
  EXPECT_EQ(store->CheckBucket(CallContext(), "file:///nowhere/of/lotic").code(), StatusCode::kNotFound);
  for (const char* root : {"file://", "file:///", "file://relative", "bucket"})
    EXPECT_EQ(MakeDirectorySpillStore(root).status().code(), StatusCode::kInvalid) << root;
}

}  // namespace
}  // namespace lotic::athena
