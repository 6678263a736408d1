// SPDX-License-Identifier: Apache-2.0
#include "aws/http_client.h"

#include <curl/curl.h>
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <stop_token>
#include <utility>

#include "aws/ascii.h"

namespace lotic::aws {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr long kMaxConnectionsPerSession = 4;
constexpr std::chrono::milliseconds kLongestPoll{60'000};  // libcurl's own timers are inside curl_multi_poll; this is only a bound

// libcurl is opened when the first client is made and stays: linked in, its thirty libraries would cost every start of every program
// some 8 ms, also of those that never speak HTTP.
struct CurlLibrary {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_free) free = nullptr;
  decltype(&curl_url) url = nullptr;
  decltype(&curl_url_cleanup) url_cleanup = nullptr;
  decltype(&curl_url_set) url_set = nullptr;
  decltype(&curl_url_get) url_get = nullptr;
  decltype(&curl_url_strerror) url_strerror = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_reset) easy_reset = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_multi_init) multi_init = nullptr;
  decltype(&curl_multi_cleanup) multi_cleanup = nullptr;
  decltype(&curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&curl_multi_perform) multi_perform = nullptr;
  decltype(&curl_multi_poll) multi_poll = nullptr;
  decltype(&curl_multi_wakeup) multi_wakeup = nullptr;
  decltype(&curl_multi_info_read) multi_info_read = nullptr;
  decltype(&curl_multi_strerror) multi_strerror = nullptr;
  CURLcode (*easy_setopt)(CURL*, CURLoption, ...) = nullptr;
  CURLcode (*easy_getinfo)(CURL*, CURLINFO, ...) = nullptr;
  CURLMcode (*multi_setopt)(CURLM*, CURLMoption, ...) = nullptr;
  std::string problem;  // empty: it may be used
};

template <typename Fn>
void FindIn(void* library, const char* name, Fn* function, std::string* problem) {
  *function = reinterpret_cast<Fn>(dlsym(library, name));
  if (*function == nullptr && problem->empty()) *problem = std::string("libcurl is too old: it has no ") + name;
}

CurlLibrary OpenCurl() {
  CurlLibrary curl;
  void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = dlerror();
    curl.problem = std::string("libcurl cannot be loaded (Debian: apt-get install libcurl4): ") + (why != nullptr ? why : "libcurl.so.4");
    return curl;
  }
#define LOTIC_FIND(name) FindIn(library, "curl_" #name, &curl.name, &curl.problem)
  LOTIC_FIND(global_init);
  LOTIC_FIND(free);
  LOTIC_FIND(url);
  LOTIC_FIND(url_cleanup);
  LOTIC_FIND(url_set);
  LOTIC_FIND(url_get);
  LOTIC_FIND(url_strerror);
  LOTIC_FIND(slist_append);
  LOTIC_FIND(slist_free_all);
  LOTIC_FIND(easy_init);
  LOTIC_FIND(easy_cleanup);
  LOTIC_FIND(easy_reset);
  LOTIC_FIND(easy_strerror);
  LOTIC_FIND(easy_setopt);
  LOTIC_FIND(easy_getinfo);
  LOTIC_FIND(multi_init);
  LOTIC_FIND(multi_cleanup);
  LOTIC_FIND(multi_add_handle);
  LOTIC_FIND(multi_remove_handle);
  LOTIC_FIND(multi_perform);
  LOTIC_FIND(multi_poll);
  LOTIC_FIND(multi_wakeup);
  LOTIC_FIND(multi_info_read);
  LOTIC_FIND(multi_strerror);
  LOTIC_FIND(multi_setopt);
#undef LOTIC_FIND
  if (curl.problem.empty() && curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) curl.problem = "libcurl could not be started";
  return curl;
}

const CurlLibrary& Curl() {
  static const CurlLibrary curl = OpenCurl();
  return curl;
}

struct UrlParts {
  std::string origin;  // "https://host:port"
  std::string shown;   // origin and path: what messages say
  std::string host;
  bool tls = false;
};

bool IsLoopback(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return EqualIgnoringCase(host, "localhost") || host == "::1" || (host.size() > 10 && EqualIgnoringCase(host.substr(host.size() - 10), ".localhost")) ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

std::string WithoutQuery(std::string_view url) { return std::string(url.substr(0, std::min(url.find_first_of("?#"), url.size()))); }

Result<UrlParts> TakeApart(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(Curl().url(), Curl().url_cleanup);
  LOTIC_CHECK(parsed != nullptr);
  const auto refuse = [&](std::string_view why) {
    // What stands before an '@' may be a password.
    const std::string shown = WithoutQuery(url);
    const size_t at = shown.rfind('@');
    return Status::Invalid("not a URL to ask: ", at == std::string::npos ? shown : "…" + shown.substr(at), " (", why, ")");
  };
  if (url.find_first_of(" \t\r\n") != std::string::npos || url.find('\0') != std::string::npos) return refuse("it holds a blank");
  if (const CURLUcode code = Curl().url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_PATH_AS_IS); code != CURLUE_OK) {
    return refuse(Curl().url_strerror(code));
  }
  const auto part = [&](CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    if (Curl().url_get(parsed.get(), which, &text, flags) != CURLUE_OK || text == nullptr) return std::string();
    std::string copy(text);
    Curl().free(text);
    return copy;
  };
  const std::string scheme = part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return refuse("only http and https are spoken");
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty()) return refuse("a URL may not hold a user or a password");
  UrlParts parts;
  parts.tls = scheme == "https";
  parts.host = part(CURLUPART_HOST);
  parts.origin = scheme + "://" + parts.host + ":" + part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  parts.shown = WithoutQuery(url);
  return parts;
}

// One call's state, which libcurl's callbacks fill.
struct Exchange {
  const HttpRequest* request = nullptr;
  CURL* easy = nullptr;
  HttpResponse response;
  size_t header_bytes = 0;
  bool too_long = false;
  bool too_many_headers = false;
  SteadyClock::time_point last_activity = SteadyClock::now();
  curl_off_t moved = 0;
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const size_t bytes = size * count;
  std::string& body = exchange.response.body;
  const auto limit = static_cast<size_t>(exchange.request->max_response_bytes);
  if (bytes > limit - std::min(limit, body.size())) {
    exchange.too_long = true;
    return 0;
  }
  if (body.empty()) {
    curl_off_t length = -1;
    Curl().easy_getinfo(exchange.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length > exchange.request->max_response_bytes) {
      exchange.too_long = true;
      return 0;
    }
    // A server may promise more than it sends; memory is taken in steps beyond this.
    constexpr curl_off_t kFirstReserve = curl_off_t{16} << 20;
    if (length > 0) body.reserve(static_cast<size_t>(std::min(length, kFirstReserve)) + kBodyPadding);
  }
  body.append(data, bytes);
  return bytes;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const size_t bytes = size * count;
  exchange.header_bytes += bytes;
  if (exchange.header_bytes > kMaxHeaderBytes) {
    exchange.too_many_headers = true;
    return 0;
  }
  std::string_view line(data, bytes);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // a new answer: after 100 Continue, or after a redirect
    exchange.response.headers.clear();
    exchange.response.body.clear();
    return bytes;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bytes;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  exchange.response.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  return bytes;
}

int OnProgress(void* user, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up) {
  auto& exchange = *static_cast<Exchange*>(user);
  const curl_off_t moved = down + up + static_cast<curl_off_t>(exchange.header_bytes);
  if (moved != exchange.moved) {
    exchange.moved = moved;
    exchange.last_activity = SteadyClock::now();
  }
  return 0;
}

// A transfer handle with the connections that it has kept. One thread at a time.
struct SessionHandle {
  SessionHandle() : multi(Curl().multi_init()), easy(Curl().easy_init()) {
    LOTIC_CHECK(multi != nullptr && easy != nullptr);  // out of memory
    Curl().multi_setopt(multi, CURLMOPT_MAXCONNECTS, kMaxConnectionsPerSession);
  }
  ~SessionHandle() {
    Curl().easy_cleanup(easy);
    Curl().multi_cleanup(multi);
  }
  SessionHandle(const SessionHandle&) = delete;
  SessionHandle& operator=(const SessionHandle&) = delete;

  CURLM* const multi;
  CURL* const easy;
  std::string last_origin;
};

struct FreeList {
  void operator()(curl_slist* list) const { Curl().slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void Append(HeaderList& list, const std::string& line) {
  curl_slist* longer = Curl().slist_append(list.get(), line.c_str());
  LOTIC_CHECK(longer != nullptr);  // out of memory
  (void)list.release();
  list.reset(longer);
}

bool IsTokenText(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.find(c) != std::string_view::npos;
  });
}

Result<HeaderList> MakeHeaders(const HttpRequest& request, const std::string& user_agent, std::string_view doing) {
  HeaderList list;
  for (const HttpHeader& header : request.headers) {
    if (!IsTokenText(header.name)) return Status::Invalid(doing, ": '", WithoutQuery(header.name), "' is no header's name");
    if (header.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return Status::Invalid(doing, ": the value of the header '", header.name, "' holds a line break");
    }
    // libcurl leaves a header with an empty value out, unless it is written with a semicolon.
    Append(list, header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  const auto silence = [&](const char* name) {
    if (!FindHeader(request.headers, name)) Append(list, std::string(name) + ":");
  };
  silence("Expect");        // libcurl's own wait for 100 Continue costs a round trip
  silence("Content-Type");  // a form's, which libcurl would claim for any body
  if (!FindHeader(request.headers, "User-Agent")) Append(list, "User-Agent: " + user_agent);
  return list;
}

// Would the same request fail the same way again?
bool IsPermanent(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_FAILED_INIT: return true;
    default: return false;
  }
}

}  // namespace

std::optional<std::string_view> FindHeader(std::span<const HttpHeader> headers, std::string_view name) {
  for (const HttpHeader& header : headers) {
    if (EqualIgnoringCase(header.name, name)) return header.value;
  }
  return std::nullopt;
}

std::string TransportError::ToString() const {
  return std::string(retryable ? "retryable" : "permanent") + (may_have_been_sent ? ", may have arrived" : ", not sent");
}

const TransportError* TransportError::From(const Status& status) {
  if (status.ok() || status.detail() == nullptr) return nullptr;
  return dynamic_cast<const TransportError*>(status.detail().get());
}

ProxySettings ProxySettings::FromEnvironment(const Environment& environment) {
  const auto first = [&](std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (const std::string_view value = Lookup(environment, name); !value.empty()) return std::string(value);
    }
    return std::string();
  };
  return {first({"http_proxy", "all_proxy", "ALL_PROXY"}), first({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}), first({"no_proxy", "NO_PROXY"})};
}

Status HttpClientOptions::Validate() const {
  if (connect_timeout.count() <= 0) return Status::Invalid("HTTP client: connect_timeout must be positive, not ", connect_timeout.count(), " ms");
  if (silence_timeout.count() <= 0) return Status::Invalid("HTTP client: silence_timeout must be positive, not ", silence_timeout.count(), " ms");
  if (user_agent.find_first_of("\r\n") != std::string::npos) return Status::Invalid("HTTP client: user_agent holds a line break");
  return Status::OK();
}

struct HttpClient::Impl {
  explicit Impl(HttpClientOptions given) : options(std::move(given)) {}

  // Prefers the session that spoke to this origin last: it probably still has the connection.
  std::unique_ptr<SessionHandle> Take(const std::string& origin) {
    const std::lock_guard lock(mutex);
    auto found = std::find_if(idle.rbegin(), idle.rend(), [&](const auto& session) { return session->last_origin == origin; });
    std::unique_ptr<SessionHandle> session;
    if (found != idle.rend()) {
      session = std::move(*found);
      idle.erase(std::next(found).base());
    }
    return session;
  }

  void GiveBack(std::unique_ptr<SessionHandle> session) {
    const std::lock_guard lock(mutex);
    if (idle.size() >= kMaxIdleSessions) idle.erase(idle.begin());  // the one unused longest
    idle.push_back(std::move(session));
  }

  void SetUp(SessionHandle& session, const HttpRequest& request, const UrlParts& url, const HeaderList& headers, Exchange& exchange, char* error_text) const;
  Status Run(const CallContext& ctx, SessionHandle& session, Exchange& exchange, std::string_view doing, CURLcode& code) const;

  const HttpClientOptions options;
  std::atomic<int64_t> connections{0};
  std::mutex mutex;                                  // guards what follows
  std::vector<std::unique_ptr<SessionHandle>> idle;  // the one used last at the end
};

void HttpClient::Impl::SetUp(SessionHandle& session, const HttpRequest& request, const UrlParts& url, const HeaderList& headers, Exchange& exchange,
                             char* error_text) const {
  CURL* easy = session.easy;
  Curl().easy_reset(easy);  // options only: connections and known addresses stay
  Curl().easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  Curl().easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  Curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  Curl().easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  Curl().easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a name server that does not answer holds no cancelled call up
  Curl().easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  Curl().easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
  Curl().easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  Curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
  Curl().easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  Curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
  Curl().easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  Curl().easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, OnProgress);
  Curl().easy_setopt(easy, CURLOPT_XFERINFODATA, &exchange);
  Curl().easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  Curl().easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
  Curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  Curl().easy_setopt(easy, CURLOPT_FRESH_CONNECT, request.fresh_connection ? 1L : 0L);
  if (request.follow_redirects) {
    Curl().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    Curl().easy_setopt(easy, CURLOPT_MAXREDIRS, static_cast<long>(kMaxRedirects));
    Curl().easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, url.tls ? "https" : "http,https");
  }
  // Always said, even when empty: libcurl would read the process's environment otherwise.
  const bool loopback = IsLoopback(url.host);
  Curl().easy_setopt(easy, CURLOPT_PROXY, loopback ? "" : (url.tls ? options.proxy.https : options.proxy.http).c_str());
  Curl().easy_setopt(easy, CURLOPT_NOPROXY, loopback ? "*" : options.proxy.exceptions.c_str());
  if (!options.ca_file.empty()) Curl().easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.verify_peer) {
    Curl().easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    Curl().easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }

  if (request.method == "HEAD") {
    Curl().easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    Curl().easy_setopt(easy, CURLOPT_POST, 1L);
    Curl().easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    Curl().easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.empty() ? "" : reinterpret_cast<const char*>(request.body.data()));
    if (request.method != "POST") Curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else {
    Curl().easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (request.method != "GET") Curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

// Drives the transfer to its end, on this thread. OK with `code` when libcurl is done with it, however that went.
Status HttpClient::Impl::Run(const CallContext& ctx, SessionHandle& session, Exchange& exchange, std::string_view doing, CURLcode& code) const {
  LOTIC_CHECK(Curl().multi_add_handle(session.multi, session.easy) == CURLM_OK);
  struct Remove {  // ends the transfer, and its connection where it was in the middle of one
    SessionHandle& session;
    ~Remove() { Curl().multi_remove_handle(session.multi, session.easy); }
  } const remove{session};
  // A stop is noticed at once: the wake-up reaches a poll that waits now, or the next one.
  const std::stop_callback<std::function<void()>> on_stop(ctx.stop, [multi = session.multi] { Curl().multi_wakeup(multi); });

  for (;;) {
    int running = 0;
    if (const CURLMcode failed = Curl().multi_perform(session.multi, &running); failed != CURLM_OK) {
      return Status::IOError(doing, ": ", Curl().multi_strerror(failed)).WithDetail(std::make_shared<TransportError>(true, true));
    }
    int left = 0;
    while (const CURLMsg* message = Curl().multi_info_read(session.multi, &left)) {
      if (message->msg == CURLMSG_DONE) {
        code = message->data.result;
        return Status::OK();
      }
    }
    LOTIC_RETURN_NOT_OK(ctx.Check(doing));
    const auto now = SteadyClock::now();
    const auto silent_until = exchange.last_activity + options.silence_timeout;
    if (now >= silent_until) {
      return Status::IOError(doing, ": no byte in ", options.silence_timeout.count(), " ms").WithDetail(std::make_shared<TransportError>(true, true));
    }
    const auto until = std::min({silent_until, ctx.deadline, now + kLongestPoll});
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    Curl().multi_poll(session.multi, nullptr, 0, static_cast<int>(std::max<int64_t>(wait.count(), 0)), nullptr);
  }
}

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::~HttpClient() = default;

Result<std::shared_ptr<HttpClient>> HttpClient::Create(HttpClientOptions options) {
  LOTIC_RETURN_NOT_OK(options.Validate());
  if (!Curl().problem.empty()) return Status::IOError("HTTP client: ", Curl().problem);
  return std::shared_ptr<HttpClient>(new HttpClient(std::make_unique<Impl>(std::move(options))));
}

int64_t HttpClient::connections_opened() const { return impl_->connections.load(); }

Result<HttpResponse> HttpClient::Send(const CallContext& ctx, const HttpRequest& request) {
  LOTIC_ASSIGN_OR_RETURN(const UrlParts url, TakeApart(request.url));
  if (!IsTokenText(request.method)) return Status::Invalid("HTTP request to ", url.shown, ": not a method");
  const std::string doing = request.method + " " + url.shown;
  if (request.follow_redirects && !request.body.empty()) return Status::Invalid(doing, ": redirects are not followed with a body");
  if (request.max_response_bytes < 0) return Status::Invalid(doing, ": max_response_bytes is ", request.max_response_bytes);
  LOTIC_ASSIGN_OR_RETURN(const HeaderList headers, MakeHeaders(request, impl_->options.user_agent, doing));
  LOTIC_RETURN_NOT_OK(ctx.Check(doing));

  std::unique_ptr<SessionHandle> session = impl_->Take(url.origin);
  if (session == nullptr) session = std::make_unique<SessionHandle>();
  char error_text[CURL_ERROR_SIZE] = "";
  Exchange exchange;
  exchange.request = &request;
  exchange.easy = session->easy;
  impl_->SetUp(*session, request, url, headers, exchange, error_text);
  CURLcode code = CURLE_OK;
  Status status = impl_->Run(ctx, *session, exchange, doing, code);

  long opened = 0;
  long sent_bytes = 0;
  long http_status = 0;
  Curl().easy_getinfo(session->easy, CURLINFO_NUM_CONNECTS, &opened);
  Curl().easy_getinfo(session->easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
  Curl().easy_getinfo(session->easy, CURLINFO_RESPONSE_CODE, &http_status);
  Curl().easy_setopt(session->easy, CURLOPT_ERRORBUFFER, nullptr);
  impl_->connections += opened;
  if (!status.ok()) return status;  // the session goes too, with its half-used connection

  if (code != CURLE_OK) {
    if (exchange.too_long) {
      return Status::CapacityError(doing, ": the answer is longer than ", request.max_response_bytes, " bytes");
    }
    if (exchange.too_many_headers) {
      return Status::CapacityError(doing, ": the answer's headers are longer than ", kMaxHeaderBytes, " bytes");
    }
    return Status::IOError(doing, ": ", error_text[0] != '\0' ? error_text : Curl().easy_strerror(code))
        .WithDetail(std::make_shared<TransportError>(sent_bytes > 0, !IsPermanent(code)));
  }
  session->last_origin = url.origin;
  impl_->GiveBack(std::move(session));
  exchange.response.status = static_cast<int>(http_status);
  exchange.response.body.reserve(exchange.response.body.size() + kBodyPadding);
  return std::move(exchange.response);
}

}  // namespace lotic::aws
