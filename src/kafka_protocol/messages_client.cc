// SPDX-License-Identifier: Apache-2.0
// ApiVersions, Metadata, SaslHandshake, SaslAuthenticate, FindCoordinator.
#include "kafka_protocol/message_coding.h"
#include "kafka_protocol/messages.h"

namespace lotic::kafka_protocol {
namespace {

template <typename C, typename M>
void CodeApiVersionsRequest(C& c, M& m) {
  if (c.From(3)) {
    c(m.client_software_name);
    c(m.client_software_version);
  }
  c.Tags();
}

template <typename C, typename M>
void CodeApiVersionsResponse(C& c, M& m) {
  c(m.error);
  c.Array(m.apis, [&](auto& api) {
    c(api.key);
    c(api.min);
    c(api.max);
    c.Tags();
  });
  if (c.From(1)) c(m.throttle_ms);
  c.Tags([&](auto&& tag) {
    tag(0, !m.supported_features.empty(), [&](auto& t) {
      t.Array(m.supported_features, [&](auto& feature) {
        t(feature.name);
        t(feature.min);
        t(feature.max);
        t.Tags();
      });
    });
    tag(1, m.finalized_features_epoch != -1, [&](auto& t) { t(m.finalized_features_epoch); });
    tag(2, !m.finalized_features.empty(), [&](auto& t) {
      t.Array(m.finalized_features, [&](auto& feature) {
        t(feature.name);
        t(feature.max);  // the other way round than above, as the protocol has it
        t(feature.min);
        t.Tags();
      });
    });
  });
}

template <typename C, typename M>
void CodeMetadataTopicName(C& c, M& m) {
  if constexpr (C::kDecodes) {
    c(m.name);
  } else {
    c(m.name ? m.name : NullableString(""));
  }
}

template <typename C, typename M>
void CodeMetadataRequest(C& c, M& m) {
  auto each = [&](auto& topic) {
    if (c.From(10)) {
      c(topic.topic_id);
      c(topic.name);
    } else {
      CodeMetadataTopicName(c, topic);
    }
    c.Tags();
  };
  if (c.From(1)) {
    c.NullableArray(m.topics, each);
  } else if constexpr (C::kDecodes) {
    c.Array(m.topics.emplace(), each);
    if (m.topics->empty()) m.topics.reset();  // version 0: none named means all
  } else {
    c.Array(m.topics ? *m.topics : std::vector<MetadataRequest::Topic>(), each);
  }
  if (c.From(4)) c(m.allow_auto_topic_creation);
  if (c.Between(8, 10)) c(m.include_cluster_authorized_operations);
  if (c.From(8)) c(m.include_topic_authorized_operations);
  c.Tags();
}

template <typename C, typename M>
void CodeMetadataPartition(C& c, M& m) {
  c(m.error);
  c(m.index);
  c(m.leader_id);
  if (c.From(7)) c(m.leader_epoch);
  c.Array(m.replicas);
  c.Array(m.isr);
  if (c.From(5)) c.Array(m.offline_replicas);
  c.Tags();
}

template <typename C, typename M>
void CodeMetadataResponse(C& c, M& m) {
  if (c.From(3)) c(m.throttle_ms);
  c.Array(m.brokers, [&](auto& broker) {
    c(broker.node_id);
    c(broker.host);
    c(broker.port);
    if (c.From(1)) c(broker.rack);
    c.Tags();
  });
  if (c.From(2)) c(m.cluster_id);
  if (c.From(1)) c(m.controller_id);
  c.Array(m.topics, [&](auto& topic) {
    c(topic.error);
    if (c.From(12)) {
      c(topic.name);
    } else {
      CodeMetadataTopicName(c, topic);
    }
    if (c.From(10)) c(topic.topic_id);
    if (c.From(1)) c(topic.is_internal);
    c.Array(topic.partitions, [&](auto& partition) { CodeMetadataPartition(c, partition); });
    if (c.From(8)) c(topic.authorized_operations);
    c.Tags();
  });
  if (c.Between(8, 10)) c(m.cluster_authorized_operations);
  c.Tags();
}

template <typename C, typename M>
void CodeSaslHandshakeRequest(C& c, M& m) {
  c(m.mechanism);
}

template <typename C, typename M>
void CodeSaslHandshakeResponse(C& c, M& m) {
  c(m.error);
  c.Array(m.mechanisms);
}

template <typename C, typename M>
void CodeSaslAuthenticateRequest(C& c, M& m) {
  c.ByteString(m.auth_bytes);
  c.Tags();
}

template <typename C, typename M>
void CodeSaslAuthenticateResponse(C& c, M& m) {
  c(m.error);
  c(m.error_message);
  c.ByteString(m.auth_bytes);
  if (c.From(1)) c(m.session_lifetime_ms);
  c.Tags();
}

template <typename C, typename M>
void CodeFindCoordinatorRequest(C& c, M& m) {
  if (!c.From(4)) c(m.key);
  if (c.From(1)) c(m.key_type);
  if (c.From(4)) c.Array(m.keys);
  c.Tags();
}

template <typename C, typename M>
void CodeFindCoordinatorResponse(C& c, M& m) {
  if (c.From(1)) c(m.throttle_ms);
  if (c.From(4)) {
    c.Array(m.coordinators, [&](auto& coordinator) {
      c(coordinator.key);
      c(coordinator.node_id);
      c(coordinator.host);
      c(coordinator.port);
      c(coordinator.error);
      c(coordinator.error_message);
      c.Tags();
    });
  } else {
    FindCoordinatorResponse::Coordinator only;
    if (!C::kDecodes && !m.coordinators.empty()) only = m.coordinators.front();
    c(only.error);
    if (c.From(1)) c(only.error_message);
    c(only.node_id);
    c(only.host);
    c(only.port);
    if constexpr (C::kDecodes) m.coordinators.assign(1, only);
  }
  c.Tags();
}

}  // namespace

DEFINE_KAFKA_MESSAGE(ApiVersionsRequest, CodeApiVersionsRequest)
DEFINE_KAFKA_MESSAGE(MetadataRequest, CodeMetadataRequest)
DEFINE_KAFKA_MESSAGE(MetadataResponse, CodeMetadataResponse)
DEFINE_KAFKA_MESSAGE(SaslHandshakeRequest, CodeSaslHandshakeRequest)
DEFINE_KAFKA_MESSAGE(SaslHandshakeResponse, CodeSaslHandshakeResponse)
DEFINE_KAFKA_MESSAGE(SaslAuthenticateRequest, CodeSaslAuthenticateRequest)
DEFINE_KAFKA_MESSAGE(SaslAuthenticateResponse, CodeSaslAuthenticateResponse)
DEFINE_KAFKA_MESSAGE(FindCoordinatorRequest, CodeFindCoordinatorRequest)
DEFINE_KAFKA_MESSAGE(FindCoordinatorResponse, CodeFindCoordinatorResponse)

void ApiVersionsResponse::Encode(Writer& out, int16_t version) const {
  LOTIC_CHECK(SupportedVersions(kApi).Contains(version));
  internal::Encoder coder(out, kApi, version);
  CodeApiVersionsResponse(coder, *this);
}

Status ApiVersionsResponse::Decode(Reader& in, int16_t version) {
  if (!SupportedVersions(kApi).Contains(version)) return Status::NotImplemented("ApiVersionsResponse version ", version);
  Reader peek = in;
  const bool refused = static_cast<ErrorCode>(peek.Int16()) == ErrorCode::kUnsupportedVersion;
  internal::Decoder coder(in, kApi, refused ? int16_t{0} : version);  // a refusal comes in the form that everybody can read
  CodeApiVersionsResponse(coder, *this);
  return in.status("ApiVersionsResponse");
}

}  // namespace lotic::kafka_protocol
