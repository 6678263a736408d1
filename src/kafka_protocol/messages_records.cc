// SPDX-License-Identifier: Apache-2.0
// Fetch, ListOffsets, OffsetForLeaderEpoch, Produce, InitProducerId.
#include "kafka_protocol/message_coding.h"
#include "kafka_protocol/messages.h"

namespace lotic::kafka_protocol {
namespace {

constexpr int16_t kFetchById = 13;

template <typename C, typename M>
void CodeListOffsetsRequest(C& c, M& m) {
  c(m.replica_id);
  if (c.From(2)) c(m.isolation_level);
  c.Array(m.topics, [&](auto& topic) {
    c(topic.name);
    c.Array(topic.partitions, [&](auto& partition) {
      c(partition.index);
      if (c.From(4)) c(partition.current_leader_epoch);
      c(partition.timestamp);
      c.Tags();
    });
    c.Tags();
  });
  if (c.From(10)) c(m.timeout_ms);
  c.Tags();
}

template <typename C, typename M>
void CodeListOffsetsResponse(C& c, M& m) {
  if (c.From(2)) c(m.throttle_ms);
  c.Array(m.topics, [&](auto& topic) {
    c(topic.name);
    c.Array(topic.partitions, [&](auto& partition) {
      c(partition.index);
      c(partition.error);
      c(partition.timestamp);
      c(partition.offset);
      if (c.From(4)) c(partition.leader_epoch);
      c.Tags();
    });
    c.Tags();
  });
  c.Tags();
}

template <typename C, typename M>
void CodeOffsetForLeaderEpochRequest(C& c, M& m) {
  if (c.From(3)) c(m.replica_id);
  c.Array(m.topics, [&](auto& topic) {
    c(topic.name);
    c.Array(topic.partitions, [&](auto& partition) {
      c(partition.index);
      c(partition.current_leader_epoch);
      c(partition.leader_epoch);
      c.Tags();
    });
    c.Tags();
  });
  c.Tags();
}

template <typename C, typename M>
void CodeOffsetForLeaderEpochResponse(C& c, M& m) {
  c(m.throttle_ms);
  c.Array(m.topics, [&](auto& topic) {
    c(topic.name);
    c.Array(topic.partitions, [&](auto& partition) {
      c(partition.error);
      c(partition.index);
      c(partition.leader_epoch);
      c(partition.end_offset);
      c.Tags();
    });
    c.Tags();
  });
  c.Tags();
}

template <typename C, typename M>
void CodeFetchRequest(C& c, M& m) {
  if (!c.From(15)) c(m.replica_id);
  c(m.max_wait_ms);
  c(m.min_bytes);
  c(m.max_bytes);
  c(m.isolation_level);
  if (c.From(7)) {
    c(m.session_id);
    c(m.session_epoch);
  }
  auto name_or_id = [&](auto& topic) {
    if (c.From(kFetchById)) {
      c(topic.topic_id);
    } else {
      c(topic.name);
    }
  };
  c.Array(m.topics, [&](auto& topic) {
    name_or_id(topic);
    c.Array(topic.partitions, [&](auto& partition) {
      c(partition.index);
      if (c.From(9)) c(partition.current_leader_epoch);
      c(partition.fetch_offset);
      if (c.From(12)) c(partition.last_fetched_epoch);
      if (c.From(5)) c(partition.log_start_offset);
      c(partition.max_bytes);
      c.Tags();
    });
    c.Tags();
  });
  if (c.From(7)) {
    c.Array(m.forgotten_topics, [&](auto& topic) {
      name_or_id(topic);
      c.Array(topic.partitions);
      c.Tags();
    });
  }
  if (c.From(11)) c(m.rack_id);
  c.Tags([&](auto&& tag) {
    tag(0, m.cluster_id.has_value(), [&](auto& t) { t(m.cluster_id); });
    if (c.From(15)) {
      tag(1, m.replica_id != -1 || m.replica_epoch != -1, [&](auto& t) {
        t(m.replica_id);
        t(m.replica_epoch);
        t.Tags();
      });
    }
  });
}

template <typename C, typename M>
void CodeEndpoints(C& c, M& endpoints) {
  c.Array(endpoints, [&](auto& node) {
    c(node.node_id);
    c(node.host);
    c(node.port);
    c(node.rack);
    c.Tags();
  });
}

template <typename C, typename M>
void CodeFetchPartition(C& c, M& m) {
  c(m.index);
  c(m.error);
  c(m.high_watermark);
  c(m.last_stable_offset);
  if (c.From(5)) c(m.log_start_offset);
  c.NullableArray(m.aborted_transactions, [&](auto& aborted) {
    c(aborted.producer_id);
    c(aborted.first_offset);
    c.Tags();
  });
  if (c.From(11)) c(m.preferred_read_replica);
  c.Records(m.records);
  c.Tags([&](auto&& tag) {
    tag(0, m.diverging_epoch != -1 || m.diverging_end_offset != -1, [&](auto& t) {
      t(m.diverging_epoch);
      t(m.diverging_end_offset);
      t.Tags();
    });
    tag(1, m.current_leader_id != -1 || m.current_leader_epoch != -1, [&](auto& t) {
      t(m.current_leader_id);
      t(m.current_leader_epoch);
      t.Tags();
    });
  });
}

template <typename C, typename M>
void CodeFetchResponse(C& c, M& m) {
  c(m.throttle_ms);
  if (c.From(7)) {
    c(m.error);
    c(m.session_id);
  }
  c.Array(m.topics, [&](auto& topic) {
    if (c.From(kFetchById)) {
      c(topic.topic_id);
    } else {
      c(topic.name);
    }
    c.Array(topic.partitions, [&](auto& partition) { CodeFetchPartition(c, partition); });
    c.Tags();
  });
  c.Tags([&](auto&& tag) {
    if (c.From(16)) tag(0, !m.node_endpoints.empty(), [&](auto& t) { CodeEndpoints(t, m.node_endpoints); });
  });
}

template <typename C, typename M>
void CodeProduceRequest(C& c, M& m) {
  c(m.transactional_id);
  c(m.acks);
  c(m.timeout_ms);
  c.Array(m.topics, [&](auto& topic) {
    c(topic.name);
    c.Array(topic.partitions, [&](auto& partition) {
      c(partition.index);
      c.Records(partition.records);
      c.Tags();
    });
    c.Tags();
  });
  c.Tags();
}

template <typename C, typename M>
void CodeProduceResponse(C& c, M& m) {
  c.Array(m.topics, [&](auto& topic) {
    c(topic.name);
    c.Array(topic.partitions, [&](auto& partition) {
      c(partition.index);
      c(partition.error);
      c(partition.base_offset);
      c(partition.log_append_time_ms);
      if (c.From(5)) c(partition.log_start_offset);
      if (c.From(8)) {
        c.Array(partition.record_errors, [&](auto& error) {
          c(error.batch_index);
          c(error.message);
          c.Tags();
        });
        c(partition.error_message);
      }
      c.Tags([&](auto&& tag) {
        if (!c.From(10)) return;
        tag(0, partition.current_leader_id != -1 || partition.current_leader_epoch != -1, [&](auto& t) {
          t(partition.current_leader_id);
          t(partition.current_leader_epoch);
          t.Tags();
        });
      });
    });
    c.Tags();
  });
  c(m.throttle_ms);
  c.Tags([&](auto&& tag) {
    if (c.From(10)) tag(0, !m.node_endpoints.empty(), [&](auto& t) { CodeEndpoints(t, m.node_endpoints); });
  });
}

template <typename C, typename M>
void CodeInitProducerIdRequest(C& c, M& m) {
  c(m.transactional_id);
  c(m.transaction_timeout_ms);
  if (c.From(3)) {
    c(m.producer_id);
    c(m.producer_epoch);
  }
  c.Tags();
}

template <typename C, typename M>
void CodeInitProducerIdResponse(C& c, M& m) {
  c(m.throttle_ms);
  c(m.error);
  c(m.producer_id);
  c(m.producer_epoch);
  c.Tags();
}

}  // namespace

DEFINE_KAFKA_MESSAGE(ListOffsetsRequest, CodeListOffsetsRequest)
DEFINE_KAFKA_MESSAGE(ListOffsetsResponse, CodeListOffsetsResponse)
DEFINE_KAFKA_MESSAGE(OffsetForLeaderEpochRequest, CodeOffsetForLeaderEpochRequest)
DEFINE_KAFKA_MESSAGE(OffsetForLeaderEpochResponse, CodeOffsetForLeaderEpochResponse)
DEFINE_KAFKA_MESSAGE(FetchRequest, CodeFetchRequest)
DEFINE_KAFKA_MESSAGE(FetchResponse, CodeFetchResponse)
DEFINE_KAFKA_MESSAGE(ProduceRequest, CodeProduceRequest)
DEFINE_KAFKA_MESSAGE(ProduceResponse, CodeProduceResponse)
DEFINE_KAFKA_MESSAGE(InitProducerIdRequest, CodeInitProducerIdRequest)
DEFINE_KAFKA_MESSAGE(InitProducerIdResponse, CodeInitProducerIdResponse)

}  // namespace lotic::kafka_protocol
