// SPDX-License-Identifier: Apache-2.0
#include "connector/timestream/timestream_client.h"

#include <algorithm>
#include <random>
#include <utility>

#include <nlohmann/json.hpp>

#include "aws/aws_error.h"

namespace lotic::timestream {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kCancelTime{2'000};      // for one CancelQuery
constexpr milliseconds kLastCancelWait{150};    // for all of them when the client ends: a shell that is stopped is gone in 200 ms
constexpr std::chrono::seconds kStaleCell{60};  // how long an outdated cell is used on when no newer one can be had
constexpr std::chrono::minutes kLongestCache{24 * 60};
constexpr int kNamesPerPage = 20;  // the service's limit
constexpr int kInternalTries = 3;

aws::RetryPolicy Policy(int max_tries) {
  aws::RetryPolicy policy;
  policy.max_attempts = max_tries;
  policy.base = milliseconds(200);
  policy.throttle_base = milliseconds(200);
  policy.cap = milliseconds(20'000);
  return policy;
}

bool IsWrongCell(const Status& status) {
  const aws::AwsError* error = aws::AwsError::From(status);
  return error != nullptr && (error->http_status == 421 || error->code == "InvalidEndpointException");
}

Status NoAnswer(std::string_view operation, std::string_view why) { return Status::IOError("timestream ", operation, ": the answer ", why); }

Result<nlohmann::json> Object(std::string_view operation, std::string_view answer) {
  nlohmann::json document = nlohmann::json::parse(answer, nullptr, false);
  if (document.is_discarded()) return NoAnswer(operation, "of " + std::to_string(answer.size()) + " bytes is no valid JSON");
  if (!document.is_object()) return NoAnswer(operation, "is no JSON object");
  return document;
}

/// A member that is a text; "" if it is absent or null.
Result<std::string> Text(std::string_view operation, const nlohmann::json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end() || at->is_null()) return std::string();
  if (!at->is_string()) return NoAnswer(operation, "has a member " + std::string(name) + " that is no text");
  return at->get<std::string>();
}

Result<ColumnInfo> Column(const nlohmann::json& value, int depth) {
  constexpr std::string_view kWhat = "PrepareQuery";
  if (depth > kMaxTypeDepth) return Status::CapacityError("timestream PrepareQuery: a type is nested more than ", kMaxTypeDepth, " deep");
  if (!value.is_object()) return NoAnswer(kWhat, "describes a column by something that is no object");
  ColumnInfo made;
  LOTIC_ASSIGN_OR_RETURN(made.name, Text(kWhat, value, "Name"));
  const auto type = value.find("Type");
  if (type == value.end() || !type->is_object()) return NoAnswer(kWhat, "gives column '" + made.name + "' no type");
  LOTIC_ASSIGN_OR_RETURN(made.scalar, Text(kWhat, *type, "ScalarType"));
  const auto inside = [&](const char* name) -> const nlohmann::json* {
    const auto at = type->find(name);
    return at == type->end() || at->is_null() ? nullptr : &*at;
  };
  const nlohmann::json* const series = inside("TimeSeriesMeasureValueColumnInfo");
  const nlohmann::json* const array = inside("ArrayColumnInfo");
  const nlohmann::json* const row = inside("RowColumnInfo");
  if (series != nullptr || array != nullptr) {
    made.shape = series != nullptr ? ColumnInfo::Shape::kSeries : ColumnInfo::Shape::kArray;
    LOTIC_ASSIGN_OR_RETURN(ColumnInfo child, Column(series != nullptr ? *series : *array, depth + 1));
    made.children.push_back(std::move(child));
  } else if (row != nullptr && !row->empty()) {
    if (!row->is_array()) return NoAnswer(kWhat, "gives column '" + made.name + "' a row type that is no list");
    made.shape = ColumnInfo::Shape::kRow;
    for (const nlohmann::json& member : *row) {
      LOTIC_ASSIGN_OR_RETURN(ColumnInfo child, Column(member, depth + 1));
      made.children.push_back(std::move(child));
    }
  } else if (made.scalar.empty()) {
    return NoAnswer(kWhat, "gives column '" + made.name + "' no type");
  }
  return made;
}

Result<const nlohmann::json*> ListOf(std::string_view operation, const nlohmann::json& document, const char* name) {
  const auto at = document.find(name);
  if (at == document.end() || !at->is_array()) return NoAnswer(operation, "has no list " + std::string(name));
  return &*at;
}

}  // namespace

std::string JsonText(std::string_view text) { return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

std::string RandomToken() {
  std::random_device device;
  std::string token;
  for (int i = 0; i < 32; ++i) token += "0123456789abcdef"[device() & 15];
  return token;
}

Result<std::vector<ColumnInfo>> ParsePrepared(std::string_view answer) {
  LOTIC_ASSIGN_OR_RETURN(const nlohmann::json document, Object("PrepareQuery", answer));
  LOTIC_ASSIGN_OR_RETURN(const nlohmann::json* const list, ListOf("PrepareQuery", document, "Columns"));
  if (list->size() > kMaxColumns) return Status::CapacityError("timestream PrepareQuery: ", list->size(), " columns; ", kMaxColumns, " can be taken");
  std::vector<ColumnInfo> columns;
  for (const nlohmann::json& value : *list) {
    LOTIC_ASSIGN_OR_RETURN(ColumnInfo column, Column(value, 0));
    columns.push_back(std::move(column));
  }
  return columns;
}

Result<NamePage> ParseNames(std::string_view answer, const char* list_name, const char* member) {
  const std::string operation = "List" + std::string(list_name);
  LOTIC_ASSIGN_OR_RETURN(const nlohmann::json document, Object(operation, answer));
  LOTIC_ASSIGN_OR_RETURN(const nlohmann::json* const list, ListOf(operation, document, list_name));
  NamePage page;
  for (const nlohmann::json& value : *list) {
    if (!value.is_object()) return NoAnswer(operation, "lists something that is no object");
    LOTIC_ASSIGN_OR_RETURN(std::string name, Text(operation, value, member));
    if (name.empty()) return NoAnswer(operation, "lists something without a " + std::string(member));
    page.names.push_back(std::move(name));
  }
  LOTIC_ASSIGN_OR_RETURN(page.next_token, Text(operation, document, "NextToken"));
  return page;
}

Result<DescribedEndpoint> ParseEndpoints(std::string_view answer) {
  LOTIC_ASSIGN_OR_RETURN(const nlohmann::json document, Object("DescribeEndpoints", answer));
  LOTIC_ASSIGN_OR_RETURN(const nlohmann::json* const list, ListOf("DescribeEndpoints", document, "Endpoints"));
  if (list->empty() || !list->front().is_object()) return NoAnswer("DescribeEndpoints", "names no endpoint");
  DescribedEndpoint made;
  LOTIC_ASSIGN_OR_RETURN(made.address, Text("DescribeEndpoints", list->front(), "Address"));
  if (made.address.empty()) return NoAnswer("DescribeEndpoints", "names an endpoint without an address");
  const auto period = list->front().find("CachePeriodInMinutes");
  if (period == list->front().end() || !period->is_number() || !(period->get<double>() >= 0)) {
    return NoAnswer("DescribeEndpoints", "does not say for how long its endpoint is good");
  }
  made.cache_period = std::chrono::minutes(static_cast<int64_t>(std::min<double>(period->get<double>(), static_cast<double>(kLongestCache.count()))));
  return made;
}

TimestreamClient::TimestreamClient(Api query, Api write, const aws::RetryClock& clock, bool hand_on_throttles)
    : clock_(clock), hand_on_throttles_(hand_on_throttles), query_(std::move(query)), write_(std::move(write)) {}

Result<std::shared_ptr<TimestreamClient>> TimestreamClient::Create(aws::Session session, const ClientOptions& options) {
  const aws::RetryClock& clock = *session.retry_clock;
  Api apis[2];
  for (const bool query : {true, false}) {
    Api& api = apis[query ? 0 : 1];
    aws::JsonClientOptions json;
    json.endpoint = query ? options.query_endpoint : options.write_endpoint;
    json.retry = Policy(8);
    if (options.hand_on_throttles) {
      json.retry.classify = [](const Status& failure) {
        return failure.code() != StatusCode::kThrottled && aws::IsRetryable(failure) ? aws::RetryVerdict::kBackOff : aws::RetryVerdict::kGiveUp;
      };
    }
    LOTIC_ASSIGN_OR_RETURN(api.json, aws::JsonClient::Create(query ? aws::TimestreamQueryService() : aws::TimestreamWriteService(), session, json));
    api.discover = options.discovery == Discovery::kOn || (options.discovery == Discovery::kAuto && !api.json->endpoint().overridden);
  }
  return std::shared_ptr<TimestreamClient>(new TimestreamClient(std::move(apis[0]), std::move(apis[1]), clock, options.hand_on_throttles));
}

TimestreamClient::~TimestreamClient() {
  std::unique_lock lock(cancel_mutex_);
  if (!canceller_.joinable()) return;
  cancel_changed_.wait_for(lock, kLastCancelWait, [this] { return cancels_.empty() && !cancelling_; });
  lock.unlock();
  canceller_.request_stop();
}

Result<std::optional<aws::ServiceEndpoint>> TimestreamClient::Cell(const CallContext& ctx, Api& api, bool anew) {
  if (!api.discover) return std::optional<aws::ServiceEndpoint>();
  std::optional<aws::ServiceEndpoint> old;
  {
    const std::lock_guard lock(cells_mutex_);
    if (anew) api.cell.reset();
    if (api.cell && clock_.Now() < api.fresh_until) return api.cell;
    old = api.cell;
  }
  const auto describe = [&]() -> Result<std::pair<aws::ServiceEndpoint, std::chrono::minutes>> {
    LOTIC_ASSIGN_OR_RETURN(const aws::JsonAnswer answer, api.json->Call(ctx, "DescribeEndpoints", "{}"));
    LOTIC_ASSIGN_OR_RETURN(const DescribedEndpoint described, ParseEndpoints(answer.body));
    const bool has_scheme = described.address.find("://") != std::string::npos;
    LOTIC_ASSIGN_OR_RETURN(aws::ServiceEndpoint endpoint, aws::ServiceEndpoint::Parse(has_scheme ? described.address : "https://" + described.address));
    if (endpoint.scheme == "http" && api.json->endpoint().scheme != "http") {
      return Status::IOError("timestream DescribeEndpoints: names ", endpoint.Url(), ", which would take the requests out of TLS");
    }
    return std::pair(std::move(endpoint), described.cache_period);
  };
  Result<std::pair<aws::ServiceEndpoint, std::chrono::minutes>> found = describe();
  const std::lock_guard lock(cells_mutex_);
  if (found.ok()) {
    api.cell = found->first;
    api.fresh_until = clock_.Now() + std::chrono::duration_cast<steady_clock::duration>(found->second) * 9 / 10;
    return api.cell;
  }
  const StatusCode code = found.status().code();
  if (!old || code == StatusCode::kCancelled || code == StatusCode::kDeadlineExceeded) {
    return found.status().WithMessage("finding Timestream's endpoint (timestream:DescribeEndpoints; an ENDPOINT in ATTACH makes it unneeded): ",
                                      found.status().message());
  }
  api.cell = std::move(old);
  api.fresh_until = clock_.Now() + kStaleCell;
  return api.cell;
}

Result<aws::JsonAnswer> TimestreamClient::Call(const CallContext& ctx, Api& api, std::string_view operation, const std::string& body, int max_tries,
                                               bool later_page) {
  aws::RetryPolicy policy = Policy(max_tries);
  int internal = 0;
  policy.classify = [&](const Status& failure) {
    if (IsWrongCell(failure)) return aws::RetryVerdict::kGiveUp;
    if (failure.code() == StatusCode::kThrottled && hand_on_throttles_ && !later_page) return aws::RetryVerdict::kGiveUp;
    const aws::AwsError* error = aws::AwsError::From(failure);
    if (error != nullptr && error->code == "ConflictException") return aws::RetryVerdict::kGiveUp;
    if (error != nullptr && error->code == "InternalServerException" && ++internal >= kInternalTries) return aws::RetryVerdict::kGiveUp;
    return aws::IsRetryable(failure) ? aws::RetryVerdict::kBackOff : aws::RetryVerdict::kGiveUp;
  };
  aws::JsonCallOptions options;
  options.retry = &policy;
  options.max_response_bytes = kMaxPageBytes;
  for (bool anew = false;; anew = true) {
    LOTIC_ASSIGN_OR_RETURN(options.endpoint, Cell(ctx, api, anew));
    Result<aws::JsonAnswer> answer = api.json->Call(ctx, operation, body, options);
    if (answer.ok() || anew || !api.discover || !IsWrongCell(answer.status())) return answer;
  }
}

Result<aws::JsonAnswer> TimestreamClient::Query(const CallContext& ctx, const PageRequestBody& page) {
  std::string body = "{\"QueryString\":" + JsonText(page.text);
  if (!page.client_token.empty()) body += ",\"ClientToken\":" + JsonText(page.client_token);
  if (!page.next_token.empty()) body += ",\"NextToken\":" + JsonText(page.next_token);
  if (page.max_rows > 0) body += ",\"MaxRows\":" + std::to_string(page.max_rows);
  const bool later_page = !page.next_token.empty();
  return Call(ctx, query_, "Query", body + "}", later_page ? kMaxSamePage : 8, later_page);
}

void TimestreamClient::CancelLater(const std::string& query_id) {
  const std::lock_guard lock(cancel_mutex_);
  if (cancels_.size() >= kMaxPendingCancels) cancels_.pop_front();
  cancels_.push_back(query_id);
  if (!canceller_.joinable()) canceller_ = std::jthread([this](std::stop_token stop) { CancelLoop(std::move(stop)); });
  cancel_changed_.notify_all();
}

void TimestreamClient::CancelLoop(std::stop_token stop) {
  std::unique_lock lock(cancel_mutex_);
  while (cancel_changed_.wait(lock, stop, [this] { return !cancels_.empty(); })) {
    const std::string query_id = std::move(cancels_.front());
    cancels_.pop_front();
    cancelling_ = true;
    lock.unlock();
    CallContext ctx;
    ctx.stop = stop;
    ctx.deadline = steady_clock::now() + kCancelTime;
    // Best effort: a query that cannot be cancelled ends by itself, and nobody waits for the answer.
    (void)Call(ctx, query_, "CancelQuery", "{\"QueryId\":" + JsonText(query_id) + "}", 2);
    lock.lock();
    cancelling_ = false;
    cancel_changed_.notify_all();
  }
}

Result<TimestreamClient::Prepared> TimestreamClient::PrepareQuery(const CallContext& ctx, const std::string& text) {
  LOTIC_ASSIGN_OR_RETURN(const aws::JsonAnswer answer, Call(ctx, query_, "PrepareQuery", "{\"QueryString\":" + JsonText(text) + ",\"ValidateOnly\":true}", 8));
  Prepared made;
  LOTIC_ASSIGN_OR_RETURN(made.columns, ParsePrepared(answer.body));
  return made;
}

Result<std::vector<std::string>> TimestreamClient::ListDatabases(const CallContext& ctx) {
  std::vector<std::string> names;
  for (std::string token;;) {
    std::string body = "{\"MaxResults\":" + std::to_string(kNamesPerPage);
    if (!token.empty()) body += ",\"NextToken\":" + JsonText(token);
    LOTIC_ASSIGN_OR_RETURN(const aws::JsonAnswer answer, Call(ctx, write_, "ListDatabases", body + "}", 8));
    LOTIC_ASSIGN_OR_RETURN(NamePage page, ParseNames(answer.body, "Databases", "DatabaseName"));
    names.insert(names.end(), std::make_move_iterator(page.names.begin()), std::make_move_iterator(page.names.end()));
    if (static_cast<int64_t>(names.size()) > kMaxNames) return Status::CapacityError("timestream ListDatabases: more than ", kMaxNames, " databases");
    if (page.next_token.empty()) break;
    if (page.next_token == token) return Status::IOError("timestream ListDatabases: the answer gives the token that was asked with: the list would never end");
    token = std::move(page.next_token);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Result<std::vector<std::string>> TimestreamClient::ListTables(const CallContext& ctx, const std::string& database) {
  std::vector<std::string> names;
  for (std::string token;;) {
    std::string body = "{\"DatabaseName\":" + JsonText(database) + ",\"MaxResults\":" + std::to_string(kNamesPerPage);
    if (!token.empty()) body += ",\"NextToken\":" + JsonText(token);
    LOTIC_ASSIGN_OR_RETURN(const aws::JsonAnswer answer, Call(ctx, write_, "ListTables", body + "}", 8));
    LOTIC_ASSIGN_OR_RETURN(NamePage page, ParseNames(answer.body, "Tables", "TableName"));
    names.insert(names.end(), std::make_move_iterator(page.names.begin()), std::make_move_iterator(page.names.end()));
    if (static_cast<int64_t>(names.size()) > kMaxNames) {
      return Status::CapacityError("timestream ListTables: database '", database, "' has more than ", kMaxNames, " tables; name the one you want");
    }
    if (page.next_token.empty()) break;
    if (page.next_token == token) return Status::IOError("timestream ListTables: the answer gives the token that was asked with: the list would never end");
    token = std::move(page.next_token);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace lotic::timestream
