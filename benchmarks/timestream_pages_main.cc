// SPDX-License-Identifier: Apache-2.0
// The service of ./bench timestream: the least of Timestream's APIs that a scan needs, as fast as loopback carries it; and the client that
// it is compared with. Signatures are not looked at.
// usage: bench_timestream_pages TABLE:PAGES:PAGE_MS...  serves tables of the database "ops" (PAGE_MS: a page is sent so long after it was asked for)
//        bench_timestream_pages --download URL TABLE    fetches all pages of a table, one request after another on one connection; keeps nothing
// The service prints one line of JSON when it listens, {"url": ..., "page": what every page's rows are}; ends when its standard input does.
// GET /served tells how many pages of rows it has sent so far, and their bytes.
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "lotic/status.h"

namespace lotic::benchmarks {
namespace {

constexpr size_t kPageBytes = size_t{1} << 20;        // of a page with all columns: the service's limit
constexpr size_t kMaxRequestBytes = size_t{1} << 20;  // head or body of a request; more ends the connection
constexpr int64_t kFirstMs = 1'785'542'400'000;       // 2026-08-01 00:00:00
constexpr int64_t kMsPerDay = 86'400'000;

struct Column {
  const char *name, *scalar, *described, *attribute;
};
constexpr std::array<Column, 5> kColumns{{{"host", "VARCHAR", "varchar", "DIMENSION"},
                                          {"zone", "VARCHAR", "varchar", "DIMENSION"},
                                          {"time", "TIMESTAMP", "timestamp", "TIMESTAMP"},
                                          {"value", "DOUBLE", "double", "MULTI"},
                                          {"hits", "BIGINT", "bigint", "MULTI"}}};

/// The rows that every page has, as cells of JSON, and what a query over them must say.
struct Rows {
  std::vector<std::array<std::string, kColumns.size()>> cells;
  double value_sum = 0;  // exact: the values are eighths
  int64_t hits_sum = 0, last_ms = 0;
  std::string last_host, last_zone;

  static Rows Make();
  nlohmann::json Totals() const {
    return {{"rows", cells.size()}, {"value_sum", value_sum}, {"hits_sum", hits_sum}, {"last_ms", last_ms}, {"last_host", last_host}, {"last_zone", last_zone}};
  }
};

std::string Printed(const char* format, auto... values) {
  char text[96];
  std::snprintf(text, sizeof(text), format, values...);
  return text;
}

std::string Cell(const std::string& text) { return R"({"ScalarValue":")" + text + R"("})"; }

Rows Rows::Make() {
  std::mt19937_64 random(42);
  Rows made;
  for (size_t bytes = 0; bytes < kPageBytes - 1'000;) {  // 1,000: what stands before the rows
    const std::string host = Printed("host-%06d", static_cast<int>(random() % 1'000'000)),
                      zone = Printed("eu-central-1%c", static_cast<char>('a' + random() % 3));
    const int64_t ms = static_cast<int64_t>(random() % static_cast<uint64_t>(kMsPerDay)), hits = static_cast<int64_t>(random() % 1'000'000'000);
    const double value = static_cast<double>(random() % 8'000'000) / 8;
    const bool has_value = random() % 20 != 0;
    made.cells.push_back({Cell(host), Cell(zone),
                          Cell(Printed("2026-08-01 %02d:%02d:%02d.%03d000000", static_cast<int>(ms / 3'600'000), static_cast<int>(ms / 60'000 % 60),
                                       static_cast<int>(ms / 1'000 % 60), static_cast<int>(ms % 1'000))),
                          has_value ? Cell(Printed("%.10g", value)) : R"({"NullValue":true})", Cell(std::to_string(hits))});
    made.last_host = std::max(made.last_host, host);
    made.last_zone = std::max(made.last_zone, zone);
    made.last_ms = std::max(made.last_ms, kFirstMs + ms);
    made.hits_sum += hits;
    if (has_value) made.value_sum += value;
    bytes += std::strlen(R"({"Data":[]},)") + kColumns.size() - 1;
    for (const std::string& cell : made.cells.back()) bytes += cell.size();
  }
  return made;
}

struct Table {
  int64_t pages = 0;
  std::chrono::milliseconds page_time{0};
};

/// A select list of a table: "SELECT "a", "b" FROM "ops"."t"" as the connector writes it.
struct Selection {
  std::string table;
  std::vector<size_t> columns;

  static std::optional<Selection> Parse(std::string_view text) {
    constexpr std::string_view kSelect = "SELECT ", kFrom = R"( FROM "ops".")";
    const size_t from = text.find(kFrom);
    if (!text.starts_with(kSelect) || from == std::string_view::npos || !text.ends_with('"')) return std::nullopt;
    Selection made;
    made.table = text.substr(from + kFrom.size(), text.size() - 1 - std::min(text.size() - 1, from + kFrom.size()));
    for (std::string_view list = text.substr(kSelect.size(), from - kSelect.size()); !list.empty();) {
      const size_t comma = list.find(", ");
      const std::string_view name = list.substr(0, comma);
      const auto at = std::find_if(kColumns.begin(), kColumns.end(), [&](const Column& column) { return name == '"' + std::string(column.name) + '"'; });
      if (at == kColumns.end()) return std::nullopt;
      made.columns.push_back(static_cast<size_t>(at - kColumns.begin()));
      list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 2);
    }
    return made;
  }
};

/// An answer in two parts, so that a page's rows are not copied for each request.
struct Answer {
  int status = 200;
  std::string head;
  std::shared_ptr<const std::string> tail;  // may be null
};

Answer Refusal(const char* code, const std::string& message) { return {400, nlohmann::json({{"__type", code}, {"Message", message}}).dump(), nullptr}; }

/// Any thread.
class Pages {
 public:
  explicit Pages(std::map<std::string, Table> tables) : tables_(std::move(tables)), rows_(Rows::Make()) {}

  const Rows& rows() const { return rows_; }

  Answer Served() const { return {200, nlohmann::json({{"pages", pages_.load()}, {"bytes", bytes_.load()}}).dump(), nullptr}; }

  Answer Post(std::string_view target, std::string_view body) {
    if (target.starts_with("AWSGlue.")) return Refusal("EntityNotFoundException", "no tables here");
    if (target == "Timestream_20181101.ListDatabases") return {200, R"({"Databases":[{"DatabaseName":"ops"}]})", nullptr};
    if (target == "Timestream_20181101.ListTables") return Listed();
    if (target != "Timestream_20181101.Query") return Refusal("UnknownOperationException", std::string(target));
    const nlohmann::json request = nlohmann::json::parse(body, nullptr, false);
    if (!request.is_object() || !request.contains("QueryString") || !request["QueryString"].is_string())
      return Refusal("ValidationException", "no QueryString");
    const std::string text = request["QueryString"];
    for (const auto& [name, table] : tables_) {
      if (text == R"(DESCRIBE "ops".")" + name + '"') return Described();
    }
    const std::optional<Selection> selection = Selection::Parse(text);
    const auto table = selection ? tables_.find(selection->table) : tables_.end();
    if (table == tables_.end()) return Refusal("ValidationException", "not served here: " + text);
    int64_t page = 0;
    if (request.contains("NextToken")) {
      const std::string token = request["NextToken"].is_string() ? request["NextToken"] : nlohmann::json("");
      const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), page);
      if (error != std::errc() || end != token.data() + token.size() || page < 1 || page >= table->second.pages)
        return Refusal("ValidationException", "invalid NextToken " + token);
    }
    std::this_thread::sleep_for(table->second.page_time);  // the service at work
    Answer answer{200, R"({"QueryId":"AEDQCANYKWJDFGEMZ4",)", RowsOf(selection->columns)};
    if (page + 1 < table->second.pages) answer.head += R"("NextToken":")" + std::to_string(page + 1) + "\",";
    pages_.fetch_add(1);
    bytes_.fetch_add(static_cast<int64_t>(answer.head.size() + answer.tail->size()));
    return answer;
  }

 private:
  Answer Listed() const {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [name, table] : tables_) list.push_back({{"DatabaseName", "ops"}, {"TableName", name}});
    return {200, nlohmann::json({{"Tables", list}}).dump(), nullptr};
  }

  static Answer Described() {
    nlohmann::json rows = nlohmann::json::array(), info = nlohmann::json::array();
    for (const char* name : {"Column", "Type", "Timestream attribute type"}) info.push_back({{"Name", name}, {"Type", {{"ScalarType", "VARCHAR"}}}});
    for (const Column& column : kColumns) {
      nlohmann::json data = nlohmann::json::array();
      for (const char* text : {column.name, column.described, column.attribute}) data.push_back({{"ScalarValue", text}});
      rows.push_back({{"Data", data}});
    }
    return {200, nlohmann::json({{"QueryId", "AEDQCANYKWJDFGEMZ3"}, {"ColumnInfo", info}, {"Rows", rows}}).dump(), nullptr};
  }

  /// What follows the token in a page with these columns. Made once for each list of columns.
  std::shared_ptr<const std::string> RowsOf(const std::vector<size_t>& columns) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const std::string>& kept = tails_[columns];
    if (kept != nullptr) return kept;
    std::string text = R"("QueryStatus":{"ProgressPercentage":100.0,"CumulativeBytesScanned":1000,"CumulativeBytesMetered":10000000},"ColumnInfo":[)";
    const char* comma = "";
    for (const size_t at : columns) {
      text += std::string(comma) + R"({"Name":")" + kColumns[at].name + R"(","Type":{"ScalarType":")" + kColumns[at].scalar + "\"}}";
      comma = ",";
    }
    text += R"(],"Rows":[)";
    comma = "";
    for (const auto& row : rows_.cells) {
      text += std::string(comma) + R"({"Data":[)";
      comma = "";
      for (const size_t at : columns) {
        text += comma + row[at];
        comma = ",";
      }
      text += "]}";
      comma = ",";
    }
    kept = std::make_shared<const std::string>(text + "]}");
    return kept;
  }

  const std::map<std::string, Table> tables_;
  const Rows rows_;
  std::atomic<int64_t> pages_{0}, bytes_{0};
  std::mutex mutex_;  // guards tails_
  std::map<std::vector<size_t>, std::shared_ptr<const std::string>> tails_;
};

/// One connection of HTTP/1.1 that is kept until the client closes it.
class Connection {
 public:
  Connection(int socket, Pages& pages) : socket_(socket), pages_(pages) {}
  ~Connection() { close(socket_); }

  void Serve() {
    while (ReadHead()) {
      size_t length = 0;
      const std::string_view written = Header("Content-Length");
      std::from_chars(written.data(), written.data() + written.size(), length);
      if (length > kMaxRequestBytes || !Fill(head_ + length)) return;
      const std::string_view body = std::string_view(buffer_).substr(head_, length);
      const Answer answer = buffer_.starts_with("GET /served ") ? pages_.Served() : pages_.Post(Header("X-Amz-Target"), body);
      if (!Send(answer)) return;
      buffer_.erase(0, head_ + length);
    }
  }

 private:
  bool ReadHead() {
    constexpr std::string_view kEnd = "\r\n\r\n";
    for (;;) {
      const size_t end = buffer_.find(kEnd);
      if (end != std::string::npos) {
        head_ = end + kEnd.size();
        return true;
      }
      if (buffer_.size() > kMaxRequestBytes || !Fill(buffer_.size() + 1)) return false;
    }
  }

  bool Fill(size_t bytes) {
    char text[16'384];
    while (buffer_.size() < bytes) {
      const ssize_t got = recv(socket_, text, sizeof(text), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      buffer_.append(text, static_cast<size_t>(got));
    }
    return true;
  }

  /// "" if it is absent.
  std::string_view Header(std::string_view name) const {
    std::string_view rest = std::string_view(buffer_).substr(0, head_);
    for (size_t end; (end = rest.find("\r\n")) != std::string_view::npos; rest.remove_prefix(end + 2)) {
      const std::string_view line = rest.substr(0, end);
      if (line.size() <= name.size() || line[name.size()] != ':' || strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
      const size_t begin = line.find_first_not_of(" \t", name.size() + 1);
      return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
    }
    return "";
  }

  bool Send(const Answer& answer) const {
    const size_t length = answer.head.size() + (answer.tail != nullptr ? answer.tail->size() : 0);
    std::string head = "HTTP/1.1 " + std::string(answer.status == 200 ? "200 OK" : "400 Bad Request") +
                       "\r\nContent-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: bench\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" +
                       answer.head;
    std::array<iovec, 2> parts{};
    parts[0] = {head.data(), head.size()};
    if (answer.tail != nullptr) parts[1] = {const_cast<char*>(answer.tail->data()), answer.tail->size()};  // iovec's type; it is only read
    for (size_t at = 0; at < parts.size();) {
      msghdr message{};
      message.msg_iov = &parts[at];
      message.msg_iovlen = parts.size() - at;
      const ssize_t sent = sendmsg(socket_, &message, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return false;
      for (size_t left = static_cast<size_t>(sent); at < parts.size();) {
        const size_t part = std::min(left, parts[at].iov_len);
        parts[at].iov_base = static_cast<char*>(parts[at].iov_base) + part;
        parts[at].iov_len -= part;
        left -= part;
        if (parts[at].iov_len > 0) break;
        ++at;
      }
    }
    return true;
  }

  const int socket_;
  Pages& pages_;
  std::string buffer_;
  size_t head_ = 0;  // bytes of the request's head, its empty line included
};

Result<std::pair<std::string, Table>> ParseTable(const std::string& text) {
  const size_t first = text.find(':'), second = text.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) return Status::Invalid("expected TABLE:PAGES:PAGE_MS, not ", text);
  const Table table{std::strtoll(text.c_str() + first + 1, nullptr, 10), std::chrono::milliseconds(std::strtoll(text.c_str() + second + 1, nullptr, 10))};
  if (table.pages < 1 || table.page_time.count() < 0) return Status::Invalid("no number of pages, or no time, in ", text);
  return std::pair(text.substr(0, first), table);
}

Status Serve(const std::vector<std::string>& arguments) {
  std::map<std::string, Table> tables;
  for (const std::string& argument : arguments) {
    LOTIC_ASSIGN_OR_RETURN(auto table, ParseTable(argument));
    tables.insert(std::move(table));
  }
  const auto failure = [](const char* doing) { return Status::IOError(doing, " on 127.0.0.1: ", std::strerror(errno)); };
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 16) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return failure("listening");
  }
  Pages pages(std::move(tables));
  const nlohmann::json line = {{"url", "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))}, {"page", pages.rows().Totals()}};
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
  std::thread([] {
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    std::_Exit(0);  // connections that are still open have nothing to finish
  }).detach();
  for (;;) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (socket < 0) return failure("accepting");
    const int yes = 1;
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    std::thread([socket, &pages] { Connection(socket, pages).Serve(); }).detach();
  }
}

/// What a download keeps of an answer: its first bytes, where the token is, and its length.
struct Received {
  static constexpr size_t kKept = 256;
  std::string begin;
  int64_t bytes = 0;

  static size_t Take(const char* text, size_t, size_t size, void* to) {
    auto& received = *static_cast<Received*>(to);
    received.begin.append(text, std::min(size, kKept - received.begin.size()));
    received.bytes += static_cast<int64_t>(size);
    return size;
  }
  std::string NextToken() const {
    constexpr std::string_view kMember = "\"NextToken\":\"";
    const size_t at = begin.find(kMember);
    if (at == std::string::npos) return "";
    return begin.substr(at + kMember.size(), begin.find('"', at + kMember.size()) - at - kMember.size());
  }
};

Status Download(const std::string& url, const std::string& table) {
  std::string names;
  for (const Column& column : kColumns) names += (names.empty() ? "\"" : ", \"") + std::string(column.name) + '"';
  const std::string query = nlohmann::json("SELECT " + names + " FROM \"ops\".\"" + table + '"').dump();
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  if (curl == nullptr) return Status::IOError("downloading ", table, ": libcurl cannot be begun");
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(curl_slist_append(nullptr, "X-Amz-Target: Timestream_20181101.Query"), "Content-Type: application/x-amz-json-1.0"),
      &curl_slist_free_all);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &Received::Take);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_BUFFERSIZE, long{512} << 10);  // the largest
  std::string token;
  int64_t pages = 0, bytes = 0;
  do {
    const std::string body = "{\"QueryString\":" + query + (token.empty() ? "" : ",\"NextToken\":\"" + token + '"') + "}";
    Received received;
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &received);
    const CURLcode code = curl_easy_perform(curl.get());
    if (code != CURLE_OK) return Status::IOError("downloading page ", pages, " of ", table, " from ", url, ": ", curl_easy_strerror(code));
    ++pages;
    bytes += received.bytes;
    token = received.NextToken();
  } while (!token.empty());
  std::printf("{\"pages\": %lld, \"bytes\": %lld}\n", static_cast<long long>(pages), static_cast<long long>(bytes));
  return Status::OK();
}

}  // namespace
}  // namespace lotic::benchmarks

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool download = !arguments.empty() && arguments[0] == "--download";
  if (arguments.empty() || (download && arguments.size() != 3)) {
    std::fprintf(stderr, "usage: %s TABLE:PAGES:PAGE_MS...\n       %s --download URL TABLE\n", argv[0], argv[0]);
    return 2;
  }
  const lotic::Status status = download ? lotic::benchmarks::Download(arguments[1], arguments[2]) : lotic::benchmarks::Serve(arguments);
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_timestream_pages: %s\n", status.ToString().c_str());
  return 1;
}
