// SPDX-License-Identifier: Apache-2.0
#include "net/secret.h"

#include <openssl/crypto.h>

#include <utility>

namespace lotic::net {

void Wipe(void* data, size_t size) { OPENSSL_cleanse(data, size); }

namespace {

// A short string is copied out of the object itself when it moves, so what it left behind is overwritten too.
void WipeRest(std::string* moved_from) {
  moved_from->resize(moved_from->capacity());
  Wipe(moved_from->data(), moved_from->size());
  moved_from->clear();
}

}  // namespace

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { WipeRest(&other.text_); }

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) *this = Secret(other);
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe(text_.data(), text_.size());
    text_ = std::move(other.text_);
    WipeRest(&other.text_);
  }
  return *this;
}

Secret::~Secret() { Wipe(text_.data(), text_.size()); }

}  // namespace lotic::net
