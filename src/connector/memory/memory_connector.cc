// SPDX-License-Identifier: Apache-2.0
#include "connector/memory/memory_connector.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "connector/indexed_connector.h"

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

  std::shared_ptr<Connector> connector() override { return MakeIndexedConnector(shared_from_this()); }

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
