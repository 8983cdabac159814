// SPDX-License-Identifier: Apache-2.0
// Writes data files of every format, for tests of their readers.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/formats.h"

namespace colonnade::client {

using Bytes = std::vector<uint8_t>;

Bytes Gzip(const Bytes& bytes);
// `count` bytes that differ from place to place and from seed to seed.
Bytes Noise(size_t count, uint32_t seed);

// One CIFAR-10 record: the label, then Noise of the seed.
Bytes CifarRecord(uint8_t label, uint32_t seed);
Bytes CifarRecords(const std::vector<uint8_t>& labels);

// An IDX file with these dimensions in its header, whatever the values.
Bytes Idx(const std::vector<uint32_t>& dimensions, const Bytes& values, uint8_t type = 8);

// A NumPy file: descr such as "|u1", shape such as "(2, 3, 3)".
Bytes Npy(std::string_view descr, std::string_view shape, const Bytes& values, bool fortran = false);

// The digits file: line n (from 0) has shade (n + place) mod 17 at each place and label n mod 10.
std::string DigitsText();

void WriteZip(const std::string& path, const std::vector<std::pair<std::string, Bytes>>& members, bool deflate);

// Raw rows to a PNG file; `color` is a PNG_COLOR_TYPE_..., palettes hold entry i = (i, 2i, 3i).
void WritePng(const std::string& path, int width, int height, int color, int depth, const Bytes& rows);

// Pixels of [height][width][channels] to a JPEG of the best quality; 4 channels are CMYK.
void WriteJpeg(const std::string& path, int width, int height, int channels, const Bytes& pixels);

// A folder of its own for each test.
class Formats : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(std::string_view name) const { return (folder_ / name).string(); }
  // Writes bytes under the folder, making folders as needed; returns the path.
  std::string Put(std::string_view name, const Bytes& bytes);

  std::filesystem::path folder_;
};

// A result's code and part of its message.
#define EXPECT_REFUSED(result, expected_code, text)                      \
  do {                                                                   \
    const auto& refused = (result);                                      \
    ASSERT_FALSE(refused.ok());                                          \
    EXPECT_EQ(refused.status().code(), expected_code);                   \
    EXPECT_THAT(refused.status().message(), ::testing::HasSubstr(text)); \
  } while (false)

}  // namespace colonnade::client
