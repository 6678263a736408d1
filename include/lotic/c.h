/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Lotic's one binary interface: tables of a source, planned and read, over plain C. liblotic.so exports these names and no others.
 *
 * The order of calls, in one process or in several:
 *
 *   planner:  lotic_connector_open -> lotic_table -> lotic_request -> lotic_prepare -> lotic_splits (page by page)
 *   workers:  lotic_connector_open -> lotic_open -> lotic_reader_stream -> (Arrow batches) -> lotic_reader_certificate
 *   planner:  lotic_certificate
 *
 * What travels between them is text: the request with the token of its plan, the splits, the certificates. Every text is UTF-8 JSON in the
 * canonical form of docs/reference/c-api.md: whole numbers that may pass 2^53 as texts, unknown members refused.
 *
 * Ownership: texts and handles that a function gives belong to the caller, who releases each exactly once (lotic_string_release,
 * lotic_..._release; a null pointer is nothing to release). Texts that are passed in are only read during the call. A handle may be released
 * while others that came from it live: they keep what they need.
 *
 * Errors: a function that can fail returns a lotic_status. When it is not LOTIC_OK, no output parameter is set but `error` (unless that is a
 * null pointer), which is one sentence for people, without secrets. A null pointer where a text or handle is required is LOTIC_INVALID.
 *
 * Threads: every function may be called from any thread; what a handle allows stands beside it. Nothing here may be called in a child of fork()
 * with handles of its parent.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The Arrow C data and stream interface: stable ABIs, declared by each of their users as their specification asks. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

#ifndef LOTIC_EXPORT
#define LOTIC_EXPORT __attribute__((visibility("default")))
#endif

/* Grows when something is added; what there is keeps its meaning. */
#define LOTIC_ABI_VERSION 1

/* What kind of failure: the numbers are fixed. docs/reference/exit-codes.md says what each means. */
typedef int32_t lotic_status;
#define LOTIC_OK 0
#define LOTIC_INVALID 1      /* the caller's input */
#define LOTIC_NOT_FOUND 2    /* a name that does not exist */
#define LOTIC_UNAUTHORIZED 3 /* refused by the source */
#define LOTIC_IO_ERROR 4     /* network, disk, a broken answer */
#define LOTIC_THROTTLED 5    /* the source asks for patience */
#define LOTIC_DATA_LOSS 6    /* what was asked for is gone, or the rows would be incomplete */
#define LOTIC_CANCELLED 7
#define LOTIC_DEADLINE_EXCEEDED 8
#define LOTIC_NOT_IMPLEMENTED 9 /* known, not built */
#define LOTIC_CAPACITY_ERROR 10 /* a named limit was reached */
#define LOTIC_UNKNOWN_ERROR 11  /* a gap in our own mapping */

typedef struct lotic_connector lotic_connector; /* a configured source; any thread, several at once */
typedef struct lotic_call lotic_call;           /* how long calls may take, and how they are stopped; any thread, several at once */
typedef struct lotic_reader lotic_reader;       /* splits being read; one thread at a time, except lotic_reader_cancel */

/* LOTIC_ABI_VERSION of the library, to be compared with the header's. */
LOTIC_EXPORT int32_t lotic_abi_version(void);
/* "0.1.0". Static: not released. */
LOTIC_EXPORT const char* lotic_version(void);
/* "Invalid", "IOError", ... Static; "UnknownError" for a number that is none. */
LOTIC_EXPORT const char* lotic_status_name(lotic_status status);
LOTIC_EXPORT void lotic_string_release(char* text);

/* ---------------------------------------------------------------------------------------------------------------------------- calls */

/* A context for calls, each of which takes one or a null pointer (no deadline, cannot be stopped).
 * timeout_ms: from now on; below zero: none. memory_budget_bytes: of one reader's buffers and of batches not yet taken; 0: 512 MiB. */
LOTIC_EXPORT lotic_call* lotic_call_new(int64_t timeout_ms, int64_t memory_budget_bytes);
/* Every call with this context, readers opened with it too, ends with LOTIC_CANCELLED. For good. */
LOTIC_EXPORT void lotic_call_cancel(lotic_call* call);
LOTIC_EXPORT void lotic_call_release(lotic_call* call);

/* -------------------------------------------------------------------------------------------------------------------------- sources */

/* ["athena","kafka",...]: what `type` of lotic_connector_open may be. */
LOTIC_EXPORT lotic_status lotic_connector_types(char** types_json, char** error);
/* Opens a source. Does not touch the network.
 * type: one of lotic_connector_types. path: what ATTACH 'path' AS name (TYPE type) takes: "host:9092" for kafka; for memory "sample".
 * options_json: {"sasl_username": "me", ...}, names as ATTACH takes them, all texts; null pointer: none.
 * Errors: NOT_FOUND (no such type), INVALID (an option, with the nearest name), those of the connector. */
LOTIC_EXPORT lotic_status lotic_connector_open(const char* type, const char* path, const char* options_json, lotic_connector** connector, char** error);
LOTIC_EXPORT void lotic_connector_release(lotic_connector* connector);

/* ["default", ...] */
LOTIC_EXPORT lotic_status lotic_schemas(lotic_connector* connector, const lotic_call* call, char** schemas_json, char** error);
/* {"tables": [{"schema": ..., "table": ...}, ...], "next_page": ""}, sorted by name. page_token: next_page of the page before; null pointer or
 * empty: the first. max_items: 0: the connector's own size. Errors: NOT_FOUND (schema). */
LOTIC_EXPORT lotic_status lotic_tables(lotic_connector* connector, const lotic_call* call, const char* schema, const char* page_token, int32_t max_items,
                                       char** tables_json, char** error);
/* What DESCRIBE shows, and more: name, columns, hidden columns, aliases, partition columns, kind of snapshot, roles, properties, notes.
 * Errors: NOT_FOUND with the nearest names; INVALID (two tables differ in case only). */
LOTIC_EXPORT lotic_status lotic_table(lotic_connector* connector, const lotic_call* call, const char* schema, const char* table, char** table_json,
                                      char** error);
/* A schema in JSON (`columns`, `hidden` and `layout` of the texts here) as Arrow's: the caller releases `out` as Arrow says. */
LOTIC_EXPORT lotic_status lotic_arrow_schema(const char* schema_json, struct ArrowSchema* out, char** error);

/* ------------------------------------------------------------------------------------------------------------------------- planning */

/* A request for rows of a table: earliest to latest, default policy; its other members may be changed in the text before lotic_prepare.
 * table_json: of lotic_table. columns_json: ["a", "b"], hidden columns and aliases too, each found by its exact name, else ignoring case;
 * null pointer: those of SELECT *. They become the first columns of the layout; those that only conditions need follow.
 * filter: null pointer, or conditions as `lotic athena read --where` takes them: terms "column op value" joined by AND or commas, IS [NOT] NULL,
 * [NOT] IN (...). constraints_json: null pointer, or an array of constraints in canonical form; all of them must hold, and the filter too.
 * limit: rows at most; below zero: all. */
LOTIC_EXPORT lotic_status lotic_request(const char* table_json, const char* columns_json, const char* filter, const char* constraints_json, int64_t limit,
                                        char** request_json, char** error);
/* Fixes the snapshot and plans: reads no rows, changes nothing. The plan's "token" goes into the request's "token" for everything below.
 * table_json: the one that the request was made from; it is not looked up again.
 * Errors: INVALID (the request does not fit the table), DATA_LOSS (a token whose topic was re-created or truncated). */
LOTIC_EXPORT lotic_status lotic_prepare(lotic_connector* connector, const lotic_call* call, const char* table_json, const char* request_json, char** plan_json,
                                        char** error);
/* {"splits": [...], "next_page": ""}: the splits of a plan, for any process. request_json: with the plan's token. Pages as in lotic_tables. */
LOTIC_EXPORT lotic_status lotic_splits(lotic_connector* connector, const lotic_call* call, const char* request_json, const char* plan_json,
                                       const char* page_token, int32_t max_items, char** page_json, char** error);

/* -------------------------------------------------------------------------------------------------------------------------- reading */

/* A reader of some splits: an array, each as lotic_splits gave it, or {"split": ..., "position": "..."} to begin further on. The request is the
 * one they were planned with. Connects when rows are asked for; needs no look-up per split.
 * Errors: INVALID; NOT_IMPLEMENTED (unbounded requests). */
LOTIC_EXPORT lotic_status lotic_open(lotic_connector* connector, const lotic_call* call, const char* request_json, const char* splits_json,
                                     lotic_reader** reader, char** error);
/* The rows, as an Arrow stream: those that satisfy all conditions, whatever the source left to be done, at most the request's limit of them.
 * num_columns: the first so many columns of the layout come out; below zero: all. Once a reader. The stream keeps what it needs when the
 * reader is released; it ends by an error, never early: an end means that every planned position was read or proved unneeded, or that the
 * request's policy allows loss ("on_data_loss": "warn"). Its get_next is the reader's one thread. It fails with an errno
 * (ECANCELED, ETIMEDOUT, EINVAL, ENOENT, EACCES, EAGAIN, ENODATA for data loss, ENOSYS, EOVERFLOW, else EIO); lotic_reader_status knows more. */
LOTIC_EXPORT lotic_status lotic_reader_stream(lotic_reader* reader, int64_t num_columns, struct ArrowArrayStream* stream, char** error);
/* The failure that ended the stream, or LOTIC_OK; `error` is its message then. Valid after the stream was released, too. */
LOTIC_EXPORT lotic_status lotic_reader_status(lotic_reader* reader, char** error);
/* What was read of split number `split` (from 0) so far: a certificate. After an error, a cancellation or the stream's release, too.
 * Errors: INVALID (no such split). */
LOTIC_EXPORT lotic_status lotic_reader_certificate(lotic_reader* reader, int64_t split, char** certificate_json, char** error);
/* Any thread: a waiting get_next ends with LOTIC_CANCELLED. For good. */
LOTIC_EXPORT void lotic_reader_cancel(lotic_reader* reader);
LOTIC_EXPORT void lotic_reader_release(lotic_reader* reader);

/* ---------------------------------------------------------------------------------------------------------------------- certificates */

/* The certificate of a whole plan, as `lotic --certificate` writes it: {"tables": [{..., "complete": ..., "partitions": [...]}]}.
 * splits_json: every split of the plan. certificates_json: as many certificates, in their order; null for a split that nobody read, which
 * makes the whole incomplete. request_json: the plan's, with its token.
 * Errors: INVALID (another number of certificates, or one of another split). */
LOTIC_EXPORT lotic_status lotic_certificate(const char* request_json, const char* plan_json, const char* splits_json, const char* certificates_json,
                                            char** document_json, char** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
