// SPDX-License-Identifier: Apache-2.0
#include "tests/support/shared_data.h"

#include <algorithm>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

namespace colonnade {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const fs::path& file, std::string_view why) {
  std::fprintf(stderr, "%s: %.*s\n", file.c_str(), int(why.size()), why.data());
  std::abort();
}

std::string ReadWhole(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) Fail(file, "cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<uint8_t> Unzip(const fs::path& file, size_t bytes) {
  std::vector<uint8_t> out(bytes);
  gzFile in = gzopen(file.c_str(), "rb");
  if (in == nullptr) Fail(file, "cannot be read");
  const int got = gzread(in, out.data(), unsigned(bytes));
  gzclose(in);
  if (got != int(bytes)) Fail(file, "too short");
  return out;
}

}  // namespace

training::Samples ReadCifar(const fs::path& file, int64_t limit) {
  constexpr size_t kRecord = 3073;
  training::Samples samples{{3, 32, 32}, {}, {}, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
  std::ifstream in(file, std::ios::binary);
  if (!in) Fail(file, "cannot be read");
  std::vector<uint8_t> record(kRecord);
  while (samples.size() < limit && in.read(reinterpret_cast<char*>(record.data()), kRecord)) {
    samples.labels.push_back(record[0]);
    samples.pixels.insert(samples.pixels.end(), record.begin() + 1, record.end());
  }
  return samples;
}

training::Samples ReadMnist(const fs::path& images, const fs::path& labels, int64_t limit) {
  constexpr size_t kImagesHeader = 16, kLabelsHeader = 8, kPixels = 784;
  const std::vector<uint8_t> pixels = Unzip(images, kImagesHeader + size_t(limit) * kPixels);
  const std::vector<uint8_t> classes = Unzip(labels, kLabelsHeader + size_t(limit));
  training::Samples samples{{1, 28, 28}, {}, {}, {0.1307}, {0.3081}};
  samples.pixels.assign(pixels.begin() + kImagesHeader, pixels.end());
  samples.labels.assign(classes.begin() + kLabelsHeader, classes.end());
  return samples;
}

training::Samples ReadTestImages(const fs::path& data, const std::string& name, int64_t limit) {
  constexpr int64_t kCifar = 5000, kMnist = 8000;  // images in the files
  if (name.find("cifar10") != std::string::npos) {
    return ReadCifar(data / "cifar10/test_5k.bin", std::min(limit, kCifar));
  }
  return ReadMnist(data / "mnist/t8k-images-idx3-ubyte.gz", data / "mnist/t8k-labels-idx1-ubyte.gz",
                   std::min(limit, kMnist));
}

std::vector<float> ReadNpy(const fs::path& file) {
  const std::string bytes = ReadWhole(file);
  if (bytes.size() < 10 || bytes.substr(1, 5) != "NUMPY") Fail(file, "is no NumPy file");
  const size_t start = 10 + uint8_t(bytes[8]) + 256 * size_t(uint8_t(bytes[9]));
  if (bytes.substr(0, start).find("'descr': '<f4', 'fortran_order': False") == std::string::npos) {
    Fail(file, "holds no floats in C order");
  }
  std::vector<float> values((bytes.size() - start) / sizeof(float));
  std::memcpy(values.data(), bytes.data() + start, values.size() * sizeof(float));
  return values;
}

}  // namespace colonnade
