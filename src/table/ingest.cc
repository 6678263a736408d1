// SPDX-License-Identifier: Apache-2.0
// The consuming thread: reads, hands records to their partitions, and does what others ask it to.
#include "table/ingest.h"

#include <algorithm>
#include <utility>

#include "table/ingest_slot.h"

namespace lotic::table {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// Time limits of segments are looked at so often while nothing is read.
constexpr milliseconds kHeartbeat{500};

}  // namespace

TableIngest::TableIngest(const TablesOptions& options, StopSink on_stopped) : options_(options), on_stopped_(std::move(on_stopped)) {}

Result<std::unique_ptr<TableIngest>> TableIngest::Start(const TablesOptions& options, IngestDefinition definition, std::shared_ptr<Connector> connector,
                                                        std::unique_ptr<TableStore> store, bool paused, std::map<int32_t, StoppedPartition> stopped,
                                                        StopSink on_stopped) {
  LOTIC_ASSIGN_OR_RETURN(StreamPlan plan, StreamPlan::Parse(store->discovery_state()));
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<RecordPipeline> pipeline, RecordPipeline::Create(definition.schema, definition.config, options.expressions));
  std::unique_ptr<TableIngest> made(new TableIngest(options, std::move(on_stopped)));
  made->name_ = definition.config.NameWithType();
  made->store_ = std::move(store);
  made->connector_ = std::move(connector);
  made->stream_config_ = definition.config.stream;
  made->plan_ = std::move(plan);
  made->definition_ = std::move(definition);
  made->paused_ = paused;
  made->retention_ms_ = made->definition_.config.retention_ms.value_or(-1);
  made->deleted_keep_ms_ = made->definition_.config.deleted_retention_ms;
  IngestShared& shared = made->shared_;
  shared.config = made->definition_.config;
  shared.store = made->store_.get();
  shared.clock = options.clock;
  shared.sync_bytes = options.sync_bytes;
  shared.sizer.emplace(shared.config.stream.flush, std::hash<std::string>()(made->store_->identity().table_id));
  LOTIC_RETURN_NOT_OK(made->SetPipeline(std::move(pipeline)));
  made->TellEvents();
  made->LearnSizes();
  // A change of the topic that did not come to its end: the plan is still the one of before.
  const std::string other_topic = made->plan_.topic == shared.config.stream.topic
                                      ? ""
                                      : "the table's topic was changed from '" + made->plan_.topic + "' to '" + shared.config.stream.topic +
                                            "', and where to begin there was not written down";
  const std::vector<int32_t> partitions = made->store_->partitions();
  shared.num_partitions = partitions.size();
  for (const int32_t partition : partitions) {
    const Result<PartitionWriter*> writer = made->store_->writer(partition);
    if (!writer.ok()) {  // its manifest is lost: the others work
      made->Log("partition " + std::to_string(partition) + " is not read: " + writer.status().message());
      continue;
    }
    Slot& slot = made->AddSlot(partition, *writer);
    auto stop = stopped.find(partition);
    if (stop == stopped.end() && !other_topic.empty()) stop = stopped.emplace(partition, StoppedPartition{other_topic, options.clock->NowMs()}).first;
    if (stop != stopped.end()) {
      slot.stopped = true;
      slot.ingest->Tell([&](PartitionStatus& status, PartitionCounters&) {
        status.state = PartitionState::kStopped;
        status.error = stop->second.error;
        status.error_ms = stop->second.at_ms;
      });
    } else if (paused || !made->IsPlanned(partition)) {
      // A crash may have come between the flag and the segment. Of a partition that the stream of now lacks, what there is stays.
      LOTIC_RETURN_NOT_OK(slot.ingest->Pause());
      slot.State(PartitionState::kPaused);
    } else if (!slot.ingest->writer().segment().has_value()) {
      LOTIC_RETURN_NOT_OK(slot.ingest->Resume(slot.ingest->writer().position(), ""));
    }
  }
  made->WriteStatus(true);  // at once: a disk that is full from now on has a file that can say so
  TableIngest* self = made.get();
  self->consumer_ = std::jthread([self](std::stop_token stop) { self->Consume(stop); });
  self->syncer_ = std::jthread([self](std::stop_token stop) { self->SyncLoop(stop); });
  self->keeper_ = std::jthread([self](std::stop_token stop) { self->KeepLoop(stop); });
  self->looker_ = std::jthread([self](std::stop_token stop) { self->LookLoop(stop); });
  return made;
}

TableIngest::~TableIngest() { (void)Stop(); }

Status TableIngest::Stop() {
  if (ended_.exchange(true)) return Status::OK();
  for (std::jthread* thread : {&looker_, &keeper_, &consumer_, &syncer_}) thread->request_stop();
  WakeConsumer();
  for (std::jthread* thread : {&looker_, &keeper_, &consumer_, &syncer_}) {
    if (thread->joinable()) thread->join();
  }
  WriteStatus(false);
  Status closed = store_->Close();
  Log(closed.ok() ? "ingest ended" : "ingest ended: " + closed.message());
  return closed;
}

void TableIngest::Log(const std::string& sentence) const {
  if (options_.log) options_.log("table " + name_ + ": " + sentence);
}

Status TableIngest::SetPipeline(std::unique_ptr<RecordPipeline> pipeline) {
  const bool other_layout = shared_.pipeline == nullptr || shared_.pipeline->raw_layout() != pipeline->raw_layout();
  shared_.time_column = pipeline->stored_columns()->IndexOf(shared_.config.time_column);
  if (shared_.config.time_column.empty()) shared_.time_column.reset();
  shared_.pipeline = std::move(pipeline);
  if (other_layout) {
    for (auto& [partition, slot] : slots_) slot->ingest->Drop();
    CloseReader();
    layout_.reset();
    layout_known_ = false;
    std::lock_guard lock(stream_mutex_);
    wanted_layout_ = shared_.pipeline->raw_layout();
  }
  return Status::OK();
}

TableIngest::Slot& TableIngest::AddSlot(int32_t partition, PartitionWriter* writer) {
  auto slot = std::make_unique<Slot>();
  slot->ingest = std::make_unique<PartitionIngest>(shared_, partition, writer);
  slot->moved_at = steady_clock::now();
  const catalog::StreamConfig& stream = shared_.config.stream;
  slot->ingest->SetRate(stream.partition_rate > 0 ? stream.partition_rate
                                                  : stream.topic_rate / static_cast<double>(std::max<size_t>(shared_.num_partitions, 1)));
  std::unique_lock lock(slots_mutex_);
  return *(slots_[partition] = std::move(slot));
}

// ---- Asked by other threads

void TableIngest::WakeConsumer() {
  std::lock_guard lock(command_mutex_);
  command_ready_.notify_all();
  if (wakes_ != nullptr) wakes_->Wake();
}

void TableIngest::Post(std::function<void()> work) {
  std::lock_guard lock(command_mutex_);
  if (no_more_commands_) return;
  commands_.push_back(std::move(work));
  command_ready_.notify_all();
  if (wakes_ != nullptr) wakes_->Wake();
}

Status TableIngest::OnConsumer(std::function<Status()> work) {
  auto done = std::make_shared<std::promise<Status>>();
  std::future<Status> result = done->get_future();
  {
    std::lock_guard lock(command_mutex_);
    if (no_more_commands_) return Status::Cancelled("table ", name_, ": its ingest has ended");
    commands_.push_back([done, work = std::move(work)] { done->set_value(work()); });
    command_ready_.notify_all();
    if (wakes_ != nullptr) wakes_->Wake();
  }
  return result.get();
}

void TableIngest::RunCommands() {
  while (true) {
    std::function<void()> command;
    {
      std::lock_guard lock(command_mutex_);
      if (commands_.empty()) return;
      command = std::move(commands_.front());
      commands_.pop_front();
    }
    command();
  }
}

Status TableIngest::Update(IngestDefinition definition, std::shared_ptr<Connector> connector) {
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<RecordPipeline> pipeline, RecordPipeline::Create(definition.schema, definition.config, options_.expressions));
  auto carried = std::make_shared<std::unique_ptr<RecordPipeline>>(std::move(pipeline));
  auto wanted = std::make_shared<IngestDefinition>(std::move(definition));
  LOTIC_RETURN_NOT_OK(OnConsumer([=, this] { return Reconfigure(std::move(*wanted), std::move(*carried), connector); }));
  std::lock_guard lock(look_mutex_);
  look_now_ = true;  // not waited for: a stream that is away would hold up whoever changes tables. What is found is in the status.
  look_due_.notify_all();
  return Status::OK();
}

StreamPlan TableIngest::plan() const {
  std::lock_guard lock(stream_mutex_);
  return plan_;
}

Status TableIngest::MoveTo(IngestDefinition definition, std::shared_ptr<Connector> connector, StreamPlan plan, const std::string& word,
                           const std::function<Status()>& remember) {
  LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<RecordPipeline> pipeline, RecordPipeline::Create(definition.schema, definition.config, options_.expressions));
  auto carried = std::make_shared<std::unique_ptr<RecordPipeline>>(std::move(pipeline));
  return OnConsumer([&, carried]() -> Status {
    LOTIC_RETURN_NOT_OK(remember());
    CloseReader();
    for (auto& [partition, slot] : slots_) slot->ingest->Drop();
    Status moved = Reconfigure(std::move(definition), std::move(*carried), std::move(connector));
    if (moved.ok())
      moved = ResumeFrom({std::move(plan), true, true, word, "the table was given another stream, which is read from consumeFrom=" + word + " on"});
    if (moved.ok()) return moved;
    for (auto& [partition, slot] : slots_) {
      ReleaseSplit(*slot);
      StopForGood(*slot, "the table was given another stream, but: " + moved.message());
    }
    return moved;
  });
}

Status TableIngest::Reconfigure(IngestDefinition definition, std::unique_ptr<RecordPipeline> pipeline, std::shared_ptr<Connector> connector) {
  const Schema& before = *shared_.pipeline->stored_columns();
  bool retyped = false;
  for (const Field& field : pipeline->stored_columns()->fields) {
    const auto index = before.IndexOf(field.name);
    retyped = retyped || (index.has_value() && before.fields[*index].type != field.type);
  }
  if (retyped) {  // the types of a segment's columns are fixed
    for (auto& [partition, slot] : slots_) {
      if (slot->ingest->writer().segment().has_value()) LOTIC_RETURN_NOT_OK(slot->ingest->Roll(SealReason::kSchemaChange));
    }
  }
  const bool other_isolation = definition.config.stream.isolation != shared_.config.stream.isolation;
  const bool other_flush = !(definition.config.stream.flush == shared_.config.stream.flush);
  definition_ = std::move(definition);
  shared_.config = definition_.config;
  retention_ms_ = shared_.config.retention_ms.value_or(-1);
  deleted_keep_ms_ = shared_.config.deleted_retention_ms;
  LOTIC_RETURN_NOT_OK(SetPipeline(std::move(pipeline)));
  const catalog::StreamConfig& stream = shared_.config.stream;
  if (connector != nullptr || other_isolation) CloseReader();
  {
    std::lock_guard lock(stream_mutex_);
    if (connector != nullptr) connector_ = std::move(connector);
    stream_config_ = stream;
  }
  {
    std::lock_guard lock(shared_.sizer_mutex);
    shared_.sizer->Configure(stream.flush);
  }
  for (auto& [partition, slot] : slots_) {
    slot->ingest->SetRate(stream.partition_rate > 0 ? stream.partition_rate : stream.topic_rate / static_cast<double>(std::max<size_t>(slots_.size(), 1)));
    if (other_flush) LOTIC_RETURN_NOT_OK(slot->ingest->NewThresholds());
    slot->retry_at = {};  // what stopped may go on now
  }
  return Status::OK();
}

Status TableIngest::Pause() {
  return OnConsumer([this] {
    paused_ = true;
    Status first;
    for (auto& [partition, slot] : slots_) {
      ReleaseSplit(*slot);
      slot->ingest->Drop();
      NoteFailure(*slot, "end the segment", slot->ingest->Pause(), &first);
      if (!slot->stopped) slot->State(PartitionState::kPaused);
    }
    Log(first.ok() ? "paused" : "paused, but: " + first.message());
    return first;
  });
}

Result<std::vector<std::string>> TableIngest::ForceCommit(std::span<const int32_t> partitions) {
  std::vector<std::string> names;
  const std::vector<int32_t> wanted(partitions.begin(), partitions.end());
  const Status rolled = OnConsumer([this, &names, &wanted] {
    Status first;
    for (auto& [partition, slot] : slots_) {
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), partition) == wanted.end()) continue;
      const std::optional<SegmentInfo> segment = slot->ingest->writer().segment();
      if (!segment.has_value() || segment->end == segment->start) continue;  // nothing to seal
      const Status one = slot->ingest->Roll(SealReason::kForceCommit);
      if (one.ok()) names.push_back(segment->name);
      NoteFailure(*slot, "end the segment", one, &first);
    }
    return first;
  });
  if (!rolled.ok()) {
    std::string others;
    for (const std::string& name : names) others += (others.empty() ? "; these are being sealed: " : ", ") + name;
    return rolled.WithMessage(rolled.message(), others);
  }
  Log("force commit of " + std::to_string(names.size()) + " segments");
  return names;
}

std::vector<PartitionStatus> TableIngest::status() const {
  std::shared_lock lock(slots_mutex_);
  std::vector<PartitionStatus> all;
  for (const auto& [partition, slot] : slots_) all.push_back(slot->ingest->status());
  return all;
}

std::vector<std::pair<int32_t, PartitionCounters>> TableIngest::counters() const {
  std::shared_lock lock(slots_mutex_);
  std::vector<std::pair<int32_t, PartitionCounters>> all;
  for (const auto& [partition, slot] : slots_) all.emplace_back(partition, slot->ingest->counters());
  return all;
}

// ---- The loop

void TableIngest::Consume(std::stop_token stop) {
  CallContext ctx;
  ctx.stop = stop;
  ctx.memory_budget_bytes = options_.memory_bytes;
  ctx.clock = options_.clock;
  disk_short_ = CheckRoom();  // what the syncing thread sees from then on comes as a command
  while (!stop.stop_requested()) {
    RunCommands();
    Heartbeat();
    BeginReading();
    WorkQueues(ctx);
    if (by_split_.empty()) {
      std::unique_lock lock(command_mutex_);
      command_ready_.wait_until(lock, stop, NextDue(), [this] { return !commands_.empty(); });
      continue;
    }
    Read(ctx);
  }
  {
    std::lock_guard lock(command_mutex_);
    no_more_commands_ = true;
  }
  RunCommands();
  CloseReader();
}

TableIngest::Clock_::time_point TableIngest::NextDue() const {
  const auto now = steady_clock::now();
  Clock_::time_point due = heartbeat_at_ + kHeartbeat;
  for (const auto& [partition, slot] : slots_) {
    if (slot->split.has_value()) continue;
    if (!slot->ingest->idle()) {
      due = std::min(due, slot->ingest->rate().Next(now));
    } else if (slot->retry_at > now) {
      due = std::min(due, slot->retry_at);
    }
  }
  return std::max(due, now + milliseconds(1));
}

void TableIngest::Heartbeat() {
  const auto now = steady_clock::now();
  if (now < heartbeat_at_ + kHeartbeat) return;
  heartbeat_at_ = now;
  for (auto& [partition, slot] : slots_) {
    if (slot->retry_at > now || slot->reopening) continue;
    Status due = slot->ingest->writer().failed();  // also where nothing is to be written
    if (due.ok()) due = slot->ingest->RollIfDue();
    // Whatever was asked of it failed between the end of one segment and the beginning of the next.
    if (due.ok() && !paused_ && !slot->stopped && IsPlanned(partition) && !slot->ingest->consuming())
      due = slot->ingest->Resume(slot->ingest->writer().position(), "");
    if (!due.ok()) Fail(*slot, due);
  }
}

/// Every partition that may be read and is not, is given to the reader at its writer's position.
void TableIngest::BeginReading() {
  const auto now = steady_clock::now();
  if (paused_ || !layout_.has_value() || !disk_short_.ok() || reader_retry_at_ > now) return;
  if (reader_splits_ >= kMaxReaderSplits) CloseReader();
  for (auto& [partition, slot] : slots_) {
    if (slot->split.has_value() || slot->stopped || slot->classify.has_value() || slot->retry_at > now || !slot->ingest->idle()) continue;
    if (slot->reopening || !slot->ingest->consuming()) continue;
    const auto planned = plan_.splits.find(partition);
    if (planned == plan_.splits.end()) continue;
    if (reader_ == nullptr) {
      ScanRequest request = StreamRequest(shared_.config.stream, *layout_);
      request.token = plan_.token;
      Result<std::unique_ptr<Reader>> opened = connector_->Open({}, request, {});
      if (!opened.ok()) return ReaderFailed(opened.status());
      reader_ = std::move(*opened);
      reader_splits_ = 0;
      std::lock_guard lock(command_mutex_);
      wakes_ = reader_.get();
    }
    const int64_t position = slot->ingest->writer().position();
    SplitStart start{planned->second, PositionOf(position, slot->ingest->writer().epoch())};
    const Result<int64_t> first = OffsetOf(start.split.start);
    if (first.ok() && position < *first) start.split.start = PositionOf(position);
    const Result<uint32_t> number = reader_->Add(std::move(start));
    if (!number.ok()) {
      Fail(*slot, number.status());
      continue;
    }
    ++reader_splits_;
    slot->split = *number;
    slot->counted = {};
    slot->moved_at = now;
    by_split_[*number] = slot.get();
    const int64_t now_ms = options_.clock->NowMs();
    slot->ingest->Tell([&](PartitionStatus& status, PartitionCounters&) {  // nothing may come for long: then no row says that it is read
      if (status.state == PartitionState::kConnecting && status.lag == 0 && WasHeard(status, now_ms)) status.state = PartitionState::kConsuming;
    });
  }
}

void TableIngest::ReleaseSplit(Slot& slot) {
  if (!slot.split.has_value()) return;
  by_split_.erase(*slot.split);
  // What the reader has fetched beyond what it returned is fetched again.
  (void)reader_->Release(*slot.split);
  slot.split.reset();
}

void TableIngest::CloseReader() {
  {
    std::lock_guard lock(command_mutex_);
    wakes_ = nullptr;
  }
  for (auto& [number, slot] : by_split_) slot->split.reset();
  by_split_.clear();
  if (reader_ != nullptr) (void)reader_->Close({});
  reader_ = nullptr;
  reader_splits_ = 0;
}

/// Rows that waited for their rate.
void TableIngest::WorkQueues(const CallContext& ctx) {
  for (auto& [partition, slot] : slots_) {
    if (slot->ingest->idle() || slot->retry_at > steady_clock::now()) continue;
    const Status worked = slot->ingest->Work(ctx);
    if (!worked.ok()) Fail(*slot, worked);
  }
}

void TableIngest::Read(const CallContext& ctx) {
  Result<ReadBatch> batch = reader_->Next(ctx.WithDeadline(NextDue()));
  if (!batch.ok()) {
    if (!ctx.stop.stop_requested()) ReaderFailed(batch.status());
    return;
  }
  if (!batch->runs.empty()) Take(ctx, *batch);
}

void TableIngest::Take(const CallContext& ctx, const ReadBatch& batch) {
  std::vector<Slot*> touched;
  std::vector<std::pair<Slot*, Status>> ended;
  int64_t row = 0;
  for (const Run& run : batch.runs) {
    const int64_t first = row;
    row += run.num_rows;
    const auto at = by_split_.find(run.split);
    if (at == by_split_.end()) continue;
    Slot& slot = *at->second;
    if (std::find(touched.begin(), touched.end(), &slot) == touched.end()) {
      touched.push_back(&slot);
      // The certificate is that of the whole batch, in which a split can have several runs.
      const RecordCounts now = reader_->Certificate(run.split).records;
      RecordCounts more;
      more.aborted = now.aborted - slot.counted.aborted;
      more.control = now.control - slot.counted.control;
      more.missing = now.missing - slot.counted.missing;
      slot.counted = now;
      slot.ingest->AddGaps(more);
    }
    const Result<int64_t> end = OffsetOf(run.next);
    if (!end.ok()) {
      ended.emplace_back(&slot, end.status());
      continue;
    }
    slot.ingest->Queue({batch.rows.value_or(Batch()), first, run.num_rows, *end, EpochOf(run.next)});
    if (run.tip.has_value() && run.tip->end.has_value()) {
      const Result<int64_t> upstream = OffsetOf(*run.tip->end);
      const int64_t heard = options_.clock->NowMs();
      if (upstream.ok()) {
        slot.ingest->Tell([&](PartitionStatus& status, PartitionCounters&) {
          status.upstream = *upstream;
          status.heard_ms = heard;
        });
      }
    }
    if (run.ended) ended.emplace_back(&slot, run.status);
  }
  for (Slot* slot : touched) {
    const int64_t before = slot->ingest->writer().position();
    const Status worked = slot->ingest->Work(ctx);
    if (slot->ingest->writer().position() > before) {
      slot->moved_at = steady_clock::now();
      slot->backoff = milliseconds(0);
      reader_backoff_ = milliseconds(0);
      if (worked.ok()) {
        slot->ingest->Tell([&](PartitionStatus& status, PartitionCounters&) { status.state = PartitionState::kConsuming; });
      }
    }
    if (!worked.ok()) {
      Fail(*slot, worked);
      std::erase_if(ended, [&](const auto& one) { return one.first == slot; });  // it is read again, and ends again
    } else if (!slot->ingest->idle()) {
      ReleaseSplit(*slot);  // more than its rate: what is read waits, nothing more is fetched
    }
  }
  for (const auto& [slot, status] : ended) {
    if (slot->split.has_value()) SplitEnded(*slot, status);
  }
}

}  // namespace lotic::table
