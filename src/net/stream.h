// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "lotic/call_context.h"
#include "lotic/status.h"
#include "net/endpoint.h"
#include "net/poll.h"
#include "net/tls.h"

namespace lotic::net {

enum class AddressFamily { kAny, kIPv4, kIPv6 };

struct ConnectOptions {
  std::shared_ptr<const TlsContext> tls;       ///< null: plain TCP
  std::chrono::milliseconds timeout{10'000};   ///< for look-up, connection and TLS handshake together; > 0
  AddressFamily family = AddressFamily::kAny;  ///< which addresses of the name are tried
  std::string not_tls_hint;                    ///< what to try when the peer seems not to speak TLS; ends the message
};

/// What a non-blocking transfer came to.
struct Transfer {
  enum class Kind {
    kBytes,       ///< `bytes` > 0 were moved
    kWouldBlock,  ///< nothing now: Wait() on PollFor()
    kEnd,         ///< reading only: the peer has closed; nothing will come any more
  };
  Kind kind = Kind::kWouldBlock;
  size_t bytes = 0;

  bool has_bytes() const { return kind == Kind::kBytes; }
  bool would_block() const { return kind == Kind::kWouldBlock; }
  bool end() const { return kind == Kind::kEnd; }
};

/// A connected byte stream over TCP, with or without TLS. Non-blocking underneath. One thread at a time; Abort(): any
/// thread.
///
/// Every error is an IOError or Unauthorized with a SourceError (may a caller try again?), names the endpoint as
/// host:port and the cause, and no secret. An end of the stream without TLS's close_notify is kEnd, like an orderly
/// one: the protocols above carry lengths and notice what is missing.
class Stream {
 public:
  /// Connects to one of the addresses of `endpoint.host`: all are tried, each a little after the one before or as soon
  /// as that fails, and the first that answers is used. With TLS the handshake is finished and the peer verified when
  /// this returns. Errors: IOError (no such name, refused, no route, timed out, TLS failed: the message says what each
  /// address answered), Unauthorized (the peer refused our certificate), Cancelled (within 100 ms of a stop),
  /// DeadlineExceeded (ctx.deadline).
  static Result<std::unique_ptr<Stream>> Connect(const CallContext& ctx, const Endpoint& endpoint, const ConnectOptions& options = {});

  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Moves what can be moved without waiting, at most `into.size()` (> 0) bytes.
  Result<Transfer> ReadSome(std::span<uint8_t> into);
  /// Moves what can be moved without waiting (data.size() > 0). After kWouldBlock or a short write, offer the rest
  /// again: the same bytes, at any address.
  Result<Transfer> WriteSome(std::span<const uint8_t> data);

  /// Fills `into`, waiting as needed. Errors: those of ReadSome; IOError when the stream ends before; Cancelled;
  /// DeadlineExceeded. After any error the stream is of no use.
  Status ReadAll(const CallContext& ctx, std::span<uint8_t> into);
  /// Writes all of `data`, waiting as needed. Same errors.
  Status WriteAll(const CallContext& ctx, std::span<const uint8_t> data);

  /// What to wait for in Wait(), given what the caller means to do next. Make it anew before each Wait.
  PollItem PollFor(bool want_read, bool want_write) const;
  /// True when ReadSome would return bytes that already lie in the TLS layer.
  bool has_buffered() const;

  /// The socket; for poll only.
  int fd() const { return fd_; }
  /// The peer as it was asked for (accepted streams: its address).
  const Endpoint& peer() const { return peer_; }
  /// The address that answered, e.g. "127.0.0.1:9092".
  const std::string& address() const { return address_; }
  bool is_tls() const { return tls_ != nullptr; }
  /// "TLSv1.3 TLS_AES_256_GCM_SHA384", or "" for plain TCP or before the handshake.
  std::string TlsDescription() const;
  uint64_t bytes_read() const { return bytes_read_; }        ///< payload, after TLS
  uint64_t bytes_written() const { return bytes_written_; }  ///< payload, before TLS

  /// Shuts the connection down: reads and writes of the owner then end or fail at once, a Wait sees it ready. Any
  /// thread, while the Stream lives.
  void Abort() const;

  struct Tls;  // the TLS half; defined in tls_session.h

 private:
  friend class Listener;
  Stream(int fd, Endpoint peer, std::string address);
  Status StartTls(std::shared_ptr<const TlsContext> context, std::string not_tls_hint);
  Status Handshake(const CallContext& ctx, std::chrono::steady_clock::time_point until, std::chrono::milliseconds timeout);
  Result<Transfer> ReadPlain(std::span<uint8_t> into);
  Result<Transfer> WritePlain(std::span<const uint8_t> data);
  Status SystemFailure(int error, std::string_view doing) const;

  const int fd_;
  const Endpoint peer_;
  const std::string address_;
  std::unique_ptr<Tls> tls_;
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
};

/// Accepts connections. One thread at a time.
class Listener {
 public:
  /// Listens on `at`; port 0 takes a free one. With `tls` each accepted stream does its handshake inside its first
  /// reads and writes, so a slow client holds up nobody. Errors: IOError.
  static Result<std::unique_ptr<Listener>> Listen(const Endpoint& at, std::shared_ptr<const TlsContext> tls = nullptr);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// The next connection, waiting for it. Errors: Cancelled, DeadlineExceeded, IOError.
  Result<std::unique_ptr<Stream>> Accept(const CallContext& ctx);
  /// The next connection if one waits, else null.
  Result<std::unique_ptr<Stream>> TryAccept();
  PollItem PollFor() const;
  /// Where it listens, with the real port.
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  Listener(int fd, Endpoint at, std::shared_ptr<const TlsContext> tls);
  const int fd_;
  Endpoint endpoint_;  // fixed once Listen has returned
  const std::shared_ptr<const TlsContext> tls_;
};

}  // namespace lotic::net
