// SPDX-License-Identifier: Apache-2.0
// A fuzz target without a fuzzer: every seed, every file named, then a fixed number of
// mutations of the seeds, the same ones in every run with the same flags.
//
//   fuzz_NAME [--runs N] [--seed S] [--keep FILE] [FILE ...]
//   fuzz_NAME --write-seeds FOLDER      the seeds as files, for fuzz_NAME_guided
//
// With --keep the input is written to FILE before it is tried, so that the one which ended
// the program is there afterwards. The exit code is 1 when a seed is refused or hardly any
// mutation is accepted: then the target no longer reaches what it is for.
#include "tests/fuzz/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

namespace colonnade::fuzz {
namespace {

constexpr int kLeastAccepted = 200;  // one of so many mutations

struct Flags {
  int runs = 2000;
  uint64_t seed = 1;
  std::string keep, write_seeds;
  std::vector<std::string> files;
};

Flags ParseFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const bool has_value = i + 1 < argc;
    if (flag == "--runs" && has_value) {
      flags.runs = std::atoi(argv[++i]);
    } else if (flag == "--seed" && has_value) {
      flags.seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (flag == "--keep" && has_value) {
      flags.keep = argv[++i];
    } else if (flag == "--write-seeds" && has_value) {
      flags.write_seeds = argv[++i];
    } else {
      flags.files.emplace_back(flag);
    }
  }
  return flags;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fmt::print(stderr, "{}: cannot be read\n", path);
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteAll(const std::string& path, const std::string& bytes) {
  if (std::ofstream(path, std::ios::binary) << bytes) return;
  fmt::print(stderr, "{}: cannot be written\n", path);
  std::exit(1);
}

// Small changes of the kinds that damage makes and that protocol buffers are sensitive to.
class Mutator {
 public:
  Mutator(std::vector<std::string> seeds, uint64_t seed) : seeds_(std::move(seeds)), random_(seed) {}

  std::string Next() {
    std::string bytes = seeds_[Below(seeds_.size())];
    for (size_t changes = 1 + Below(3); changes > 0; --changes) Change(bytes);
    return bytes;
  }

 private:
  size_t Below(size_t limit) { return size_t(random_() % std::max<size_t>(limit, 1)); }

  void Change(std::string& bytes) {
    const size_t at = Below(bytes.size()), length = 1 + Below(8);
    switch (Below(6)) {
      case 0: bytes.insert(at, length, char(Below(256))); break;
      case 1: bytes.erase(at, length); break;
      case 2: bytes.insert(at, bytes.substr(Below(bytes.size()), length * 4)); break;
      case 3: Splice(bytes, at); break;
      default: Overwrite(bytes, at); break;
    }
  }

  // Continues as another seed does from the same place.
  void Splice(std::string& bytes, size_t at) {
    const std::string& other = seeds_[Below(seeds_.size())];
    bytes = bytes.substr(0, at) + (at < other.size() ? other.substr(at) : "");
  }

  // One byte: a bit flipped, a number moved by one, or the ends of varints' ranges.
  void Overwrite(std::string& bytes, size_t at) {
    if (bytes.empty()) return;
    constexpr char kEnds[] = {'\0', '\x01', '\x7f', '\x80', '\xff'};
    const char old = bytes[at];
    const char choices[] = {char(old ^ char(1 << Below(8))), char(old + 1), char(old - 1),
                            kEnds[Below(std::size(kEnds))]};
    bytes[at] = choices[Below(std::size(choices))];
  }

  const std::vector<std::string> seeds_;
  std::mt19937_64 random_;
};

int Run(const Flags& flags) {
  const auto attempt = [&](const std::string& input) {
    if (!flags.keep.empty()) WriteAll(flags.keep, input);
    return Accepts(input);
  };
  const std::vector<std::string> seeds = Seeds();
  for (size_t i = 0; i < seeds.size(); ++i) {
    if (attempt(seeds[i])) continue;
    fmt::print(stderr, "seed {} is refused\n", i);
    return 1;
  }
  for (const std::string& file : flags.files) attempt(ReadAll(file));
  Mutator mutator(seeds, flags.seed);
  int accepted = 0;
  for (int i = 0; i < flags.runs; ++i) accepted += attempt(mutator.Next());
  fmt::print("{} seeds, {} files, {} mutations of seed {}: {} accepted\n", seeds.size(), flags.files.size(), flags.runs,
             flags.seed, accepted);
  return accepted * kLeastAccepted >= flags.runs && (accepted < flags.runs || flags.runs == 0) ? 0 : 1;
}

}  // namespace
}  // namespace colonnade::fuzz

int main(int argc, char** argv) {
  namespace fuzz = colonnade::fuzz;
  const fuzz::Flags flags = fuzz::ParseFlags(argc, argv);
  if (flags.write_seeds.empty()) return fuzz::Run(flags);
  const std::vector<std::string> seeds = fuzz::Seeds();
  for (size_t i = 0; i < seeds.size(); ++i) fuzz::WriteAll(fmt::format("{}/seed{}", flags.write_seeds, i), seeds[i]);
}
