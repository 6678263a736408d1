// SPDX-License-Identifier: Apache-2.0
#include "athena_protocol/flatbuffer.h"

#include <algorithm>

namespace lotic::athena {

// ------------------------------------------------------------------------------------------------------------------- writing

void FlatWriter::AlignTo(size_t alignment, size_t after) {
  while ((bytes_.size() + after) % alignment != 0) bytes_.push_back('\0');
}

void FlatWriter::Arrive() {
  const auto distance = static_cast<uint32_t>(bytes_.size() - pending_);
  std::memcpy(bytes_.data() + pending_, &distance, sizeof(distance));
}

FlatWriter::Places FlatWriter::AddTable(std::initializer_list<Slot> slots) {
  Places places{};
  std::array<uint16_t, 8> in_table{};
  int ids = 0;
  size_t table_bytes = 4;
  for (const int width : {4, 8, 2, 1}) {  // a 4-byte field fills the gap behind the table's first word
    for (const Slot& slot : slots) {
      if (slot.width != width) continue;
      table_bytes = (table_bytes + static_cast<size_t>(width) - 1) / static_cast<size_t>(width) * static_cast<size_t>(width);
      in_table[static_cast<size_t>(slot.id)] = static_cast<uint16_t>(table_bytes);
      table_bytes += static_cast<size_t>(width);
      ids = std::max(ids, slot.id + 1);
    }
  }
  const size_t vtable_bytes = 4 + 2 * static_cast<size_t>(ids);
  AlignTo(8, vtable_bytes);
  const size_t vtable = bytes_.size();
  Put(static_cast<uint16_t>(vtable_bytes));
  Put(static_cast<uint16_t>(table_bytes));
  for (int id = 0; id < ids; ++id) Put(in_table[static_cast<size_t>(id)]);
  const size_t table = bytes_.size();
  Arrive();
  Put(static_cast<int32_t>(table - vtable));
  bytes_.resize(table + table_bytes);
  for (const Slot& slot : slots) {
    const size_t at = table + in_table[static_cast<size_t>(slot.id)];
    std::memcpy(bytes_.data() + at, &slot.value, static_cast<size_t>(slot.width));
    places[static_cast<size_t>(slot.id)] = static_cast<uint32_t>(at);
  }
  AlignTo(4);
  return places;
}

void FlatWriter::AddString(std::string_view text) {
  AlignTo(4);
  Arrive();
  Put(static_cast<uint32_t>(text.size()));
  bytes_ += text;
  bytes_.push_back('\0');
  AlignTo(4);
}

size_t FlatWriter::AddOffsets(size_t count) {
  AlignTo(4);
  Arrive();
  Put(static_cast<uint32_t>(count));
  const size_t at = bytes_.size();
  bytes_.resize(at + 4 * count);
  return at;
}

size_t FlatWriter::AddStructs(size_t count, size_t bytes_each) {
  AlignTo(8, 4);
  Arrive();
  Put(static_cast<uint32_t>(count));
  const size_t at = bytes_.size();
  bytes_.resize(at + count * bytes_each);
  return at;
}

// ------------------------------------------------------------------------------------------------------------------- reading

bool FlatReader::Fits(uint64_t at, uint64_t bytes, const char* what) {
  if (!ok()) return false;
  if (at <= bytes_.size() && bytes <= bytes_.size() - at) return true;
  problem_ = what;
  problem_at_ = at;
  return false;
}

uint32_t FlatReader::Follow(uint32_t at) {
  if (!Fits(at, 4, "an offset")) return 0;
  const uint64_t target = uint64_t{at} + Get<uint32_t>(at);
  return Fits(target, 4, "the target of an offset") ? static_cast<uint32_t>(target) : 0;
}

FlatReader::Table FlatReader::Root() { return TableAt(Follow(0)); }

FlatReader::Table FlatReader::TableAt(uint32_t at) {
  if (at == 0 || !Fits(at, 4, "a table")) return {};
  const int64_t vtable = int64_t{at} - Get<int32_t>(at);
  if (!Fits(vtable < 0 ? bytes_.size() + 1 : static_cast<uint64_t>(vtable), 4, "a vtable")) return {};
  const uint32_t vtable_bytes = Get<uint16_t>(static_cast<size_t>(vtable));
  if (vtable_bytes < 4 || vtable_bytes % 2 != 0) {
    Fits(bytes_.size() + 1, 0, "the size of a vtable");
    return {};
  }
  if (!Fits(static_cast<uint64_t>(vtable), vtable_bytes, "a vtable")) return {};
  return {at, static_cast<uint32_t>(vtable), vtable_bytes};
}

uint32_t FlatReader::PlaceOf(const Table& table, int id, size_t bytes) {
  const uint32_t entry = 4 + 2 * static_cast<uint32_t>(id);
  if (!ok() || !table || entry + 2 > table.vtable_bytes) return 0;
  const uint32_t offset = Get<uint16_t>(table.vtable + entry);
  if (offset == 0 || !Fits(uint64_t{table.at} + offset, bytes, "a field of a table")) return 0;
  return table.at + offset;
}

FlatReader::Table FlatReader::Child(const Table& table, int id) {
  const uint32_t at = PlaceOf(table, id, 4);
  return at == 0 ? Table{} : TableAt(Follow(at));
}

std::string_view FlatReader::Text(const Table& table, int id) {
  const Vector text = List(table, id, 1);
  return ok() ? bytes_.substr(text.at, text.count) : std::string_view();
}

FlatReader::Vector FlatReader::List(const Table& table, int id, size_t bytes_each) {
  const uint32_t place = PlaceOf(table, id, 4);
  if (place == 0) return {};
  const uint32_t at = Follow(place);
  if (at == 0) return {};
  const uint32_t count = Get<uint32_t>(at);
  if (!Fits(uint64_t{at} + 4, uint64_t{count} * bytes_each, "the elements of a vector")) return {};
  return {at + 4, count};
}

Status FlatReader::status(std::string_view doing) const {
  if (ok()) return Status::OK();
  return Status::Invalid(doing, ": damaged flatbuffer, ", problem_, " at offset ", problem_at_, " does not fit its ", bytes_.size(), " bytes");
}

}  // namespace lotic::athena
