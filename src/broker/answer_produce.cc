// SPDX-License-Identifier: Apache-2.0
#include "broker/answers.h"
#include "kafka_protocol/record_batch.h"

namespace lotic::broker {

namespace kp = kafka_protocol;
using kp::ErrorCode;

namespace {

void Refuse(kp::ProduceResponse::Partition* answer, ErrorCode error, std::string message) {
  answer->error = error;
  answer->error_message = std::move(message);
}

// A produced partition holds exactly one record batch of magic 2, whose count and offsets agree.
Status CheckShape(kp::Bytes records, kp::BatchView* batch) {
  LOTIC_ASSIGN_OR_RETURN(*batch, kp::ParseBatch(records));
  if (batch->header.magic < 2) return Status::Invalid("messages of format ", int{batch->header.magic}, " in a Produce of version 3 or later");
  if (batch->bytes.size() != records.size()) return Status::Invalid("more than one record batch for a partition");
  if (batch->header.record_count < 1 || batch->header.last_offset_delta != batch->header.record_count - 1) {
    return Status::Invalid(batch->header.record_count, " records whose last offset delta is ", batch->header.last_offset_delta);
  }
  if (batch->header.is_control()) return Status::Invalid("a client may not write control records");
  return Status::OK();
}

void Append(const RequestContext& context, const Topic& topic, Partition* partition, kp::Bytes records, kp::ProduceResponse::Partition* answer) {
  kp::BatchView batch;
  const Status shape = CheckShape(records, &batch);
  if (!shape.ok()) {
    Refuse(answer, shape.code() == StatusCode::kInvalid ? ErrorCode::kInvalidRecord : ErrorCode::kCorruptMessage, shape.message());
    return;
  }
  if (static_cast<int64_t>(records.size()) > MaxMessageBytes(topic.configs)) {
    Refuse(answer, ErrorCode::kMessageTooLarge, "the batch is larger than max.message.bytes");
    return;
  }
  if (batch.header.is_transactional()) {
    Refuse(answer, ErrorCode::kInvalidRequest, "this broker runs no transactions");
    return;
  }
  const ProducerStates::Verdict verdict = partition->log.producers().Judge(batch.header);
  if (verdict.error != ErrorCode::kNone) {
    Refuse(answer, verdict.error,
           "sequence " + std::to_string(batch.header.base_sequence) + " of producer " + std::to_string(batch.header.producer_id) +
               " does not follow its last one");
    return;
  }
  if (verdict.duplicate_of) {
    answer->base_offset = *verdict.duplicate_of;
    return;
  }
  PartitionLog::AppendMode mode;
  if (UsesLogAppendTime(topic.configs)) mode.log_append_time = context.cluster.NowMs();
  const Result<int64_t> base = partition->log.Append(records, mode);
  if (!base.ok()) {
    const bool full = base.status().code() == StatusCode::kCapacityError;
    Refuse(answer, full ? ErrorCode::kKafkaStorageError : ErrorCode::kCorruptMessage, base.status().message());
    return;
  }
  answer->base_offset = *base;
  if (mode.log_append_time) answer->log_append_time_ms = *mode.log_append_time;
}

}  // namespace

kp::ProduceResponse Answer(const RequestContext& context, const kp::ProduceRequest& request) {
  kp::ProduceResponse response;
  const bool acks_known = request.acks >= -1 && request.acks <= 1;
  for (const kp::ProduceRequest::Topic& asked : request.topics) {
    kp::ProduceResponse::Topic answer;
    answer.name = asked.name;
    Topic* const topic = context.cluster.Find(asked.name);
    for (const kp::ProduceRequest::Partition& partition_asked : asked.partitions) {
      kp::ProduceResponse::Partition& out = answer.partitions.emplace_back();
      out.index = partition_asked.index;
      Partition* const partition = topic == nullptr ? nullptr : topic->partition(partition_asked.index);
      out.error = context.injected.ForPartition(asked.name, partition_asked.index);
      if (out.error != ErrorCode::kNone) continue;
      if (!acks_known) {
        out.error = ErrorCode::kInvalidRequiredAcks;
      } else if (partition == nullptr) {
        out.error = ErrorCode::kUnknownTopicOrPartition;
      } else if (partition->leader != context.node) {
        out.error = ErrorCode::kNotLeaderOrFollower;
        out.current_leader_id = partition->leader;
        out.current_leader_epoch = partition->leader_epoch;
      } else {
        Append(context, *topic, partition, partition_asked.records.value_or(kp::Bytes()), &out);
        out.log_start_offset = partition->log.start_offset();
      }
    }
    response.topics.push_back(std::move(answer));
  }
  return response;
}

kp::InitProducerIdResponse Answer(const RequestContext& context, const kp::InitProducerIdRequest& request) {
  kp::InitProducerIdResponse response;
  response.error = context.injected.ForWhole();
  if (response.error != ErrorCode::kNone) return response;
  if (request.transactional_id) {
    response.error = ErrorCode::kInvalidRequest;  // no transactions
  } else if (request.producer_id >= 0 && request.producer_epoch >= 0 && request.producer_epoch < INT16_MAX) {
    response.producer_id = request.producer_id;
    response.producer_epoch = static_cast<int16_t>(request.producer_epoch + 1);
  } else {
    response.producer_id = context.cluster.NextProducerId();
  }
  return response;
}

}  // namespace lotic::broker
