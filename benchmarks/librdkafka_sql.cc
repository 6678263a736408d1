// SPDX-License-Identifier: Apache-2.0
// A peer of the benchmarks: SQL over a topic the way DuckDB extensions on librdkafka do it, at its best. A table function consumes in
// batches and hands the payloads to DuckDB as VARCHAR, topic() as copies, topic_borrowed() without copying; SQL takes the JSON apart.
// usage: bench_librdkafka_sql BOOTSTRAP TOPIC [-X NAME=VALUE]... SQL...
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "benchmarks/query_output.h"
#include "duckdb.h"
#include "librdkafka/rdkafka.h"

namespace {

constexpr idx_t kChunkRows = 2048;  // of DuckDB's vectors
constexpr int kWaitMs = 10;         // the library waits so long for a batch to be full, which the last one never is

struct Source {
  std::string bootstrap;
  std::string topic;
  std::vector<std::string> properties;
};
Source source;  // of the process: it reads one topic

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "bench_librdkafka_sql: %s\n", what.c_str());
  std::exit(1);
}

class Consumer {
 public:
  Consumer() {
    // What was measured to be best on one core: no back-off between fetches (the default of 1 s stalls a fast reader), a long queue.
    std::vector<std::string> properties = {"bootstrap.servers=" + source.bootstrap,
                                           "group.id=bench",
                                           "enable.auto.commit=false",
                                           "enable.auto.offset.store=false",
                                           "check.crcs=true",
                                           "fetch.queue.backoff.ms=0",
                                           "fetch.wait.max.ms=10",
                                           "queued.min.messages=1000000",
                                           "queued.max.messages.kbytes=65536",
                                           "max.partition.fetch.bytes=262144",
                                           "broker.address.family=v4"};
    properties.insert(properties.end(), source.properties.begin(), source.properties.end());
    char error[512];
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    for (const std::string& property : properties) {
      const size_t equals = property.find('=');
      if (rd_kafka_conf_set(conf, property.substr(0, equals).c_str(), property.substr(equals + 1).c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
        Die(error);
      }
    }
    client_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (client_ == nullptr) Die(error);
    rd_kafka_poll_set_consumer(client_);
    Assign();
    queue_ = rd_kafka_queue_get_consumer(client_);
    messages_.resize(kChunkRows);
  }

  /// The next payloads; those of the call before are gone. Zero: the end as it was when reading began.
  size_t Next() {
    for (size_t i = 0; i < held_; ++i) rd_kafka_message_destroy(messages_[i]);
    held_ = 0;
    while (open_ > 0 && held_ == 0) {
      const ssize_t got = rd_kafka_consume_batch_queue(queue_, kWaitMs, messages_.data(), messages_.size());
      if (got < 0) Die(rd_kafka_err2str(rd_kafka_last_error()));
      for (ssize_t i = 0; i < got; ++i) {
        rd_kafka_message_t* const message = messages_[static_cast<size_t>(i)];
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) Die(rd_kafka_message_errstr(message));
        const int64_t end = ends_[static_cast<size_t>(message->partition)];
        if (message->offset >= end) {
          rd_kafka_message_destroy(message);
          continue;
        }
        if (message->offset + 1 == end) --open_;
        messages_[held_++] = message;
      }
    }
    return held_;
  }
  const rd_kafka_message_t& message(size_t i) const { return *messages_[i]; }

 private:
  void Assign() {
    const rd_kafka_metadata_t* metadata = nullptr;
    rd_kafka_topic_t* const topic = rd_kafka_topic_new(client_, source.topic.c_str(), nullptr);
    const rd_kafka_resp_err_t error = rd_kafka_metadata(client_, 0, topic, &metadata, 10'000);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Die(rd_kafka_err2str(error));
    const int partitions = metadata->topics[0].partition_cnt;
    rd_kafka_topic_partition_list_t* const assigned = rd_kafka_topic_partition_list_new(partitions);
    for (int partition = 0; partition < partitions; ++partition) {
      int64_t low = 0;
      int64_t high = 0;
      if (rd_kafka_query_watermark_offsets(client_, source.topic.c_str(), partition, &low, &high, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        Die("no watermarks");
      }
      ends_.push_back(high);
      if (low < high) {
        ++open_;
        rd_kafka_topic_partition_list_add(assigned, source.topic.c_str(), partition)->offset = low;
      }
    }
    rd_kafka_assign(client_, assigned);
    rd_kafka_topic_partition_list_destroy(assigned);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
  }

  rd_kafka_t* client_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
  std::vector<int64_t> ends_;
  int open_ = 0;  // partitions not at their end
  std::vector<rd_kafka_message_t*> messages_;
  size_t held_ = 0;
};

void Bind(duckdb_bind_info info) {
  duckdb_logical_type type = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  duckdb_bind_add_result_column(info, "message", type);
  duckdb_destroy_logical_type(&type);
}

void Init(duckdb_init_info info) {
  // Never destroyed: leaving a client takes longer than is fair to charge it for.
  duckdb_init_set_init_data(info, new Consumer, [](void*) {});
  duckdb_init_set_max_threads(info, 1);
}

// As extensions do it: DuckDB copies the text and checks that it is UTF-8.
void ReadCopied(duckdb_function_info info, duckdb_data_chunk chunk) {
  auto& consumer = *static_cast<Consumer*>(duckdb_function_get_init_data(info));
  const size_t count = consumer.Next();
  duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, 0);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_message_t& message = consumer.message(i);
    duckdb_vector_assign_string_element_len(vector, i, static_cast<const char*>(message.payload), message.len);
  }
  duckdb_data_chunk_set_size(chunk, count);
}

// The fastest there is: DuckDB gets pointers into librdkafka's messages, unchecked. An extension could do so only for topics it trusts.
void ReadBorrowed(duckdb_function_info info, duckdb_data_chunk chunk) {
  auto& consumer = *static_cast<Consumer*>(duckdb_function_get_init_data(info));
  const size_t count = consumer.Next();
  auto* const texts = static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)));
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_message_t& message = consumer.message(i);
    duckdb_string_t text;
    std::memset(&text, 0, sizeof text);
    const auto size = static_cast<uint32_t>(message.len);
    text.value.pointer.length = size;
    if (size <= sizeof text.value.inlined.inlined) {
      std::memcpy(text.value.inlined.inlined, message.payload, size);
    } else {  // borrowed until the next call, which is as long as DuckDB looks at this chunk
      std::memcpy(text.value.pointer.prefix, message.payload, sizeof text.value.pointer.prefix);
      text.value.pointer.ptr = static_cast<char*>(message.payload);
    }
    texts[i] = text;
  }
  duckdb_data_chunk_set_size(chunk, count);
}

bool Register(duckdb_connection connection, const char* name, duckdb_table_function_t read) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, name);
  duckdb_table_function_set_bind(function, Bind);
  duckdb_table_function_set_init(function, Init);
  duckdb_table_function_set_function(function, read);
  const bool ok = duckdb_register_table_function(connection, function) == DuckDBSuccess;
  duckdb_destroy_table_function(&function);
  return ok;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> statements;
  for (int i = 1; i < argc; ++i) {
    if (i == 1)
      source.bootstrap = argv[i];
    else if (i == 2)
      source.topic = argv[i];
    else if (std::strcmp(argv[i], "-X") == 0 && i + 1 < argc)
      source.properties.emplace_back(argv[++i]);
    else
      statements.emplace_back(argv[i]);
  }
  if (statements.empty()) Die("usage: BOOTSTRAP TOPIC [-X NAME=VALUE]... SQL...");
  duckdb_database database;
  duckdb_connection connection;
  if (duckdb_open(nullptr, &database) != DuckDBSuccess || duckdb_connect(database, &connection) != DuckDBSuccess) Die("DuckDB does not open");
  if (!Register(connection, "topic", ReadCopied) || !Register(connection, "topic_borrowed", ReadBorrowed)) Die("a table function is refused");
  for (const std::string& statement : statements) {
    if (!lotic::benchmarks::PrintQuery(connection, statement)) return 1;
  }
  std::fflush(stdout);
  _exit(0);  // tearing down is not what is measured
}
