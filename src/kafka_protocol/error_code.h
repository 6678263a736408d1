// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lotic/status.h"

namespace lotic::kafka_protocol {

/// Error codes of the protocol that this project acts upon by name; any other number may arrive too (see ErrorInfo).
enum class ErrorCode : int16_t {
  kUnknownServerError = -1,
  kNone = 0,
  kOffsetOutOfRange = 1,
  kCorruptMessage = 2,
  kUnknownTopicOrPartition = 3,
  kInvalidFetchSize = 4,
  kLeaderNotAvailable = 5,
  kNotLeaderOrFollower = 6,
  kRequestTimedOut = 7,
  kBrokerNotAvailable = 8,
  kReplicaNotAvailable = 9,
  kMessageTooLarge = 10,
  kNetworkException = 13,
  kCoordinatorLoadInProgress = 14,
  kCoordinatorNotAvailable = 15,
  kNotCoordinator = 16,
  kInvalidTopic = 17,
  kRecordListTooLarge = 18,
  kNotEnoughReplicas = 19,
  kNotEnoughReplicasAfterAppend = 20,
  kInvalidRequiredAcks = 21,
  kTopicAuthorizationFailed = 29,
  kGroupAuthorizationFailed = 30,
  kClusterAuthorizationFailed = 31,
  kInvalidTimestamp = 32,
  kUnsupportedSaslMechanism = 33,
  kIllegalSaslState = 34,
  kUnsupportedVersion = 35,
  kTopicAlreadyExists = 36,
  kInvalidPartitions = 37,
  kInvalidReplicationFactor = 38,
  kInvalidConfig = 40,
  kNotController = 41,
  kInvalidRequest = 42,
  kUnsupportedForMessageFormat = 43,
  kPolicyViolation = 44,
  kOutOfOrderSequenceNumber = 45,
  kDuplicateSequenceNumber = 46,
  kInvalidProducerEpoch = 47,
  kTransactionalIdAuthorizationFailed = 53,
  kKafkaStorageError = 56,
  kSaslAuthenticationFailed = 58,
  kUnknownProducerId = 59,
  kFetchSessionIdNotFound = 70,
  kInvalidFetchSessionEpoch = 71,
  kListenerNotFound = 72,
  kFencedLeaderEpoch = 74,
  kUnknownLeaderEpoch = 75,
  kUnsupportedCompressionType = 76,
  kOffsetNotAvailable = 78,
  kInvalidRecord = 87,
  kUnstableOffsetCommit = 88,
  kThrottlingQuotaExceeded = 89,
  kUnknownTopicId = 100,
  kInconsistentTopicId = 103,
  kFetchSessionTopicIdError = 106,
  kOffsetMovedToTieredStorage = 109,
};

struct ErrorInfo {
  int16_t code;
  std::string_view name;         ///< as the protocol guide writes it: "NOT_LEADER_OR_FOLLOWER"
  bool retriable;                ///< the same request may succeed later (possibly at another broker)
  bool stale_metadata;           ///< refresh the metadata before trying again
  std::string_view explanation;  ///< a short sentence, for messages
};

/// Never fails: an unknown number is reported as "UNKNOWN_CODE", not retriable.
const ErrorInfo& LookUpError(int16_t code);
inline const ErrorInfo& LookUpError(ErrorCode code) { return LookUpError(static_cast<int16_t>(code)); }

/// OK for kNone; otherwise "<doing>: OFFSET_OUT_OF_RANGE (1): the offset is outside the log", with a SourceError that
/// says whether to try again. Codes: Unauthorized for refusals, NotFound for unknown topics, DataLoss for offsets that
/// are gone, Throttled, Invalid for requests the broker finds wrong, NotImplemented for versions and formats, else
/// IOError.
Status StatusFromError(ErrorCode code, std::string_view doing);

}  // namespace lotic::kafka_protocol
