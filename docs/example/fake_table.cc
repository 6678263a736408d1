// SPDX-License-Identifier: Apache-2.0
#include "docs/example/fake_table.h"

#include <utility>

#include "athena_protocol/ipc.h"
#include "athena_protocol/spill_object.h"
#include "base/utf8.h"

namespace lotic::example {
namespace {

constexpr int kFirstYear = 2008, kMonths = 12, kDays = 28, kRowsPerDay = 10;
constexpr size_t kKeyBytes = 32, kNonceBytes = 12;
constexpr const char* kPublicKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The argument of extract_tx_id, as a plain struct.
struct Transaction {
  std::optional<int32_t> id;
  std::optional<bool> completed;
  static constexpr auto Members() { return std::tuple(Member("id", &Transaction::id), Member("completed", &Transaction::completed)); }
};

class FakeTable final : public FederatedSource {
 public:
  static Result<std::shared_ptr<FederatedSource>> Make(std::string key, FakeTableSize size) {
    auto source = std::make_shared<FakeTable>(std::move(key), size);
    LOTIC_RETURN_NOT_OK(source->AddFunctions());
    return std::shared_ptr<FederatedSource>(std::move(source));
  }
  FakeTable(std::string key, FakeTableSize size) : key_(std::move(key)), size_(size) {}

  std::string type_name() const override { return "example"; }

  Result<std::vector<TableName>> Tables(const CallContext&) override { return std::vector<TableName>{{"custom_source", "fake_table"}, {"schema1", "table1"}}; }

  Result<TableInfo> Table(const CallContext&, const TableName& name) override {
    return TableBuilder(name)
        .PartitionColumn("year", Type::Int32())
        .PartitionColumn("month", Type::Int32())
        .PartitionColumn("day", Type::Int32())
        .Column("account_id", Type::String())
        .Column("encrypted_payload", Type::String())
        .Column("transaction", Type::Struct({{"id", Type::Int32()}, {"completed", Type::Bool()}}))
        .Build();
  }

  // Every day there is; the writer keeps those that the query can need.
  Status Partitions(const CallContext&, const TableInfo&, PartitionWriter& writer) override {
    for (int year = kFirstYear; year <= size_.last_year; ++year) {
      for (int month = 1; month <= kMonths; ++month) {
        for (int day = 1; day <= size_.last_day; ++day) {
          const Result<bool> kept = writer.Add({year, month, day});
          if (!kept.ok()) return kept.status();
        }
      }
    }
    return Status::OK();
  }

  // One split for each day: ten rows. Row r of the whole set is what it is whoever asks.
  Status Read(const CallContext&, const ScanRequest&, const SourceSplit& split, RowWriter& writer) override {
    const int64_t day = ((split.Int("year") - kFirstYear) * kMonths + split.Int("month") - 1) * kDays + split.Int("day") - 1;
    for (int64_t r = day * kRowsPerDay; r < (day + 1) * kRowsPerDay; ++r) {
      LOTIC_ASSIGN_OR_RETURN(const int64_t row, writer.AddRow());
      LOTIC_RETURN_NOT_OK(writer.Set(row, "account_id", "acct-" + std::to_string(r % 100)));
      if (writer.Wants("encrypted_payload")) {
        LOTIC_ASSIGN_OR_RETURN(const std::string payload, Encrypt(r));
        LOTIC_RETURN_NOT_OK(writer.Set(row, "encrypted_payload", payload));
      }
      // A resolver is asked for each member of the column's type.
      const auto member = [r](const Field& field) -> Value {
        if (field.name == "completed") return r % 2 == 0;
        return r % 10 == 8 ? Value() : Value(r);
      };
      LOTIC_RETURN_NOT_OK(writer.Set(row, "transaction", r % 10 == 7 ? Value() : Value::StructOf(member)));
    }
    return Status::OK();
  }

  const UdfRegistry* functions() const override { return &functions_; }

 private:
  Status AddFunctions() {
    LOTIC_RETURN_NOT_OK(functions_.Add("extract_tx_id", [](std::optional<Transaction> tx) { return tx && tx->id ? *tx->id : int32_t{-1}; }));
    return functions_.Add("decrypt", [this](std::string_view payload) { return Decrypt(payload); });
  }

  // base64(nonce, ciphertext, tag); a nonce for each row, and every tenth tag is damaged.
  Result<std::string> Encrypt(int64_t r) const {
    std::string message(kNonceBytes, '\0');
    for (size_t i = 0; i < sizeof r; ++i) message[i] = static_cast<char>(r >> (8 * i));
    LOTIC_RETURN_NOT_OK(athena::SealAesGcm({key_, message}, "payload-" + std::to_string(r), &message));
    if (r % 10 == 9) message.back() = static_cast<char>(message.back() ^ 1);
    std::string text;
    athena::AppendBase64({reinterpret_cast<const uint8_t*>(message.data()), message.size()}, &text);
    return text;
  }

  // NULL for whatever is not a text that Encrypt made.
  std::optional<std::string> Decrypt(std::string_view payload) const {
    const Result<std::string> message = athena::DecodeBase64(payload);
    if (!message.ok() || message->size() < kNonceBytes) return std::nullopt;
    const Result<std::string> clear = athena::OpenAesGcm({key_, message->substr(0, kNonceBytes)}, std::string_view(*message).substr(kNonceBytes));
    if (!clear.ok() || !IsUtf8(*clear)) return std::nullopt;
    return *clear;
  }

  const std::string key_;
  const FakeTableSize size_;
  UdfRegistry functions_;
};

}  // namespace

Result<std::shared_ptr<FederatedSource>> MakeFakeTable(const athena::Environment& configuration, FakeTableSize size) {
  const auto given = configuration.find("example_key");
  Result<std::string> key = athena::DecodeBase64(given == configuration.end() ? kPublicKey : given->second);
  if (!key.ok() || key->size() != kKeyBytes) return Status::Invalid("example_key must be the base64 of 32 bytes (its value is not shown)");
  return FakeTable::Make(*std::move(key), size);
}

}  // namespace lotic::example
