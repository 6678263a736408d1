// SPDX-License-Identifier: Apache-2.0
// Two lines as the two messages of a hostile SCRAM server. Nobody who does not know the password may get the client to
// `done`, but for the one example of RFC 7677, whose signature is right.
#include <algorithm>
#include <string_view>

#include "connector/kafka/sasl.h"

namespace lotic::kafka {
namespace {

constexpr std::string_view kFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view kFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

std::span<const uint8_t> Bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

void FuzzScram(std::string_view input) {
  const size_t line = std::min(input.find('\n'), input.size());
  const std::string_view first = input.substr(0, line), last = input.substr(std::min(line + 1, input.size()));
  // High iteration counts are allowed and slow; they find nothing new.
  constexpr size_t kMaxDigits = 5;
  const size_t count = first.find(",i=");
  if (count != std::string_view::npos && first.size() - count - 3 > kMaxDigits) return;
  for (const bool sha512 : {false, true}) {
    auto scram = MakeScramForTest(sha512, {"", "user", net::Secret("pencil")}, "rOprNGfwEbeRWgbNEkqO");
    LOTIC_CHECK(scram->Step({}).ok());
    auto answer = scram->Step(Bytes(first));
    LOTIC_CHECK(!scram->done());
    if (!answer.ok()) continue;
    const bool accepted = scram->Step(Bytes(last)).ok();
    LOTIC_CHECK(accepted == scram->done());
    // What follows v= after a comma is an extension and ignored.
    LOTIC_CHECK(!accepted || (!sha512 && first == kFirst && last.substr(0, last.find(',')) == kFinal));
  }
}

}  // namespace
}  // namespace lotic::kafka

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lotic::kafka::FuzzScram({reinterpret_cast<const char*>(data), size});
  return 0;
}
