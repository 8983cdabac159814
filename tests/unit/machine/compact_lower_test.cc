// SPDX-License-Identifier: Apache-2.0
// What the compact machine refuses, and how images and logits travel. That programs compute the right
// thing is tested in tests/rtl/compact.
#include "server/machine/compact_lower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/status.h"
#include "tests/support/compact_network.h"

namespace colonnade::machine {
namespace {

using array::ArrayProgram;
using array::MatrixStep;

// A program that is not refused: two convolutions and more, an average, logits.
ArrayProgram Sample() { return *RandomCompactProgram(1); }

MatrixStep& Matrix(ArrayProgram& program, size_t step) { return std::get<MatrixStep>(program.steps[step].operation); }

quant::AveragePoolLayer& Average(ArrayProgram& program) {
  auto& host = std::get<quant::HostLayer>(program.steps[program.steps.size() - 2].operation);
  return std::get<quant::AveragePoolLayer>(host);
}

std::string RefusedField(const ArrayProgram& program) {
  const auto lowered = LowerCompact(program);
  return lowered.ok() ? "" : FieldOf(lowered.status());
}

TEST(LowerCompact, TakesTheSample) { EXPECT_EQ(RefusedField(Sample()), ""); }

TEST(LowerCompact, RefusesOtherArrays) {
  ArrayProgram program = Sample();
  program.config.interleave = 4;
  EXPECT_EQ(RefusedField(program), "array");
}

TEST(LowerCompact, RefusesGroupsOfSeveralBlocks) {
  ArrayProgram program = Sample();
  nn::Column& site = Matrix(program, 1).matrix.column_sites[size_t(Matrix(program, 1).matrix.group_columns[0][1])];
  site.channel += 8;
  EXPECT_EQ(RefusedField(program), "group");
}

TEST(LowerCompact, RefusesSignedAndClippedOutputs) {
  ArrayProgram program = Sample();
  program.tensors[1].is_signed = true;
  EXPECT_EQ(RefusedField(program), "output");
  program.tensors[1].is_signed = false;
  Matrix(program, 0).high = 200;
  EXPECT_EQ(RefusedField(program), "output");
}

TEST(LowerCompact, RefusesShiftsThatLeaveNoByte) {
  ArrayProgram program = Sample();
  Matrix(program, 0).shift[0] = 25;
  Matrix(program, 0).bias[0] = 1 << 24;  // so that the byte is not always the same
  EXPECT_EQ(RefusedField(program), "shift");
}

TEST(LowerCompact, MakesRowsThatNeverChangeBiases) {
  ArrayProgram program = Sample();
  Matrix(program, 0).shift[0] = 25;
  Matrix(program, 0).bias[0] = 3 << 25;
  EXPECT_EQ(RefusedField(program), "");
}

TEST(LowerCompact, RefusesOtherAveragesThanOfTheWholeImage) {
  ArrayProgram program = Sample();
  Average(program).window.pad_top = 1;
  EXPECT_EQ(RefusedField(program), "layer");
}

TEST(LowerCompact, RefusesAveragesWithoutAShift) {
  ArrayProgram program = Sample();
  Average(program).left = 16;
  EXPECT_EQ(RefusedField(program), "count");
}

TEST(LowerCompact, RefusesResultsThatAreNoLogits) {
  ArrayProgram program = Sample();
  Matrix(program, program.steps.size() - 1).is_logits = false;
  EXPECT_EQ(RefusedField(program), "layer");
}

TEST(LowerCompact, RefusesImagesBeyondABank) {
  ArrayProgram program = Sample();
  program.tensors[0].shape = {8, 64, 65};
  EXPECT_EQ(RefusedField(program), "positions");
}

TEST(CompactImage, StoresBytesAsPlanes) {
  CompactImage compact;
  compact.input.shape = {9, 1, 2};
  std::vector<uint8_t> image(18);
  image[2 * 1 + 1] = 0x81;  // channel 1, pixel 1
  image[2 * 8] = 0x02;      // channel 8, pixel 0: of the second block
  const auto words = CompactInput(compact, image);
  ASSERT_TRUE(words.ok()) << words.status();
  std::vector<uint16_t> expected(16);
  expected[4] = 0x0002, expected[7] = 0x0200, expected[8] = 0x0100;
  EXPECT_EQ(*words, expected);
}

TEST(CompactImage, RefusesImagesOfAnotherSize) {
  CompactImage compact;
  compact.input.shape = {9, 1, 2};
  EXPECT_EQ(FieldOf(CompactInput(compact, std::vector<uint8_t>(17)).status()), "image");
}

TEST(CompactImage, ReadsLogitsOutOfPlanes) {
  CompactImage compact;
  compact.results = 9;
  std::vector<uint16_t> words(32);
  for (int word = 0; word < 16; ++word) words[size_t(word)] = 0x0404;  // result 2: all bits
  words[17] = 0x0100;                                                  // result 8: bit 3
  const auto results = CompactResults(compact, words);
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_THAT(*results, testing::ElementsAre(0, 0, -1, 0, 0, 0, 0, 0, 8));
}

TEST(CompactImage, RefusesAnotherNumberOfWords) {
  CompactImage compact;
  compact.results = 9;
  EXPECT_EQ(FieldOf(CompactResults(compact, std::vector<uint16_t>(31)).status()), "result");
}

}  // namespace
}  // namespace colonnade::machine
