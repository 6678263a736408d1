// SPDX-License-Identifier: Apache-2.0
#include "lotic/c.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "capi/certificate_sum.h"
#include "capi/plan_json.h"
#include "capi/request_builder.h"
#include "capi/row_stream.h"
#include "capi/source_type.h"
#include "lotic/batch.h"
#include "lotic/scan_json.h"
#include "scan/certificate.h"

using lotic::CallContext;
using lotic::Result;
using lotic::Status;
using lotic::StatusCode;

static_assert(static_cast<int>(StatusCode::kInvalid) == LOTIC_INVALID && static_cast<int>(StatusCode::kNotFound) == LOTIC_NOT_FOUND &&
              static_cast<int>(StatusCode::kUnauthorized) == LOTIC_UNAUTHORIZED && static_cast<int>(StatusCode::kIOError) == LOTIC_IO_ERROR &&
              static_cast<int>(StatusCode::kThrottled) == LOTIC_THROTTLED && static_cast<int>(StatusCode::kDataLoss) == LOTIC_DATA_LOSS &&
              static_cast<int>(StatusCode::kCancelled) == LOTIC_CANCELLED && static_cast<int>(StatusCode::kDeadlineExceeded) == LOTIC_DEADLINE_EXCEEDED &&
              static_cast<int>(StatusCode::kNotImplemented) == LOTIC_NOT_IMPLEMENTED && static_cast<int>(StatusCode::kCapacityError) == LOTIC_CAPACITY_ERROR &&
              static_cast<int>(StatusCode::kUnknownError) == LOTIC_UNKNOWN_ERROR && static_cast<int>(StatusCode::kOk) == LOTIC_OK);

struct lotic_connector {
  std::shared_ptr<lotic::Connector> connector;
};

struct lotic_call {
  std::stop_source stop;
  CallContext ctx;
};

struct lotic_reader {
  std::shared_ptr<lotic::capi::RowStream> rows;
  bool streamed = false;
};

namespace {

constexpr int64_t kMaxTimeoutMs = int64_t{1000} * 3600 * 24 * 365;

char* Copied(const std::string& text) {
  char* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

// A message as a C text: it may quote bytes of anybody's input.
lotic_status Fail(const Status& status, char** error) {
  if (error != nullptr) {
    std::string message = status.message();
    std::replace(message.begin(), message.end(), '\0', ' ');
    *error = Copied(message);
  }
  return static_cast<lotic_status>(status.code());
}

// No exception crosses the interface. `body` returns a Status and sets the outputs only where it is OK.
template <typename Body>
lotic_status Guard(char** error, Body&& body) noexcept {
  try {
    Status status;
    try {
      status = body();
    } catch (const std::bad_alloc&) {
      status = Status::CapacityError("out of memory");
    } catch (const std::exception& thrown) {
      status = Status::UnknownError("internal error, please report it: ", thrown.what());
    }
    return status.ok() ? LOTIC_OK : Fail(status, error);
  } catch (...) {  // not even the message could be made
    return LOTIC_CAPACITY_ERROR;
  }
}

template <typename... Pointers>
Status Need(const char* function, const Pointers*... pointers) {
  return ((pointers != nullptr) && ...) ? Status::OK() : Status::Invalid(function, ": a null pointer where a value is required");
}

CallContext ContextOf(const lotic_call* call) { return call == nullptr ? CallContext() : call->ctx; }

// The layout's request, with what every use after lotic_prepare needs.
Result<lotic::ScanRequest> PlannedRequest(const char* request_json) {
  LOTIC_ASSIGN_OR_RETURN(lotic::ScanRequest request, lotic::ScanRequestFromJson(request_json));
  if (request.token.empty()) return Status::Invalid("the request has no token: take the one of its plan");
  return request;
}

int ErrnoOf(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return 0;
    case StatusCode::kInvalid: return EINVAL;
    case StatusCode::kNotFound: return ENOENT;
    case StatusCode::kUnauthorized: return EACCES;
    case StatusCode::kThrottled: return EAGAIN;
    case StatusCode::kDataLoss: return ENODATA;
    case StatusCode::kCancelled: return ECANCELED;
    case StatusCode::kDeadlineExceeded: return ETIMEDOUT;
    case StatusCode::kNotImplemented: return ENOSYS;
    case StatusCode::kCapacityError: return EOVERFLOW;
    case StatusCode::kIOError:
    case StatusCode::kUnknownError: break;
  }
  return EIO;
}

// ------------------------------------------------------------------------------------------------------------ the Arrow stream

struct StreamState {
  std::shared_ptr<lotic::capi::RowStream> rows;
  size_t columns = 0;
  std::string error;
};

// Runs `body` for a callback of the stream: its failure becomes an errno and the stream's last error.
template <typename Body>
int InStream(ArrowArrayStream* stream, Body&& body) noexcept {
  auto* state = static_cast<StreamState*>(stream->private_data);
  try {
    Status status;
    try {
      status = body(state);
    } catch (const std::bad_alloc&) {
      status = Status::CapacityError("out of memory");
    } catch (const std::exception& thrown) {
      status = Status::UnknownError("internal error, please report it: ", thrown.what());
    }
    if (status.ok()) return 0;
    state->error = status.message();
    std::replace(state->error.begin(), state->error.end(), '\0', ' ');
    return ErrnoOf(status.code());
  } catch (...) {
    return ENOMEM;
  }
}

int StreamSchema(ArrowArrayStream* stream, ArrowSchema* out) {
  return InStream(stream, [out](StreamState* state) -> Status {
    LOTIC_ASSIGN_OR_RETURN(const lotic::Schema schema, state->rows->OutputSchema(state->columns));
    lotic::ExportSchema(schema, out);
    return Status::OK();
  });
}

int StreamNext(ArrowArrayStream* stream, ArrowArray* out) {
  return InStream(stream, [out](StreamState* state) -> Status {
    LOTIC_ASSIGN_OR_RETURN(const std::optional<lotic::Batch> batch, state->rows->Next());
    *out = ArrowArray{};  // released: the end
    if (!batch) return Status::OK();
    std::vector<size_t> columns(state->columns);
    for (size_t i = 0; i < columns.size(); ++i) columns[i] = i;
    (columns.size() == batch->num_columns() ? *batch : batch->Select(columns)).Export(out);
    return Status::OK();
  });
}

const char* StreamError(ArrowArrayStream* stream) {
  const auto* state = static_cast<StreamState*>(stream->private_data);
  return state->error.empty() ? nullptr : state->error.c_str();
}

void ReleaseStream(ArrowArrayStream* stream) {
  auto* state = static_cast<StreamState*>(stream->private_data);
  try {
    state->rows->Close();
  } catch (...) {  // memory that ran out: the stream is gone all the same, and nothing may cross to C
  }
  delete state;
  stream->release = nullptr;
}

}  // namespace

int32_t lotic_abi_version(void) { return LOTIC_ABI_VERSION; }

const char* lotic_version(void) { return LOTIC_VERSION; }

const char* lotic_status_name(lotic_status status) {
  const bool known = status >= LOTIC_OK && status <= LOTIC_UNKNOWN_ERROR;
  return lotic::StatusCodeName(known ? static_cast<StatusCode>(status) : StatusCode::kUnknownError).data();
}

void lotic_string_release(char* text) { std::free(text); }

lotic_call* lotic_call_new(int64_t timeout_ms, int64_t memory_budget_bytes) {
  auto* call = new (std::nothrow) lotic_call();
  if (call == nullptr) return nullptr;
  call->ctx.stop = call->stop.get_token();
  if (timeout_ms >= 0) call->ctx.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(std::min(timeout_ms, kMaxTimeoutMs));
  if (memory_budget_bytes > 0) call->ctx.memory_budget_bytes = memory_budget_bytes;
  return call;
}

void lotic_call_cancel(lotic_call* call) {
  if (call != nullptr) call->stop.request_stop();
}

void lotic_call_release(lotic_call* call) { delete call; }

lotic_status lotic_connector_types(char** types_json, char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_connector_types", types_json));
    *types_json = Copied(lotic::capi::ToJson(lotic::capi::SourceTypes()));
    return Status::OK();
  });
}

lotic_status lotic_connector_open(const char* type, const char* path, const char* options_json, lotic_connector** connector, char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_connector_open", type, path, connector));
    std::map<std::string, std::string> options;
    if (options_json != nullptr) {
      LOTIC_ASSIGN_OR_RETURN(options, lotic::capi::OptionsFromJson(options_json));
    }
    LOTIC_ASSIGN_OR_RETURN(std::shared_ptr<lotic::Connector> made, lotic::capi::MakeSource(type, path, options));
    *connector = new lotic_connector{std::move(made)};
    return Status::OK();
  });
}

void lotic_connector_release(lotic_connector* connector) { delete connector; }

lotic_status lotic_schemas(lotic_connector* connector, const lotic_call* call, char** schemas_json, char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_schemas", connector, schemas_json));
    LOTIC_ASSIGN_OR_RETURN(const std::vector<std::string> schemas, connector->connector->ListSchemas(ContextOf(call)));
    *schemas_json = Copied(lotic::capi::ToJson(schemas));
    return Status::OK();
  });
}

lotic_status lotic_tables(lotic_connector* connector, const lotic_call* call, const char* schema, const char* page_token, int32_t max_items, char** tables_json,
                          char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_tables", connector, schema, tables_json));
    if (max_items < 0) return Status::Invalid("lotic_tables: max_items is ", max_items);
    LOTIC_ASSIGN_OR_RETURN(const lotic::TablePage page,
                           connector->connector->ListTables(ContextOf(call), schema, {page_token == nullptr ? "" : page_token, max_items}));
    *tables_json = Copied(lotic::capi::ToJson(page));
    return Status::OK();
  });
}

lotic_status lotic_table(lotic_connector* connector, const lotic_call* call, const char* schema, const char* table, char** table_json, char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_table", connector, schema, table, table_json));
    LOTIC_ASSIGN_OR_RETURN(const lotic::TableInfo info, connector->connector->GetTable(ContextOf(call), {schema, table}));
    *table_json = Copied(lotic::capi::ToJson(info));
    return Status::OK();
  });
}

lotic_status lotic_arrow_schema(const char* schema_json, struct ArrowSchema* out, char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_arrow_schema", schema_json, out));
    LOTIC_ASSIGN_OR_RETURN(const lotic::Schema schema, lotic::SchemaFromJson(schema_json));
    lotic::ExportSchema(schema, out);
    return Status::OK();
  });
}

lotic_status lotic_request(const char* table_json, const char* columns_json, const char* filter, const char* constraints_json, int64_t limit,
                           char** request_json, char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_request", table_json, request_json));
    LOTIC_ASSIGN_OR_RETURN(const lotic::TableInfo info, lotic::capi::TableFromJson(table_json));
    lotic::capi::RowsWanted wanted;
    if (columns_json != nullptr) {
      LOTIC_ASSIGN_OR_RETURN(wanted.columns, lotic::capi::NamesFromJson(columns_json));
    }
    if (filter != nullptr) wanted.filter = filter;
    if (constraints_json != nullptr) {
      LOTIC_ASSIGN_OR_RETURN(wanted.constraints, lotic::capi::ConstraintsListFromJson(constraints_json, lotic::capi::VisibleAndHidden(info)));
    }
    if (limit >= 0) wanted.limit = limit;
    LOTIC_ASSIGN_OR_RETURN(const lotic::ScanRequest request, lotic::capi::BuildRequest(info, wanted));
    *request_json = Copied(lotic::ToJson(request));
    return Status::OK();
  });
}

lotic_status lotic_prepare(lotic_connector* connector, const lotic_call* call, const char* table_json, const char* request_json, char** plan_json,
                           char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_prepare", connector, table_json, request_json, plan_json));
    LOTIC_ASSIGN_OR_RETURN(const lotic::TableInfo info, lotic::capi::TableFromJson(table_json));
    LOTIC_ASSIGN_OR_RETURN(const lotic::ScanRequest request, lotic::ScanRequestFromJson(request_json));
    if (request.table != info.name)
      return Status::Invalid("the request is for ", request.table.ToString(), ", the table's text describes ", info.name.ToString());
    LOTIC_ASSIGN_OR_RETURN(const lotic::Prepared plan, connector->connector->Prepare(ContextOf(call), request));
    *plan_json = Copied(lotic::capi::ToJson(plan, info));
    return Status::OK();
  });
}

lotic_status lotic_splits(lotic_connector* connector, const lotic_call* call, const char* request_json, const char* plan_json, const char* page_token,
                          int32_t max_items, char** page_json, char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_splits", connector, request_json, plan_json, page_json));
    if (max_items < 0) return Status::Invalid("lotic_splits: max_items is ", max_items);
    LOTIC_ASSIGN_OR_RETURN(const lotic::ScanRequest request, PlannedRequest(request_json));
    LOTIC_ASSIGN_OR_RETURN(const lotic::Prepared plan, lotic::capi::PlanFromJson(plan_json));
    LOTIC_ASSIGN_OR_RETURN(const lotic::SplitPage page,
                           connector->connector->Splits(ContextOf(call), request, plan.partitions, {page_token == nullptr ? "" : page_token, max_items}));
    *page_json = Copied(lotic::capi::ToJson(page, request.layout));
    return Status::OK();
  });
}

lotic_status lotic_open(lotic_connector* connector, const lotic_call* call, const char* request_json, const char* splits_json, lotic_reader** reader,
                        char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_open", connector, request_json, splits_json, reader));
    LOTIC_ASSIGN_OR_RETURN(lotic::ScanRequest request, PlannedRequest(request_json));
    LOTIC_ASSIGN_OR_RETURN(std::vector<lotic::SplitStart> splits, lotic::capi::SplitStartsFromJson(splits_json, request.layout));
    LOTIC_ASSIGN_OR_RETURN(std::unique_ptr<lotic::capi::RowStream> rows,
                           lotic::capi::RowStream::Open(ContextOf(call), connector->connector, std::move(request), std::move(splits)));
    *reader = new lotic_reader{std::move(rows)};
    return Status::OK();
  });
}

lotic_status lotic_reader_stream(lotic_reader* reader, int64_t num_columns, struct ArrowArrayStream* stream, char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_reader_stream", reader, stream));
    if (reader->streamed) return Status::Invalid("lotic_reader_stream: the reader's stream has been taken before");
    const size_t columns = num_columns < 0 ? reader->rows->num_columns() : static_cast<size_t>(num_columns);
    LOTIC_RETURN_NOT_OK(reader->rows->OutputSchema(columns).status());
    auto state = std::make_unique<StreamState>(StreamState{reader->rows, columns, ""});
    reader->streamed = true;
    *stream = ArrowArrayStream{StreamSchema, StreamNext, StreamError, ReleaseStream, state.release()};
    return Status::OK();
  });
}

lotic_status lotic_reader_status(lotic_reader* reader, char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_reader_status", reader));
    return reader->rows->status();
  });
}

lotic_status lotic_reader_certificate(lotic_reader* reader, int64_t split, char** certificate_json, char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_reader_certificate", reader, certificate_json));
    LOTIC_ASSIGN_OR_RETURN(const lotic::SplitCertificate certificate, reader->rows->Certificate(split));
    *certificate_json = Copied(lotic::ToJson(certificate));
    return Status::OK();
  });
}

void lotic_reader_cancel(lotic_reader* reader) {
  if (reader != nullptr) reader->rows->Cancel();
}

void lotic_reader_release(lotic_reader* reader) { delete reader; }

lotic_status lotic_certificate(const char* request_json, const char* plan_json, const char* splits_json, const char* certificates_json, char** document_json,
                               char** error) {
  return Guard(error, [&]() -> Status {
    LOTIC_RETURN_NOT_OK(Need("lotic_certificate", request_json, plan_json, splits_json, certificates_json, document_json));
    LOTIC_ASSIGN_OR_RETURN(const lotic::ScanRequest request, PlannedRequest(request_json));
    LOTIC_ASSIGN_OR_RETURN(const lotic::Prepared plan, lotic::capi::PlanFromJson(plan_json));
    LOTIC_ASSIGN_OR_RETURN(const std::vector<lotic::SplitStart> splits, lotic::capi::SplitStartsFromJson(splits_json, request.layout));
    LOTIC_ASSIGN_OR_RETURN(std::vector<std::optional<lotic::SplitCertificate>> read, lotic::capi::CertificatesFromJson(certificates_json));
    LOTIC_ASSIGN_OR_RETURN(const lotic::TableCertificate table, lotic::capi::SumCertificates(plan, splits, std::move(read)));
    *document_json = Copied(lotic::CertificatesToJson({&table, 1}));
    return Status::OK();
  });
}
