// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connector/kinesis/put_client.h"
#include "connector/kinesis/stream_writer.h"
#include "connector/kinesis/test_stream.h"

namespace lotic::kinesis {

/// A TestStream that takes PutRecords, with refusals and lost answers on script. Set the script before the first request. Any thread.
class TestPutStream {
 public:
  TestPutStream();

  /// The error code of an entry, "" to take it. `call`: number of the PutRecords, from 0.
  std::function<std::string(size_t call, size_t index, const PutEntry& entry)> refuse;
  /// An answer in place of that to the request. `taken`: whether its records are there all the same.
  struct Instead {
    aws::TestHttpAnswer answer;
    bool taken = false;
  };
  std::function<std::optional<Instead>(size_t call)> instead;
  int max_record_kib = 0;  ///< 0: not said

  /// The entries of each PutRecords so far.
  std::vector<std::vector<PutEntry>> Requests() const;
  /// What the stream has taken, in order.
  std::vector<PutEntry> Taken() const;

  std::shared_ptr<PutClient> Client(const aws::RetryClock* clock = nullptr) const {
    return PutClient::Create(stream.Session(clock), stream.url()).ValueOrDie();
  }

 private:
  std::optional<aws::TestHttpAnswer> Answer(const aws::TestHttpRequest& request);

  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::vector<PutEntry>> requests_;
  std::vector<PutEntry> taken_;

 public:
  TestStream stream;  // last: its threads end before what they use
};

}  // namespace lotic::kinesis
