// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/formats/data_files.h"

namespace colonnade::client {
namespace {

constexpr FormatOptions kOptions{.format = Format::kDigits};

Bytes ToBytes(std::string_view text) { return {text.begin(), text.end()}; }

class Digits : public Formats {};

TEST_F(Digits, PlacesHoldTheLinesOfTheFixedOrder) {
  const auto records = ReadRecords(Put("d.csv.gz", Gzip(ToBytes(DigitsText()))), kOptions);
  ASSERT_TRUE(records.ok()) << records.status().message();
  ASSERT_EQ(records->size(), 1797);
  for (const int64_t place : {0, 1, 2, 1796}) {
    const int64_t line = place * 1009 % 1797;
    EXPECT_EQ(records->labels[size_t(place)], line % 10);
    EXPECT_EQ(records->pixels[size_t(place) * 64], (line % 17 * 255 + 8) / 16);
  }
}

TEST_F(Digits, ShadesSpreadOverTheRange) {
  const auto records = ReadRecords(Put("d.csv", ToBytes(DigitsText())), kOptions);  // line 0 counts from 0 up
  const Bytes first(records->pixels.begin(), records->pixels.begin() + 17);
  EXPECT_EQ(first, Bytes({0, 16, 32, 48, 64, 80, 96, 112, 128, 143, 159, 175, 191, 207, 223, 239, 255}));
}

TEST_F(Digits, OffsetAndLimitCountPlaces) {
  const std::string path = Put("d.csv", ToBytes(DigitsText()));
  const auto records = ReadRecords(path, {.format = Format::kDigits, .limit = 2, .offset = 1});
  ASSERT_EQ(records->size(), 2);
  EXPECT_EQ(records->labels[0], 1009u % 10);
  EXPECT_EQ(records->labels[1], 2018u % 1797 % 10);
}

TEST_F(Digits, OtherTextIsRefused) {
  std::string text = DigitsText();
  text.replace(0, 1, "17");
  EXPECT_REFUSED(ReadRecords(Put("a", ToBytes(text)), kOptions), Code::kInvalidArgument, "line 1 is not 64 numbers");
  EXPECT_REFUSED(ReadRecords(Put("a", ToBytes("1,2\n")), kOptions), Code::kInvalidArgument, "1 lines");
  EXPECT_REFUSED(ReadRecords(Put("a", Gzip(Bytes(5'000'000))), kOptions), Code::kInvalidArgument,
                 "longer than the 1048576 bytes");
}

}  // namespace
}  // namespace colonnade::client
