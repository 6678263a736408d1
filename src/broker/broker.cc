// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "broker/session.h"
#include "kafka_protocol/record_batch.h"
#include "net/poll.h"
#include "net/stream.h"

namespace lotic::broker {

namespace kp = kafka_protocol;

namespace {

constexpr std::chrono::milliseconds kAcceptPause{100};  // after a refusal by the system, for example for want of descriptors

}  // namespace

// The serving thread owns sockets; everything else is shared under the mutex. A call that changes what the thread waits
// for wakes it.
struct Broker::Impl {
  explicit Impl(BrokerOptions options) : state(options) {}

  struct Port {
    std::unique_ptr<net::Listener> listener;  // null while the node is down; changed by the serving thread only
    net::Endpoint endpoint;
    bool want_down = false;
    Session::Clock::time_point accept_after{};
  };

  mutable std::mutex mutex;                 // guards everything below but the thread and the waker
  mutable std::condition_variable changed;  // requests, ports, the end
  ServerState state;
  std::vector<Port> ports;
  std::vector<std::unique_ptr<Session>> sessions;
  int64_t connections = 0;
  bool stopping = false;
  Status port_failure;

  net::Waker waker;
  std::thread thread;

  const BrokerOptions& options() const { return state.cluster.options(); }
  Status OpenPorts();
  void Run();
  void Serve(std::span<const net::PollItem> items, size_t num_ports, Session::Clock::time_point now);
  void Accept(size_t port, Session::Clock::time_point now);
  void ApplyPorts();
  std::vector<net::PollItem> Items(Session::Clock::time_point now) const;
  std::chrono::milliseconds Timeout(Session::Clock::time_point now) const;
  // Calls `change` on the partition and lets waiting fetches look again.
  template <typename Change>
  auto WithPartition(const std::string& topic, int32_t partition, Change change) -> decltype(change(std::declval<Topic&>(), std::declval<Partition&>()));
};

Status Broker::Impl::OpenPorts() {
  for (int index = 0; index < options().node_count; ++index) {
    const net::Endpoint at{options().host, index == 0 ? options().port : uint16_t{0}};
    Port& port = ports.emplace_back();
    LOTIC_ASSIGN_OR_RETURN(port.listener, net::Listener::Listen(at, options().tls));
    port.endpoint = port.listener->endpoint();
    state.cluster.nodes.push_back({index + 1, options().host, port.endpoint.port, false});
  }
  return Status::OK();
}

std::vector<net::PollItem> Broker::Impl::Items(Session::Clock::time_point now) const {
  std::vector<net::PollItem> items;
  for (const Port& port : ports) {
    items.push_back(port.listener && now >= port.accept_after ? port.listener->PollFor() : net::PollItem{});
  }
  for (const auto& session : sessions) items.push_back(session->PollFor());
  return items;
}

std::chrono::milliseconds Broker::Impl::Timeout(Session::Clock::time_point now) const {
  auto next = Session::Clock::time_point::max();
  for (const Port& port : ports) {
    if (port.listener && now < port.accept_after) next = std::min(next, port.accept_after);
  }
  for (const auto& session : sessions) next = std::min(next, session->NextDeadline().value_or(next));
  if (next == Session::Clock::time_point::max()) return std::chrono::milliseconds(-1);
  return std::max(std::chrono::milliseconds(0), std::chrono::ceil<std::chrono::milliseconds>(next - now));
}

void Broker::Impl::Run() {
  for (;;) {
    std::vector<net::PollItem> items;
    std::chrono::milliseconds timeout{0};
    size_t num_ports = 0;
    {
      const std::lock_guard lock(mutex);
      ApplyPorts();
      if (stopping) {
        sessions.clear();
        for (Port& port : ports) port.listener.reset();
        return;
      }
      const auto now = Session::Clock::now();
      items = Items(now);
      num_ports = ports.size();
      timeout = Timeout(now);
    }
    // A failing poll is met by looking at everything: the sockets themselves then tell.
    if (!net::Wait(CallContext{}, items, &waker, timeout).ok()) {
      for (net::PollItem& item : items) item.ready = true;
    }
    waker.Drain();
    const std::lock_guard lock(mutex);
    Serve(items, num_ports, Session::Clock::now());
  }
}

void Broker::Impl::Serve(std::span<const net::PollItem> items, size_t num_ports, Session::Clock::time_point now) {
  const size_t known = items.size() - num_ports;
  for (size_t i = 0; i < known; ++i) {
    if (items[num_ports + i].ready && sessions[i]->is_open()) sessions[i]->Receive();
  }
  for (size_t i = 0; i < num_ports; ++i) {
    if (items[i].ready && ports[i].listener) Accept(i, now);
  }
  for (const auto& session : sessions) session->Advance(now);
  // What one session appended, others may have been waiting for.
  for (const auto& session : sessions) session->Advance(now);
  std::erase_if(sessions, [](const auto& session) { return !session->is_open(); });
  changed.notify_all();
}

void Broker::Impl::Accept(size_t port, Session::Clock::time_point now) {
  for (;;) {
    Result<std::unique_ptr<net::Stream>> stream = ports[port].listener->TryAccept();
    if (!stream.ok()) {
      ports[port].accept_after = now + kAcceptPause;
      return;
    }
    if (!*stream) return;
    if (sessions.size() >= options().max_connections) continue;  // closes it
    sessions.push_back(std::make_unique<Session>(std::move(*stream), static_cast<int32_t>(port) + 1, ++connections, state));
  }
}

// Makes ports what SetNodeDown asked for.
void Broker::Impl::ApplyPorts() {
  for (size_t i = 0; i < ports.size() && !stopping; ++i) {
    Port& port = ports[i];
    if (port.want_down == (port.listener == nullptr)) continue;
    if (port.want_down) {
      port.listener.reset();
      for (const auto& session : sessions) {
        if (session->node() == static_cast<int32_t>(i) + 1) session->Close();
      }
      std::erase_if(sessions, [](const auto& session) { return !session->is_open(); });
    } else {
      Result<std::unique_ptr<net::Listener>> listener = net::Listener::Listen(port.endpoint, options().tls);
      if (listener.ok()) {
        port.listener = std::move(*listener);
      } else {
        port_failure = listener.status();
        port.want_down = true;
      }
    }
    state.cluster.nodes[i].down = port.listener == nullptr;
  }
  changed.notify_all();
}

template <typename Change>
auto Broker::Impl::WithPartition(const std::string& topic, int32_t partition, Change change)
    -> decltype(change(std::declval<Topic&>(), std::declval<Partition&>())) {
  const std::lock_guard lock(mutex);
  const Result<Partition*> found = state.cluster.Get(topic, partition);
  if (!found.ok()) return found.status();
  auto result = change(*state.cluster.Find(topic), **found);
  waker.Wake();
  return result;
}

Broker::Broker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Broker::~Broker() { Stop(); }

Result<std::unique_ptr<Broker>> Broker::Start(BrokerOptions options) {
  if (options.node_count < 1 || options.node_count > kMaxNodes) {
    return Status::Invalid("a broker has 1 to ", kMaxNodes, " nodes, not ", options.node_count);
  }
  if (options.max_frame_bytes > size_t{INT32_MAX}) return Status::Invalid("max_frame_bytes is above ", INT32_MAX);
  auto impl = std::make_unique<Impl>(std::move(options));
  LOTIC_RETURN_NOT_OK(impl->OpenPorts());
  Impl* const running = impl.get();
  impl->thread = std::thread([running] { running->Run(); });
  return std::unique_ptr<Broker>(new Broker(std::move(impl)));
}

void Broker::Stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->waker.Wake();
  impl_->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

std::string Broker::bootstrap() const {
  const std::lock_guard lock(impl_->mutex);
  std::string all;
  for (const Impl::Port& port : impl_->ports) all += (all.empty() ? "" : ",") + port.endpoint.ToString();
  return all;
}

uint16_t Broker::port(int32_t node) const {
  const std::lock_guard lock(impl_->mutex);
  LOTIC_CHECK(node >= 1 && static_cast<size_t>(node) <= impl_->ports.size());
  return impl_->ports[static_cast<size_t>(node) - 1].endpoint.port;
}

const std::string& Broker::cluster_id() const { return impl_->options().cluster_id; }

Status Broker::CreateTopic(const std::string& topic, int32_t partitions, const std::map<std::string, std::string>& configs) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->state.cluster.CreateTopic(topic, partitions, configs).status();
}

Status Broker::DeleteTopic(const std::string& topic) {
  const std::lock_guard lock(impl_->mutex);
  LOTIC_RETURN_NOT_OK(impl_->state.cluster.Get(topic).status());
  impl_->state.cluster.DeleteTopic(topic);
  impl_->waker.Wake();
  return Status::OK();
}

Status Broker::RecreateTopic(const std::string& topic) {
  const std::lock_guard lock(impl_->mutex);
  LOTIC_ASSIGN_OR_RETURN(Topic* const old, impl_->state.cluster.Get(topic));
  const auto partitions = static_cast<int32_t>(old->partitions.size());
  const ConfigMap configs = old->configs;
  impl_->state.cluster.DeleteTopic(topic);
  impl_->waker.Wake();
  return impl_->state.cluster.CreateTopic(topic, partitions, configs).status();
}

Status Broker::AddPartitions(const std::string& topic, int32_t partitions) {
  const std::lock_guard lock(impl_->mutex);
  LOTIC_ASSIGN_OR_RETURN(Topic* const found, impl_->state.cluster.Get(topic));
  return impl_->state.cluster.AddPartitions(found, partitions);
}

Result<kp::Uuid> Broker::TopicId(const std::string& topic) const {
  const std::lock_guard lock(impl_->mutex);
  LOTIC_ASSIGN_OR_RETURN(Topic* const found, impl_->state.cluster.Get(topic));
  return found->id;
}

std::vector<std::string> Broker::Topics() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, topic] : impl_->state.cluster.topics()) names.push_back(name);
  return names;
}

Result<PartitionState> Broker::Describe(const std::string& topic, int32_t partition) const {
  const std::lock_guard lock(impl_->mutex);
  LOTIC_ASSIGN_OR_RETURN(Partition* const found, impl_->state.cluster.Get(topic, partition));
  const PartitionLog& log = found->log;
  return PartitionState{found->leader,    found->leader_epoch, log.start_offset(), log.end_offset(), log.last_stable_offset(),
                        log.size_bytes(), log.num_batches()};
}

Result<int64_t> Broker::AppendBatch(const std::string& topic, int32_t partition, kp::Bytes batches, const AppendOptions& options) {
  return impl_->WithPartition(topic, partition, [&](Topic& in, Partition& to) -> Result<int64_t> {
    PartitionLog::AppendMode mode{options.keep_offsets, options.check, std::nullopt};
    if (UsesLogAppendTime(in.configs) && options.check) mode.log_append_time = impl_->state.cluster.NowMs();
    return to.log.Append(batches, mode);
  });
}

Result<int64_t> Broker::AppendMarker(const std::string& topic, int32_t partition, int64_t producer_id, MarkerType type, int16_t producer_epoch) {
  kp::BatchOptions options;
  options.producer_id = producer_id;
  options.producer_epoch = producer_epoch;
  options.transactional = true;
  options.control = true;
  kp::RecordBatchBuilder builder(options);
  builder.AddMarker(type == MarkerType::kCommit ? kp::ControlType::kCommit : kp::ControlType::kAbort, impl_->options().clock->NowMs());
  LOTIC_ASSIGN_OR_RETURN(const std::string batch, builder.Finish());
  return AppendBatch(topic, partition, kp::AsBytes(batch));
}

Status Broker::SetLogStart(const std::string& topic, int32_t partition, int64_t offset) {
  return impl_->WithPartition(topic, partition, [&](Topic&, Partition& of) {
    of.log.SetStart(offset);
    return Status::OK();
  });
}

Status Broker::SetLastStableOffset(const std::string& topic, int32_t partition, std::optional<int64_t> offset) {
  return impl_->WithPartition(topic, partition, [&](Topic&, Partition& of) {
    of.log.FixLastStableOffset(offset);
    return Status::OK();
  });
}

Status Broker::TruncateTo(const std::string& topic, int32_t partition, int64_t offset) {
  return impl_->WithPartition(topic, partition, [&](Topic&, Partition& of) {
    of.log.TruncateTo(offset);
    Cluster::MoveLeader(&of, of.leader);
    return Status::OK();
  });
}

Status Broker::MoveLeader(const std::string& topic, int32_t partition, int32_t node) {
  if (node != -1 && (node < 1 || node > impl_->options().node_count)) return Status::Invalid("there is no node ", node);
  return impl_->WithPartition(topic, partition, [&](Topic&, Partition& of) {
    Cluster::MoveLeader(&of, node);
    return Status::OK();
  });
}

int Broker::AddFault(Fault fault) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->state.faults.Add(std::move(fault));
}

void Broker::ClearFaults() {
  const std::lock_guard lock(impl_->mutex);
  impl_->state.faults.Clear();
  impl_->waker.Wake();
}

int64_t Broker::FaultHits(int fault) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->state.faults.Hits(fault);
}

void Broker::Release(int fault) {
  const std::lock_guard lock(impl_->mutex);
  impl_->state.faults.Release(fault);
  impl_->waker.Wake();
}

void Broker::CloseConnections(int32_t node) {
  const std::lock_guard lock(impl_->mutex);
  for (const auto& session : impl_->sessions) {
    if (node == 0 || session->node() == node) session->Close();
  }
  impl_->waker.Wake();
}

Status Broker::SetNodeDown(int32_t node, bool down) {
  std::unique_lock lock(impl_->mutex);
  if (node < 1 || static_cast<size_t>(node) > impl_->ports.size()) return Status::Invalid("there is no node ", node);
  Impl::Port& port = impl_->ports[static_cast<size_t>(node) - 1];
  port.want_down = down;
  impl_->port_failure = Status::OK();
  impl_->waker.Wake();
  impl_->changed.wait(lock, [&] { return impl_->stopping || !impl_->port_failure.ok() || (port.listener == nullptr) == down; });
  return impl_->port_failure;
}

int64_t Broker::RequestCount(kp::ApiKey api) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->state.requests.Count(api);
}

std::vector<RequestRecord> Broker::Requests(std::optional<kp::ApiKey> api) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<RequestRecord> found;
  for (const RequestRecord& request : impl_->state.requests.requests()) {
    if (!api || request.api == *api) found.push_back(request);
  }
  return found;
}

std::optional<RequestRecord> Broker::LastRequest(kp::ApiKey api) const {
  const std::lock_guard lock(impl_->mutex);
  const auto& all = impl_->state.requests.requests();
  const auto last = std::find_if(all.rbegin(), all.rend(), [&](const RequestRecord& request) { return request.api == api; });
  if (last == all.rend()) return std::nullopt;
  return *last;
}

void Broker::ForgetRequests() {
  const std::lock_guard lock(impl_->mutex);
  impl_->state.requests.Forget();
}

bool Broker::WaitForRequests(kp::ApiKey api, int64_t count, std::chrono::milliseconds limit) const {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, limit, [&] { return impl_->state.requests.Count(api) >= count; });
}

size_t Broker::num_connections() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->sessions.size();
}

}  // namespace lotic::broker
