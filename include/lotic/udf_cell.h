// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "lotic/batch.h"
#include "lotic/batch_builder.h"
#include "lotic/decimal.h"
#include "lotic/status.h"
#include "lotic/type.h"

// Which C++ types stand for which column types in a scalar function (udf.h), and how a cell becomes one and is made from one:
//
//   BOOLEAN bool · TINYINT int8_t · SMALLINT int16_t · INTEGER int32_t · BIGINT int64_t · REAL float · DOUBLE double
//   DECIMAL(any, any) Decimal · VARCHAR std::string, as a parameter also std::string_view · VARBINARY Binary, as a parameter also BinaryView
//   DATE std::chrono::local_days · TIMESTAMP(3) LocalTime · ARRAY std::vector<std::optional<T>> · ROW a struct with Members(), below
//
// There is no MAP and no instant (TIMESTAMP WITH TIME ZONE): Athena sends neither. A parameter or result of another type does not compile.

namespace lotic {

struct Binary {
  std::string bytes;
};
struct BinaryView {
  std::string_view bytes;  ///< borrowed for the call
};
/// A local date and time in whole milliseconds.
using LocalTime = std::chrono::local_time<std::chrono::milliseconds>;

/// A member of a ROW: `struct Tx { std::optional<int32_t> id; static constexpr auto Members() { return std::tuple(lotic::Member("id", &Tx::id)); } };`
/// Every member is a std::optional, since a member can be NULL or missing. A parameter's members are found in the caller's ROW by name (exact first, then
/// ignoring case); one that is missing there is empty, and what the struct does not name is ignored. In a result both must have the same names.
template <typename Struct, typename T>
struct Member {
  constexpr Member(const char* member_name, std::optional<T> Struct::*where) : name(member_name), pointer(where) {}
  using Value = T;
  const char* name;
  std::optional<T> Struct::*pointer;
};

namespace udf {

/// How a C++ type stands for a column type. This one: not at all.
template <typename T>
struct Cell {
  static constexpr bool kParameter = false;
  static constexpr bool kResult = false;
};

/// Values of one width, stored as `Stored`.
template <typename T, TypeId id, typename Stored = T>
struct FixedCell {
  static constexpr bool kParameter = true;
  static constexpr bool kResult = true;
  static bool Matches(const Type& type) { return type.id() == id; }
  class Reader {
   public:
    explicit Reader(const Column& column) : values_(column.values<Stored>().data()) {}
    T Get(int64_t row) const { return static_cast<T>(values_[row]); }

   private:
    const Stored* values_;
  };
  class Writer {
   public:
    explicit Writer(ColumnBuilder& to) : to_(to) {}
    ColumnBuilder& column() { return to_; }
    Status Append(const T& value) {
      if constexpr (std::is_floating_point_v<T>) {
        to_.AppendDouble(static_cast<double>(value));
      } else {
        to_.AppendInt64(static_cast<int64_t>(value));
      }
      return Status::OK();
    }

   private:
    ColumnBuilder& to_;
  };
};

template <>
struct Cell<int8_t> : FixedCell<int8_t, TypeId::kInt8> {
  static std::string Name() { return "TINYINT"; }
};
template <>
struct Cell<int16_t> : FixedCell<int16_t, TypeId::kInt16> {
  static std::string Name() { return "SMALLINT"; }
};
template <>
struct Cell<int32_t> : FixedCell<int32_t, TypeId::kInt32> {
  static std::string Name() { return "INTEGER"; }
};
template <>
struct Cell<int64_t> : FixedCell<int64_t, TypeId::kInt64> {
  static std::string Name() { return "BIGINT"; }
};
template <>
struct Cell<float> : FixedCell<float, TypeId::kFloat32> {
  static std::string Name() { return "REAL"; }
};
template <>
struct Cell<double> : FixedCell<double, TypeId::kFloat64> {
  static std::string Name() { return "DOUBLE"; }
};

/// The rest of the scalar types say what a Reader and a Writer do in these two functions.
template <typename T, typename Self>
struct ScalarCell {
  static constexpr bool kParameter = true;
  static constexpr bool kResult = true;
  class Reader {
   public:
    explicit Reader(const Column& column) : column_(&column) {}
    T Get(int64_t row) const { return Self::Read(*column_, row); }

   private:
    const Column* column_;
  };
  class Writer {
   public:
    explicit Writer(ColumnBuilder& to) : to_(to) {}
    ColumnBuilder& column() { return to_; }
    Status Append(const T& value) { return Self::Write(to_, value); }

   private:
    ColumnBuilder& to_;
  };
};

template <>
struct Cell<bool> : ScalarCell<bool, Cell<bool>> {
  static std::string Name() { return "BOOLEAN"; }
  static bool Matches(const Type& type) { return type.id() == TypeId::kBool; }
  static bool Read(const Column& column, int64_t row) { return column.Bool(row); }
  static Status Write(ColumnBuilder& to, bool value) { return to.AppendBool(value), Status::OK(); }
};

template <>
struct Cell<Decimal> : ScalarCell<Decimal, Cell<Decimal>> {
  static std::string Name() { return "DECIMAL"; }
  static bool Matches(const Type& type) { return type.id() == TypeId::kDecimal128; }
  static Decimal Read(const Column& column, int64_t row) { return {column.values<Int128>()[static_cast<size_t>(row)], column.type.scale()}; }
  static Status Write(ColumnBuilder& to, const Decimal& value);
};

template <>
struct Cell<std::chrono::local_days> : ScalarCell<std::chrono::local_days, Cell<std::chrono::local_days>> {
  static std::string Name() { return "DATE"; }
  static bool Matches(const Type& type) { return type.id() == TypeId::kDate; }
  static std::chrono::local_days Read(const Column& column, int64_t row) {
    return std::chrono::local_days(std::chrono::days(column.values<int32_t>()[static_cast<size_t>(row)]));
  }
  static Status Write(ColumnBuilder& to, std::chrono::local_days value) { return to.AppendInt64(value.time_since_epoch().count()), Status::OK(); }
};

template <>
struct Cell<LocalTime> : ScalarCell<LocalTime, Cell<LocalTime>> {
  static std::string Name() { return "TIMESTAMP"; }
  static bool Matches(const Type& type) { return type.id() == TypeId::kTimestamp && !type.utc() && type.unit() == TimeUnit::kMilli; }
  static LocalTime Read(const Column& column, int64_t row) { return LocalTime(std::chrono::milliseconds(column.values<int64_t>()[static_cast<size_t>(row)])); }
  static Status Write(ColumnBuilder& to, LocalTime value) { return to.AppendInt64(value.time_since_epoch().count()), Status::OK(); }
};

/// Appends text or binary. Errors: Invalid (text that is not UTF-8), CapacityError (the column passes 2 GiB).
Status AppendText(ColumnBuilder& to, std::string_view value);
Status AppendBinary(ColumnBuilder& to, std::string_view value);

template <>
struct Cell<std::string_view> : ScalarCell<std::string_view, Cell<std::string_view>> {
  static constexpr bool kResult = false;  // of what?
  static std::string Name() { return "VARCHAR"; }
  static bool Matches(const Type& type) { return type.id() == TypeId::kString; }
  static std::string_view Read(const Column& column, int64_t row) { return column.Text(row); }
};
template <>
struct Cell<std::string> : ScalarCell<std::string, Cell<std::string>> {
  static std::string Name() { return "VARCHAR"; }
  static bool Matches(const Type& type) { return type.id() == TypeId::kString; }
  static std::string Read(const Column& column, int64_t row) { return std::string(column.Text(row)); }
  static Status Write(ColumnBuilder& to, const std::string& value) { return AppendText(to, value); }
};
template <>
struct Cell<BinaryView> : ScalarCell<BinaryView, Cell<BinaryView>> {
  static constexpr bool kResult = false;
  static std::string Name() { return "VARBINARY"; }
  static bool Matches(const Type& type) { return type.id() == TypeId::kBinary; }
  static BinaryView Read(const Column& column, int64_t row) { return {column.Text(row)}; }
};
template <>
struct Cell<Binary> : ScalarCell<Binary, Cell<Binary>> {
  static std::string Name() { return "VARBINARY"; }
  static bool Matches(const Type& type) { return type.id() == TypeId::kBinary; }
  static Binary Read(const Column& column, int64_t row) { return {std::string(column.Text(row))}; }
  static Status Write(ColumnBuilder& to, const Binary& value) { return AppendBinary(to, value.bytes); }
};

/// Reads cells that may be NULL.
template <typename T>
class NullableReader {
 public:
  explicit NullableReader(const Column& column) : column_(&column), reader_(column) {}
  bool IsNull(int64_t row) const { return column_->IsNull(row); }
  T Get(int64_t row) const { return reader_.Get(row); }
  std::optional<T> GetNullable(int64_t row) const { return IsNull(row) ? std::nullopt : std::optional<T>(Get(row)); }

 private:
  const Column* column_;
  typename Cell<T>::Reader reader_;
};

template <typename T>
Status AppendNullable(typename Cell<T>::Writer& writer, const std::optional<T>& value) {
  if (value) return writer.Append(*value);
  writer.column().AppendNull();
  return Status::OK();
}

template <typename T>
struct Cell<std::vector<std::optional<T>>> {
  using List = std::vector<std::optional<T>>;
  static constexpr bool kParameter = Cell<T>::kParameter;
  static constexpr bool kResult = Cell<T>::kResult;
  static std::string Name() { return "ARRAY(" + Cell<T>::Name() + ")"; }
  static bool Matches(const Type& type) { return type.id() == TypeId::kList && Cell<T>::Matches(type.children()[0].type); }
  class Reader {
   public:
    explicit Reader(const Column& column) : offsets_(column.offsets().data()), items_(column.children[0]) {}
    List Get(int64_t row) const {
      List list;
      list.reserve(static_cast<size_t>(offsets_[row + 1] - offsets_[row]));
      for (int32_t at = offsets_[row]; at < offsets_[row + 1]; ++at) list.push_back(items_.GetNullable(at));
      return list;
    }

   private:
    const int32_t* offsets_;
    NullableReader<T> items_;
  };
  class Writer {
   public:
    explicit Writer(ColumnBuilder& to) : to_(to), items_(to.child(0)) {}
    ColumnBuilder& column() { return to_; }
    Status Append(const List& list) {
      if (list.size() > static_cast<size_t>(INT32_MAX - to_.child(0).length()))
        return Status::CapacityError("the arrays of one batch hold more than 2^31 - 1 items");
      for (const std::optional<T>& item : list) LOTIC_RETURN_NOT_OK(AppendNullable<T>(items_, item));
      to_.FinishList();
      return Status::OK();
    }

   private:
    ColumnBuilder& to_;
    typename Cell<T>::Writer items_;
  };
};

/// A struct that says its members.
template <typename T>
concept Row = std::is_default_constructible_v<T> && requires {
  std::tuple_size<decltype(T::Members())>::value;
};

/// The index of a member in a ROW's fields: exact, then ignoring (ASCII) case if one matches.
std::optional<size_t> FindMember(const Type& row, std::string_view name);

template <Row T>
struct Cell<T> {
  using MemberTypes = decltype(T::Members());
  static constexpr size_t kCount = std::tuple_size_v<MemberTypes>;
  template <size_t i>
  using Value = typename std::tuple_element_t<i, MemberTypes>::Value;
  template <size_t... i>
  static constexpr bool AllParameters(std::index_sequence<i...>) {
    return (Cell<Value<i>>::kParameter && ...);
  }
  template <size_t... i>
  static constexpr bool AllResults(std::index_sequence<i...>) {
    return (Cell<Value<i>>::kResult && ...);
  }
  using Indices = std::make_index_sequence<kCount>;
  static constexpr bool kParameter = AllParameters(Indices());
  static constexpr bool kResult = AllResults(Indices());

  static std::string Name() { return Names(Indices()); }
  /// Whether every member that the ROW has is of its type. What a result must have beside that, Complete() says.
  static bool Matches(const Type& type) { return type.id() == TypeId::kStruct && MembersMatch(type, Indices()); }

  class Reader {
   public:
    explicit Reader(const Column& column) : Reader(column, Indices()) {}
    T Get(int64_t row) const {
      T value;
      Fill(&value, row, Indices());
      return value;
    }

   private:
    template <size_t... i>
    Reader(const Column& column, std::index_sequence<i...>) : members_(ReaderOf<i>(column)...) {}
    template <size_t i>
    static std::optional<NullableReader<Value<i>>> ReaderOf(const Column& column) {
      const std::optional<size_t> at = FindMember(column.type, std::get<i>(T::Members()).name);
      if (!at) return std::nullopt;
      return NullableReader<Value<i>>(column.children[*at]);
    }
    template <size_t... i>
    void Fill(T* value, int64_t row, std::index_sequence<i...>) const {
      ((std::get<i>(members_) ? void(value->*(std::get<i>(T::Members()).pointer) = std::get<i>(members_)->GetNullable(row)) : void()), ...);
    }
    template <size_t... i>
    static auto ReadersOf(std::index_sequence<i...>) -> std::tuple<std::optional<NullableReader<Value<i>>>...>;
    decltype(ReadersOf(Indices())) members_;
  };

  class Writer {
   public:
    /// Every member is in the column's type: Complete().
    explicit Writer(ColumnBuilder& to) : Writer(to, Indices()) {}
    ColumnBuilder& column() { return to_; }
    Status Append(const T& value) { return AppendMembers(value, Indices()); }

   private:
    template <size_t... i>
    Writer(ColumnBuilder& to, std::index_sequence<i...>)
        : to_(to), members_(typename Cell<Value<i>>::Writer(to.child(*FindMember(to.type(), std::get<i>(T::Members()).name)))...) {}
    template <size_t... i>
    Status AppendMembers(const T& value, std::index_sequence<i...>) {
      Status status;
      ((status.ok() ? void(status = AppendNullable<Value<i>>(std::get<i>(members_), value.*(std::get<i>(T::Members()).pointer))) : void()), ...);
      if (status.ok()) to_.AppendValid();
      return status;
    }
    template <size_t... i>
    static auto WritersOf(std::index_sequence<i...>) -> std::tuple<typename Cell<Value<i>>::Writer...>;
    ColumnBuilder& to_;
    decltype(WritersOf(Indices())) members_;
  };

 private:
  template <size_t... i>
  static std::string Names(std::index_sequence<i...>) {
    std::string names;
    ((names += (i == 0 ? "" : ", ") + std::string(std::get<i>(T::Members()).name) + " " + Cell<Value<i>>::Name()), ...);
    return "ROW(" + names + ")";
  }
  template <size_t... i>
  static bool MembersMatch(const Type& type, std::index_sequence<i...>) {
    return (MemberMatches<Value<i>>(type, std::get<i>(T::Members()).name) && ...);
  }
  template <typename M>
  static bool MemberMatches(const Type& type, std::string_view name) {
    const std::optional<size_t> at = FindMember(type, name);
    return !at || Cell<M>::Matches(type.children()[*at].type);
  }
};

/// Whether a result of T fills a column of this type: ROWs at any depth have the same names on both sides.
template <typename T>
struct Complete {
  static bool Of(const Type&) { return true; }
};
template <typename T>
struct Complete<std::vector<std::optional<T>>> {
  static bool Of(const Type& type) { return Complete<T>::Of(type.children()[0].type); }
};
template <Row T>
struct Complete<T> {
  static bool Of(const Type& type) { return Cell<T>::kCount == type.children().size() && Members(type, typename Cell<T>::Indices()); }

 private:
  template <size_t... i>
  static bool Members(const Type& type, std::index_sequence<i...>) {
    std::array<std::optional<size_t>, sizeof...(i)> at = {FindMember(type, std::get<i>(T::Members()).name)...};
    for (size_t a = 0; a < at.size(); ++a) {
      if (!at[a]) return false;
      for (size_t b = 0; b < a; ++b) {
        if (at[a] == at[b]) return false;
      }
    }
    return (Complete<typename Cell<T>::template Value<i>>::Of(type.children()[*at[i]].type) && ...);
  }
};

}  // namespace udf
}  // namespace lotic
