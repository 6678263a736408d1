// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <cstddef>

#include "lotic/status.h"

namespace lotic::net {

/// For tests: while it lives, this process can begin no thread, since each would get a stack larger than any address space.
/// std::thread throws std::system_error.
class NoThreads {
 public:
  NoThreads() {
    LOTIC_CHECK(pthread_getattr_default_np(&before_) == 0);
    pthread_attr_t huge;
    LOTIC_CHECK(pthread_getattr_default_np(&huge) == 0 && pthread_attr_setstacksize(&huge, size_t{1} << 62) == 0 && pthread_setattr_default_np(&huge) == 0);
    pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    LOTIC_CHECK(pthread_setattr_default_np(&before_) == 0);
    pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_;
};

}  // namespace lotic::net
