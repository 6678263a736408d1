// SPDX-License-Identifier: Apache-2.0
#include "athena/spiller.h"

#include <algorithm>
#include <chrono>
#include <system_error>

namespace lotic::athena {
namespace {

constexpr std::chrono::seconds kAbandonTime{5};  // how long clearing up after a failure may take

CallContext WithStop(CallContext ctx, std::stop_token stop) {
  ctx.stop = std::move(stop);
  return ctx;
}

}  // namespace

Spiller::Spiller(const CallContext& ctx, SpillStore& store, ThrottlingInvoker& invoker, SpillLocation location, std::optional<EncryptionKey> key,
                 SpillerOptions options)
    : ctx_(ctx),
      outer_stop_(ctx.stop, [this] { stop_.request_stop(); }),
      store_(store),
      invoker_(invoker),
      location_(std::move(location)),
      key_(std::move(key)),
      options_(options) {}

Spiller::~Spiller() {
  if (!finished_) stop_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    no_more_ = true;
    if (!finished_) queue_.clear();
  }
  changed_.notify_all();
  threads_.clear();  // joins
  if (kept_) return;
  CallContext ctx = ctx_;
  ctx.stop = {};
  ctx.deadline = std::chrono::steady_clock::now() + kAbandonTime;
  for (const int64_t number : written_) (void)store_.Abandon(ctx, location_.bucket, KeyOf(number));  // nobody is left to tell; the store's own clean-up remains
}

std::string Spiller::KeyOf(int64_t number) const { return location_.key + "." + std::to_string(number); }

int64_t Spiller::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

RowsWritten Spiller::written() const {
  const std::lock_guard lock(mutex_);
  return written_.empty() ? RowsWritten::kNone : RowsWritten::kSome;
}

Status Spiller::Wait(std::unique_lock<std::mutex>& lock, const std::function<bool()>& done) {
  const auto over = [&] { return done() || !failure_.ok(); };
  const bool in_time = ctx_.deadline == std::chrono::steady_clock::time_point::max() ? changed_.wait(lock, ctx_.stop, over)
                                                                                     : changed_.wait_until(lock, ctx_.stop, ctx_.deadline, over);
  if (!failure_.ok()) return failure_;
  if (in_time) return Status::OK();
  const Status ended = ctx_.Check("spilling to " + location_.bucket + "/" + location_.key);
  return ended.ok() ? Status::DeadlineExceeded("spilling to ", location_.bucket, "/", location_.key) : ended;
}

Status Spiller::Submit(Batch block) {
  LOTIC_CHECK(block.num_rows() > 0 && !finished_);
  if (!location_.directory) return Status::Invalid("spill location ", location_.bucket, "/", location_.key, " of the split is an object; expected a prefix");
  std::unique_lock lock(mutex_);
  LOTIC_RETURN_NOT_OK(Wait(lock, [&] { return queue_.size() < static_cast<size_t>(options_.queue_capacity); }));
  queue_.push_back({submitted_++, std::move(block)});
  const size_t busy = static_cast<size_t>(writing_) + queue_.size();
  if (threads_.size() < static_cast<size_t>(options_.threads) && busy > threads_.size()) {
    StartWriter();
  }
  while (threads_.empty() && !queue_.empty()) WriteFront(lock);
  const Status failure = failure_;
  lock.unlock();
  changed_.notify_all();
  return failure;
}

void Spiller::StartWriter() {
  const std::function<void()> work = [this] { Write(stop_.get_token()); };
  try {
    threads_.push_back(options_.start ? options_.start(work) : std::jthread(work));
  } catch (const std::system_error&) {
    // "Resource temporarily unavailable": those that run, or the caller, write all; the next block tries again.
  }
}

Result<std::vector<SpillLocation>> Spiller::Finish() {
  {
    std::unique_lock lock(mutex_);
    LOTIC_RETURN_NOT_OK(Wait(lock, [&] { return queue_.empty() && writing_ == 0; }));
    LOTIC_CHECK(static_cast<int64_t>(written_.size()) == submitted_);
    no_more_ = true;
    finished_ = true;
  }
  changed_.notify_all();
  std::vector<SpillLocation> objects;
  for (int64_t number = 0; number < submitted_; ++number) objects.push_back({location_.bucket, KeyOf(number), false});
  return objects;
}

void Spiller::Keep() {
  LOTIC_CHECK(finished_);
  kept_ = true;
}

void Spiller::Write(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !queue_.empty() || no_more_; })) {
    if (queue_.empty()) return;
    WriteFront(lock);
  }
}

// The lock is held before and after, not while writing.
void Spiller::WriteFront(std::unique_lock<std::mutex>& lock) {
  Job job = std::move(queue_.front());
  queue_.pop_front();
  ++writing_;
  lock.unlock();
  changed_.notify_all();  // there is room
  int64_t bytes = 0;
  Status status = WriteOne(job, &bytes);
  job.block = Batch();  // its memory goes before the next is waited for
  lock.lock();
  --writing_;
  if (status.ok()) {
    written_.push_back(job.number);
    bytes_ += bytes;
  } else if (failure_.ok()) {
    failure_ = std::move(status);
    stop_.request_stop();  // the other writers stop too
  }
  changed_.notify_all();
}

Status Spiller::WriteOne(const Job& job, int64_t* bytes) {
  LOTIC_ASSIGN_OR_RETURN(const std::string object, EncodeSpillObject(job.block, key_));
  const CallContext ctx = WithStop(ctx_, stop_.get_token());
  const std::string key = KeyOf(job.number);
  const Status status = invoker_.InvokeWhile(
      ctx, "writing spill object " + key, [this] { return written(); }, [&] { return store_.Put(ctx, location_.bucket, key, object); });
  *bytes = static_cast<int64_t>(object.size());
  return status.ok() ? status : status.WithMessage("spilling block ", job.number, " to ", location_.bucket, ": ", status.message());
}

}  // namespace lotic::athena
