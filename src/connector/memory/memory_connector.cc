// SPDX-License-Identifier: Apache-2.0
#include "connector/memory/memory_connector.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "connector/indexed_connector.h"
#include "lotic/batch_builder.h"
#include "lotic/table_writer.h"

namespace lotic::memory {
namespace {

struct Partition {
  std::vector<Batch> batches;
  std::vector<int64_t> starts;  // the row number of each batch's first row
  int64_t end = 0;

  void Add(Batch batch) {
    if (batch.num_rows() == 0) return;
    starts.push_back(end);
    end += batch.num_rows();
    batches.push_back(std::move(batch));
  }
};

struct Table {
  std::shared_ptr<const Schema> schema;
  std::vector<Partition> partitions;
};

bool IsNotNull(const Field& field) {
  const auto mark = field.metadata.find(kNotNullMetadata);
  return mark != field.metadata.end() && mark->second == "true";
}

/// Rows on their way into a table. One thread.
class MemoryWriter final : public TableWriter {
 public:
  MemoryWriter(std::shared_ptr<MemoryStore> store, std::shared_ptr<const Schema> schema, WriteRequest request)
      : store_(std::move(store)), schema_(std::move(schema)), request_(std::move(request)) {}

  Status Write(const CallContext& ctx, const Batch& rows) override {
    LOTIC_RETURN_NOT_OK(ctx.Check("writing"));
    LOTIC_ASSIGN_OR_RETURN(Batch whole, Whole(rows));
    taken_ += rows.num_rows();
    batches_.push_back(std::move(whole));
    return Status::OK();
  }

  Result<WriteReceipt> Finish(const CallContext& ctx) override {
    WriteReceipt receipt;
    receipt.error = failed_.ok() ? ctx.Check("writing") : failed_;
    if (!receipt.error.ok()) {
      receipt.outcome = WriteOutcome::kAborted;
      receipt.rejected = taken_;
      return receipt;
    }
    for (Batch& batch : batches_) {
      receipt.bytes += batch.size_bytes();
      LOTIC_RETURN_NOT_OK(store_->Append(request_.table, 0, std::move(batch)));
    }
    receipt.acknowledged = taken_;
    return receipt;
  }

  WriteReceipt Abandon() override {
    WriteReceipt receipt;
    receipt.outcome = WriteOutcome::kAborted;
    receipt.rejected = taken_;
    receipt.error = Status::Cancelled("writing");
    return receipt;
  }

 private:
  /// The rows with all of the table's columns: those given shared, constants repeated, the others NULL.
  Result<Batch> Whole(const Batch& rows) {
    struct Parts {
      Batch given;
      std::vector<Batch> made;
    };
    auto parts = std::make_shared<Parts>(Parts{rows, {}});
    std::vector<Column> columns;
    for (const Field& field : schema_->fields) {
      const std::optional<size_t> given = rows.schema().IndexOf(field.name);
      if (given) {
        columns.push_back(rows.column(*given));
      } else {
        BatchBuilder builder(std::make_shared<const Schema>(Schema{{field}}));
        const auto constant = std::find_if(request_.constants.begin(), request_.constants.end(), [&](const auto& one) { return one.first == field.name; });
        for (int64_t i = 0; i < rows.num_rows(); ++i) {
          if (constant == request_.constants.end()) {
            builder.column(0).AppendNull();
          } else {
            builder.column(0).AppendBytes(constant->second);
          }
        }
        parts->made.push_back(builder.Finish(rows.num_rows()));
        columns.push_back(parts->made.back().column(0));
      }
      const Column& column = columns.back();
      for (int64_t i = 0; IsNotNull(field) && i < column.length; ++i) {
        if (!column.IsNull(i)) continue;
        return failed_ = Status::Invalid("row ", taken_ + i + 1, ": column \"", field.name, "\" is NOT NULL and the row has NULL");
      }
    }
    return Batch(schema_, rows.num_rows(), std::move(columns), std::move(parts));
  }

  const std::shared_ptr<MemoryStore> store_;
  const std::shared_ptr<const Schema> schema_;
  const WriteRequest request_;
  std::vector<Batch> batches_;
  int64_t taken_ = 0;
  Status failed_;
};

/// The indexed connector over a store, and the way in.
class MemoryConnector final : public Connector, public SplitDiscovery, public TableSink {
 public:
  MemoryConnector(std::shared_ptr<MemoryStore> store, std::shared_ptr<IndexedSource> source)
      : store_(std::move(store)), source_(std::move(source)), reading_(MakeIndexedConnector(source_)), discovery_(dynamic_cast<SplitDiscovery&>(*reading_)) {}

  std::string type_name() const override { return reading_->type_name(); }
  Result<std::vector<std::string>> ListSchemas(const CallContext& ctx) override { return reading_->ListSchemas(ctx); }
  Result<TablePage> ListTables(const CallContext& ctx, const std::string& schema, const PageRequest& page) override {
    return reading_->ListTables(ctx, schema, page);
  }
  Result<TableInfo> GetTable(const CallContext& ctx, const TableName& name) override { return reading_->GetTable(ctx, name); }
  Result<Prepared> Prepare(const CallContext& ctx, const ScanRequest& request) override { return reading_->Prepare(ctx, request); }
  Result<SplitPage> Splits(const CallContext& ctx, const ScanRequest& request, std::span<const LayoutPartition> partitions, const PageRequest& page) override {
    return reading_->Splits(ctx, request, partitions, page);
  }
  Result<std::unique_ptr<Reader>> Open(const CallContext& ctx, const ScanRequest& request, std::span<const SplitStart> splits) override {
    return reading_->Open(ctx, request, splits);
  }
  Result<Discovered> Discover(const CallContext& ctx, const ScanRequest& request, const DiscoveryState& state, std::span<const Split> ended) override {
    return discovery_.Discover(ctx, request, state, ended);
  }

  Result<Schema> WritableColumns(const CallContext& ctx, const TableName& table) override {
    LOTIC_ASSIGN_OR_RETURN(TableInfo info, reading_->GetTable(ctx, table));
    return std::move(info.schema);
  }

  Result<std::unique_ptr<TableWriter>> OpenWriter(const CallContext& ctx, const WriteRequest& request) override {
    LOTIC_ASSIGN_OR_RETURN(const Schema schema, WritableColumns(ctx, request.table));
    for (const Field& field : request.columns.fields) {
      const std::optional<size_t> index = schema.IndexOf(field.name);
      if (!index || !(schema.fields[*index].type == field.type))
        return Status::Invalid("table ", request.table.ToString(), " has no column \"", field.name, "\" ", field.type.ToString());
    }
    for (const auto& [name, value] : request.constants) {
      const std::optional<size_t> index = schema.IndexOf(name);
      if (!index || schema.fields[*index].type.id() != TypeId::kString)
        return Status::Invalid("table ", request.table.ToString(), ": a constant for \"", name, "\" needs a VARCHAR column");
    }
    return std::unique_ptr<TableWriter>(std::make_unique<MemoryWriter>(store_, std::make_shared<const Schema>(schema), request));
  }

 private:
  const std::shared_ptr<MemoryStore> store_;
  const std::shared_ptr<IndexedSource> source_;
  const std::shared_ptr<Connector> reading_;
  SplitDiscovery& discovery_;
};

class Store final : public MemoryStore, public IndexedSource, public std::enable_shared_from_this<Store> {
 public:
  Status AddTable(MemoryTable table) override {
    Table made{std::make_shared<const Schema>(table.schema), {}};
    for (std::vector<Batch>& batches : table.partitions) {
      Partition partition;
      for (Batch& batch : batches) {
        if (!(batch.schema() == table.schema)) return Status::Invalid("a batch of ", table.name.ToString(), " has another schema");
        partition.Add(std::move(batch));
      }
      made.partitions.push_back(std::move(partition));
    }
    const std::lock_guard lock(mutex_);
    if (!tables_.emplace(table.name, std::move(made)).second) return Status::Invalid("table ", table.name.ToString(), " exists");
    return Status::OK();
  }

  Status Append(const TableName& name, size_t partition, Batch batch) override {
    {
      const std::lock_guard lock(mutex_);
      const auto at = tables_.find(name);
      if (at == tables_.end()) return Status::NotFound("no table ", name.ToString());
      Table& table = at->second;
      if (!(batch.schema() == *table.schema)) return Status::Invalid("a batch of ", name.ToString(), " has another schema");
      if (partition > table.partitions.size()) return Status::Invalid("table ", name.ToString(), " has ", table.partitions.size(), " partitions");
      if (partition == table.partitions.size()) table.partitions.emplace_back();
      table.partitions[partition].Add(std::move(batch));
    }
    changes_->Notify();
    return Status::OK();
  }

  std::shared_ptr<Connector> connector() override { return std::make_shared<MemoryConnector>(shared_from_this(), shared_from_this()); }

  std::string type_name() const override { return "memory"; }

  std::vector<TableName> Tables() const override {
    const std::lock_guard lock(mutex_);
    std::vector<TableName> names;
    for (const auto& [name, table] : tables_) names.push_back(name);
    return names;
  }

  std::shared_ptr<const Schema> SchemaOf(const TableName& name) const override {
    const std::lock_guard lock(mutex_);
    return tables_.at(name).schema;
  }

  Result<std::vector<int64_t>> Ends(const CallContext&, const TableName& name) override {
    const std::lock_guard lock(mutex_);
    const auto at = tables_.find(name);
    if (at == tables_.end()) return Status::NotFound("no table ", name.ToString());
    std::vector<int64_t> ends;
    for (const Partition& partition : at->second.partitions) ends.push_back(partition.end);
    return ends;
  }

  Result<Batch> Rows(const CallContext&, const TableName& name, size_t number, int64_t first, int64_t count) override {
    const std::lock_guard lock(mutex_);
    const Partition& partition = tables_.at(name).partitions.at(number);
    const auto at = static_cast<size_t>(std::upper_bound(partition.starts.begin(), partition.starts.end(), first) - partition.starts.begin()) - 1;
    const Batch& batch = partition.batches[at];
    const int64_t skip = first - partition.starts[at], take = std::min(count, batch.num_rows() - skip);
    if (skip == 0 && take == batch.num_rows()) return batch;
    std::vector<int64_t> rows(static_cast<size_t>(take));
    for (int64_t i = 0; i < take; ++i) rows[static_cast<size_t>(i)] = skip + i;
    return batch.Take(rows);
  }

  std::shared_ptr<ChangeSignal> changes() const override { return changes_; }

 private:
  const std::shared_ptr<ChangeSignal> changes_ = std::make_shared<ChangeSignal>();
  mutable std::mutex mutex_;  // guards all members below
  std::map<TableName, Table> tables_;
};

}  // namespace

std::shared_ptr<MemoryStore> MemoryStore::Make() { return std::make_shared<Store>(); }

}  // namespace lotic::memory
