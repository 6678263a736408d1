// SPDX-License-Identifier: Apache-2.0
//
// The file: a page of header, then kSlots slots of kSlotBytes. Sparse: a slot takes what was written of it.
//
//   0     "LOTICERR"   8 u32 version 1   12 u32 CRC-32C of [0, 12)   16 u64 next number   24 u64 taken back      live words (rows_format.h)
//   4096  slot of number n at (n mod kSlots): "ERR1", u32 CRC-32C of the rest, u32 bytes of the rest, u32 flags (1: taken back), u64 number,
//         u64 taken back in all after this one was, i32 partition, u32 payload kept, i64 offset, i64 stream ms, i64 at ms, i64 payload bytes,
//         u16 bytes of stage, of column, of message, of the key plus 1 (0: none); then these, the payload and the key
#include "table/record_errors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

#include <fcntl.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "table/files.h"
#include "table/rows_format.h"

namespace lotic::table {
namespace {

constexpr std::string_view kMagic = "LOTICERR";
constexpr uint32_t kVersion = 1, kSlotMagic = 0x31525245;  // "ERR1"
constexpr int64_t kHeaderBytes = 4096;
constexpr size_t kSlotHeaderBytes = 88;
constexpr int64_t kSlotBytes = 5632;
constexpr uint32_t kTakenBack = 1;
static_assert(kSlotHeaderBytes + RecordError::kMaxStageBytes + RecordError::kMaxColumnBytes + RecordError::kMaxMessageBytes + RecordError::kMaxPayloadBytes +
                  RecordError::kSureKeyBytes <=
              kSlotBytes);

template <typename T>
T Load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
void Store(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

uint32_t Crc(std::string_view bytes) { return Crc32c({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}); }

// At most `most` bytes, not in the middle of a character.
std::string_view Cut(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<uint8_t>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

struct Slot {
  uint64_t number = 0;
  bool taken_back = false;
  int64_t taken_back_total = 0;
  RecordError error;
};

std::string Encode(const Slot& slot) {
  const RecordError& e = slot.error;
  const std::string_view stage = Cut(e.stage, RecordError::kMaxStageBytes), column = Cut(e.column, RecordError::kMaxColumnBytes),
                         message = Cut(e.message, RecordError::kMaxMessageBytes);
  const std::string_view payload = std::string_view(e.payload).substr(0, RecordError::kMaxPayloadBytes);
  std::string bytes(kSlotHeaderBytes, '\0');
  char* const to = bytes.data();
  Store(to, kSlotMagic);
  Store(to + 12, slot.taken_back ? kTakenBack : 0u);
  Store(to + 16, slot.number);
  Store(to + 24, slot.taken_back_total);
  Store(to + 32, e.partition);
  Store(to + 36, static_cast<uint32_t>(payload.size()));
  Store(to + 40, e.offset);
  Store(to + 48, e.stream_ms);
  Store(to + 56, e.at_ms);
  Store(to + 64, e.payload_bytes);
  Store(to + 72, static_cast<uint16_t>(stage.size()));
  Store(to + 74, static_cast<uint16_t>(column.size()));
  Store(to + 76, static_cast<uint16_t>(message.size()));
  for (const std::string_view part : {stage, column, message, payload}) bytes += part;
  if (e.key.has_value()) {
    const std::string_view key = std::string_view(*e.key).substr(0, std::min(RecordError::kMaxKeyBytes, static_cast<size_t>(kSlotBytes) - bytes.size()));
    Store(bytes.data() + 78, static_cast<uint16_t>(key.size() + 1));
    bytes += key;
  }
  Store(bytes.data() + 8, static_cast<uint32_t>(bytes.size() - 8));
  Store(bytes.data() + 4, Crc(std::string_view(bytes).substr(8)));
  return bytes;
}

// None: an empty slot, a damaged one, or one being written.
std::optional<Slot> Decode(std::string_view bytes) {
  if (bytes.size() < kSlotHeaderBytes || Load<uint32_t>(bytes.data()) != kSlotMagic) return std::nullopt;
  const size_t rest = Load<uint32_t>(bytes.data() + 8);
  if (rest + 8 < kSlotHeaderBytes || rest + 8 > bytes.size() || Crc(bytes.substr(8, rest)) != Load<uint32_t>(bytes.data() + 4)) return std::nullopt;
  Slot slot;
  const char* const from = bytes.data();
  slot.taken_back = (Load<uint32_t>(from + 12) & kTakenBack) != 0;
  slot.number = Load<uint64_t>(from + 16);
  slot.taken_back_total = Load<int64_t>(from + 24);
  RecordError& e = slot.error;
  e.partition = Load<int32_t>(from + 32);
  const size_t payload = Load<uint32_t>(from + 36);
  e.offset = Load<int64_t>(from + 40);
  e.stream_ms = Load<int64_t>(from + 48);
  e.at_ms = Load<int64_t>(from + 56);
  e.payload_bytes = Load<int64_t>(from + 64);
  const size_t stage = Load<uint16_t>(from + 72), column = Load<uint16_t>(from + 74), message = Load<uint16_t>(from + 76);
  const size_t key_mark = Load<uint16_t>(from + 78), key = key_mark == 0 ? 0 : key_mark - 1;
  if (kSlotHeaderBytes + stage + column + message + payload + key != rest + 8) return std::nullopt;
  size_t at = kSlotHeaderBytes;
  for (const auto& [text, size] : {std::pair{&e.stage, stage}, std::pair{&e.column, column}, std::pair{&e.message, message}, std::pair{&e.payload, payload}}) {
    text->assign(bytes.substr(at, size));
    at += size;
  }
  if (key_mark != 0) e.key = std::string(bytes.substr(at, key));
  return slot;
}

std::string HeaderPage() {
  std::string page(static_cast<size_t>(kHeaderBytes), '\0');
  std::memcpy(page.data(), kMagic.data(), kMagic.size());
  Store(page.data() + 8, kVersion);
  Store(page.data() + 12, Crc(std::string_view(page).substr(0, 12)));
  Store(page.data() + 16, LiveWord(0));
  Store(page.data() + 24, LiveWord(0));
  return page;
}

struct Counters {
  int64_t next = 0;
  int64_t taken_back = 0;
};

Result<Counters> ReadHeader(const File& file) {
  std::array<char, 32> head{};
  LOTIC_RETURN_NOT_OK(file.ReadAt(0, head.data(), head.size()));
  const std::string_view bytes(head.data(), head.size());
  if (!bytes.starts_with(kMagic) || Crc(bytes.substr(0, 12)) != Load<uint32_t>(head.data() + 12))
    return Status::DataLoss(file.path(), ": the header is damaged");
  if (Load<uint32_t>(head.data() + 8) != kVersion)
    return Status::Invalid(file.path(), ": errors of format ", Load<uint32_t>(head.data() + 8), ", this program knows ", kVersion);
  const std::optional<int64_t> next = FromLiveWord(Load<uint64_t>(head.data() + 16)), taken = FromLiveWord(Load<uint64_t>(head.data() + 24));
  if (!next.has_value() || !taken.has_value() || *taken > *next) return Status::DataLoss(file.path(), ": its counters are damaged");
  return Counters{*next, *taken};
}

int64_t PlaceOf(int64_t number) { return kHeaderBytes + number % ErrorRing::kSlots * kSlotBytes; }

// Slots of numbers [from, to), as many as hold; the file may end before the last slot's end.
Result<std::vector<Slot>> ReadSlots(const File& file, int64_t from, int64_t to) {
  LOTIC_ASSIGN_OR_RETURN(const int64_t size, file.Size());
  constexpr int64_t kSlotsPerRead = 256;
  std::vector<Slot> slots;
  std::string bytes;
  while (from < to) {
    const int64_t count = std::min({to - from, kSlotsPerRead, ErrorRing::kSlots - from % ErrorRing::kSlots});
    const int64_t at = PlaceOf(from);
    bytes.resize(static_cast<size_t>(std::clamp<int64_t>(size - at, 0, count * kSlotBytes)));
    LOTIC_RETURN_NOT_OK(file.ReadAt(at, bytes.data(), bytes.size()));
    for (int64_t i = 0; i < count && i * kSlotBytes < static_cast<int64_t>(bytes.size()); ++i) {
      std::optional<Slot> slot = Decode(std::string_view(bytes).substr(static_cast<size_t>(i * kSlotBytes), kSlotBytes));
      if (slot.has_value() && slot->number % ErrorRing::kSlots == static_cast<uint64_t>(from + i) % ErrorRing::kSlots) slots.push_back(*std::move(slot));
    }
    from += count;
  }
  return slots;
}

}  // namespace

struct ErrorRing::Impl {
  File file;
  mutable std::mutex mutex;  // guards what follows
  Counters counters;
  std::map<int32_t, int64_t> newest;  // the greatest offset of a partition's errors that are not taken back, or a greater one

  void Remember(const RecordError& error) {
    const auto [at, added] = newest.try_emplace(error.partition, error.offset);
    if (!added) at->second = std::max(at->second, error.offset);
  }

  Status Publish() const {
    std::array<char, 16> words;
    Store(words.data(), LiveWord(counters.next));
    Store(words.data() + 8, LiveWord(counters.taken_back));
    return file.WriteAt(16, std::string_view(words.data(), words.size()));
  }
};

ErrorRing::ErrorRing(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ErrorRing::~ErrorRing() = default;

Result<std::unique_ptr<ErrorRing>> ErrorRing::Open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  Result<File> existing = File::Open(path, O_RDWR);
  if (!existing.ok() && existing.status().code() != StatusCode::kNotFound) return existing.status();
  bool fresh = !existing.ok();
  if (!fresh) {
    impl->file = *std::move(existing);
    Result<Counters> counters = ReadHeader(impl->file);
    if (counters.ok()) {
      impl->counters = *counters;
      // After a power cut the counters may be older than the slots.
      LOTIC_ASSIGN_OR_RETURN(const std::vector<Slot> slots, ReadSlots(impl->file, 0, kSlots));
      for (const Slot& slot : slots) {
        impl->counters.next = std::max(impl->counters.next, static_cast<int64_t>(slot.number) + 1);
        impl->counters.taken_back = std::max(impl->counters.taken_back, slot.taken_back_total);
        if (!slot.taken_back) impl->Remember(slot.error);
      }
      if (impl->counters.next != counters->next || impl->counters.taken_back != counters->taken_back) LOTIC_RETURN_NOT_OK(impl->Publish());
    } else if (counters.status().code() == StatusCode::kDataLoss) {
      LOTIC_RETURN_NOT_OK(RenameFile(path, path + ".damaged"));
      fresh = true;
    } else {
      return counters.status();
    }
  }
  if (fresh) {
    LOTIC_RETURN_NOT_OK(ReplaceFile(path, HeaderPage()));
    LOTIC_ASSIGN_OR_RETURN(impl->file, File::Open(path, O_RDWR));
  }
  return std::unique_ptr<ErrorRing>(new ErrorRing(std::move(impl)));
}

Status ErrorRing::Append(std::span<const RecordError> errors) {
  const std::lock_guard lock(impl_->mutex);
  for (const RecordError& error : errors) {
    Slot slot;
    slot.number = static_cast<uint64_t>(impl_->counters.next);
    slot.taken_back_total = impl_->counters.taken_back;
    slot.error = error;
    LOTIC_RETURN_NOT_OK(impl_->file.WriteAt(PlaceOf(impl_->counters.next), Encode(slot)));
    ++impl_->counters.next;
    impl_->Remember(error);
  }
  return errors.empty() ? Status::OK() : impl_->Publish();
}

int64_t ErrorRing::count() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->counters.next - impl_->counters.taken_back;
}

Status ErrorRing::TakeBack(const std::map<int32_t, int64_t>& positions) {
  const std::lock_guard lock(impl_->mutex);
  Counters& counters = impl_->counters;
  const bool any = std::any_of(positions.begin(), positions.end(), [&](const auto& one) {
    const auto newest = impl_->newest.find(one.first);
    return newest != impl_->newest.end() && newest->second >= one.second;
  });
  if (!any) return Status::OK();  // the ring is 54 MB where it is full
  LOTIC_ASSIGN_OR_RETURN(std::vector<Slot> slots, ReadSlots(impl_->file, std::max<int64_t>(counters.next - kSlots, 0), counters.next));
  for (Slot& slot : slots) {
    const auto position = positions.find(slot.error.partition);
    if (slot.taken_back || position == positions.end() || slot.error.offset < position->second) continue;
    slot.taken_back = true;
    slot.taken_back_total = counters.taken_back + 1;
    LOTIC_RETURN_NOT_OK(impl_->file.WriteAt(PlaceOf(static_cast<int64_t>(slot.number)), Encode(slot)));
    ++counters.taken_back;
  }
  impl_->newest.clear();
  for (const Slot& slot : slots) {
    if (!slot.taken_back) impl_->Remember(slot.error);
  }
  return impl_->Publish();
}

Status ErrorRing::Sync() { return impl_->file.Sync(); }

Result<ErrorRing::Contents> ErrorRing::Read(const std::string& path, size_t limit) {
  const Result<File> file = File::Open(path, O_RDONLY);
  if (!file.ok()) return file.status().code() == StatusCode::kNotFound ? Result<Contents>(Contents{}) : file.status();
  LOTIC_ASSIGN_OR_RETURN(const Counters counters, ReadHeader(*file));
  Contents contents;
  contents.count = counters.next - counters.taken_back;
  // What was taken back makes room for older ones, so the whole ring is looked through from its newest end.
  constexpr int64_t kPiece = 1024;
  const int64_t oldest = std::max<int64_t>(counters.next - kSlots, 0);
  for (int64_t to = counters.next; to > oldest && contents.errors.size() < limit;) {
    const int64_t from = std::max(oldest, to - kPiece);
    LOTIC_ASSIGN_OR_RETURN(std::vector<Slot> slots, ReadSlots(*file, from, to));
    for (size_t i = slots.size(); i-- > 0 && contents.errors.size() < limit;) {
      const auto number = static_cast<int64_t>(slots[i].number);
      if (!slots[i].taken_back && number >= from && number < to) contents.errors.push_back(std::move(slots[i].error));
    }
    to = from;
  }
  std::reverse(contents.errors.begin(), contents.errors.end());
  return contents;
}

}  // namespace lotic::table
