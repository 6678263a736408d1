// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "aws/aws_error.h"
#include "lotic/scan_json.h"

namespace lotic::kinesis {

using std::chrono::milliseconds;

namespace {

constexpr int64_t kMaxEndMs = 253'402'300'799'000;  // of the year 9999
constexpr milliseconds kIteratorAge{270'000};       // the service's limit is 300 s
constexpr milliseconds kMaxWait{60'000};            // for an answer, between two looks at the splits
constexpr milliseconds kIdlePause{500};             // between calls to an endless shard that has been read up to now
constexpr size_t kMaxShownShards = 8;               // in a message
constexpr std::string_view kAggregateMagic("\xF3\x89\x9A\xC2", 4);

std::string Property(const Split& split, const char* name) {
  const auto at = split.properties.find(name);
  return at == split.properties.end() ? std::string() : at->second;
}

/// Numbers of the service are texts of digits: the longer one is the greater.
bool AtLeast(std::string_view a, std::string_view b) { return a.size() != b.size() ? a.size() > b.size() : a >= b; }

}  // namespace

KinesisReader::KinesisReader(std::shared_ptr<KinesisClient> client, const KinesisOptions& options, const ScanRequest& request)
    : client_(std::move(client)), options_(options), request_(request), calls_(client_, options.max_calls, options.max_held_bytes) {}

Result<std::unique_ptr<KinesisReader>> KinesisReader::Make(std::shared_ptr<KinesisClient> client, const KinesisOptions& options, const ScanRequest& request,
                                                           bool push_limit, std::span<const SplitStart> splits) {
  std::unique_ptr<KinesisReader> reader(new KinesisReader(std::move(client), options, request));
  if (push_limit) reader->rows_left_ = request.limit;
  if (reader->rows_left_) reader->window_ = 1;
  LOTIC_ASSIGN_OR_RETURN(reader->rows_, PageRows::Make(std::make_shared<const Schema>(request.layout)));
  for (const SplitStart& split : splits) LOTIC_RETURN_NOT_OK(reader->Add(split).status());
  return reader;
}

Result<uint32_t> KinesisReader::Add(SplitStart start) {
  State state;
  LOTIC_ASSIGN_OR_RETURN(state.position, ShardPosition::Parse(start.position.text));
  state.arn = Property(start.split, "stream_arn");
  if (start.split.end) {
    LOTIC_ASSIGN_OR_RETURN(const ShardPosition end, ShardPosition::Parse(start.split.end->text));
    if (end.kind != ShardPosition::Kind::kTime) return Status::Invalid("the split of shard '", start.split.partition, "' is not one of a Kinesis stream");
    if (end.time_ms > kMaxEndMs || end.time_ms < 0)
      return Status::Invalid("the split of shard '", start.split.partition, "' ends at ", end.time_ms, " ms, which is no time of a service");
    state.range.end_ms = end.time_ms;
  }
  if (state.arn.empty()) return Status::Invalid("the split of shard '", start.split.partition, "' is not one of a Kinesis stream");
  for (std::string parents = Property(start.split, "parents"); !parents.empty();) {
    const size_t comma = parents.find(',');
    state.parents.push_back(parents.substr(0, comma));
    parents = comma == std::string::npos ? "" : parents.substr(comma + 1);
  }
  state.last_sequence = Property(start.split, "last_sequence");
  state.stop_number = Property(start.split, "stop_number");
  if (const std::string ms = Property(start.split, "stream_created_ms"); !ms.empty()) std::from_chars(ms.data(), ms.data() + ms.size(), state.created_ms);
  if (const std::string ms = Property(start.split, "start_ms"); !ms.empty()) {
    int64_t value = 0;
    std::from_chars(ms.data(), ms.data() + ms.size(), value);
    state.range.start_ms = value;
  }
  for (const Field& field : request_.layout.fields) {
    const auto meta = field.metadata.find(kColumnMetadata);
    const auto set = request_.constraints.columns.find(field.name);
    if (meta != field.metadata.end() && meta->second == "_arrival_timestamp" && set != request_.constraints.columns.end()) {
      ValueSet normal = set->second;
      LOTIC_RETURN_NOT_OK(NormalizeValueSet(field.type, request_.compare, &normal));
      state.range.arrival = std::move(normal);
      state.range.compare = request_.compare;
    }
  }
  if (const std::string columns = Property(start.split, "columns"); !columns.empty() && request_.policy.on_error != OnError::kNull) {
    LOTIC_ASSIGN_OR_RETURN(const Schema declared, SchemaFromJson(columns));
    LOTIC_ASSIGN_OR_RETURN(state.checker, MakeJsonChecker(JsonFields(declared), {.readable_padding = kDecoderPadding}));
  }
  SplitCertificate& c = state.certificate;
  c.partition = start.split.partition;
  c.planned_start = start.split.start;
  c.planned_end = start.split.end;
  c.read_start = c.read_end = start.position;
  state.resumes = !start.split.end && state.position.kind == ShardPosition::Kind::kAfter;
  state.at = std::move(start);
  if (const std::string ms = Property(state.at.split, "kept_from_ms"); !ms.empty()) {
    state.certificate.notes.push_back("retention: records that arrived before " + ms + " ms may be gone since the snapshot was planned");
  }
  splits_.push_back(std::move(state));
  const auto number = static_cast<uint32_t>(splits_.size() - 1);
  newest_[splits_.back().at.split.partition] = number;
  return number;
}

Result<SplitStart> KinesisReader::Release(uint32_t index) {
  State& split = splits_[index];
  SplitStart at{split.at.split, split.certificate.read_end};
  if (split.live) End(split, EndReason::kReleased, false, "");
  return at;
}

ReaderProgress KinesisReader::Progress() const { return {0, records_.load(), bytes_.load(), throttles_.load()}; }

SplitCertificate KinesisReader::Certificate(uint32_t index) const {
  const State& split = splits_[index];
  SplitCertificate made = split.certificate;
  if (split.throttles > 0) {
    made.notes.push_back("throttled: the service refused " + std::to_string(split.throttles) + " calls as too many; they were made again");
  }
  return made;
}

Status KinesisReader::Close(const CallContext&) {
  calls_.Abandon();
  for (State& split : splits_) {
    if (split.live) End(split, EndReason::kCancelled, false, "");
  }
  return Status::OK();
}

void KinesisReader::End(State& split, EndReason reason, bool complete, const std::string& note) {
  split.live = false;
  split.certificate.reason = reason;
  split.certificate.complete = complete;
  if (complete && reason == EndReason::kEnd)
    split.certificate.read_end = split.certificate.planned_end.value_or(Position{ShardPosition{ShardPosition::Kind::kShardEnd, 0, ""}.ToText()});
  if (!note.empty()) split.certificate.notes.push_back(note);
}

void KinesisReader::EndProved(State& split, const char* proof) {
  split.proof = proof;
  split.mark = client_->identity().Mark();
  if (split.created_ms != 0) return;
  // Neither the service nor the plan says when the stream was made: nothing to look at.
  End(split, EndReason::kEnd, true, "");
  split.certificate.proof = proof;
}

ReadBatch KinesisReader::EndIdentified(const std::string& arn, uint64_t number) {
  ReadBatch ended;
  for (uint32_t i = 0; i < splits_.size(); ++i) {
    State& split = splits_[i];
    if (!split.live || split.proof == nullptr || split.mark >= number || split.arn != arn) continue;
    End(split, EndReason::kEnd, true, "");
    split.certificate.proof = split.proof;
    ended.runs.push_back(std::move(EndRun(i, Status::OK()).runs[0]));
  }
  return ended;
}

ReadBatch KinesisReader::EndRun(uint32_t index, Status status) const {
  ReadBatch batch;
  Run run;
  run.split = index;
  run.next = splits_[index].certificate.read_end;
  run.ended = true;
  run.status = std::move(status);
  batch.runs.push_back(std::move(run));
  return batch;
}

bool KinesisReader::WaitsForParent(const State& split) const {
  for (const std::string& parent : split.parents) {
    const auto at = newest_.find(parent);
    if (at != newest_.end() && splits_[at->second].live) return true;
  }
  return false;
}

std::string KinesisReader::WhereShardsAre() const {
  std::string text;
  size_t shown = 0, open = 0;
  for (const State& split : splits_) {
    if (!split.live) continue;
    if (++open > kMaxShownShards) continue;
    ++shown;
    text += (text.empty() ? "" : ", ") + split.at.split.partition + " at " + split.certificate.read_end.text;
  }
  return std::to_string(splits_.size() - open) + " of " + std::to_string(splits_.size()) + " shards were read to their end; " + text +
         (open > shown ? " and " + std::to_string(open - shown) + " more" : "");
}

Result<ReadBatch> KinesisReader::Next(const CallContext& ctx) {
  const bool endless = std::any_of(splits_.begin(), splits_.end(), [](const State& split) { return split.live && !split.range.end_ms; });
  if (options_.timeout.count() > 0 && !endless && !must_end_) must_end_ = std::chrono::steady_clock::now() + options_.timeout;
  Result<ReadBatch> batch = Work(must_end_ ? ctx.WithDeadline(*must_end_) : ctx);
  const StatusCode code = batch.status().code();
  if (code != StatusCode::kDeadlineExceeded && code != StatusCode::kCancelled) return batch;
  // Nothing came in time, which is no failure where there is no end.
  if (endless && code == StatusCode::kDeadlineExceeded) return ReadBatch();
  Status status = batch.status();
  if (must_end_ && *must_end_ < ctx.deadline && code == StatusCode::kDeadlineExceeded) {
    status = status.WithMessage("'scan.bounded.timeout' has passed, after ", options_.timeout.count(), " ms: ", WhereShardsAre());
  }
  return throttles_ == 0 ? status : status.WithMessage(status.message(), "; the service has refused ", throttles_.load(), " calls as too many");
}

void KinesisReader::SizeNextCall(State* split) const {
  const int64_t record_bytes = split->record_bytes != 0 ? split->record_bytes : record_bytes_;
  split->asked_records = record_bytes == 0 ? kFirstRecords : std::clamp<int64_t>(kWantedAnswerBytes / record_bytes, 1, kMaxRecordsAnAnswer);
  if (rows_left_) split->asked_records = std::min(split->asked_records, std::clamp<int64_t>(*rows_left_, 100, kMaxRecordsAnAnswer));
  // A single record cannot be asked for in pieces.
  split->asked_bytes = split->asked_records > 1 ? kMaxAnswerBytes : std::clamp<int64_t>(2 * record_bytes, kMaxAnswerBytes, kMaxRecordAnswerBytes);
}

Result<ReadBatch> KinesisReader::Work(const CallContext& ctx) {
  for (;;) {
    LOTIC_RETURN_NOT_OK(ctx.Check("reading Kinesis shards"));
    if (calls_.TakeWoken()) return ReadBatch();
    if (rows_left_ && *rows_left_ <= 0) return EndByLimit();
    std::optional<ReadBatch> ended;
    const std::optional<milliseconds> pause = StartCalls(ctx, &ended);
    if (ended) return *std::move(ended);
    if (std::optional<ShardAnswer> answer = calls_.Take()) {
      State& split = splits_[answer->split];
      split.in_flight = false;
      if (answer->identity) looking_ = false;
      if (answer->abandoned) continue;
      if (answer->identity && answer->status.ok()) {
        ReadBatch identified = EndIdentified(split.arn, answer->identified);
        if (!identified.runs.empty()) return identified;
        continue;
      }
      if (!split.live) continue;
      std::optional<ReadBatch> batch = Answered(std::move(*answer));
      if (batch) return *std::move(batch);
      continue;
    }
    if (!pause && calls_.in_flight() == 0) return ReadBatch();  // every split has ended
    LOTIC_RETURN_NOT_OK(calls_.Wait(ctx, pause.value_or(kMaxWait)));
  }
}

ReadBatch KinesisReader::EndByLimit() {
  calls_.Abandon();
  ReadBatch ended;
  for (uint32_t i = 0; i < splits_.size(); ++i) {
    if (!splits_[i].live) continue;
    End(splits_[i], EndReason::kLimit, true, "");
    ended.runs.push_back(EndRun(i, Status::OK()).runs[0]);
  }
  return ended;
}

std::optional<milliseconds> KinesisReader::StartCalls(const CallContext& ctx, std::optional<ReadBatch>* ended) {
  const MonoTime now = client_->clock().Now();
  const size_t first = turn_;
  std::optional<MonoTime> soonest;
  for (size_t i = 0; i < splits_.size(); ++i) {
    const auto at = static_cast<uint32_t>((first + i) % splits_.size());
    State& split = splits_[at];
    if (!split.live || split.in_flight || (split.proof != nullptr && looking_) || WaitsForParent(split)) continue;
    if (split.position.kind == ShardPosition::Kind::kShardEnd) {
      End(split, EndReason::kEnd, true, "");
      *ended = EndRun(at, Status::OK());
      return milliseconds(0);
    }
    if (split.ready_at <= now) {
      if (!split.iterator.empty() && now - split.iterator_at > kIteratorAge) split.iterator.clear();
      SizeNextCall(&split);
      ShardCall call;
      call.identity = split.proof != nullptr;
      call.mark = split.mark;
      if (!call.identity) call.iterator = split.iterator;
      call.limit = split.asked_records;
      call.max_bytes = split.asked_bytes;
      if (calls_.in_flight() >= window_ || !calls_.HasRoomFor(call.Bytes(), ctx.memory_budget_bytes)) return kMaxWait;  // until an answer makes room
      if (!call.iterator.empty()) split.ready_at = client_->pace().TryCall(split.arn + "/" + split.at.split.partition, now);
      if (split.ready_at <= now) {
        turn_ = at + 1;
        split.in_flight = true;
        looking_ = looking_ || call.identity;
        call.split = at;
        call.arn = split.arn;
        call.created_ms = split.created_ms;
        call.shard = split.at.split.partition;
        call.from = split.position;
        call.inclusive = split.resumes;
        call.ctx = ctx;
        calls_.Start(std::move(call));
        continue;
      }
    }
    if (!soonest || split.ready_at < *soonest) soonest = split.ready_at;
  }
  if (!soonest) return std::nullopt;
  return std::chrono::ceil<milliseconds>(*soonest - now);
}

std::optional<ReadBatch> KinesisReader::Answered(ShardAnswer answer) {
  if (!answer.status.ok()) return Failed(answer);
  State& split = splits_[answer.split];
  if (!answer.page) {
    split.iterator = std::move(answer.iterator);
    split.iterator_at = client_->clock().Now();
    return std::nullopt;
  }
  split.failures = split.throttles_in_a_row = 0;
  split.renewed = false;
  split.iterator = answer.page->next_iterator;
  split.iterator_at = client_->clock().Now();
  if (!answer.page->records.empty()) {
    // Halved by and by where records become shorter, so that a long one among short ones is remembered for a while.
    split.record_bytes = std::max(answer.page->bytes / static_cast<int64_t>(answer.page->records.size()) + 1, split.record_bytes / 2);
    record_bytes_ = split.record_bytes;
  }
  // With a limit the calls grow in number only while the answers do not suffice.
  window_ = std::min(window_ * 2, kMaxCallsInFlight);
  return Take(answer.split, *answer.page, answer.asked_ms);
}

std::optional<ReadBatch> KinesisReader::Failed(const ShardAnswer& answer) {
  const uint32_t index = answer.split;
  const Status& failure = answer.status;
  State& split = splits_[index];
  const aws::AwsError* error = aws::AwsError::From(failure);
  const bool throttled = failure.code() == StatusCode::kThrottled, handed_on = throttled && options_.hand_on_throttles;
  const bool expired = error != nullptr && error->code == "ExpiredIteratorException";
  const bool refused = error != nullptr && error->code == "InvalidArgumentException";
  const bool invalid = refused && !split.iterator.empty() && !std::exchange(split.renewed, true);
  const bool not_found = error != nullptr && error->code == "ResourceNotFoundException" && answer.replaced.ok() && !answer.shard_expired;
  if ((refused || not_found) && !answer.identity && split.iterator.empty() && split.position.kind == ShardPosition::Kind::kAt) {
    // A condition's number, which the service has not issued, and a stand-in does not find: everything is read, and checked.
    split.certificate.notes.push_back("the service takes no iterator at number " + split.position.sequence + ": the shard is read from its oldest record");
    split.position = {};
    split.certificate.read_start = split.certificate.read_end = {split.position.ToText()};
    return std::nullopt;
  }
  if (failure.code() == StatusCode::kCapacityError && !answer.identity && !split.iterator.empty() &&
      (split.asked_records > 1 || split.asked_bytes < kMaxRecordAnswerBytes)) {
    // Longer than it may be: a quarter of the records next, or four times the bytes of a single one.
    split.record_bytes = record_bytes_ = std::max(2 * split.record_bytes, 2 * split.asked_bytes / split.asked_records);
    return std::nullopt;
  }
  if (throttled && !handed_on) {
    ++split.throttles;
    ++throttles_;
    split.throttles_in_a_row = std::min(split.throttles_in_a_row + 1, 5);
  }
  if (!handed_on && (throttled || invalid || ((expired || aws::IsRetryable(failure)) && ++split.failures <= kMaxFailuresInARow))) {
    if (expired || invalid) split.iterator.clear();
    // An iterator that expired is replaced at once; everything else, and a second time, after a pause.
    const int64_t cap_ms = std::min<int64_t>(int64_t{200} << std::min(std::max(split.failures, split.throttles_in_a_row), 5), 5'000);
    const bool at_once = invalid || (expired && split.failures == 1);
    const auto pause = at_once ? milliseconds(0) : milliseconds(static_cast<int64_t>(static_cast<double>(cap_ms) * client_->clock().Random()));
    split.ready_at = client_->clock().Now() + pause;
    return std::nullopt;
  }
  if (answer.shard_expired && (!split.range.end_ms || request_.policy.on_data_loss == OnDataLoss::kWarn)) return EndExpired(index);
  Status status = aws::ToSourceStatus(failure);
  if (!answer.replaced.ok()) {
    status = answer.replaced;
  } else if (answer.identity) {
    const bool gone = error != nullptr && error->code == "ResourceNotFoundException";
    status =
        Status(gone ? StatusCode::kDataLoss : status.code(),
               "it was read to its end, and whether its stream was the one of the plan all the time cannot be learnt: " + status.message(), status.detail());
  } else if (error != nullptr && error->code == "ResourceNotFoundException") {
    status = Status::DataLoss("shard ", split.at.split.partition, answer.shard_expired ? " has expired: " : " or its stream is gone: ", failure.message());
  }
  status = status.WithMessage("reading shard ", split.at.split.partition, " at ", split.certificate.read_end.text, ": ", status.message());
  End(split, EndReason::kError, false, "");
  return EndRun(index, std::move(status));
}

ReadBatch KinesisReader::EndExpired(uint32_t index) {
  State& split = splits_[index];
  End(split, EndReason::kDataLoss, false, "retention: the shard has expired; what it held behind " + split.certificate.read_end.text + " is gone");
  ReadBatch batch = EndRun(index, Status::OK());
  // Nothing of it is to be asked for again: without an end, its children come next.
  if (!split.range.end_ms) batch.runs[0].next = splits_[index].certificate.read_end = {ShardPosition{ShardPosition::Kind::kShardEnd, 0, ""}.ToText()};
  return batch;
}

std::optional<ReadBatch> KinesisReader::Take(uint32_t index, const RecordPage& page, std::optional<int64_t> asked_ms) {
  State& split = splits_[index];
  SplitCertificate& c = split.certificate;
  c.bytes_fetched += page.bytes;
  bytes_ += page.bytes;
  records_ += static_cast<int64_t>(page.records.size());
  std::vector<uint32_t> wanted;
  wanted.reserve(page.records.size());
  Status bad;
  bool past = false, passed = false, limited = false;
  RecordCounts counts;
  size_t taken = 0;
  int64_t repeated = 0;
  const std::string_view *first = nullptr, *last = nullptr;  // of this answer
  if (split.resumes && !page.records.empty()) {
    split.resumes = false;
    if (page.records[0].sequence == split.position.sequence) {
      taken = 1;  // the one that was read before
    } else {
      c.notes.push_back("retention: what follows record " + split.position.sequence + " was asked for, and the first kept is " +
                        std::string(page.records[0].sequence) + ": records between them may be gone");
    }
  }
  for (; taken < page.records.size(); ++taken) {
    const RecordView& record = page.records[taken];
    // Numbers rise within a shard: what does not lie behind the last one has been here before.
    if (last != nullptr ? AtLeast(*last, record.sequence)
                        : split.position.kind == ShardPosition::Kind::kAfter && AtLeast(split.position.sequence, record.sequence)) {
      ++counts.skipped;
      ++repeated;
      continue;
    }
    const std::string_view* const before = std::exchange(last, &record.sequence);
    if (first == nullptr) first = &record.sequence;
    past = past || (split.range.end_ms && record.arrival_ms >= *split.range.end_ms + options_.grace.count());
    passed = passed || (!split.stop_number.empty() && record.sequence != split.stop_number && AtLeast(record.sequence, split.stop_number));
    if (!split.range.Holds(record)) {
      ++counts.filtered;
      continue;
    }
    if (record.data.substr(0, 4) == kAggregateMagic && record.data.size() >= 20) {
      bad = Status::NotImplemented("record ", record.sequence, " is an aggregate of the Kinesis Producer Library; unpacking those is not built yet");
      last = before;  // the position stays in front of it
      break;
    }
    if (split.checker != nullptr) {
      const PayloadView payload{reinterpret_cast<const uint8_t*>(record.data.data()), static_cast<uint32_t>(record.data.size())};
      const uint32_t zero = 0;
      std::vector<uint32_t> good;
      BadMessage why;
      if (split.checker->Check({&payload, 1}, {&zero, 1}, &good, &why) != 0) {
        if (request_.policy.on_error == OnError::kFail) {
          bad = Status::Invalid("record ", record.sequence, ": ", why.reason);
          last = before;
          break;
        }
        ++counts.skipped;
        continue;
      }
    }
    wanted.push_back(static_cast<uint32_t>(taken));
    ++counts.returned;
    if (rows_left_ && static_cast<int64_t>(wanted.size()) >= *rows_left_) {
      limited = true;
      ++taken;
      break;
    }
  }
  c.records += counts;
  if (repeated > 0) {
    if (split.repeated == 0) c.notes.push_back("the service sent records again; each was taken once");
    split.repeated += repeated;
  }
  if (last != nullptr) {
    split.position = {ShardPosition::Kind::kAfter, 0, std::string(*last)};
    c.read_end = {split.position.ToText()};
    if (!c.first_record) c.first_record = Position{std::string(*first)};
    c.last_record = Position{split.position.sequence};
    split.idle_since.reset();
    split.reopened = false;
    split.newest_ms = std::max(split.newest_ms.value_or(page.records[taken - 1].arrival_ms), page.records[taken - 1].arrival_ms);
  }
  ReadBatch batch;
  if (!wanted.empty()) {
    batch.rows = rows_->Make(c.partition, page, wanted, &c);
    c.rows += batch.rows->num_rows();
    if (rows_left_) *rows_left_ -= batch.rows->num_rows();
  }
  Run run;
  run.split = index;
  run.num_rows = static_cast<int64_t>(wanted.size());
  if (!bad.ok()) {
    run.status = bad.WithMessage("shard ", c.partition, ": ", bad.message());
    End(split, EndReason::kError, false, "");
  } else if (limited) {
    End(split, EndReason::kLimit, true, "");
  } else if (page.next_iterator.empty()) {
    EndProved(split, "shard_end");
  } else if (past) {
    EndProved(split, "past_end");
  } else if (passed) {
    EndProved(split, "past_number");
  } else if (!split.range.end_ms) {
    if (page.records.empty() && page.behind_ms.value_or(0) == 0) split.ready_at = client_->clock().Now() + kIdlePause;
  } else if (page.records.empty()) {
    const int64_t sure_ms = *split.range.end_ms + options_.settle.count();
    const MonoTime now = client_->clock().Now();
    if (page.behind_ms == 0 && asked_ms && *asked_ms >= sure_ms) {
      EndProved(split, "caught_up");
    } else if (!split.last_sequence.empty() && split.position.kind == ShardPosition::Kind::kAfter && AtLeast(split.position.sequence, split.last_sequence)) {
      EndProved(split, "drained");
    } else if (options_.trust_lag && page.behind_ms > 0 && asked_ms && *asked_ms - *page.behind_ms >= *split.range.end_ms + options_.grace.count()) {
      End(split, EndReason::kStalled, false, "trust_lag: the service says that it has passed the end, which is no proof");
    } else if (page.behind_ms == 0 && asked_ms) {
      split.ready_at = now + milliseconds(sure_ms - *asked_ms);  // asked again when the answer can prove something
    } else if (asked_ms && *asked_ms < sure_ms) {
      // The end has not settled: this answer says nothing about a stall.
    } else if (!split.idle_since || (page.behind_ms && *page.behind_ms < split.least_behind_ms)) {
      split.idle_since = now;
    } else if (now - *split.idle_since >= options_.stall_timeout) {
      if (split.reopened) {
        End(split, EndReason::kStalled, false,
            "stalled: nothing came for " + std::to_string(options_.stall_timeout.count()) + " ms, twice, and nothing proved the end");
      } else {
        split.reopened = true;
        split.idle_since = now;
        split.iterator.clear();
      }
    }
    if (page.behind_ms) split.least_behind_ms = std::min(split.least_behind_ms, *page.behind_ms);
  }
  run.next = c.read_end;
  run.ended = !split.live;
  if (split.newest_ms) run.tip = Tip{std::nullopt, split.newest_ms, std::nullopt};
  // An endless read reports progress without rows, too, so that it is committed.
  if (split.live && run.num_rows == 0 && (split.range.end_ms || last == nullptr)) return std::nullopt;
  batch.runs.push_back(std::move(run));
  return batch;
}

}  // namespace lotic::kinesis
