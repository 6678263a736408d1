// SPDX-License-Identifier: Apache-2.0
#include "kafka_protocol/error_code.h"

#include <algorithm>
#include <array>
#include <memory>

#include "lotic/source_error.h"

namespace lotic::kafka_protocol {
namespace {

constexpr bool kRetry = true, kFinal = false, kRefresh = true, kKeep = false;

// Numbers and names: Apache Kafka protocol guide, "Error Codes". Sorted by number.
constexpr std::array kErrors = {
    ErrorInfo{-1, "UNKNOWN_SERVER_ERROR", kFinal, kKeep, "the broker failed in an unexpected way"},
    ErrorInfo{0, "NONE", kFinal, kKeep, "no error"},
    ErrorInfo{1, "OFFSET_OUT_OF_RANGE", kFinal, kKeep, "the offset is outside the partition's log"},
    ErrorInfo{2, "CORRUPT_MESSAGE", kRetry, kKeep, "the broker found a record batch broken"},
    ErrorInfo{3, "UNKNOWN_TOPIC_OR_PARTITION", kRetry, kRefresh, "the broker does not host this topic or partition"},
    ErrorInfo{4, "INVALID_FETCH_SIZE", kFinal, kKeep, "the requested fetch size is invalid"},
    ErrorInfo{5, "LEADER_NOT_AVAILABLE", kRetry, kRefresh, "the partition has no leader at the moment"},
    ErrorInfo{6, "NOT_LEADER_OR_FOLLOWER", kRetry, kRefresh, "the broker does not lead this partition"},
    ErrorInfo{7, "REQUEST_TIMED_OUT", kRetry, kKeep, "the request took longer than the broker allows"},
    ErrorInfo{8, "BROKER_NOT_AVAILABLE", kFinal, kRefresh, "the broker is not available"},
    ErrorInfo{9, "REPLICA_NOT_AVAILABLE", kRetry, kRefresh, "the replica is not available"},
    ErrorInfo{10, "MESSAGE_TOO_LARGE", kFinal, kKeep, "the record batch is larger than the broker accepts"},
    ErrorInfo{11, "STALE_CONTROLLER_EPOCH", kFinal, kKeep, "the controller has moved"},
    ErrorInfo{12, "OFFSET_METADATA_TOO_LARGE", kFinal, kKeep, "the metadata of the offset is too large"},
    ErrorInfo{13, "NETWORK_EXCEPTION", kRetry, kRefresh, "the connection broke before an answer came"},
    ErrorInfo{14, "COORDINATOR_LOAD_IN_PROGRESS", kRetry, kKeep, "the coordinator is still loading"},
    ErrorInfo{15, "COORDINATOR_NOT_AVAILABLE", kRetry, kKeep, "the coordinator is not available"},
    ErrorInfo{16, "NOT_COORDINATOR", kRetry, kKeep, "the broker is not the coordinator"},
    ErrorInfo{17, "INVALID_TOPIC_EXCEPTION", kFinal, kKeep, "the topic's name is not valid"},
    ErrorInfo{18, "RECORD_LIST_TOO_LARGE", kFinal, kKeep, "the request holds more bytes than a segment may"},
    ErrorInfo{19, "NOT_ENOUGH_REPLICAS", kRetry, kKeep, "fewer replicas are in sync than required"},
    ErrorInfo{20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", kRetry, kKeep, "written to fewer replicas than required"},
    ErrorInfo{21, "INVALID_REQUIRED_ACKS", kFinal, kKeep, "the acks of the request are not valid"},
    ErrorInfo{22, "ILLEGAL_GENERATION", kFinal, kKeep, "the group's generation is another one"},
    ErrorInfo{23, "INCONSISTENT_GROUP_PROTOCOL", kFinal, kKeep, "the group's members have no protocol in common"},
    ErrorInfo{24, "INVALID_GROUP_ID", kFinal, kKeep, "the group id is not valid"},
    ErrorInfo{25, "UNKNOWN_MEMBER_ID", kFinal, kKeep, "the coordinator does not know this member"},
    ErrorInfo{26, "INVALID_SESSION_TIMEOUT", kFinal, kKeep, "the session time-out is outside the broker's range"},
    ErrorInfo{27, "REBALANCE_IN_PROGRESS", kFinal, kKeep, "the group is rebalancing"},
    ErrorInfo{28, "INVALID_COMMIT_OFFSET_SIZE", kFinal, kKeep, "the offset commit is too large"},
    ErrorInfo{29, "TOPIC_AUTHORIZATION_FAILED", kFinal, kKeep, "no permission for this topic"},
    ErrorInfo{30, "GROUP_AUTHORIZATION_FAILED", kFinal, kKeep, "no permission for this group"},
    ErrorInfo{31, "CLUSTER_AUTHORIZATION_FAILED", kFinal, kKeep, "no permission for this operation on the cluster"},
    ErrorInfo{32, "INVALID_TIMESTAMP", kFinal, kKeep, "a record's timestamp is out of range"},
    ErrorInfo{33, "UNSUPPORTED_SASL_MECHANISM", kFinal, kKeep, "the broker does not offer this SASL mechanism"},
    ErrorInfo{34, "ILLEGAL_SASL_STATE", kFinal, kKeep, "the request does not fit the state of the login"},
    ErrorInfo{35, "UNSUPPORTED_VERSION", kFinal, kKeep, "the broker does not speak this version of the request"},
    ErrorInfo{36, "TOPIC_ALREADY_EXISTS", kFinal, kKeep, "a topic of this name exists already"},
    ErrorInfo{37, "INVALID_PARTITIONS", kFinal, kKeep, "the number of partitions is not valid"},
    ErrorInfo{38, "INVALID_REPLICATION_FACTOR", kFinal, kKeep, "the replication factor is not valid"},
    ErrorInfo{39, "INVALID_REPLICA_ASSIGNMENT", kFinal, kKeep, "the replica assignment is not valid"},
    ErrorInfo{40, "INVALID_CONFIG", kFinal, kKeep, "a configuration value is not valid"},
    ErrorInfo{41, "NOT_CONTROLLER", kRetry, kRefresh, "the broker is not the controller"},
    ErrorInfo{42, "INVALID_REQUEST", kFinal, kKeep, "the broker finds the request malformed"},
    ErrorInfo{43, "UNSUPPORTED_FOR_MESSAGE_FORMAT", kFinal, kKeep, "the topic's message format does not support this"},
    ErrorInfo{44, "POLICY_VIOLATION", kFinal, kKeep, "the request violates a policy of the cluster"},
    ErrorInfo{45, "OUT_OF_ORDER_SEQUENCE_NUMBER", kFinal, kKeep, "the producer's sequence has a gap"},
    ErrorInfo{46, "DUPLICATE_SEQUENCE_NUMBER", kFinal, kKeep, "the producer's batch was written before"},
    ErrorInfo{47, "INVALID_PRODUCER_EPOCH", kFinal, kKeep, "the producer's epoch is an old one"},
    ErrorInfo{48, "INVALID_TXN_STATE", kFinal, kKeep, "the transaction is not in a fitting state"},
    ErrorInfo{49, "INVALID_PRODUCER_ID_MAPPING", kFinal, kKeep, "the producer id does not belong to this transactional id"},
    ErrorInfo{50, "INVALID_TRANSACTION_TIMEOUT", kFinal, kKeep, "the transaction time-out is above the broker's maximum"},
    ErrorInfo{51, "CONCURRENT_TRANSACTIONS", kRetry, kKeep, "another operation on the transaction is under way"},
    ErrorInfo{52, "TRANSACTION_COORDINATOR_FENCED", kFinal, kKeep, "the transaction coordinator has moved"},
    ErrorInfo{53, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", kFinal, kKeep, "no permission for this transactional id"},
    ErrorInfo{54, "SECURITY_DISABLED", kFinal, kKeep, "the cluster has no security features"},
    ErrorInfo{55, "OPERATION_NOT_ATTEMPTED", kFinal, kKeep, "not attempted, because another part failed"},
    ErrorInfo{56, "KAFKA_STORAGE_ERROR", kRetry, kRefresh, "the broker could not access its disk"},
    ErrorInfo{57, "LOG_DIR_NOT_FOUND", kFinal, kKeep, "the broker has no such log directory"},
    ErrorInfo{58, "SASL_AUTHENTICATION_FAILED", kFinal, kKeep, "the login was refused"},
    ErrorInfo{59, "UNKNOWN_PRODUCER_ID", kFinal, kKeep, "the broker no longer knows the producer id"},
    ErrorInfo{60, "REASSIGNMENT_IN_PROGRESS", kFinal, kKeep, "a reassignment of the partition is under way"},
    ErrorInfo{61, "DELEGATION_TOKEN_AUTH_DISABLED", kFinal, kKeep, "delegation tokens are not enabled"},
    ErrorInfo{62, "DELEGATION_TOKEN_NOT_FOUND", kFinal, kKeep, "there is no such delegation token"},
    ErrorInfo{63, "DELEGATION_TOKEN_OWNER_MISMATCH", kFinal, kKeep, "the delegation token belongs to somebody else"},
    ErrorInfo{64, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", kFinal, kKeep, "delegation tokens need another kind of connection"},
    ErrorInfo{65, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", kFinal, kKeep, "no permission for delegation tokens"},
    ErrorInfo{66, "DELEGATION_TOKEN_EXPIRED", kFinal, kKeep, "the delegation token has expired"},
    ErrorInfo{67, "INVALID_PRINCIPAL_TYPE", kFinal, kKeep, "the principal's type is not supported"},
    ErrorInfo{68, "NON_EMPTY_GROUP", kFinal, kKeep, "the group has members"},
    ErrorInfo{69, "GROUP_ID_NOT_FOUND", kFinal, kKeep, "there is no such group"},
    ErrorInfo{70, "FETCH_SESSION_ID_NOT_FOUND", kRetry, kKeep, "the broker has forgotten the fetch session"},
    ErrorInfo{71, "INVALID_FETCH_SESSION_EPOCH", kRetry, kKeep, "the fetch session is at another epoch"},
    ErrorInfo{72, "LISTENER_NOT_FOUND", kRetry, kRefresh, "the leader has no listener of this name"},
    ErrorInfo{73, "TOPIC_DELETION_DISABLED", kFinal, kKeep, "topics cannot be deleted in this cluster"},
    ErrorInfo{74, "FENCED_LEADER_EPOCH", kRetry, kRefresh, "the leader epoch of the request is older than the broker's"},
    ErrorInfo{75, "UNKNOWN_LEADER_EPOCH", kRetry, kRefresh, "the leader epoch of the request is newer than the broker's"},
    ErrorInfo{76, "UNSUPPORTED_COMPRESSION_TYPE", kFinal, kKeep, "the broker does not support this compression for this request version"},
    ErrorInfo{77, "STALE_BROKER_EPOCH", kFinal, kKeep, "the broker has restarted"},
    ErrorInfo{78, "OFFSET_NOT_AVAILABLE", kRetry, kKeep, "the new leader does not know its high watermark yet"},
    ErrorInfo{79, "MEMBER_ID_REQUIRED", kFinal, kKeep, "the group member needs an id first"},
    ErrorInfo{80, "PREFERRED_LEADER_NOT_AVAILABLE", kRetry, kRefresh, "the preferred leader is not available"},
    ErrorInfo{81, "GROUP_MAX_SIZE_REACHED", kFinal, kKeep, "the group is full"},
    ErrorInfo{82, "FENCED_INSTANCE_ID", kFinal, kKeep, "another member uses this instance id"},
    ErrorInfo{83, "ELIGIBLE_LEADERS_NOT_AVAILABLE", kRetry, kRefresh, "no eligible leader is available"},
    ErrorInfo{84, "ELECTION_NOT_NEEDED", kRetry, kRefresh, "no leader election is needed"},
    ErrorInfo{85, "NO_REASSIGNMENT_IN_PROGRESS", kFinal, kKeep, "no reassignment is under way"},
    ErrorInfo{86, "GROUP_SUBSCRIBED_TO_TOPIC", kFinal, kKeep, "the group still reads the topic"},
    ErrorInfo{87, "INVALID_RECORD", kFinal, kKeep, "the broker refuses a record"},
    ErrorInfo{88, "UNSTABLE_OFFSET_COMMIT", kRetry, kKeep, "an offset belongs to a transaction that is not finished"},
    ErrorInfo{89, "THROTTLING_QUOTA_EXCEEDED", kRetry, kKeep, "a quota of the cluster is used up"},
    ErrorInfo{90, "PRODUCER_FENCED", kFinal, kKeep, "a newer producer has the same transactional id"},
    ErrorInfo{91, "RESOURCE_NOT_FOUND", kFinal, kKeep, "there is no such resource"},
    ErrorInfo{92, "DUPLICATE_RESOURCE", kFinal, kKeep, "the resource is named twice"},
    ErrorInfo{93, "UNACCEPTABLE_CREDENTIAL", kFinal, kKeep, "the credential does not satisfy the cluster's rules"},
    ErrorInfo{94, "INCONSISTENT_VOTER_SET", kFinal, kKeep, "the voter sets differ"},
    ErrorInfo{95, "INVALID_UPDATE_VERSION", kFinal, kKeep, "the update's version is not valid"},
    ErrorInfo{96, "FEATURE_UPDATE_FAILED", kFinal, kKeep, "the feature could not be updated"},
    ErrorInfo{97, "PRINCIPAL_DESERIALIZATION_FAILURE", kFinal, kKeep, "the forwarded principal cannot be read"},
    ErrorInfo{98, "SNAPSHOT_NOT_FOUND", kFinal, kKeep, "there is no such snapshot"},
    ErrorInfo{99, "POSITION_OUT_OF_RANGE", kFinal, kKeep, "the position is outside the snapshot"},
    ErrorInfo{100, "UNKNOWN_TOPIC_ID", kRetry, kRefresh, "the broker does not host a topic of this id"},
    ErrorInfo{101, "DUPLICATE_BROKER_REGISTRATION", kFinal, kKeep, "the broker id is taken"},
    ErrorInfo{102, "BROKER_ID_NOT_REGISTERED", kFinal, kKeep, "the broker id is not registered"},
    ErrorInfo{103, "INCONSISTENT_TOPIC_ID", kRetry, kRefresh, "the topic has another id: it was deleted and created again"},
    ErrorInfo{104, "INCONSISTENT_CLUSTER_ID", kFinal, kKeep, "the cluster has another id"},
    ErrorInfo{105, "TRANSACTIONAL_ID_NOT_FOUND", kFinal, kKeep, "there is no such transactional id"},
    ErrorInfo{106, "FETCH_SESSION_TOPIC_ID_ERROR", kRetry, kRefresh, "the fetch session mixes topic names and ids"},
    ErrorInfo{107, "INELIGIBLE_REPLICA", kFinal, kKeep, "the replica may not join the in-sync set"},
    ErrorInfo{108, "NEW_LEADER_ELECTED", kFinal, kRefresh, "a new leader has been elected"},
    ErrorInfo{109, "OFFSET_MOVED_TO_TIERED_STORAGE", kFinal, kKeep, "the offset lies in tiered storage"},
    ErrorInfo{110, "FENCED_MEMBER_EPOCH", kFinal, kKeep, "the group member's epoch is an old one"},
    ErrorInfo{111, "UNRELEASED_INSTANCE_ID", kFinal, kKeep, "the instance id is still in use"},
    ErrorInfo{112, "UNSUPPORTED_ASSIGNOR", kFinal, kKeep, "the group does not support this assignor"},
    ErrorInfo{113, "STALE_MEMBER_EPOCH", kFinal, kKeep, "the group member's epoch is not the current one"},
    ErrorInfo{119, "INVALID_REGULAR_EXPRESSION", kFinal, kKeep, "the regular expression is not valid"},
    ErrorInfo{120, "REBOOTSTRAP_REQUIRED", kFinal, kRefresh, "the client must start over from its bootstrap servers"},
};
constexpr ErrorInfo kUnknownCode{0, "UNKNOWN_CODE", kFinal, kKeep, "an error that this client does not know"};

constexpr bool Sorted() {
  for (size_t i = 1; i < kErrors.size(); ++i) {
    if (kErrors[i - 1].code >= kErrors[i].code) return false;
  }
  return true;
}
static_assert(Sorted());

StatusCode CodeFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTopicAuthorizationFailed:
    case ErrorCode::kGroupAuthorizationFailed:
    case ErrorCode::kClusterAuthorizationFailed:
    case ErrorCode::kTransactionalIdAuthorizationFailed:
    case ErrorCode::kUnsupportedSaslMechanism:
    case ErrorCode::kIllegalSaslState:
    case ErrorCode::kSaslAuthenticationFailed: return StatusCode::kUnauthorized;
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kUnknownTopicId: return StatusCode::kNotFound;
    case ErrorCode::kOffsetOutOfRange:
    case ErrorCode::kInconsistentTopicId: return StatusCode::kDataLoss;
    case ErrorCode::kThrottlingQuotaExceeded: return StatusCode::kThrottled;
    case ErrorCode::kInvalidTopic:
    case ErrorCode::kTopicAlreadyExists:
    case ErrorCode::kInvalidPartitions:
    case ErrorCode::kInvalidReplicationFactor:
    case ErrorCode::kInvalidConfig:
    case ErrorCode::kInvalidRequest:
    case ErrorCode::kPolicyViolation:
    case ErrorCode::kInvalidTimestamp:
    case ErrorCode::kInvalidRecord:
    case ErrorCode::kMessageTooLarge:
    case ErrorCode::kInvalidFetchSize: return StatusCode::kInvalid;
    case ErrorCode::kUnsupportedVersion:
    case ErrorCode::kUnsupportedForMessageFormat:
    case ErrorCode::kUnsupportedCompressionType: return StatusCode::kNotImplemented;
    default: return StatusCode::kIOError;
  }
}

}  // namespace

const ErrorInfo& LookUpError(int16_t code) {
  const auto found = std::lower_bound(kErrors.begin(), kErrors.end(), code, [](const ErrorInfo& info, int16_t wanted) { return info.code < wanted; });
  return found != kErrors.end() && found->code == code ? *found : kUnknownCode;
}

Status StatusFromError(ErrorCode code, std::string_view doing) {
  if (code == ErrorCode::kNone) return Status::OK();
  const ErrorInfo& info = LookUpError(code);
  std::string message(doing);
  message.append(": ").append(info.name).append(" (").append(std::to_string(static_cast<int16_t>(code))).append("): ");
  message.append(info.explanation);
  return Status(CodeFor(code), std::move(message), std::make_shared<SourceError>(info.retriable));
}

}  // namespace lotic::kafka_protocol
