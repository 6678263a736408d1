// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <utility>

#include "aws/credentials.h"
#include "connector/timestream/timestream_connector.h"

// ATTACH's options, by their names in lower case.

namespace lotic::timestream {
namespace {

constexpr std::chrono::milliseconds kConnectTime{5'000};
constexpr std::chrono::milliseconds kSilence{70'000};  // the service may think for 60 s about a page

template <typename T>
Status OneOf(const std::string& name, const std::string& value, std::initializer_list<std::pair<const char*, T>> known, T* out) {
  std::string names;
  for (const auto& [word, meaning] : known) {
    if (value == word) {
      *out = meaning;
      return Status::OK();
    }
    names += std::string(names.empty() ? "" : ", ") + word;
  }
  return Status::Invalid("option ", name, ": '", value.substr(0, 100), "' is none of ", names);
}

}  // namespace

Result<std::shared_ptr<Connector>> AttachTimestream(const std::string& region, const std::map<std::string, std::string>& options,
                                                    const aws::Environment& environment) {
  TimestreamOptions made;
  const auto set = [&](const std::string& name, const std::string& value) -> Status {
    if (name == "endpoint") {
      made.client.query_endpoint = made.client.write_endpoint = made.glue_endpoint = value;
    } else if (name == "time_precision") {
      return OneOf<TimeUnit>(name, value, {{"ms", TimeUnit::kMilli}, {"us", TimeUnit::kMicro}, {"ns", TimeUnit::kNano}}, &made.time_precision);
    } else if (name == "compat") {
      return OneOf<Dialect>(name, value, {{"none", Dialect::kOwn}, {"j", Dialect::kOriginal}}, &made.dialect);
    } else if (name == "discovery") {
      return OneOf<Discovery>(name, value, {{"auto", Discovery::kAuto}, {"on", Discovery::kOn}, {"off", Discovery::kOff}}, &made.client.discovery);
    } else if (name == "glue") {
      return OneOf<bool>(name, value, {{"on", true}, {"off", false}}, &made.glue);
    } else if (name == "glue_catalog") {
      made.glue_catalog = value;
    } else if (name == "page_rows") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), made.page_rows);
      if (error != std::errc() || end != value.data() + value.size() || made.page_rows < 1) {
        return Status::Invalid("option page_rows: '", value.substr(0, 100), "' is no number between 1 and 1000");
      }
    } else {
      return Status::Invalid("unknown option '", name, "'; known: compat, discovery, endpoint, glue, glue_catalog, page_rows, time_precision");
    }
    return Status::OK();
  };
  const std::string where = "ATTACH '" + region + "' (TYPE timestream): ";
  for (const auto& [name, value] : options) {
    const Status status = set(name, value);
    if (!status.ok()) return status.WithMessage(where, status.message());
  }
  aws::SessionOptions session;
  session.region = region;
  session.http.connect_timeout = kConnectTime;
  session.http.silence_timeout = kSilence;
  session.http.user_agent = "aws-athena-timestream-connector lotic";
  if (!region.empty()) LOTIC_RETURN_NOT_OK(aws::ValidateRegion(region));
  LOTIC_ASSIGN_OR_RETURN(aws::Session opened, aws::Session::Open(session, environment));
  return MakeTimestreamConnector(std::move(opened), std::move(made));
}

}  // namespace lotic::timestream
