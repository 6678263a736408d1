// SPDX-License-Identifier: Apache-2.0
#include "broker/demo_records.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace lotic::broker {
namespace {

constexpr std::array<std::string_view, 12> kFirstNames{"Ada", "Bruno", "Chen", "Dora", "Emil", "Farah", "Grace", "Hugo", "Ines", "Jonas", "Kofi", "Lena"};
constexpr std::array<std::string_view, 10> kLastNames{"Almeida", "Berg", "Costa", "Diallo", "Evans", "Fischer", "Garcia", "Haddad", "Ito", "Jensen"};
constexpr std::array<std::string_view, 8> kCities{"Porto", "Berlin", "Osaka", "Dakar", "Lyon", "Malmö", "São Paulo", "Zürich"};
constexpr std::array<std::string_view, 5> kStatuses{"paid", "paid", "shipped", "shipped", "cancelled"};
constexpr std::array<std::string_view, 3> kMethods{"card", "transfer", "invoice"};
constexpr std::array<std::string_view, 3> kTiers{"basic", "plus", "gold"};
constexpr size_t kUuidDigits = 20;
constexpr int64_t kMaxItems = 4;

template <size_t N>
std::string_view Pick(DemoRandom& random, const std::array<std::string_view, N>& from) {
  return from[random.Below(N)];
}

// 1850 → "18.50"
std::string Cents(int64_t cents) {
  std::string fraction = std::to_string(cents % 100);
  if (fraction.size() < 2) fraction.insert(0, 1, '0');
  return std::to_string(cents / 100) + "." + fraction;
}

std::string Name(DemoRandom& random) {
  std::string name(Pick(random, kFirstNames));
  return name.append(" ").append(Pick(random, kLastNames));
}

}  // namespace

uint64_t DemoRandom::Next() {
  uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

std::string IsoTime(int64_t time_ms) {
  const time_t seconds = static_cast<time_t>(time_ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text;
  const size_t size = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction;
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(time_ms % 1000));
  return std::string(text.data(), size) + fraction.data();
}

std::string EventJson(DemoRandom& random, int64_t time_ms) {
  std::string uuid;
  for (uint64_t bits = 0; uuid.size() < kUuidDigits; bits >>= 4) {
    if (bits == 0) bits = random.Next();
    uuid += "0123456789abcdef"[bits & 15];
  }
  return "{\"ts\": " + std::to_string(time_ms) + ", \"uuid\": \"" + uuid + "\", \"count\": " + std::to_string(random.Below(1000)) + "}";
}

std::string OrderJson(DemoRandom& random, int64_t order_id, int64_t time_ms) {
  std::string text = "{\"order_id\": " + std::to_string(order_id) + ", \"customer\": {\"name\": \"" + Name(random) + "\", \"city\": \"";
  text.append(Pick(random, kCities)).append("\"}, \"items\": [");
  int64_t total = 0;
  const auto items = static_cast<int64_t>(1 + random.Below(kMaxItems));
  for (int64_t i = 0; i < items; ++i) {
    const auto quantity = static_cast<int64_t>(1 + random.Below(5));
    const auto price = static_cast<int64_t>(150 + random.Below(9900));
    total += quantity * price;
    text += i == 0 ? "" : ", ";
    text += "{\"sku\": \"LT-" + std::to_string(100 + random.Below(400)) + "\", \"qty\": " + std::to_string(quantity) + ", \"price\": " + Cents(price) + "}";
  }
  text.append("], \"status\": \"").append(Pick(random, kStatuses));
  return text + "\", \"amount\": " + Cents(total) + ", \"created_at\": \"" + IsoTime(time_ms) + "\"}";
}

std::string CustomerJson(DemoRandom& random, int64_t customer_id, int64_t time_ms) {
  std::string text = "{\"customer_id\": " + std::to_string(customer_id) + ", \"name\": \"" + Name(random) + "\", \"city\": \"";
  text.append(Pick(random, kCities)).append("\", \"tier\": \"").append(Pick(random, kTiers));
  return text + "\", \"updated_at\": \"" + IsoTime(time_ms) + "\"}";
}

std::string PaymentJson(DemoRandom& random, int64_t payment_id, int64_t time_ms) {
  std::string text = "{\"payment_id\": " + std::to_string(payment_id) + ", \"order_id\": " + std::to_string(100'000 + random.Below(12'000));
  text.append(", \"method\": \"").append(Pick(random, kMethods));
  return text + "\", \"amount\": " + Cents(static_cast<int64_t>(500 + random.Below(50'000))) + ", \"paid_at\": \"" + IsoTime(time_ms) + "\"}";
}

}  // namespace lotic::broker
