// SPDX-License-Identifier: Apache-2.0
#include "broker/demo_data.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/demo_records.h"

namespace lotic::broker {

namespace kp = kafka_protocol;

namespace {

constexpr int32_t kEventPartitions = 3, kOrderPartitions = 4, kPaymentPartitions = 2;
constexpr int64_t kEvents = 36'000, kOrders = 12'000;
constexpr int64_t kFirstOrderId = 100'000;
constexpr int64_t kRecordsPerBatch = 200;
constexpr int64_t kCustomers = 1'500, kCustomerWrites = 9'000, kNotYetCompacted = 400;
constexpr uint64_t kTombstonePercent = 4, kAbortPercent = 15;
constexpr int64_t kTransactions = 120;
constexpr int64_t kFirstProducer = 9000;
constexpr int64_t kProducers = 3;

constexpr std::array kCodecs{kp::CodecId::kNone, kp::CodecId::kGzip, kp::CodecId::kSnappy, kp::CodecId::kLz4, kp::CodecId::kZstd};

// Texts with the times they were written at; what a batch is made of.
struct Texts {
  std::vector<std::string> keys, values;
  std::vector<int64_t> times;

  void Add(std::string key, std::string value, int64_t time_ms) {
    keys.push_back(std::move(key));
    values.push_back(std::move(value));
    times.push_back(time_ms);
  }
  std::vector<Record> Records(bool with_keys) const {
    std::vector<Record> records(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      if (with_keys) records[i].key = keys[i];
      records[i].value = values[i];
      records[i].timestamp_ms = times[i];
    }
    return records;
  }
};

// Evenly spread times that end at now.
struct Timeline {
  int64_t first_ms, last_ms, steps;
  int64_t At(int64_t step) const { return first_ms + (last_ms - first_ms) * step / std::max<int64_t>(steps, 1); }
};

Timeline HistoryOf(const DemoOptions& options, int64_t steps) {
  return {options.now_ms - std::chrono::milliseconds(options.history).count(), options.now_ms, steps};
}

Status FillEvents(Broker& broker, const DemoOptions& options) {
  DemoRandom random(options.seed);
  LOTIC_RETURN_NOT_OK(broker.CreateTopic("events", kEventPartitions));
  const Timeline time = HistoryOf(options, kEvents);
  for (int64_t first = 0, batch = 0; first < kEvents; first += kRecordsPerBatch, ++batch) {
    Texts texts;
    for (int64_t i = first; i < first + kRecordsPerBatch; ++i) texts.Add("", EventJson(random, time.At(i)), time.At(i));
    const auto partition = static_cast<int32_t>(batch % kEventPartitions);
    LOTIC_RETURN_NOT_OK(broker.Append("events", partition, texts.Records(false)).status());
  }
  return Status::OK();
}

Status FillOrders(Broker& broker, const DemoOptions& options) {
  DemoRandom random(options.seed + 1);
  LOTIC_RETURN_NOT_OK(broker.CreateTopic("orders", kOrderPartitions));
  const Timeline time = HistoryOf(options, kOrders);
  for (int64_t first = 0, batch = 0; first < kOrders; first += kRecordsPerBatch, ++batch) {
    std::array<Texts, kOrderPartitions> texts;  // an order's partition follows from its number
    for (int64_t i = first; i < first + kRecordsPerBatch; ++i) {
      const int64_t id = kFirstOrderId + i;
      texts[static_cast<size_t>(id % kOrderPartitions)].Add(std::to_string(id), OrderJson(random, id, time.At(i)), time.At(i));
    }
    for (int32_t partition = 0; partition < kOrderPartitions; ++partition) {
      const BatchSettings settings{.codec = kCodecs[static_cast<size_t>(batch + partition) % kCodecs.size()]};
      LOTIC_RETURN_NOT_OK(broker.Append("orders", partition, texts[static_cast<size_t>(partition)].Records(true), settings).status());
    }
  }
  return Status::OK();
}

// What compaction would have left of kCustomerWrites writes to kCustomers keys: the last one of each, and the tail as
// it was.
Status FillCustomers(Broker& broker, const DemoOptions& options) {
  DemoRandom random(options.seed + 2);
  LOTIC_RETURN_NOT_OK(broker.CreateTopic("customers", 1, {{"cleanup.policy", "compact"}}));
  const Timeline time = HistoryOf(options, kCustomerWrites);
  std::vector<int64_t> customer(kCustomerWrites), last_write(kCustomers, -1);
  for (int64_t offset = 0; offset < kCustomerWrites; ++offset) {
    customer[static_cast<size_t>(offset)] = static_cast<int64_t>(random.Below(kCustomers));
    last_write[static_cast<size_t>(customer[static_cast<size_t>(offset)])] = offset;
  }
  for (int64_t first = 0; first < kCustomerWrites; first += kRecordsPerBatch) {
    Texts texts;
    std::vector<int64_t> offsets;
    std::vector<bool> tombstones;
    for (int64_t offset = first; offset < first + kRecordsPerBatch; ++offset) {
      const int64_t id = customer[static_cast<size_t>(offset)];
      const bool kept = last_write[static_cast<size_t>(id)] == offset || offset >= kCustomerWrites - kNotYetCompacted;
      const bool tombstone = random.Below(100) < kTombstonePercent;
      if (!kept) continue;
      texts.Add("c-" + std::to_string(id), tombstone ? "" : CustomerJson(random, id, time.At(offset)), time.At(offset));
      offsets.push_back(offset);
      tombstones.push_back(tombstone);
    }
    std::vector<Record> records = texts.Records(true);
    for (size_t i = 0; i < records.size(); ++i) {
      records[i].offset = offsets[i];
      if (tombstones[i]) records[i].value.reset();
    }
    if (records.empty()) continue;
    const BatchSettings settings{.codec = kp::CodecId::kLz4, .last_offset = first + kRecordsPerBatch - 1};
    LOTIC_RETURN_NOT_OK(broker.Append("customers", 0, records, settings).status());
  }
  return Status::OK();
}

// Transactions of several producers, each of two batches between which another producer's transaction begins.
Status FillPayments(Broker& broker, const DemoOptions& options) {
  DemoRandom random(options.seed + 3);
  LOTIC_RETURN_NOT_OK(broker.CreateTopic("payments", kPaymentPartitions));
  const Timeline time = HistoryOf(options, kTransactions);
  std::vector<int32_t> sequence(static_cast<size_t>(kProducers * kPaymentPartitions), 0);
  int64_t payment_id = 1;
  const auto write = [&](int64_t transaction) {
    const auto partition = static_cast<int32_t>(transaction / kProducers % kPaymentPartitions);
    const int64_t producer = transaction % kProducers;
    int32_t& next = sequence[static_cast<size_t>(producer * kPaymentPartitions + partition)];
    Texts texts;
    for (uint64_t i = 0, count = 5 + random.Below(20); i < count; ++i, ++payment_id) {
      const int64_t at = time.At(transaction);
      texts.Add("p-" + std::to_string(payment_id), PaymentJson(random, payment_id, at), at);
    }
    BatchSettings settings;
    settings.producer_id = kFirstProducer + producer;
    settings.base_sequence = next;
    settings.transactional = true;
    next += static_cast<int32_t>(texts.values.size());
    return broker.Append("payments", partition, texts.Records(true), settings).status();
  };
  for (int64_t transaction = 0; transaction < kTransactions; ++transaction) {
    const auto partition = static_cast<int32_t>(transaction / kProducers % kPaymentPartitions);
    LOTIC_RETURN_NOT_OK(write(transaction));
    const bool last_of_round = transaction % kProducers == kProducers - 1;
    if (!last_of_round) continue;
    for (int64_t ended = transaction - kProducers + 1; ended <= transaction; ++ended) {
      LOTIC_RETURN_NOT_OK(write(ended));
      const MarkerType marker = random.Below(100) < kAbortPercent ? MarkerType::kAbort : MarkerType::kCommit;
      LOTIC_RETURN_NOT_OK(broker.AppendMarker("payments", partition, kFirstProducer + ended % kProducers, marker).status());
    }
  }
  return Status::OK();
}

DemoOptions WithNow(DemoOptions options) {
  if (options.now_ms == 0) options.now_ms = lotic::Clock::System().NowMs();
  return options;
}

}  // namespace

Status FillDemo(Broker& broker, const DemoOptions& options) {
  const DemoOptions fixed = WithNow(options);
  LOTIC_RETURN_NOT_OK(FillEvents(broker, fixed));
  LOTIC_RETURN_NOT_OK(FillOrders(broker, fixed));
  LOTIC_RETURN_NOT_OK(FillCustomers(broker, fixed));
  return FillPayments(broker, fixed);
}

struct DemoTicker::Impl {
  Impl(Broker& to, const DemoOptions& from) : broker(to), random(from.seed + 4), last_ms(from.now_ms) {}

  Broker& broker;
  DemoRandom random;
  int64_t last_ms;
  int64_t next_order = kFirstOrderId + kOrders;
  int32_t next_partition = 0;

  std::mutex mutex;
  std::condition_variable_any stop_wait;
  std::jthread thread;
  Status failure;  // of the thread; read after it has ended

  Status Trim(const std::string& topic, int32_t partition);
};

// Deletes the older half of a partition that has grown too large, as retention would.
Status DemoTicker::Impl::Trim(const std::string& topic, int32_t partition) {
  LOTIC_ASSIGN_OR_RETURN(const PartitionState state, broker.Describe(topic, partition));
  if (state.size_bytes <= kMaxPartitionBytes) return Status::OK();
  return broker.SetLogStart(topic, partition, state.log_start_offset + (state.high_watermark - state.log_start_offset) / 2);
}

DemoTicker::DemoTicker(Broker& broker, const DemoOptions& options) : impl_(std::make_unique<Impl>(broker, WithNow(options))) {}
DemoTicker::~DemoTicker() { (void)Stop(); }

Status DemoTicker::Step(int64_t now_ms) {
  const int64_t passed_ms = now_ms - impl_->last_ms;
  if (passed_ms <= 0) return Status::OK();
  const int64_t from_ms = impl_->last_ms;
  const int64_t events = std::min<int64_t>(now_ms * kEventsPerSecond / 1000 - from_ms * kEventsPerSecond / 1000, kMaxRecordsPerStep);
  const int64_t orders = std::min<int64_t>(now_ms * kOrdersPerSecond / 1000 - from_ms * kOrdersPerSecond / 1000, kMaxRecordsPerStep);
  impl_->last_ms = now_ms;
  Texts texts;
  for (int64_t i = 0; i < events; ++i) {
    const int64_t at = from_ms + (i + 1) * passed_ms / events;
    texts.Add("", EventJson(impl_->random, at), at);
  }
  if (events > 0) {
    LOTIC_RETURN_NOT_OK(impl_->broker.Append("events", impl_->next_partition, texts.Records(false)).status());
    LOTIC_RETURN_NOT_OK(impl_->Trim("events", impl_->next_partition));
    impl_->next_partition = (impl_->next_partition + 1) % kEventPartitions;
  }
  for (int64_t i = 0; i < orders; ++i) {
    const int64_t id = impl_->next_order++;
    Texts order;
    const int64_t at = from_ms + (i + 1) * passed_ms / orders;
    order.Add(std::to_string(id), OrderJson(impl_->random, id, at), at);
    const auto partition = static_cast<int32_t>(id % kOrderPartitions);
    LOTIC_RETURN_NOT_OK(impl_->broker.Append("orders", partition, order.Records(true)).status());
    LOTIC_RETURN_NOT_OK(impl_->Trim("orders", partition));
  }
  return Status::OK();
}

void DemoTicker::Start() {
  if (impl_->thread.joinable()) return;
  impl_->thread = std::jthread([this](std::stop_token stop) {
    std::unique_lock lock(impl_->mutex);
    while (!stop.stop_requested() && impl_->failure.ok()) {
      impl_->failure = Step(lotic::Clock::System().NowMs());
      impl_->stop_wait.wait_for(lock, stop, kInterval, [] { return false; });
    }
  });
}

Status DemoTicker::Stop() {
  impl_->thread.request_stop();
  if (impl_->thread.joinable()) impl_->thread.join();
  return impl_->failure;
}

}  // namespace lotic::broker
