/* SPDX-License-Identifier: Apache-2.0 */
/* c.h as a C program uses it: tables of the memory connector and topics of the embedded broker, planned, read and certified. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capi/test_broker.h"
#include "lotic/c.h"

static int failures = 0;

static void Expect(int holds, int line, const char* what) {
  if (holds) return;
  ++failures;
  fprintf(stderr, "c_api_test.c:%d: expected %s\n", line, what);
}
#define EXPECT(condition) Expect((condition) ? 1 : 0, __LINE__, #condition)

static void ExpectOk(lotic_status status, char** error, int line) {
  if (status != LOTIC_OK) {
    ++failures;
    fprintf(stderr, "c_api_test.c:%d: %s: %s\n", line, lotic_status_name(status), *error == NULL ? "(no message)" : *error);
  }
  lotic_string_release(*error);
  *error = NULL;
}
#define OK(call) ExpectOk((call), &error, __LINE__)

/* The call fails with this status, and its message holds `part`. */
static void ExpectFailure(lotic_status status, lotic_status expected, const char* part, char** error, int line) {
  if (status != expected || *error == NULL || strstr(*error, part) == NULL) {
    ++failures;
    fprintf(stderr, "c_api_test.c:%d: expected %s with \"%s\", got %s: %s\n", line, lotic_status_name(expected), part, lotic_status_name(status), *error == NULL ? "" : *error);
  }
  lotic_string_release(*error);
  *error = NULL;
}
#define FAILS(call, expected, part) ExpectFailure((call), (expected), (part), &error, __LINE__)

/* What stands between `before` and the next of `end` in a text that our own library wrote; the caller frees. */
static char* Between(const char* text, const char* before, const char* end) {
  const char* begin = strstr(text, before);
  const char* stop = begin == NULL ? NULL : strstr(begin + strlen(before), end);
  size_t length;
  char* out;
  if (stop == NULL) return NULL;
  begin += strlen(before);
  length = (size_t)(stop - begin);
  out = malloc(length + 1);
  memcpy(out, begin, length);
  out[length] = '\0';
  return out;
}

static char* Printed(const char* format, ...) {
  va_list arguments;
  int length;
  char* out;
  va_start(arguments, format);
  length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  out = malloc((size_t)length + 1);
  va_start(arguments, format);
  vsnprintf(out, (size_t)length + 1, format, arguments);
  va_end(arguments);
  return out;
}

/* The request with the plan's token, as lotic_splits and lotic_open want it. */
static char* WithToken(const char* request, const char* plan) {
  char* token = Between(plan, "{\"token\":\"", "\"");
  const char* at = strstr(request, "\"token\":\"\"");
  char* out = NULL;
  EXPECT(token != NULL && at != NULL);
  if (token != NULL && at != NULL) out = Printed("%.*s\"token\":\"%s\"%s", (int)(at - request), request, token, at + strlen("\"token\":\"\""));
  free(token);
  return out;
}

typedef struct {
  int64_t rows;
  int64_t sum_of_first;  /* of the first column, if it is BIGINT */
  char* certificate;     /* the document */
} Reading;

/* A whole reading, each split by a connector of its own as in another process. */
static Reading ReadAll(const char* type, const char* path, const char* schema, const char* table, const char* columns, const char* filter, int64_t limit, int64_t num_columns) {
  Reading reading = {0, 0, NULL};
  char *error = NULL, *table_json = NULL, *request = NULL, *plan = NULL, *planned, *page = NULL, *splits, *next, *certificates;
  lotic_connector *planner = NULL, *worker = NULL;
  lotic_reader* reader = NULL;
  struct ArrowArrayStream stream;
  struct ArrowSchema arrow;
  struct ArrowArray array;
  int code = 0;
  int64_t count = 0, i;

  OK(lotic_connector_open(type, path, NULL, &planner, &error));
  OK(lotic_table(planner, NULL, schema, table, &table_json, &error));
  OK(lotic_request(table_json, columns, filter, NULL, limit, &request, &error));
  OK(lotic_prepare(planner, NULL, table_json, request, &plan, &error));
  if (plan == NULL) return reading;
  planned = WithToken(request, plan);
  OK(lotic_splits(planner, NULL, planned, plan, NULL, 0, &page, &error));
  if (page == NULL) return reading;
  lotic_connector_release(planner);
  splits = Between(page, "{\"splits\":", ",\"next_page\"");
  next = Between(page, "\"next_page\":\"", "\"");
  EXPECT(splits != NULL && next != NULL && next[0] == '\0');

  OK(lotic_connector_open(type, path, NULL, &worker, &error));
  OK(lotic_open(worker, NULL, planned, splits, &reader, &error));
  OK(lotic_reader_stream(reader, num_columns, &stream, &error));
  FAILS(lotic_reader_stream(reader, -1, &stream, &error), LOTIC_INVALID, "taken before");
  lotic_connector_release(worker); /* the reader keeps what it needs */
  EXPECT(stream.get_schema(&stream, &arrow) == 0);
  EXPECT(strcmp(arrow.format, "+s") == 0);
  if (num_columns >= 0) EXPECT(arrow.n_children == num_columns);
  for (;;) {
    code = stream.get_next(&stream, &array);
    if (code != 0) {
      fprintf(stderr, "get_next: %s\n", stream.get_last_error(&stream));
      ++failures;
      break;
    }
    if (array.release == NULL) break;
    EXPECT(array.length > 0 && array.n_children == arrow.n_children);
    reading.rows += array.length;
    if (arrow.n_children > 0 && strcmp(arrow.children[0]->format, "l") == 0) {
      const int64_t* values = (const int64_t*)array.children[0]->buffers[1];
      for (i = 0; i < array.length; ++i) reading.sum_of_first += values[array.children[0]->offset + i];
    }
    array.release(&array);
  }
  arrow.release(&arrow);
  stream.release(&stream);
  OK(lotic_reader_status(reader, &error));
  certificates = Printed("[");
  for (count = 0;; ++count) {
    char *one = NULL, *longer;
    lotic_status status = lotic_reader_certificate(reader, count, &one, &error);
    if (status != LOTIC_OK) {
      FAILS(status, LOTIC_INVALID, "no split");
      break;
    }
    longer = Printed("%s%s%s", certificates, count == 0 ? "" : ",", one);
    free(certificates);
    lotic_string_release(one);
    certificates = longer;
  }
  EXPECT(count > 0 || reading.rows == 0);
  {
    char* closed = Printed("%s]", certificates);
    OK(lotic_certificate(planned, plan, splits, closed, &reading.certificate, &error));
    free(closed);
  }
  lotic_reader_release(reader);
  free(certificates);
  free(splits);
  free(next);
  free(planned);
  lotic_string_release(page);
  lotic_string_release(plan);
  lotic_string_release(request);
  lotic_string_release(table_json);
  return reading;
}

static void Complete(const Reading* reading, int line) {
  Expect(reading->certificate != NULL && strstr(reading->certificate, "\"complete\": true") != NULL && strstr(reading->certificate, "\"complete\": false") == NULL, line,
         "a complete certificate");
}
#define COMPLETE(reading) Complete(&(reading), __LINE__)

static void TheLibrarySaysWhatItIs(void) {
  char *error = NULL, *types = NULL;
  EXPECT(lotic_abi_version() == LOTIC_ABI_VERSION);
  EXPECT(strchr(lotic_version(), '.') != NULL);
  EXPECT(strcmp(lotic_status_name(LOTIC_DATA_LOSS), "DataLoss") == 0);
  EXPECT(strcmp(lotic_status_name(77), "UnknownError") == 0);
  OK(lotic_connector_types(&types, &error));
  EXPECT(strncmp(types, "[\"athena\",\"kafka\",\"kinesis\",\"memory\",", 37) == 0 && strstr(types, "\"timestream\"") != NULL);
  lotic_string_release(types);
  lotic_string_release(NULL);
  lotic_connector_release(NULL);
  lotic_reader_release(NULL);
  lotic_call_release(NULL);
}

static void TablesAreListedAndDescribed(void) {
  char *error = NULL, *text = NULL;
  struct ArrowSchema arrow;
  lotic_connector* connector = NULL;
  OK(lotic_connector_open("memory", "sample", "{}", &connector, &error));
  OK(lotic_schemas(connector, NULL, &text, &error));
  EXPECT(strcmp(text, "[\"default\"]") == 0);
  lotic_string_release(text);
  OK(lotic_tables(connector, NULL, "default", NULL, 2, &text, &error));
  EXPECT(strstr(text, "{\"schema\":\"default\",\"table\":\"empty\"},{\"schema\":\"default\",\"table\":\"numbers\"}") != NULL);
  {
    char* next = Between(text, "\"next_page\":\"", "\"");
    EXPECT(next != NULL && next[0] != '\0');
    lotic_string_release(text);
    OK(lotic_tables(connector, NULL, "default", next, 2, &text, &error));
    EXPECT(strcmp(text, "{\"tables\":[{\"schema\":\"default\",\"table\":\"types\"}],\"next_page\":\"\"}") == 0);
    lotic_string_release(text);
    free(next);
  }
  OK(lotic_table(connector, NULL, "default", "NUMBERS", &text, &error));
  EXPECT(strstr(text, "\"name\":{\"schema\":\"default\",\"table\":\"numbers\"}") != NULL);
  EXPECT(strstr(text, "{\"name\":\"id\",\"type\":\"BIGINT\"}") != NULL);
  {
    char* columns = Between(text, "\"columns\":", ",\"hidden\"");
    OK(lotic_arrow_schema(columns, &arrow, &error));
    EXPECT(strcmp(arrow.format, "+s") == 0 && arrow.n_children == 1);
    EXPECT(strcmp(arrow.children[0]->name, "id") == 0 && strcmp(arrow.children[0]->format, "l") == 0);
    arrow.release(&arrow);
    free(columns);
  }
  lotic_string_release(text);
  lotic_connector_release(connector);
}

static void TheMemoryTablesAreReadWhole(void) {
  /* id = 0 .. 9999 over four partitions. */
  Reading reading = ReadAll("memory", "sample", "default", "numbers", NULL, NULL, -1, -1);
  EXPECT(reading.rows == 10000 && reading.sum_of_first == 49995000);
  COMPLETE(reading);
  lotic_string_release(reading.certificate);
  reading = ReadAll("memory", "sample", "default", "types", "[\"id\", \"TAGS\", \"place\"]", "name IS NULL", -1, -1);
  EXPECT(reading.rows == 26); /* every ninth of 240 rows */
  COMPLETE(reading);
  lotic_string_release(reading.certificate);
  reading = ReadAll("memory", "sample", "default", "empty", NULL, NULL, -1, -1);
  EXPECT(reading.rows == 0);
  COMPLETE(reading);
  lotic_string_release(reading.certificate);
}

static void FiltersAndLimitsAreExact(void) {
  Reading reading = ReadAll("memory", "sample", "default", "numbers", "[\"id\"]", "id >= 9990, id != 9995", -1, -1);
  EXPECT(reading.rows == 9 && reading.sum_of_first == 99945 - 9995);
  COMPLETE(reading);
  lotic_string_release(reading.certificate);
  reading = ReadAll("memory", "sample", "default", "numbers", "[\"id\"]", "id >= 5000", 7, -1);
  EXPECT(reading.rows == 7);
  COMPLETE(reading);
  EXPECT(strstr(reading.certificate, "\"limit\"") != NULL);
  lotic_string_release(reading.certificate);
  /* A column that only the filter needs does not come out; and rows without columns are counted. */
  reading = ReadAll("memory", "sample", "default", "types", "[\"name\"]", "id < 100", -1, 1);
  EXPECT(reading.rows == 100);
  lotic_string_release(reading.certificate);
  reading = ReadAll("memory", "sample", "default", "numbers", "[]", NULL, -1, 0);
  EXPECT(reading.rows == 10000);
  lotic_string_release(reading.certificate);
}

static void AMissingCertificateMakesTheWholeIncomplete(void) {
  char *error = NULL, *table = NULL, *request = NULL, *plan = NULL, *planned, *page = NULL, *splits, *document = NULL;
  lotic_connector* connector = NULL;
  OK(lotic_connector_open("memory", "sample", NULL, &connector, &error));
  OK(lotic_table(connector, NULL, "default", "numbers", &table, &error));
  OK(lotic_request(table, NULL, NULL, NULL, -1, &request, &error));
  OK(lotic_prepare(connector, NULL, table, request, &plan, &error));
  planned = WithToken(request, plan);
  OK(lotic_splits(connector, NULL, planned, plan, NULL, 0, &page, &error));
  splits = Between(page, "{\"splits\":", ",\"next_page\"");
  OK(lotic_certificate(planned, plan, splits, "[null,null,null,null]", &document, &error));
  EXPECT(strstr(document, "\"complete\": false") != NULL && strstr(document, "4 of 4 certificates missing") != NULL);
  lotic_string_release(document);
  FAILS(lotic_certificate(planned, plan, splits, "[null]", &document, &error), LOTIC_INVALID, "1 certificates for 4 splits");
  FAILS(lotic_certificate(request, plan, splits, "[null]", &document, &error), LOTIC_INVALID, "no token");
  free(splits);
  free(planned);
  lotic_string_release(page);
  lotic_string_release(plan);
  lotic_string_release(request);
  lotic_string_release(table);
  lotic_connector_release(connector);
}

static void WrongInputIsSaidClearly(void) {
  char *error = NULL, *text = NULL, *table = NULL;
  lotic_connector* connector = NULL;
  lotic_reader* reader = NULL;
  FAILS(lotic_connector_open("kafak", "h:1", NULL, &connector, &error), LOTIC_NOT_FOUND, "did you mean 'kafka'");
  FAILS(lotic_connector_open("kafka", "h:1", "{\"sasl_usernam\": \"me\"}", &connector, &error), LOTIC_INVALID, "sasl.username");
  FAILS(lotic_connector_open("kafka", "h:1", "[]", &connector, &error), LOTIC_INVALID, "options: expected an object");
  FAILS(lotic_connector_open("memory", "nothing", NULL, &connector, &error), LOTIC_NOT_FOUND, "'nothing'");
  FAILS(lotic_connector_open(NULL, "h:1", NULL, &connector, &error), LOTIC_INVALID, "null pointer");
  EXPECT(lotic_connector_open(NULL, "h:1", NULL, &connector, NULL) == LOTIC_INVALID); /* without a place for the message */
  OK(lotic_connector_open("memory", "sample", NULL, &connector, &error));
  FAILS(lotic_table(connector, NULL, "default", "numbres", &text, &error), LOTIC_NOT_FOUND, "numbers");
  OK(lotic_table(connector, NULL, "default", "numbers", &table, &error));
  FAILS(lotic_request(table, "[\"ids\"]", NULL, NULL, -1, &text, &error), LOTIC_NOT_FOUND, "id");
  FAILS(lotic_request(table, "[\"id\",\"ID\"]", NULL, NULL, -1, &text, &error), LOTIC_INVALID, "twice");
  FAILS(lotic_request(table, NULL, "id > x", NULL, -1, &text, &error), LOTIC_INVALID, "\"x\" is no value of column \"id\"");
  FAILS(lotic_request(table, NULL, NULL, "[{\"columns\":[],\"expressions\":[],\"more\":1}]", -1, &text, &error), LOTIC_INVALID, "more");
  FAILS(lotic_request("{\"name\":1}", NULL, NULL, NULL, -1, &text, &error), LOTIC_INVALID, "name");
  FAILS(lotic_prepare(connector, NULL, table, "{", &text, &error), LOTIC_INVALID, "not well formed");
  FAILS(lotic_open(connector, NULL, "{}", "[]", &reader, &error), LOTIC_INVALID, "no member");
  lotic_string_release(table);
  lotic_connector_release(connector);
}

static void TopicsAreReadAsTheBrokerHoldsThem(const char* broker) {
  Reading all, filtered, hidden;
  all = ReadAll("kafka", broker, "default", "orders", NULL, NULL, -1, -1);
  EXPECT(all.rows > 1000);
  COMPLETE(all);
  EXPECT(strstr(all.certificate, "\"topic\": \"orders\"") != NULL && strstr(all.certificate, "\"isolation_level\": \"read_committed\"") != NULL);
  lotic_string_release(all.certificate);
  filtered = ReadAll("kafka", broker, "default", "orders", "[\"_partition_id\", \"_offset\"]", "_partition_id = 2 AND _offset < 10", -1, -1);
  EXPECT(filtered.rows == 10 && filtered.sum_of_first == 20);
  COMPLETE(filtered);
  lotic_string_release(filtered.certificate);
  hidden = ReadAll("kafka", broker, "default", "orders", "[]", NULL, -1, 0);
  EXPECT(hidden.rows == all.rows);
  COMPLETE(hidden);
  lotic_string_release(hidden.certificate);
}

static void AStoppedCallStopsItsReaders(const char* broker) {
  char *error = NULL, *table = NULL, *request = NULL, *plan = NULL, *planned, *page = NULL, *splits, *certificate = NULL;
  lotic_connector* connector = NULL;
  lotic_reader* reader = NULL;
  lotic_call *call = lotic_call_new(60000, 0), *late = lotic_call_new(0, 0);
  struct ArrowArrayStream stream;
  struct ArrowArray array;
  OK(lotic_connector_open("kafka", broker, NULL, &connector, &error));
  FAILS(lotic_table(connector, late, "default", "orders", &table, &error), LOTIC_DEADLINE_EXCEEDED, "");
  OK(lotic_table(connector, call, "default", "orders", &table, &error));
  OK(lotic_request(table, NULL, NULL, NULL, -1, &request, &error));
  OK(lotic_prepare(connector, call, table, request, &plan, &error));
  planned = WithToken(request, plan);
  OK(lotic_splits(connector, call, planned, plan, NULL, 0, &page, &error));
  splits = Between(page, "{\"splits\":", ",\"next_page\"");
  OK(lotic_open(connector, call, planned, splits, &reader, &error));
  OK(lotic_reader_stream(reader, -1, &stream, &error));
  lotic_call_cancel(call);
  lotic_call_release(call); /* the reader knows all the same */
  EXPECT(stream.get_next(&stream, &array) != 0);
  EXPECT(stream.get_last_error(&stream) != NULL);
  FAILS(lotic_reader_status(reader, &error), LOTIC_CANCELLED, "");
  stream.release(&stream);
  OK(lotic_reader_certificate(reader, 0, &certificate, &error));
  EXPECT(strstr(certificate, "\"complete\":false") != NULL);
  lotic_reader_release(reader);
  lotic_call_release(late);
  free(splits);
  free(planned);
  lotic_string_release(certificate);
  lotic_string_release(page);
  lotic_string_release(plan);
  lotic_string_release(request);
  lotic_string_release(table);
  lotic_connector_release(connector);
}

int main(void) {
  const char* broker;
  TheLibrarySaysWhatItIs();
  TablesAreListedAndDescribed();
  TheMemoryTablesAreReadWhole();
  FiltersAndLimitsAreExact();
  AMissingCertificateMakesTheWholeIncomplete();
  WrongInputIsSaidClearly();
  broker = test_broker_start();
  EXPECT(broker != NULL);
  if (broker != NULL) {
    TopicsAreReadAsTheBrokerHoldsThem(broker);
    AStoppedCallStopsItsReaders(broker);
  }
  printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
