// SPDX-License-Identifier: Apache-2.0
#include "connector/kinesis/stream_writer.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>

#include "aws/aws_error.h"
#include "connector/kinesis/row_records.h"
#include "lotic/source_error.h"

namespace lotic::kinesis {
namespace {

using std::chrono::milliseconds;
using MonoTime = std::chrono::steady_clock::time_point;

/// A row between Write and its acknowledgement.
struct Waiting {
  PutEntry entry;
  MonoTime since;  // by the client's clock
  std::optional<MonoTime> first_refused;
  int attempts = 0;
  bool may_be_written = false;  // by an attempt that the service failed in
};

/// Codes of a refused entry that may be taken next time.
bool IsPassing(std::string_view code) {
  return code == "ProvisionedThroughputExceededException" || code == "InternalFailure" || code == "InternalFailureException" || code == "ServiceUnavailable" ||
         code == "ThrottlingException" || code == "KMSThrottlingException";
}

/// What a failed request says of its rows.
enum class Verdict : uint8_t {
  kAgain,       // certainly not written, and may be next time
  kAgainMaybe,  // the service itself failed: it says not written, which is not certain
  kRefused,     // certainly not written, and never will be
  kUnknown,     // may have been written: no answer, or none that can be read
};

Verdict Judge(const Status& failure) {
  if (const auto* const transport = aws::TransportError::From(failure)) {
    if (transport->may_have_been_sent) return Verdict::kUnknown;
    return transport->retryable ? Verdict::kAgain : Verdict::kRefused;
  }
  if (const auto* const error = aws::AwsError::From(failure)) {
    if (error->kind == aws::AwsErrorKind::kThrottled) return Verdict::kAgain;
    if (error->http_status >= 500) return Verdict::kAgainMaybe;
    return error->retryable() ? Verdict::kAgain : Verdict::kRefused;
  }
  // Without an answer: credentials and the like fail before anything is sent, and are Unauthorized or Invalid.
  const StatusCode code = failure.code();
  return code == StatusCode::kUnauthorized || code == StatusCode::kInvalid || code == StatusCode::kNotImplemented ? Verdict::kRefused : Verdict::kUnknown;
}

class StreamWriter final : public TableWriter {
 public:
  StreamWriter(std::shared_ptr<PutClient> client, const SinkTable& table, WriteTarget target, int number, std::unique_ptr<RowRecords> records)
      : client_(std::move(client)), options_(table.options), target_(std::move(target)), number_(number), records_(std::move(records)) {}
  ~StreamWriter() override {
    if (!finished_) (void)Abandon();
    client_->GiveBackNumber(number_);
  }

  Status Write(const CallContext& ctx, const Batch& rows) override {
    {
      const std::lock_guard lock(mutex_);
      const int64_t before = given_;
      given_ += rows.num_rows();
      if (!error_.ok()) return error_;
      next_row_ = before + 1;
    }
    const Status taken = records_->Take(rows);
    if (!taken.ok()) return Failed(taken);
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      Result<PutEntry> entry = records_->Record(row, next_row_ + row);
      if (!entry.ok()) return Failed(entry.status());
      LOTIC_RETURN_NOT_OK(Push(ctx, std::move(*entry)));
    }
    return Status::OK();
  }

  Result<WriteReceipt> Finish(const CallContext& ctx) override {
    {
      std::unique_lock lock(mutex_);
      closing_ = true;
      StartSender();
      changed_.notify_all();
      const auto done = [&] { return in_flight_ == 0 && (queue_.empty() || !error_.ok()); };
      if (!changed_.wait_until(lock, ctx.stop, ctx.deadline, done)) {
        SetError(ctx.stop.stop_requested() ? Status::Cancelled("INSERT into stream '", target_.name, "' was stopped")
                                           : Status::DeadlineExceeded("INSERT into stream '", target_.name, "' did not end in time"));
      }
    }
    return End();
  }

  WriteReceipt Abandon() override {
    {
      const std::lock_guard lock(mutex_);
      SetError(Status::Cancelled("INSERT into stream '", target_.name, "' was given up"));
    }
    return End();
  }

 private:
  /// Queues a row; waits while there are too many.
  Status Push(const CallContext& ctx, PutEntry entry) {
    std::unique_lock lock(mutex_);
    const auto has_room = [&] { return !error_.ok() || (held_ < options_.max_buffered && (held_bytes_ < kMaxBufferedBytes || held_ == 0)); };
    if (!has_room()) {
      full_ = true;
      StartSender();
      changed_.notify_all();
      const bool in_time = changed_.wait_until(lock, ctx.stop, ctx.deadline, has_room);
      full_ = false;
      if (!in_time) {
        SetError(ctx.stop.stop_requested() ? Status::Cancelled("INSERT into stream '", target_.name, "' was stopped")
                                           : Status::DeadlineExceeded("INSERT into stream '", target_.name, "' did not end in time"));
      }
    }
    if (!error_.ok()) return error_;
    ++held_;
    held_bytes_ += entry.bytes();
    queued_bytes_ += entry.bytes();
    queue_.push_back({std::move(entry), client_->clock().Now(), std::nullopt, 0, false});
    if (queue_.size() == 1 || IsDue()) {
      StartSender();
      changed_.notify_all();
    }
    return Status::OK();
  }

  Status Failed(const Status& status) {
    const std::lock_guard lock(mutex_);
    SetError(status);
    return status;
  }

  // What follows is called with mutex_ held, unless it says otherwise.

  /// The first error counts; from then on nothing new is sent.
  void SetError(Status status) {
    if (error_.ok()) error_ = std::move(status);
    for (const Waiting& waiting : queue_) Drop(waiting);
    queue_.clear();
    queued_bytes_ = 0;
    changed_.notify_all();
  }

  void Note(std::string sentence) {
    if (notes_.size() < kMaxReceiptNotes) notes_.push_back(std::move(sentence));
  }

  bool IsDue() const {
    if (queue_.empty()) return false;
    return closing_ || full_ || queue_.size() >= options_.batch_records || queued_bytes_ >= RequestBytes() || queue_.front().first_refused.has_value() ||
           client_->clock().Now() - queue_.front().since >= options_.flush_timeout;
  }

  int64_t RequestBytes() const { return std::min(options_.batch_bytes, kMaxPutBytes); }
  size_t Senders() const { return options_.ordered_by_key ? 1 : std::min(options_.max_in_flight, kMaxSenders); }

  /// One thread more, if all that there are have something to do.
  void StartSender() {
    if (idle_ > 0 || queue_.empty() || senders_.size() >= Senders()) return;
    senders_.emplace_back([this](std::stop_token stop) { Send(stop); });
  }

  /// What the next request holds. In order; under 'sink.ordering' = 'key' at most one row of a key, so that a refused row is overtaken by none of its key.
  std::vector<Waiting> TakeRequest() {
    std::vector<Waiting> request;
    std::unordered_set<std::string> keys;
    int64_t bytes = 0;
    std::deque<Waiting> left;
    while (!queue_.empty() && request.size() < std::min(options_.batch_records, kMaxPutEntries)) {
      Waiting& next = queue_.front();
      if (!request.empty() && bytes + next.entry.bytes() > RequestBytes()) break;
      if (options_.ordered_by_key && !keys.insert(next.entry.key).second) {
        left.push_back(std::move(next));
        queue_.pop_front();
        continue;
      }
      bytes += next.entry.bytes();
      queued_bytes_ -= next.entry.bytes();
      request.push_back(std::move(next));
      queue_.pop_front();
    }
    queue_.insert(queue_.begin(), std::make_move_iterator(left.begin()), std::make_move_iterator(left.end()));
    return request;
  }

  /// A sender's life. Takes the lock itself.
  void Send(std::stop_token stop) {
    CallContext ctx;
    ctx.stop = stop;
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (!IsDue()) {
        if (closing_ && queue_.empty() && in_flight_ == 0) return;
        ++idle_;
        if (queue_.empty()) {
          changed_.wait(lock, stop, [&] { return !queue_.empty() || (closing_ && in_flight_ == 0); });
        } else {
          const auto oldest = queue_.front().since + options_.flush_timeout - client_->clock().Now();
          changed_.wait_for(lock, stop, std::max<std::chrono::steady_clock::duration>(oldest, milliseconds(1)), [&] { return queue_.empty() || IsDue(); });
        }
        --idle_;
        continue;
      }
      if (const MonoTime now = client_->clock().Now(); not_before_ > now) {
        const milliseconds pause = std::chrono::ceil<milliseconds>(not_before_ - now);
        lock.unlock();
        (void)client_->clock().Wait(ctx, pause);
        lock.lock();
        continue;
      }
      std::vector<Waiting> request = TakeRequest();
      ++in_flight_;
      StartSender();
      std::vector<const PutEntry*> entries;
      for (Waiting& waiting : request) {
        entries.push_back(&waiting.entry);
        retries_ += waiting.attempts++ == 0 ? 0 : 1;
      }
      lock.unlock();
      const Result<std::vector<PutResult>> results =
          client_->Put(ctx.WithDeadline(std::chrono::steady_clock::now() + options_.request_timeout), target_, entries);
      lock.lock();
      --in_flight_;
      if (results.ok()) {
        Answered(std::move(request), *results);
      } else {
        Unanswered(std::move(request), results.status());
      }
      changed_.notify_all();
    }
  }

  void Let(const Waiting& done) {
    --held_;
    held_bytes_ -= done.entry.bytes();
  }
  /// A row that is not sent any more.
  void Drop(const Waiting& waiting) {
    Let(waiting);
    unknown_ += waiting.may_be_written ? 1 : 0;
  }

  void Answered(std::vector<Waiting> request, const std::vector<PutResult>& results) {
    std::vector<Waiting> again;
    Status fatal;
    std::string code;
    for (size_t i = 0; i < request.size(); ++i) {
      if (results[i].error_code.empty()) {
        ++acknowledged_;
        bytes_ += request[i].entry.bytes();
        Let(request[i]);
        continue;
      }
      if (code.empty()) code = results[i].error_code;
      if (options_.fail_on_error || !IsPassing(results[i].error_code)) {
        if (fatal.ok()) {
          fatal =
              Status::IOError("kinesis PutRecords refused a row of stream '", target_.name, "': ", results[i].error_code, ": ",
                              results[i].error_message.substr(0, aws::kMaxErrorTextBytes), options_.fail_on_error ? " ('sink.fail-on-error' = 'true')" : "");
        }
        Drop(request[i]);
        continue;
      }
      again.push_back(std::move(request[i]));
    }
    if (!fatal.ok()) {
      for (const Waiting& waiting : again) Drop(waiting);
      return SetError(fatal.WithDetail(std::make_shared<const SourceError>(false)));
    }
    if (again.empty()) {
      refusals_ = 0;
      return;
    }
    Again(std::move(again), code);
  }

  void Unanswered(std::vector<Waiting> request, const Status& failure) {
    const Verdict verdict = Judge(failure);
    if (verdict == Verdict::kUnknown || verdict == Verdict::kRefused || options_.fail_on_error) {
      const bool unknown = verdict == Verdict::kUnknown || verdict == Verdict::kAgainMaybe;
      for (Waiting& waiting : request) {
        waiting.may_be_written = waiting.may_be_written || unknown;
        Drop(waiting);
      }
      if (unknown) {
        Note("of " + std::to_string(request.size()) + " rows it is unknown whether they were written: " + failure.message());
      }
      return SetError(aws::ToSourceStatus(failure).WithMessage("INSERT into stream '", target_.name, "': ", failure.message()));
    }
    if (verdict == Verdict::kAgainMaybe && !duplicates_possible_) {
      duplicates_possible_ = true;
      Note("rows may be there twice: the service failed inside (" + failure.message() + ") and was asked again");
    }
    for (Waiting& waiting : request) waiting.may_be_written = waiting.may_be_written || verdict == Verdict::kAgainMaybe;
    const aws::AwsError* const error = aws::AwsError::From(failure);
    Again(std::move(request), error != nullptr ? error->code : failure.message());
  }

  /// Puts refused rows back, before all others and in their order, and sets the pause.
  void Again(std::vector<Waiting> rows, const std::string& code) {
    if (!error_.ok()) {  // nothing is sent any more
      for (const Waiting& waiting : rows) Drop(waiting);
      return;
    }
    const MonoTime now = client_->clock().Now();
    if (first_code_.empty()) first_code_ = code;
    const milliseconds cap = std::min(options_.backoff_max, options_.backoff_min * (int64_t{1} << std::min(refusals_, 20)));
    ++refusals_;
    not_before_ = now + milliseconds(static_cast<int64_t>(static_cast<double>(cap.count()) * client_->clock().Random()));
    for (Waiting& waiting : rows) {
      if (!waiting.first_refused) waiting.first_refused = now;
      if (now - *waiting.first_refused < options_.retry_timeout && waiting.attempts < kMaxAttemptsPerRow) continue;
      const milliseconds tried = std::chrono::duration_cast<milliseconds>(now - *waiting.first_refused);
      const int attempts = waiting.attempts;
      for (const Waiting& lost : rows) Drop(lost);
      return SetError(Status::Throttled("stream '", target_.name, "' refused a row ", attempts, " times in ", tried.count(),
                                        " ms ('sink.retry.timeout'); the first refusal was ", first_code_)
                          .WithDetail(std::make_shared<const SourceError>(true)));
    }
    for (const Waiting& waiting : rows) queued_bytes_ += waiting.entry.bytes();
    queue_.insert(queue_.begin(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  }

  /// Waits for what is under way, at most options_.abandon_wait, and gives the receipt. Takes the lock itself.
  WriteReceipt End() {
    {
      std::unique_lock lock(mutex_);
      closing_ = true;
      changed_.notify_all();
      changed_.wait_for(lock, options_.abandon_wait, [&] { return in_flight_ == 0; });
    }
    for (std::jthread& sender : senders_) sender.request_stop();  // what is still under way ends as Cancelled: unknown
    senders_.clear();
    finished_ = true;
    const std::lock_guard lock(mutex_);
    WriteReceipt receipt;
    receipt.acknowledged = acknowledged_;
    receipt.unknown = unknown_;
    receipt.rejected = given_ - acknowledged_ - unknown_;
    receipt.bytes = bytes_;
    receipt.retries = retries_;
    receipt.duplicates_possible = duplicates_possible_;
    receipt.error = error_;
    receipt.notes = notes_;
    if (receipt.unknown > 0) {
      receipt.outcome = WriteOutcome::kUnknown;
    } else if (receipt.rejected > 0) {
      receipt.outcome = receipt.acknowledged > 0 ? WriteOutcome::kPartial : WriteOutcome::kAborted;
    } else {
      receipt.outcome = WriteOutcome::kCommitted;
      receipt.error = Status::OK();
    }
    return receipt;
  }

  const std::shared_ptr<PutClient> client_;
  const SinkOptions options_;
  const WriteTarget target_;
  const int number_;
  const std::unique_ptr<RowRecords> records_;  // of the writing thread
  int64_t next_row_ = 1;                       // of the writing thread
  bool finished_ = false;                      // of the writing thread
  std::mutex mutex_;                           // guards all members below, but for senders_ once closing
  std::condition_variable_any changed_;
  std::deque<Waiting> queue_;
  int64_t queued_bytes_ = 0;
  size_t held_ = 0;  // rows queued or under way
  int64_t held_bytes_ = 0;
  size_t in_flight_ = 0, idle_ = 0;
  bool closing_ = false, full_ = false;
  MonoTime not_before_ = MonoTime::min();
  int refusals_ = 0;  // in a row
  std::string first_code_;
  Status error_;
  int64_t given_ = 0, acknowledged_ = 0, unknown_ = 0, bytes_ = 0, retries_ = 0;
  bool duplicates_possible_ = false;
  std::vector<std::string> notes_;
  std::vector<std::jthread> senders_;  // last: they use all the rest
};

}  // namespace

SinkTable PlainStream(const std::string& stream) {
  SinkTable table;
  table.stream = stream;
  table.columns.fields = {{"_partition_key", Type::String()}, {"_data", Type::Binary(), {{kNotNullMetadata, "true"}}}};
  table.data_column = "_data";
  table.key_column = "_partition_key";
  table.null_key_is_random = true;
  return table;
}

Status CheckArn(const std::string& declared, const std::string& found) {
  if (declared.empty() || declared == found) return Status::OK();
  return Status::Invalid("'stream.arn' = '", declared, "', and these credentials reach '", found,
                         "': set credentials of its account, or the region it lies in");
}

Result<std::unique_ptr<TableWriter>> OpenStreamWriter(const CallContext& ctx, std::shared_ptr<PutClient> client, const SinkTable& table,
                                                      const WriteRequest& request) {
  LOTIC_RETURN_NOT_OK(RowRecords::Make(table, request, 0, kDefaultRecordBytes).status());  // what is wrong with the columns is said without asking the service
  Result<WriteTarget> target = client->Describe(ctx, table.stream);
  if (!target.ok()) return aws::ToSourceStatus(target.status());
  LOTIC_RETURN_NOT_OK(CheckArn(table.arn, target->arn));
  if (target->status == "CREATING" || target->status == "DELETING")
    return Status::Invalid("stream '", table.stream, "' cannot be written while it is ", target->status);
  const int number = client->TakeNumber();
  Result<std::unique_ptr<RowRecords>> records = RowRecords::Make(table, request, number, target->max_record_bytes);
  if (!records.ok()) {
    client->GiveBackNumber(number);
    return records.status();
  }
  return std::unique_ptr<TableWriter>(std::make_unique<StreamWriter>(std::move(client), table, std::move(*target), number, std::move(*records)));
}

}  // namespace lotic::kinesis
