// SPDX-License-Identifier: Apache-2.0
// The main function of a corpus replay: gives every file of the corpus, and a fixed number of damaged copies of each, to the
// fuzz target linked with it. Deterministic: the same corpus gives the same inputs. Usage: x_fuzz_replay CORPUS...
// LOTIC_SIZE=full multiplies the number of damaged copies.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr int kCopiesSmall = 200;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kCopiesFull = 1000;  // each takes five times as long
#else
constexpr int kCopiesFull = 5000;
#endif
constexpr int kMaxEdits = 6;

// What is being run, for the message of a crash: written before each input, read by the signal handler.
char current_input[512];

void SayCurrentInput() {
  const ssize_t ignored = write(STDERR_FILENO, current_input, std::strlen(current_input));
  (void)ignored;
}

void OnSignal(int signal) {
  SayCurrentInput();
  ::signal(signal, SIG_DFL);
  raise(signal);
}

// SplitMix64, a published generator: the inputs must not depend on the standard library's version.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  size_t Below(size_t bound) { return bound == 0 ? 0 : static_cast<size_t>(Next() % bound); }

 private:
  uint64_t state_;
};

using Bytes = std::vector<uint8_t>;

// Values that lengths and counts go wrong at.
constexpr uint8_t kEdges[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};

Bytes Damaged(const Bytes& original, Random& random) {
  Bytes bytes = original;
  const size_t edits = 1 + random.Below(kMaxEdits);
  for (size_t i = 0; i < edits; ++i) {
    const size_t at = random.Below(bytes.size());
    switch (random.Below(6)) {
      case 0:  // one bit
        if (!bytes.empty()) bytes[at] ^= static_cast<uint8_t>(1u << random.Below(8));
        break;
      case 1:  // one byte at an edge
        if (!bytes.empty()) bytes[at] = kEdges[random.Below(std::size(kEdges))];
        break;
      case 2: {  // four bytes at an edge: a length
        const uint8_t value = kEdges[random.Below(std::size(kEdges))];
        for (size_t k = at; k < std::min(bytes.size(), at + 4); ++k) bytes[k] = value;
        break;
      }
      case 3:  // torn
        bytes.resize(at);
        break;
      case 4: {  // a piece repeated
        const size_t length = random.Below(std::min<size_t>(64, bytes.size() - std::min(at, bytes.size())) + 1);
        const Bytes piece(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.begin() + static_cast<ptrdiff_t>(at + length));
        bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(at), piece.begin(), piece.end());
        break;
      }
      default: {  // a piece removed
        const size_t length = random.Below(std::min<size_t>(64, bytes.size() - std::min(at, bytes.size())) + 1);
        bytes.erase(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.begin() + static_cast<ptrdiff_t>(at + length));
        break;
      }
    }
  }
  return bytes;
}

void RunOne(const Bytes& bytes, const std::string& file, int copy) {
  std::snprintf(current_input, sizeof current_input, "\nreplay: the input is %s, damaged copy %d (0: as it is)\n", file.c_str(), copy);
  // An exact allocation, so that a sanitizer sees a read one byte past the end.
  const Bytes exact(bytes);
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::vector<std::string> FilesOf(int argc, char** argv) {
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) ::signal(signal, OnSignal);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(SayCurrentInput);
  const char* size = std::getenv("LOTIC_SIZE");
  const int copies = size != nullptr && std::string(size) == "full" ? kCopiesFull : kCopiesSmall;
  const std::vector<std::string> files = FilesOf(argc, argv);
  if (files.empty()) {
    std::fprintf(stderr, "replay: there is no corpus file\n");
    return 1;
  }
  uint64_t inputs = 0;
  for (const std::string& file : files) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
      std::fprintf(stderr, "replay: cannot read %s\n", file.c_str());
      return 1;
    }
    const Bytes original{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    Random random(original.size());
    RunOne(original, file, 0);
    for (int copy = 1; copy <= copies; ++copy, ++inputs) RunOne(Damaged(original, random), file, copy);
    ++inputs;
  }
  std::printf("replayed %zu files, %llu inputs\n", files.size(), static_cast<unsigned long long>(inputs));
  return 0;
}
