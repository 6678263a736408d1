// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "aws/json_client.h"
#include "aws/session.h"
#include "connector/timestream/column_info.h"
#include "lotic/call_context.h"
#include "lotic/status.h"

namespace lotic::timestream {

/// Whether requests go to a cell that DescribeEndpoints names.
enum class Discovery : uint8_t {
  kAuto,  ///< unless an endpoint was given
  kOn,
  kOff,
};

struct ClientOptions {
  std::string query_endpoint;  ///< "": the variables' or the region's
  std::string write_endpoint;
  Discovery discovery = Discovery::kAuto;
  /// A call refused as one too many is its caller's at once, who has a pace of its own. A later page is still tried kMaxSamePage times,
  /// since a new query is billed again.
  bool hand_on_throttles = false;
};

/// One page of one query.
struct PageRequestBody {
  std::string text;          ///< the query, repeated for each page
  std::string client_token;  ///< of the first page
  std::string next_token;    ///< of the others
  int64_t max_rows = 0;      ///< 0: as many as fit into 1 MB
};

/// The operations that reading needs of both of Timestream's APIs. Any thread. Where requests go is found once and remembered (EndpointCache).
/// Errors: those of aws::JsonClient.
class TimestreamClient {
 public:
  static constexpr int64_t kMaxPageBytes = int64_t{16} << 20;  ///< of an answer of Query; the service's own limit is 1 MB of rows
  static constexpr int64_t kMaxNames = 100'000;                ///< databases or tables of a listing; more is a CapacityError
  static constexpr int kMaxSamePage = 4;                       ///< tries of a later page: its token is good for five
  static constexpr size_t kMaxPendingCancels = 256;            ///< of more, the oldest is dropped

  static Result<std::shared_ptr<TimestreamClient>> Create(aws::Session session, const ClientOptions& options);
  /// Waits for cancellations under way, kLastCancelWait at most.
  ~TimestreamClient();

  /// Sends for a page. The answer's text is for PageParser.
  Result<aws::JsonAnswer> Query(const CallContext& ctx, const PageRequestBody& page);
  /// Tells the service that nobody waits for the query any more: later, in a thread of its own, best effort. Does not wait.
  void CancelLater(const std::string& query_id);

  struct Prepared {
    std::vector<ColumnInfo> columns;
  };
  /// The columns of a query that is not run.
  Result<Prepared> PrepareQuery(const CallContext& ctx, const std::string& text);
  Result<std::vector<std::string>> ListDatabases(const CallContext& ctx);
  Result<std::vector<std::string>> ListTables(const CallContext& ctx, const std::string& database);

  const aws::RetryClock& clock() const { return clock_; }
  bool hands_on_throttles() const { return hand_on_throttles_; }

 private:
  /// Where the requests of one of the two APIs go.
  struct Api {
    std::unique_ptr<aws::JsonClient> json;
    bool discover = false;
    std::optional<aws::ServiceEndpoint> cell;
    std::chrono::steady_clock::time_point fresh_until{};  // then it is asked for again
  };
  TimestreamClient(Api query, Api write, const aws::RetryClock& clock, bool hand_on_throttles);
  /// A call to the right cell; after a 421 to the one that the service names then.
  Result<aws::JsonAnswer> Call(const CallContext& ctx, Api& api, std::string_view operation, const std::string& body, int max_tries, bool later_page = false);
  Result<std::optional<aws::ServiceEndpoint>> Cell(const CallContext& ctx, Api& api, bool anew);
  void CancelLoop(std::stop_token stop);

  const aws::RetryClock& clock_;
  const bool hand_on_throttles_;
  Api query_, write_;
  std::mutex cells_mutex_;  // guards Api::cell and Api::fresh_until

  std::mutex cancel_mutex_;  // guards what follows
  std::condition_variable_any cancel_changed_;
  std::deque<std::string> cancels_;
  bool cancelling_ = false;
  std::jthread canceller_;  // begun with the first
};

/// Text as JSON writes it, with its quotes.
std::string JsonText(std::string_view text);
/// 32 random hexadecimal digits.
std::string RandomToken();

/// What the small answers say. `answer` may be anything. Errors: IOError.
Result<std::vector<ColumnInfo>> ParsePrepared(std::string_view answer);
struct NamePage {
  std::vector<std::string> names;
  std::string next_token;
};
/// `list`: "Databases" or "Tables"; `member`: "DatabaseName" or "TableName".
Result<NamePage> ParseNames(std::string_view answer, const char* list, const char* member);
struct DescribedEndpoint {
  std::string address;
  std::chrono::minutes cache_period{0};
};
Result<DescribedEndpoint> ParseEndpoints(std::string_view answer);

}  // namespace lotic::timestream
