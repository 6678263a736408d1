// SPDX-License-Identifier: Apache-2.0
#include "table/journal.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "table/fault_point.h"
#include "table/rows_format.h"

namespace lotic::table {
namespace {

constexpr std::string_view kMagic = "LOTICJRN";
constexpr uint32_t kVersion = 1, kRecordMagic = 0x31434552;  // "REC1"
constexpr size_t kPublishedWordAt = 16, kAnewAt = 24;

template <typename T>
T Load(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <typename T>
void Put(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

uint32_t Crc(std::string_view bytes, uint32_t crc = 0) { return Crc32c({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, crc); }

uint32_t HeaderCrc(std::string_view header) { return Crc(header.substr(24, kJournalHeaderBytes - 24), Crc(header.substr(0, 12))); }

std::string EncodeRecord(const std::string& payload, uint64_t number, uint32_t crc_before) {
  std::string rest;
  Put(&rest, static_cast<uint32_t>(payload.size()));
  Put(&rest, crc_before);
  Put(&rest, number);
  rest += payload;
  std::string record;
  Put(&record, kRecordMagic);
  Put(&record, Crc(rest));
  return record + rest;
}

std::string CopyOf(const std::string& path) { return path + ".copy"; }

Result<JournalContents> ReadOne(const std::string& path) {
  LOTIC_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(path, kMaxJournalBytes));
  Result<JournalContents> contents = ParseJournal(bytes);
  if (!contents.ok()) return contents.status().WithMessage(path, ": ", contents.status().message());
  return contents;
}

bool IsMissing(const Status& status) { return status.code() == StatusCode::kNotFound; }

}  // namespace

Result<JournalContents> ParseJournal(std::string_view bytes) {
  if (bytes.size() < kJournalHeaderBytes) return Status::DataLoss("the journal is cut off at byte ", bytes.size());
  if (!bytes.starts_with(kMagic)) return Status::DataLoss("no journal: it does not begin with ", kMagic);
  if (Load<uint32_t>(bytes, 12) != HeaderCrc(bytes)) return Status::DataLoss("the journal's header fails its checksum");
  if (const auto version = Load<uint32_t>(bytes, 8); version != kVersion)
    return Status::Invalid("a journal of format ", version, ", this program knows ", kVersion);
  const std::optional<int64_t> published = FromLiveWord(Load<uint64_t>(bytes, kPublishedWordAt));
  if (!published.has_value() || *published < static_cast<int64_t>(kJournalHeaderBytes)) return Status::DataLoss("the journal's published length is damaged");
  if (*published > static_cast<int64_t>(bytes.size())) return Status::DataLoss("the journal is cut off at byte ", bytes.size(), " of ", *published);
  JournalContents contents;
  contents.good_bytes = static_cast<int64_t>(kJournalHeaderBytes);
  contents.anew = Load<uint64_t>(bytes, kAnewAt);
  for (size_t at = kJournalHeaderBytes; at < bytes.size();) {
    const auto damaged = [&](std::string_view what) -> Result<JournalContents> {
      if (static_cast<int64_t>(at) >= *published) return std::move(contents);  // a torn tail
      return Status::DataLoss("the journal's record ", contents.records.size(), " at byte ", at, ": ", what);
    };
    if (bytes.size() - at < kRecordHeaderBytes || Load<uint32_t>(bytes, at) != kRecordMagic) return damaged("no record begins here");
    const size_t length = Load<uint32_t>(bytes, at + 8);
    if (length > bytes.size() - at - kRecordHeaderBytes) return damaged("it is cut off");
    const auto crc = Load<uint32_t>(bytes, at + 4);
    if (crc != Crc(bytes.substr(at + 8, kRecordHeaderBytes - 8 + length))) return damaged("it fails its checksum");
    if (Load<uint32_t>(bytes, at + 12) != contents.last_crc || Load<uint64_t>(bytes, at + 16) != contents.records.size())
      return damaged("it does not follow the one before");
    contents.records.emplace_back(bytes.substr(at + kRecordHeaderBytes, length));
    contents.last_crc = crc;
    at += kRecordHeaderBytes + length;
    contents.good_bytes = static_cast<int64_t>(at);
  }
  if (contents.good_bytes < *published) return Status::DataLoss("the journal ends before its published length");
  return contents;
}

std::string EncodeJournal(std::span<const std::string> records, uint64_t anew) {
  std::string body;
  uint32_t crc = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    const std::string record = EncodeRecord(records[i], i, crc);
    crc = Load<uint32_t>(record, 4);
    body += record;
  }
  std::string header(kMagic);
  Put(&header, kVersion);
  Put(&header, uint32_t{0});
  Put(&header, LiveWord(static_cast<int64_t>(kJournalHeaderBytes + body.size())));
  Put(&header, anew);
  header.resize(kJournalHeaderBytes, '\0');
  const uint32_t sum = HeaderCrc(header);
  std::memcpy(header.data() + 12, &sum, sizeof sum);
  return header + body;
}

Result<JournalContents> ReadJournal(const std::string& path) {
  Result<JournalContents> first = ReadOne(path);
  if (first.ok()) return first;  // the copy is never ahead of it
  Result<JournalContents> copy = ReadOne(CopyOf(path));
  if (copy.ok()) return copy;
  return IsMissing(first.status()) && !IsMissing(copy.status()) ? copy.status() : first.status();
}

Result<std::string> JournalStamp(const std::string& path) {
  LOTIC_ASSIGN_OR_RETURN(const File file, File::Open(path, O_RDONLY));
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) return FileFailure("look at", path, errno);
  std::string stamp(kJournalHeaderBytes, '\0');
  if (info.st_size >= static_cast<off_t>(stamp.size())) LOTIC_RETURN_NOT_OK(file.ReadAt(0, stamp.data(), stamp.size()));
  for (const uint64_t value : {static_cast<uint64_t>(info.st_dev), static_cast<uint64_t>(info.st_ino), static_cast<uint64_t>(info.st_size),
                               static_cast<uint64_t>(info.st_mtim.tv_sec), static_cast<uint64_t>(info.st_mtim.tv_nsec)}) {
    Put(&stamp, value);
  }
  return stamp;
}

Result<std::unique_ptr<Journal>> Journal::Create(const std::string& path, std::span<const std::string> records) {
  if (::access(path.c_str(), F_OK) == 0) return FileFailure("create", path, EEXIST);
  std::unique_ptr<Journal> journal(new Journal(path));
  LOTIC_RETURN_NOT_OK(journal->Rewrite(records));
  return journal;
}

Result<std::unique_ptr<Journal>> Journal::Open(const std::string& path, const std::string& quarantine, JournalContents* contents,
                                               std::vector<std::string>* found) {
  Result<JournalContents> first = ReadOne(path), copy = ReadOne(CopyOf(path));
  for (const Status& status : {first.status(), copy.status()}) {
    if (!status.ok() && status.code() != StatusCode::kDataLoss && status.code() != StatusCode::kNotFound) return status;  // not to be read now: no judgement
  }
  if (!first.ok() && !copy.ok()) return IsMissing(first.status()) && !IsMissing(copy.status()) ? copy.status() : first.status();
  const auto age = [](const JournalContents& one) { return std::pair(one.anew, one.records.size()); };
  *contents = first.ok() && (!copy.ok() || age(*first) >= age(*copy)) ? *first : *copy;
  const auto put_aside = [&](const std::string& damaged, const Status& status) -> Status {
    if (IsMissing(status)) {
      found->push_back(damaged + " was missing and is written anew");
      return Status::OK();
    }
    found->push_back(status.message() + "; it is written anew from its other copy");
    if (quarantine.empty()) return RemoveFile(damaged);
    LOTIC_RETURN_NOT_OK(MakeFolder(quarantine));
    return RenameFile(damaged, quarantine + damaged.substr(damaged.rfind('/')));
  };
  std::unique_ptr<Journal> journal(new Journal(path));
  journal->anew_ = contents->anew;
  if (!first.ok()) LOTIC_RETURN_NOT_OK(put_aside(path, first.status()));
  if (!copy.ok()) LOTIC_RETURN_NOT_OK(put_aside(CopyOf(path), copy.status()));
  const bool same = first.ok() && copy.ok() && first->anew == copy->anew && first->records == copy->records;
  if (!same) {
    LOTIC_RETURN_NOT_OK(journal->Rewrite(contents->records));
    return journal;
  }
  journal->count_ = contents->records.size();
  journal->bytes_ = contents->good_bytes;
  journal->last_crc_ = contents->last_crc;
  for (const std::string& one : {path, CopyOf(path)}) {
    LOTIC_ASSIGN_OR_RETURN(const File file, File::Open(one, O_RDWR));
    LOTIC_RETURN_NOT_OK(file.Truncate(journal->bytes_));
    const uint64_t word = LiveWord(journal->bytes_);
    LOTIC_RETURN_NOT_OK(file.WriteAt(static_cast<int64_t>(kPublishedWordAt), {reinterpret_cast<const char*>(&word), sizeof word}));
  }
  journal->first_known_ = journal->copy_known_ = true;
  return journal;
}

Status Journal::AppendTo(const std::string& path, const std::string& record) const {
  LOTIC_ASSIGN_OR_RETURN(const File file, File::Open(path, O_RDWR));
  const auto write = [&]() -> Status {
    LOTIC_RETURN_NOT_OK(file.WriteAt(bytes_, record));
    (void)FaultPoint("store.journal.before_sync");
    LOTIC_RETURN_NOT_OK(file.Sync());
    (void)FaultPoint("store.journal.before_publish");
    const uint64_t word = LiveWord(bytes_ + static_cast<int64_t>(record.size()));
    return file.WriteAt(static_cast<int64_t>(kPublishedWordAt), {reinterpret_cast<const char*>(&word), sizeof word});
  };
  const Status status = write();
  // After a failed sync nothing is known of the file, so that only a full disk can be undone.
  if (!status.ok() && FileError::IsDiskFull(status)) (void)file.Truncate(bytes_);
  return status;
}

Status Journal::Append(const std::string& record, const Rebuild& rebuild) {
  if (static_cast<size_t>(bytes_) + record.size() + kRecordHeaderBytes > kMaxJournalBytes)
    return Status::CapacityError(path_, " would pass ", kMaxJournalBytes, " bytes");
  if (!first_known_ || !copy_known_) return Rewrite(rebuild(true));
  const std::string encoded = EncodeRecord(record, count_, last_crc_);
  const Status status = AppendTo(path_, encoded);
  if (!status.ok()) {
    // The record may be there in whole, and would count for a reader: the file is replaced by one that does not have it, now or at the next change.
    first_known_ = false;
    (void)Rewrite(rebuild(false));
    return status;
  }
  copy_known_ = AppendTo(CopyOf(path_), encoded).ok();
  ++count_;
  bytes_ += static_cast<int64_t>(encoded.size());
  last_crc_ = Load<uint32_t>(encoded, 4);
  (void)FaultPoint("store.journal.after");
  return Status::OK();
}

Status Journal::Rewrite(std::span<const std::string> records) {
  const std::string bytes = EncodeJournal(records, ++anew_);
  if (bytes.size() > kMaxJournalBytes) return Status::CapacityError(path_, " would pass ", kMaxJournalBytes, " bytes");
  (void)FaultPoint("store.journal.before_rewrite");
  const Status status = ReplaceFile(path_, bytes);
  first_known_ = status.ok();
  LOTIC_RETURN_NOT_OK(status);
  (void)FaultPoint("store.journal.between_copies");
  count_ = records.size();
  bytes_ = static_cast<int64_t>(bytes.size());
  last_crc_ = 0;
  for (size_t at = kJournalHeaderBytes; at < bytes.size(); at += kRecordHeaderBytes + Load<uint32_t>(bytes, at + 8)) last_crc_ = Load<uint32_t>(bytes, at + 4);
  copy_known_ = ReplaceFile(CopyOf(path_), bytes).ok();
  return Status::OK();
}

}  // namespace lotic::table
