// SPDX-License-Identifier: Apache-2.0
#include "table/snapshot.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

namespace lotic::table {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPropertyVersion = "v";
constexpr const char* kSplitVersion = "1";

// Digits only, no leading zero: one text for each number.
std::optional<int64_t> NumberIn(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || number < 0 || std::to_string(number) != text) return std::nullopt;
  return number;
}

std::optional<int64_t> OffsetIn(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return std::nullopt;
  return NumberIn(member->get_ref<const std::string&>());
}

// ["3","5"]
std::optional<std::pair<int64_t, int64_t>> PairIn(const Json& json) {
  if (!json.is_array() || json.size() != 2 || !json[0].is_string() || !json[1].is_string()) return std::nullopt;
  const auto first = NumberIn(json[0].get_ref<const std::string&>()), second = NumberIn(json[1].get_ref<const std::string&>());
  return first && second ? std::optional(std::pair(*first, *second)) : std::nullopt;
}

// The members of RecordFates by name, in the order of their text.
constexpr struct {
  const char* name;
  int64_t RecordFates::*member;
} kFates[] = {
    {"rows", &RecordFates::rows},
    {"filtered", &RecordFates::filtered},
    {"tombstones", &RecordFates::tombstones},
    {"decode", &RecordFates::dropped_decode},
    {"transform", &RecordFates::dropped_transform},
    {"convert", &RecordFates::dropped_convert},
    {"time", &RecordFates::dropped_time},
    {"aborted", &RecordFates::aborted},
    {"control", &RecordFates::control},
    {"missing", &RecordFates::missing},
    {"incomplete", &RecordFates::incomplete},
};

// "rows=1900 filtered=40": what is not 0; "rows=0" if all are.
std::string FatesText(const RecordFates& fates) {
  std::string text;
  for (const auto& fate : kFates) {
    if (const int64_t count = fates.*fate.member; count != 0 || fate.member == &RecordFates::rows)
      text += (text.empty() ? "" : " ") + std::string(fate.name) + "=" + std::to_string(count);
  }
  return text;
}

std::optional<RecordFates> ParseFates(std::string_view text) {
  RecordFates fates;
  std::string_view rest = text;
  for (const auto& fate : kFates) {
    const std::string head = std::string(fate.name) + "=";
    if (rest.substr(0, head.size()) != head) continue;
    const size_t end = std::min(rest.find(' '), rest.size());
    const auto count = NumberIn(rest.substr(head.size(), end - head.size()));
    if (!count || *count > (int64_t{1} << 56)) return std::nullopt;  // so that sums do not overflow
    fates.*fate.member = *count;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return FatesText(fates) == text ? std::optional(fates) : std::nullopt;
}

std::string Shortened(std::string_view text) { return std::string(text.substr(0, 100)) + (text.size() > 100 ? "…" : ""); }

}  // namespace

std::string TableSnapshot::ToToken() const {
  // Written by hand: it is long where there are many partitions, and its form is part of what is promised.
  std::string token = "{\"v\":1,\"kind\":\"exact\",\"table\":" + Json(table).dump() + ",\"table_id\":" + Json(table_id).dump() + ",\"partitions\":[";
  for (size_t i = 0; i < partitions.size(); ++i) {
    const SnapshotPartition& p = partitions[i];
    token += (i == 0 ? "{\"p\":" : ",{\"p\":") + std::to_string(p.partition) + ",\"start\":\"" + std::to_string(p.start) + "\",\"end\":\"" +
             std::to_string(p.end) + "\"";
    if (p.segments) token += ",\"segments\":[\"" + std::to_string(p.segments->first) + "\",\"" + std::to_string(p.segments->last) + "\"]";
    for (size_t d = 0; d < p.dropped.size(); ++d) {
      token += (d == 0 ? ",\"dropped\":[[\"" : ",[\"") + std::to_string(p.dropped[d].from) + "\",\"" + std::to_string(p.dropped[d].to) + "\"]";
    }
    if (!p.dropped.empty()) token += ']';
    if (p.end_unknown) token += ",\"end_unknown\":true";
    token += '}';
  }
  return token + "]}";
}

Result<TableSnapshot> TableSnapshot::Parse(std::string_view token) {
  if (token.size() > kMaxTokenBytes) return Status::CapacityError("snapshot token of a table: more than ", kMaxTokenBytes, " bytes");
  const auto wrong = [&](const char* why) { return Status::Invalid("snapshot token '", Shortened(token), "': ", why); };
  if (token.empty()) return Status::Invalid("no snapshot token: the plan of a table gives one, and its splits need it");
  // Depth is bounded by the strict form below; a callback stops deep nesting before it is built.
  const Json json = Json::parse(
      token, [](int depth, Json::parse_event_t, Json&) { return depth <= 5; }, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("v", Json()) != Json(1)) return wrong("it is not one of a real-time table");
  const auto kind = json.find("kind"), table = json.find("table"), id = json.find("table_id"), list = json.find("partitions");
  if (kind != json.end() && *kind == Json("time"))
    return Status::NotImplemented("snapshot token '", Shortened(token), "': snapshots of kind time (tables with upsert) are not built yet");
  if (kind == json.end() || *kind != Json("exact")) return wrong("it is not one of a real-time table");
  if (table == json.end() || !table->is_string() || id == json.end() || !id->is_string() || list == json.end() || !list->is_array())
    return wrong("it is cut or changed");
  if (list->size() > kMaxPartitions) return Status::CapacityError("snapshot token: more than ", kMaxPartitions, " partitions");
  TableSnapshot snapshot;
  snapshot.table = table->get<std::string>();
  snapshot.table_id = id->get<std::string>();
  for (const Json& one : *list) {
    if (!one.is_object()) return wrong("a partition in it is cut or changed");
    const auto number = one.find("p");
    const auto start = OffsetIn(one, "start"), end = OffsetIn(one, "end");
    if (number == one.end() || !number->is_number_unsigned() || number->get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int32_t>::max()) ||
        !start || !end) {
      return wrong("a partition in it is cut or changed");
    }
    SnapshotPartition p{number->get<int32_t>(), *start, *end, {}};
    if (const auto segments = one.find("segments"); segments != one.end()) {
      const auto ends = PairIn(*segments);
      if (!ends || ends->first > ends->second) return wrong("a partition in it is cut or changed");
      p.segments = {ends->first, ends->second};
    }
    if (const auto dropped = one.find("dropped"); dropped != one.end()) {
      if (!dropped->is_array() || !p.segments) return wrong("a partition in it is cut or changed");
      for (const Json& range : *dropped) {
        const auto ends = PairIn(range);
        // The first and the last segment are covered.
        const int64_t before = p.dropped.empty() ? p.segments->first : p.dropped.back().to;
        if (!ends || ends->first <= before || ends->second <= ends->first || ends->second > p.segments->last)
          return wrong("a partition in it is cut or changed");
        p.dropped.push_back({ends->first, ends->second});
      }
    }
    if (const auto unknown = one.find("end_unknown"); unknown != one.end()) {
      if (*unknown != Json(true)) return wrong("a partition in it is cut or changed");
      p.end_unknown = true;
    }
    if ((p.end < p.start && !p.segments) || (!snapshot.partitions.empty() && p.partition <= snapshot.partitions.back().partition))
      return wrong("its partitions make no sense");
    snapshot.partitions.push_back(p);
  }
  if (snapshot.ToToken() != token) return wrong("it is not in the form this program writes");
  return snapshot;
}

Position RowPosition(int64_t row) { return Position{"{\"row\":" + std::to_string(row) + "}"}; }

Result<int64_t> ParseRowPosition(const Position& position, const Position& split_start) {
  constexpr std::string_view kHead = "{\"row\":";
  if (position == split_start) return 0;
  std::string_view text = position.text;
  if (text.substr(0, kHead.size()) == kHead && text.back() == '}') {
    text.remove_prefix(kHead.size());
    text.remove_suffix(1);
    if (const auto row = NumberIn(text)) return *row;
  }
  return Status::Invalid("position '", Shortened(position.text), "' is not one of a table: expected {\"row\":N} or the split's start ", split_start.text);
}

Split SegmentSplit::ToSplit() const {
  Split split;
  split.partition = segment;
  split.start = {std::to_string(start)};
  split.end = Position{std::to_string(end)};
  split.properties = {{kPropertyVersion, kSplitVersion},          {"table_id", table_id}, {"partition", std::to_string(partition)},
                      {"generation", std::to_string(generation)}, {"state", state},       {"file", file}};
  if (contents) {
    split.properties["rows"] = std::to_string(contents->rows);
    split.properties["fates"] = FatesText(contents->fates);
  }
  return split;
}

Result<SegmentSplit> SegmentSplit::Parse(const Split& split) {
  const auto wrong = [&](const std::string& why) { return Status::Invalid("split of segment '", Shortened(split.partition), "': ", why); };
  const auto text = [&](const char* name) -> Result<std::string> {
    const auto at = split.properties.find(name);
    if (at == split.properties.end()) return wrong("its property '" + std::string(name) + "' is missing");
    return at->second;
  };
  const auto number = [&](const char* name, int64_t most) -> Result<int64_t> {
    LOTIC_ASSIGN_OR_RETURN(const std::string value, text(name));
    const auto parsed = NumberIn(value);
    if (!parsed || *parsed > most) return wrong("its property '" + std::string(name) + "' is '" + Shortened(value) + "'");
    return *parsed;
  };
  SegmentSplit made;
  LOTIC_ASSIGN_OR_RETURN(const std::string version, text(kPropertyVersion));
  if (version != kSplitVersion) return wrong("its form is '" + Shortened(version) + "', this program knows " + kSplitVersion);
  made.segment = split.partition;
  LOTIC_ASSIGN_OR_RETURN(made.table_id, text("table_id"));
  LOTIC_ASSIGN_OR_RETURN(const int64_t partition, number("partition", std::numeric_limits<int32_t>::max()));
  made.partition = static_cast<int32_t>(partition);
  LOTIC_ASSIGN_OR_RETURN(made.generation, number("generation", std::numeric_limits<int64_t>::max()));
  LOTIC_ASSIGN_OR_RETURN(made.state, text("state"));
  LOTIC_ASSIGN_OR_RETURN(made.file, text("file"));
  const auto start = NumberIn(split.start.text);
  const auto end = split.end ? NumberIn(split.end->text) : std::nullopt;
  if (!start || !end || *end < *start)
    return wrong("it covers no range of offsets: '" + Shortened(split.start.text) + "' to '" + (split.end ? Shortened(split.end->text) : "nothing") + "'");
  made.start = *start;
  made.end = *end;
  if (split.properties.count("rows") != 0 || split.properties.count("fates") != 0) {
    LOTIC_ASSIGN_OR_RETURN(const int64_t rows, number("rows", std::numeric_limits<int64_t>::max()));
    LOTIC_ASSIGN_OR_RETURN(const std::string fates_text, text("fates"));
    const auto fates = ParseFates(fates_text);
    if (!fates || fates->Sum() != made.end - made.start) return wrong("its property 'fates' is '" + Shortened(fates_text) + "'");
    made.contents = Contents{rows, *fates};
  }
  return made;
}

}  // namespace lotic::table
