// SPDX-License-Identifier: Apache-2.0
// The connector against answers that a test decides. What queries return is tested with fake_timestream.py (tests/timestream).
#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>

#include <nlohmann/json.hpp>

#include "aws/test_http_server.h"
#include "aws/test_retry_clock.h"
#include "connector/timestream/timestream_connector.h"
#include "lotic/query_passthrough.h"
#include "lotic/source_error.h"

namespace lotic::timestream {
namespace {

using aws::TestHttpAnswer;
using aws::TestHttpRequest;
using aws::TestHttpServer;
using nlohmann::json;
using std::chrono::steady_clock;
using testing::HasSubstr;

constexpr const char* kColumns = R"("ColumnInfo":[{"Name":"n","Type":{"ScalarType":"BIGINT"}}])";

std::string Page(const std::string& next, const std::string& cells, bool columns = true) {
  std::string rows;
  for (const char cell : cells) rows += std::string(rows.empty() ? "" : ",") + R"({"Data":[{"ScalarValue":")" + cell + "\"}]}";
  return R"({"QueryId":"Q1",)" + (next.empty() ? "" : R"("NextToken":")" + next + "\",") + (columns ? kColumns + std::string(",") : "") + "\"Rows\":[" + rows +
         "]}";
}
TestHttpAnswer Refused(const std::string& code, int status = 400) {
  return {.status = status, .body = R"({"__type":"com.amazonaws.timestream#)" + code + R"(","Message":"no"})"};
}

/// A service whose Query answers come from a list; a table "db"."t" with one BIGINT column n.
class ConnectorTest : public testing::Test {
 protected:
  ~ConnectorTest() override { connector_.reset(); }

  void Start(std::vector<TestHttpAnswer> pages, TimestreamOptions options = {}) {
    pages_ = std::move(pages);
    server_ = std::make_unique<TestHttpServer>([this](const TestHttpRequest& request) { return Answer(request); });
    aws::Session session;
    session.region = "us-east-1";
    session.credentials = aws::FixedCredentials({"AKID", net::Secret("the-secret"), net::Secret("")}).ValueOrDie();
    session.http = aws::HttpClient::Create({}).ValueOrDie();
    session.retry_clock = &time_;
    options.glue = false;
    options.client.query_endpoint = options.client.write_endpoint = server_->url();
    connector_ = MakeTimestreamConnector(std::move(session), options).ValueOrDie();
  }

  TestHttpAnswer Answer(const TestHttpRequest& request) {
    const std::string operation = request.Header("X-Amz-Target").substr(std::string("Timestream_20181101.").size());
    const json body = json::parse(request.body);
    const std::lock_guard lock(mutex_);
    calls_.emplace_back(operation, body);
    called_.notify_all();
    if (operation == "DescribeEndpoints") return {.body = R"({"Endpoints":[{"Address":")" + cell_ + R"(","CachePeriodInMinutes":60}]})"};
    if (operation == "CancelQuery") return {.body = R"({"CancellationMessage":"ok"})"};
    if (operation == "PrepareQuery") return prepare_;
    if (operation != "Query") return Refused("UnknownOperationException");
    if (body["QueryString"] == R"(DESCRIBE "db"."t")") {
      return {.body = R"({"QueryId":"D","Rows":[{"Data":[{"ScalarValue":"n"},{"ScalarValue":"bigint"},{"ScalarValue":"MULTI"}]}]})"};
    }
    if (pages_.empty()) return Refused("ValidationException");
    TestHttpAnswer answer = std::move(pages_.front());
    pages_.erase(pages_.begin());
    return answer;
  }

  std::vector<json> Calls(const std::string& operation) {
    const std::lock_guard lock(mutex_);
    std::vector<json> found;
    for (const auto& [name, body] : calls_) {
      if (name == operation) found.push_back(body);
    }
    return found;
  }
  /// Waits until the service has seen such a call.
  bool Called(const std::string& operation) {
    std::unique_lock lock(mutex_);
    return called_.wait_for(lock, std::chrono::seconds(10),
                            [&] { return std::any_of(calls_.begin(), calls_.end(), [&](const auto& call) { return call.first == operation; }); });
  }

  static ScanRequest Request() {
    ScanRequest request;
    request.table = {"db", "t"};
    request.layout.fields = {{"n", Type::Int64(), {{"x-ts-type", "bigint"}}}};
    return request;
  }
  Result<std::unique_ptr<Reader>> Open(ScanRequest request = Request()) {
    LOTIC_ASSIGN_OR_RETURN(const Prepared plan, connector_->Prepare({}, request));
    request.token = plan.token;
    LOTIC_ASSIGN_OR_RETURN(const SplitPage page, connector_->Splits({}, request, plan.partitions, {}));
    splits_.clear();
    for (const Split& split : page.splits) splits_.push_back({split, split.start});
    return connector_->Open({}, request, splits_);
  }
  /// All rows of the only column, and how the split ended.
  struct Read {
    std::vector<int64_t> values;
    int64_t rows = 0;
    Status status;
    SplitCertificate certificate;
  };
  Read ReadAll(const ScanRequest& request = Request()) {
    Read read;
    Result<std::unique_ptr<Reader>> reader = Open(request);
    if (!reader.ok()) return read.status = reader.status(), read;
    for (;;) {
      const Result<ReadBatch> batch = (*reader)->Next({});
      if (!batch.ok()) return read.status = batch.status(), read;
      if (batch->runs.empty()) break;
      for (const lotic::Run& run : batch->runs) read.status = run.status.ok() ? read.status : run.status;
      if (!batch->rows) continue;
      read.rows += batch->rows->num_rows();
      if (batch->rows->num_columns() == 0) continue;
      for (const int64_t value : batch->rows->column(0).values<int64_t>()) read.values.push_back(value);
    }
    read.certificate = (*reader)->Certificate(0);
    return read;
  }

  aws::TestRetryClock time_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable called_;
  std::vector<TestHttpAnswer> pages_;
  TestHttpAnswer prepare_ = Refused("UnknownOperationException");
  std::string cell_;
  std::vector<std::pair<std::string, json>> calls_;
  std::unique_ptr<TestHttpServer> server_;
  std::shared_ptr<Connector> connector_;
  std::vector<SplitStart> splits_;
};

TEST_F(ConnectorTest, EmptyPagesAreReadOverAndEachHasTheQuerysText) {
  Start({{.body = Page("t1", "", false)}, {.body = Page("t2", "")}, {.body = Page("t3", "12")}, {.body = Page("t4", "")}, {.body = Page("", "3")}});
  const Read read = ReadAll();
  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_THAT(read.values, testing::ElementsAre(1, 2, 3));
  EXPECT_TRUE(read.certificate.complete);
  EXPECT_EQ(read.certificate.reason, EndReason::kEnd);
  EXPECT_THAT(read.certificate.notes, testing::ElementsAre(HasSubstr("query Q1: 5 pages, 3 rows")));
  const std::vector<json> calls = Calls("Query");
  ASSERT_EQ(calls.size(), 5u);
  for (const json& call : calls) EXPECT_EQ(call["QueryString"], R"(SELECT "n" FROM "db"."t")");
  EXPECT_EQ(calls[0]["ClientToken"].get<std::string>().size(), 32u);
  EXPECT_FALSE(calls[0].contains("NextToken"));
  EXPECT_EQ(calls[4]["NextToken"], "t4");
  EXPECT_FALSE(calls[4].contains("ClientToken"));
  EXPECT_TRUE(Calls("CancelQuery").empty()) << "it ended by itself";
}

TEST_F(ConnectorTest, ATryAgainRepeatsTheClientTokenAndAnotherQueryHasItsOwn) {
  Start({Refused("ThrottlingException"), Refused("InternalServerException", 500), {.body = Page("", "1")}, {.body = Page("", "2")}});
  EXPECT_THAT(ReadAll().values, testing::ElementsAre(1));
  EXPECT_THAT(ReadAll().values, testing::ElementsAre(2));
  const std::vector<json> calls = Calls("Query");
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[0], calls[1]);
  EXPECT_EQ(calls[1], calls[2]);
  EXPECT_NE(calls[2]["ClientToken"], calls[3]["ClientToken"]);
}

TEST_F(ConnectorTest, AReaderThatIsClosedEarlyCancelsItsQuery) {
  Start({{.body = Page("t1", "12")}, {.body = Page("t2", "3")}, {.body = Page("t3", "4")}, {.body = Page("t4", "5")}});
  const std::unique_ptr<Reader> reader = Open().ValueOrDie();
  EXPECT_EQ(reader->Next({}).ValueOrDie().rows->num_rows(), 2);
  EXPECT_TRUE(reader->Close({}).ok());
  EXPECT_TRUE(Called("CancelQuery"));
  EXPECT_EQ(Calls("CancelQuery")[0]["QueryId"], "Q1");
  EXPECT_FALSE(reader->Certificate(0).complete);
  EXPECT_THAT(reader->Certificate(0).notes, testing::ElementsAre(HasSubstr("cancelled")));
}

TEST_F(ConnectorTest, ABrokenPageCancelsTheQueryAndEndsTheSplit) {
  Start({{.body = Page("t1", "1")}, {.body = R"({"QueryId":"Q1","NextToken":"t2","Rows":[{"Data":[{"ScalarValue":"x"}]}]})"}, {.body = Page("t3", "")}});
  const Read read = ReadAll();
  EXPECT_EQ(read.status.code(), StatusCode::kIOError);
  EXPECT_THAT(read.status.message(), HasSubstr("reading db.t, query Q1, behind page 2: row 0 of the answer, column 'n': 'x' is no BIGINT"));
  ASSERT_NE(SourceError::From(read.status), nullptr);
  EXPECT_FALSE(SourceError::From(read.status)->retryable);
  EXPECT_FALSE(read.certificate.complete);
  EXPECT_TRUE(Called("CancelQuery"));
}

TEST_F(ConnectorTest, AStopEndsAWaitAtOnce) {
  Start({{.hang = true}});
  std::stop_source stop;
  CallContext ctx;
  ctx.stop = stop.get_token();
  const std::unique_ptr<Reader> reader = Open().ValueOrDie();
  auto waiting = std::async(std::launch::async, [&] { return reader->Next(ctx).status(); });
  server_->WaitUntilHanging();
  const auto asked = steady_clock::now();
  stop.request_stop();
  EXPECT_EQ(waiting.get().code(), StatusCode::kCancelled);
  EXPECT_TRUE(reader->Close({}).ok());
  EXPECT_LT(steady_clock::now() - asked, std::chrono::seconds(2)) << "the limit is 200 ms; ten times that is no slow machine";
}

TEST_F(ConnectorTest, AWakeReturnsWithNothingAndLosesNothing) {
  Start({{.body = Page("", "1")}});
  const std::unique_ptr<Reader> reader = Open().ValueOrDie();
  reader->Wake();
  EXPECT_TRUE(reader->Next({}).ValueOrDie().runs.empty());
  EXPECT_EQ(reader->Next({}).ValueOrDie().rows->num_rows(), 1);
}

TEST_F(ConnectorTest, AQueryLostBeforeItsFirstRowIsSentAgain) {
  std::vector<TestHttpAnswer> pages = {{.body = Page("t1", "")}};
  for (int i = 0; i < 4; ++i) pages.push_back(Refused("ThrottlingException"));
  pages.push_back({.body = Page("", "7")});
  Start(std::move(pages));
  EXPECT_THAT(ReadAll().values, testing::ElementsAre(7));
  const std::vector<json> calls = Calls("Query");
  EXPECT_NE(calls.front()["ClientToken"], calls.back()["ClientToken"]);
}

TEST_F(ConnectorTest, ThrottlesAreTheCallersWhereItSaysSo) {
  TimestreamOptions options;
  options.client.hand_on_throttles = true;
  Start({Refused("ThrottlingException"),
         Refused("InternalServerException", 500),
         {.body = Page("t1", "1")},
         Refused("ThrottlingException"),
         {.body = Page("", "2")}},
        options);
  const Read refused = ReadAll();
  EXPECT_EQ(refused.status.code(), StatusCode::kThrottled) << refused.status;
  EXPECT_THAT(refused.values, testing::IsEmpty());
  EXPECT_EQ(Calls("Query").size(), 1u);
  const Read read = ReadAll();  // other failures, and those of later pages, are not
  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_THAT(read.values, testing::ElementsAre(1, 2));
  prepare_ = Refused("ThrottlingException");
  auto* queries = dynamic_cast<QueryPassthrough*>(connector_.get());
  ASSERT_NE(queries, nullptr);
  EXPECT_EQ(queries->DescribeQuery({}, {{"QUERY", "SELECT 1"}}).status().code(), StatusCode::kThrottled);
  EXPECT_EQ(Calls("PrepareQuery").size(), 1u);
}

TEST_F(ConnectorTest, AQueryLostBehindItsFirstRowIsAnError) {
  std::vector<TestHttpAnswer> pages = {{.body = Page("t1", "1")}};
  for (int i = 0; i < 4; ++i) pages.push_back(Refused("ThrottlingException"));
  pages.push_back({.body = Page("", "7")});
  Start(std::move(pages));
  const Read read = ReadAll();
  EXPECT_EQ(read.status.code(), StatusCode::kThrottled);
  EXPECT_THAT(read.values, testing::ElementsAre(1));
  EXPECT_FALSE(read.certificate.complete);
  EXPECT_EQ(Calls("Query").size(), 5u) << "a page is asked for four times at most";
}

TEST_F(ConnectorTest, ALimitIsSentAndStopsThePaging) {
  Start({{.body = Page("t1", "123")}, {.body = Page("t2", "456")}, {.body = Page("t3", "")}, {.body = Page("t4", "")}});
  ScanRequest request = Request();
  request.limit = 2;
  const Read read = ReadAll(request);
  EXPECT_THAT(read.values, testing::ElementsAre(1, 2)) << "even of a service that sends more";
  EXPECT_EQ(read.certificate.reason, EndReason::kLimit);
  EXPECT_TRUE(read.certificate.complete);
  EXPECT_EQ(Calls("Query")[0]["MaxRows"], 2);
  EXPECT_THAT(Calls("Query")[0]["QueryString"].get<std::string>(), HasSubstr(" LIMIT 2"));
  EXPECT_TRUE(Called("CancelQuery"));
}

TEST_F(ConnectorTest, NoColumnsAreCountedByTheService) {
  Start({{.body = Page("t1", "")}, {.body = Page("t2", "7")}, {.body = Page("", "")}});
  ScanRequest request = Request();
  request.layout.fields.clear();
  const Read read = ReadAll(request);
  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_EQ(read.rows, 7);
  EXPECT_EQ(Calls("Query")[0]["QueryString"], R"(SELECT count(*) FROM "db"."t")");
}

TEST_F(ConnectorTest, ConstraintsThatNothingSatisfiesSendNothing) {
  Start({});
  ScanRequest request = Request();
  request.constraints.columns["n"] = ValueSet::None(false);
  const Prepared plan = connector_->Prepare({}, request).ValueOrDie();
  EXPECT_TRUE(plan.partitions.empty());
  ASSERT_EQ(plan.left_out.size(), 1u);
  EXPECT_TRUE(plan.left_out[0].complete);
  EXPECT_TRUE(Calls("Query").empty());
}

TEST_F(ConnectorTest, ReadingOnFromAPlaceIsRefused) {
  Start({{.body = Page("t1", "12")}, {.body = Page("", "3")}});
  const std::unique_ptr<Reader> reader = Open().ValueOrDie();
  const ReadBatch batch = reader->Next({}).ValueOrDie();
  EXPECT_EQ(batch.runs[0].next.text, R"({"pages":1,"rows":2})");
  const SplitStart rest{splits_[0].split, batch.runs[0].next};
  EXPECT_EQ(reader->Add(rest).status().code(), StatusCode::kDataLoss);
}

TEST_F(ConnectorTest, WhatTheServiceCannotDoIsSaid) {
  Start({});
  ScanRequest request = Request();
  request.as_of_ms = 5;
  EXPECT_THAT(connector_->Prepare({}, request).status().message(), HasSubstr("keeps no snapshots"));
  request = Request();
  request.unbounded = true;
  EXPECT_THAT(connector_->Prepare({}, request).status().message(), HasSubstr("no feed"));
  request = Request();
  request.start.kind = ScanStart::Kind::kTime;
  EXPECT_THAT(connector_->Prepare({}, request).status().message(), HasSubstr("filter by time"));
  request = Request();
  request.token = R"({"v":1,"kind":"none","db":"x","table":"t"})";
  EXPECT_THAT(connector_->Prepare({}, request).status().message(), HasSubstr("not a token of it"));
}

TEST_F(ConnectorTest, RequestsGoToTheCellThatTheServiceNames) {
  TimestreamOptions options;
  options.client.discovery = Discovery::kOn;
  Start({{.body = Page("", "1")}, Refused("InvalidEndpointException", 421), {.body = Page("", "2")}}, options);
  cell_ = server_->url() + "/cell";
  EXPECT_THAT(ReadAll().values, testing::ElementsAre(1));
  EXPECT_EQ(Calls("DescribeEndpoints").size(), 1u);
  EXPECT_THAT(ReadAll().values, testing::ElementsAre(2));
  EXPECT_EQ(Calls("DescribeEndpoints").size(), 2u) << "asked again behind the 421";
  for (const TestHttpRequest& request : server_->requests()) {
    const bool describes = request.Header("X-Amz-Target") == "Timestream_20181101.DescribeEndpoints";
    EXPECT_EQ(request.target, describes ? "/" : "/cell/");
  }
}

TEST_F(ConnectorTest, A421FromAGivenEndpointIsAnError) {
  Start({Refused("InvalidEndpointException", 421)});
  EXPECT_THAT(ReadAll().status.message(), HasSubstr("InvalidEndpointException"));
  EXPECT_TRUE(Calls("DescribeEndpoints").empty());
}

TEST_F(ConnectorTest, AnAnswerWithOtherColumnsIsAnError) {
  Start({{.body = R"({"QueryId":"Q1","Rows":[],"ColumnInfo":[]})"}});
  EXPECT_THAT(ReadAll().status.message(), HasSubstr("0 columns where 1 were asked for"));
  pages_ = {{.body = Page("same", "1")}, {.body = Page("same", "1")}};
  EXPECT_THAT(ReadAll().status.message(), HasSubstr("the query would never end"));
  pages_ = {{.body = R"({"QueryId":"Q1","NextToken":"a","NextToken":"b","Rows":[]})"}, {.body = Page("", "")}};
  EXPECT_THAT(ReadAll().status.message(), HasSubstr("two NextTokens"));
}

TEST_F(ConnectorTest, AQueryOfTheUsersOwnIsDescribedWithoutRunning) {
  Start({{.body = R"({"QueryId":"Q1","Rows":[{"Data":[{"ScalarValue":"a"},{"ScalarValue":"5"}]}]})"}});
  prepare_ = {.body = R"({"QueryString":"","Columns":[{"Name":"h","Type":{"ScalarType":"VARCHAR"}},{"Type":{"ScalarType":"BIGINT"}}],"Parameters":[]})"};
  auto* const passthrough = dynamic_cast<QueryPassthrough*>(connector_.get());
  ASSERT_NE(passthrough, nullptr);
  const std::map<std::string, std::string> arguments = {{"QUERY", "SELECT h, count(*) FROM db.t GROUP BY h;"}};
  const TableInfo info = passthrough->DescribeQuery({}, arguments).ValueOrDie();
  ASSERT_EQ(info.schema.fields.size(), 2u);
  EXPECT_EQ(info.schema.fields[1].name, "_col1");
  EXPECT_TRUE(Calls("Query").empty());
  EXPECT_EQ(Calls("PrepareQuery")[0]["ValidateOnly"], true);

  ScanRequest request;
  request.table = info.name;
  request.layout.fields = {info.schema.fields[1]};
  request.arguments = arguments;
  request.constraints.columns["_col1"] = ValueSet::Listed({int64_t{5}});
  EXPECT_THAT(ReadAll(request).values, testing::ElementsAre(5));
  EXPECT_EQ(Calls("Query")[0]["QueryString"], "SELECT h, count(*) FROM db.t GROUP BY h") << "the user's text, without its semicolon";
  EXPECT_EQ(Calls("PrepareQuery").size(), 1u) << "what it said is remembered";
  EXPECT_EQ(splits_[0].split.residual, request.constraints);
}

TEST_F(ConnectorTest, WithoutPrepareQueryTheFirstColumnsAreTaken) {
  Start({{.body = R"({"QueryId":"Q1","NextToken":"t1","Rows":[]})"}, {.body = Page("t2", "1")}});
  auto* const passthrough = dynamic_cast<QueryPassthrough*>(connector_.get());
  const TableInfo info = passthrough->DescribeQuery({}, {{"QUERY", "SELECT n FROM t"}}).ValueOrDie();
  ASSERT_EQ(info.schema.fields.size(), 1u);
  EXPECT_EQ(Calls("Query")[0]["MaxRows"], 1);
  EXPECT_TRUE(Called("CancelQuery"));
}

TEST_F(ConnectorTest, AQueryRunForItsColumnsIsCancelledWhereAPageOfItFails) {
  Start({{.body = R"({"QueryId":"Q1","NextToken":"t1","Rows":[]})"}, Refused("QueryExecutionException")});
  auto* const passthrough = dynamic_cast<QueryPassthrough*>(connector_.get());
  const Status status = passthrough->DescribeQuery({}, {{"QUERY", "SELECT n FROM t"}}).status();
  EXPECT_THAT(status.message(), HasSubstr("QueryExecutionException"));
  ASSERT_TRUE(Called("CancelQuery"));
  EXPECT_EQ(Calls("CancelQuery")[0]["QueryId"], "Q1");
}

TEST_F(ConnectorTest, AQueryThatTheServiceRefusesIsTheUsersError) {
  Start({});
  prepare_ = Refused("ValidationException");
  auto* const passthrough = dynamic_cast<QueryPassthrough*>(connector_.get());
  EXPECT_EQ(passthrough->DescribeQuery({}, {{"QUERY", "SELECT x"}}).status().code(), StatusCode::kInvalid);
  EXPECT_THAT(passthrough->DescribeQuery({}, {{"QUERY", "DROP TABLE x"}}).status().message(), HasSubstr("begins with 'DROP'"));
  EXPECT_THAT(passthrough->DescribeQuery({}, {}).status().message(), HasSubstr("needs the argument QUERY"));
  EXPECT_THAT(passthrough->DescribeQuery({}, {{"query", "SELECT 1"}}).status().message(), HasSubstr("not 'query'"));
}

TEST(SmallAnswers, BadOnesSayWhatIsWrong) {
  const std::vector<std::pair<Status, std::string>> cases = {
      {ParseNames("", "Databases", "DatabaseName").status(), "0 bytes is no valid JSON"},
      {ParseNames("[]", "Databases", "DatabaseName").status(), "is no JSON object"},
      {ParseNames("{}", "Databases", "DatabaseName").status(), "has no list Databases"},
      {ParseNames(R"({"Databases":[7]})", "Databases", "DatabaseName").status(), "something that is no object"},
      {ParseNames(R"({"Databases":[{}]})", "Databases", "DatabaseName").status(), "without a DatabaseName"},
      {ParseNames(R"({"Databases":[{"DatabaseName":7}]})", "Databases", "DatabaseName").status(), "DatabaseName that is no text"},
      {ParseNames(R"({"Databases":[],"NextToken":{}})", "Databases", "DatabaseName").status(), "NextToken that is no text"},
      {ParseEndpoints(R"({"Endpoints":[]})").status(), "names no endpoint"},
      {ParseEndpoints(R"({"Endpoints":[{"Address":""}]})").status(), "without an address"},
      {ParseEndpoints(R"({"Endpoints":[{"Address":"a","CachePeriodInMinutes":-1}]})").status(), "for how long"},
      {ParsePrepared(R"({"Columns":[7]})").status(), "no object"},
      {ParsePrepared(R"({"Columns":[{"Name":"a"}]})").status(), "gives column 'a' no type"},
      {ParsePrepared(R"({"Columns":[{"Name":"a","Type":{}}]})").status(), "gives column 'a' no type"},
      {ParsePrepared(R"({"Columns":[{"Name":"a","Type":{"RowColumnInfo":{"x":1}}}]})").status(), "no list"},
  };
  for (const auto& [status, message] : cases) {
    EXPECT_EQ(status.code(), StatusCode::kIOError) << message;
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
}

TEST(Attach, ChecksItsOptions) {
  const aws::Environment environment = {{"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "secret"}};
  const auto status = [&](const std::map<std::string, std::string>& options) { return AttachTimestream("us-east-1", options, environment).status(); };
  EXPECT_TRUE(status({{"endpoint", "http://127.0.0.1:1"}, {"time_precision", "ns"}, {"compat", "j"}, {"page_rows", "10"}}).ok());
  EXPECT_THAT(status({{"endpont", "x"}}).message(), HasSubstr("unknown option 'endpont'; known: "));
  EXPECT_THAT(status({{"time_precision", "s"}}).message(), HasSubstr("'s' is none of ms, us, ns"));
  EXPECT_THAT(status({{"compat", "k"}}).message(), HasSubstr("'k' is none of none, j"));
  EXPECT_THAT(status({{"page_rows", "0"}}).message(), HasSubstr("between 1 and 1000"));
  EXPECT_THAT(status({{"page_rows", "1001"}}).message(), HasSubstr("between 1 and 1000"));
  EXPECT_THAT(status({{"endpoint", "ftp://x"}}).message(), HasSubstr("ftp://x"));
}

}  // namespace
}  // namespace lotic::timestream
