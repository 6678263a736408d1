// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/shard_calls.h"

#include <algorithm>
#include <utility>

#include "aws/aws_error.h"

namespace lotic::kinesis {
namespace {

std::string NameOf(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

/// Is it the stream of the plan? Errors: DataLoss, naming both.
Status CheckPlanned(const ShardCall& call, const StreamSummary& found) {
  if (found.arn == call.arn && (call.created_ms == 0 || found.created_ms == call.created_ms)) return Status::OK();
  return Status::DataLoss("stream '", NameOf(call.arn), "' was deleted and made anew since the plan: the planned one was created at ",
                          CreationText(call.created_ms), ", the one that has the name now at ", CreationText(found.created_ms),
                          found.arn == call.arn ? "" : " as " + found.arn, "; what the first one held is gone");
}

}  // namespace

ShardCalls::~ShardCalls() {
  Abandon();
  for (std::jthread& thread : threads_) thread.request_stop();
  client_->held_bytes() -= bytes_;
}

bool ShardCalls::HasRoomFor(int64_t bytes, int64_t budget_bytes) const {
  return in_flight_ == 0 || (in_flight_ < max_calls_ && bytes_ + bytes <= budget_bytes && client_->held_bytes() + bytes <= max_held_bytes_);
}

void ShardCalls::Start(ShardCall call) {
  LOTIC_CHECK(in_flight_ < kMaxCallsInFlight);
  ++in_flight_;
  bytes_ += call.Bytes();
  client_->held_bytes() += call.Bytes();
  const std::lock_guard lock(mutex_);
  calls_.push_back(std::move(call));
  if (idle_ < calls_.size() && threads_.size() < kMaxCallsInFlight) {
    threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
  } else {
    work_.notify_one();
  }
}

std::optional<ShardAnswer> ShardCalls::Take() {
  std::optional<ShardAnswer> answer;
  {
    const std::lock_guard lock(mutex_);
    if (answers_.empty()) return answer;
    answer = std::move(answers_.front());
    answers_.pop_front();
  }
  --in_flight_;
  bytes_ -= answer->counted_bytes;
  client_->held_bytes() -= answer->counted_bytes;
  return answer;
}

Status ShardCalls::Wait(const CallContext& ctx, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  if (woken_ || !answers_.empty()) return Status::OK();
  if (in_flight_ > 0) {
    const auto until = std::min(std::chrono::steady_clock::now() + time, ctx.deadline);
    answered_.wait_until(lock, ctx.stop, until, [this] { return woken_ || !answers_.empty(); });
    return woken_ || !answers_.empty() ? Status::OK() : ctx.Check("reading Kinesis shards");
  }
  std::stop_source interrupt;
  interrupt_ = interrupt;
  lock.unlock();
  const std::stop_callback forward(ctx.stop, [&interrupt] { interrupt.request_stop(); });
  CallContext inner = ctx;
  inner.stop = interrupt.get_token();
  const Status waited = client_->clock().Wait(inner, time);
  LOTIC_RETURN_NOT_OK(ctx.Check("reading Kinesis shards"));
  return waited.IsCancelled() ? Status::OK() : waited;
}

void ShardCalls::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  interrupt_.request_stop();
  answered_.notify_all();
}

bool ShardCalls::TakeWoken() {
  const std::lock_guard lock(mutex_);
  return std::exchange(woken_, false);
}

void ShardCalls::Abandon() {
  std::stop_source old;
  {
    const std::lock_guard lock(mutex_);
    std::swap(old, abandon_);
    for (const ShardCall& call : calls_) {  // no thread has begun these
      ShardAnswer answer;
      answer.split = call.split;
      answer.abandoned = true;
      answer.identity = call.identity;
      answer.counted_bytes = call.Bytes();
      answers_.push_back(std::move(answer));
    }
    calls_.clear();
  }
  old.request_stop();  // without the lock: it calls into what is in flight
}

void ShardCalls::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    const bool has_call = work_.wait(lock, stop, [this] { return !calls_.empty(); });
    --idle_;
    if (!has_call || stop.stop_requested()) return;
    ShardCall call = std::move(calls_.front());
    calls_.pop_front();
    const std::stop_token abandoned = abandon_.get_token();
    lock.unlock();
    ShardAnswer answer = Ask(std::move(call), abandoned);
    lock.lock();
    answers_.push_back(std::move(answer));
    answered_.notify_all();
  }
}

ShardAnswer ShardCalls::Ask(ShardCall call, const std::stop_token& stop) {
  ShardAnswer answer;
  answer.split = call.split;
  answer.counted_bytes = call.Bytes();
  CallContext ctx = call.ctx;
  ctx.stop = stop;
  ctx.deadline = std::chrono::steady_clock::time_point::max();
  answer.identity = call.identity;
  if (call.identity) {
    const Result<StreamIdentity::Known> known = client_->identity().After(ctx, NameOf(call.arn), call.mark);
    answer.status = known.status();
    if (known.ok()) {
      answer.identified = known->number;
      answer.status = answer.replaced = CheckPlanned(call, known->summary);
    }
  } else if (call.iterator.empty()) {
    Result<std::string> iterator = client_->GetIterator(ctx, call.arn, call.shard, call.from, call.inclusive);
    answer.status = iterator.status();
    // The iterator is one of whichever stream has the name now: rows of another one are not handed out, also where nobody reads up to the end.
    if (iterator.ok() && call.created_ms != 0) {
      const Result<StreamSummary> stream = client_->identity().Recent(ctx, NameOf(call.arn));
      answer.status = stream.status();
      if (stream.ok()) answer.status = answer.replaced = CheckPlanned(call, *stream);
    }
    if (answer.status.ok()) answer.iterator = *std::move(iterator);
  } else {
    answer.asked_ms = client_->time().EarliestMs(client_->clock().Now());
    Result<RecordPage> page = client_->GetRecords(ctx, call.arn, call.iterator, call.limit, call.max_bytes);
    answer.status = page.status();
    // An answer that was too long has cost the shard's bytes all the same.
    if (answer.status.code() == StatusCode::kCapacityError) client_->pace().Received(call.arn + "/" + call.shard, client_->clock().Now(), call.max_bytes);
    if (page.ok()) {
      client_->pace().Received(call.arn + "/" + call.shard, client_->clock().Now(), page->bytes);
      answer.page = *std::move(page);
    }
  }
  const aws::AwsError* const error = aws::AwsError::From(answer.status);
  if (error != nullptr && error->code == "ResourceNotFoundException" && !call.identity) FindWhatIsGone(ctx, call, &answer);
  answer.abandoned = stop.stop_requested();
  return answer;
}

void ShardCalls::FindWhatIsGone(const CallContext& ctx, const ShardCall& call, ShardAnswer* answer) {
  const std::string name = NameOf(call.arn);
  const Result<std::vector<Shard>> listed = client_->ListShards(ctx, name, std::nullopt);
  // Asked after the list, so that it tells whose the list is: a stream made anew has the old one's name and ARN.
  const Result<StreamSummary> stream = client_->Describe(ctx, name);
  if (!stream.ok()) return;
  answer->replaced = CheckPlanned(call, *stream);
  answer->shard_expired =
      answer->replaced.ok() && listed.ok() && std::none_of(listed->begin(), listed->end(), [&](const Shard& other) { return other.id == call.shard; });
}

}  // namespace lotic::kinesis
