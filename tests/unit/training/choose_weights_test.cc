// SPDX-License-Identifier: Apache-2.0
#include "server/training/choose_weights.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/training/augment.h"

namespace colonnade::training {
namespace {

constexpr int64_t kCells = 4, kPerCell = 3, kColumns = kCells * kPerCell;

at::Tensor RandomMatrix(int64_t rows, int64_t columns, Random& random) {
  at::Tensor matrix = at::empty({rows, columns}, at::kDouble);
  auto values = matrix.accessor<double, 2>();
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) values[i][j] = double(random.Below(2001)) / 1000 - 1;
  }
  return matrix;
}

struct Problem {
  at::Tensor square, right;
  FilterProblem spans() const {
    return {{square.data_ptr<double>(), size_t(square.numel())}, {right.data_ptr<double>(), size_t(right.numel())}};
  }
};

// Columns that resemble each other, so that one can stand in for another.
Problem RandomProblem(uint64_t seed) {
  Random random(seed);
  const at::Tensor x = at::matmul(RandomMatrix(kColumns, 5, random), RandomMatrix(5, 40, random)) +
                       0.3 * RandomMatrix(kColumns, 40, random);
  return {at::matmul(x, x.t()).contiguous(), at::mv(x, at::mv(x.t(), RandomMatrix(kColumns, 1, random).select(1, 0)))};
}

// By how much the kept columns lower the error.
double Gain(const Problem& problem, const std::vector<int64_t>& kept) {
  const at::Tensor places = at::tensor(kept, at::kLong);
  const at::Tensor right = problem.right.index_select(0, places);
  return right.dot(at::linalg_solve(problem.square.index_select(0, places).index_select(1, places), right))
      .item<double>();
}

std::vector<std::vector<int64_t>> Cells() {
  std::vector<std::vector<int64_t>> cells;
  for (int64_t cell = 0; cell < kCells; ++cell) cells.push_back({3 * cell, 3 * cell + 1, 3 * cell + 2});
  return cells;
}

// For kept columns that have one column of each cell, all others of the cells.
std::vector<std::vector<int64_t>> Others(const std::vector<int64_t>& kept) {
  auto others = Cells();
  for (size_t cell = 0; cell < kept.size(); ++cell) std::erase(others[cell], kept[cell]);
  return others;
}

double BestOtherwise(const Problem& problem, const std::vector<int64_t>& kept) {
  const auto cells = Cells();
  double best = 0;
  for (size_t cell = 0; cell < kept.size(); ++cell) {
    for (const int64_t column : cells[cell]) {
      std::vector<int64_t> other = kept;
      other[cell] = column;
      if (other != kept) best = std::max(best, Gain(problem, other));
    }
  }
  return best;
}

TEST(ChooseWeights, EndsWhereNoExchangeHelps) {
  int changed = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const Problem problem = RandomProblem(seed);
    const std::vector<int64_t> start = {0, 3, 6, 9};
    std::vector<int64_t> kept = start;
    ChooseWeights(problem.spans(), Others(kept), 100, kept);
    changed += kept != start;
    for (size_t cell = 0; cell < kept.size(); ++cell) EXPECT_EQ(kept[cell] / kPerCell, int64_t(cell));
    EXPECT_GE(Gain(problem, kept), Gain(problem, start) * (1 - 1e-9));
    EXPECT_GE(Gain(problem, kept), BestOtherwise(problem, kept) * (1 - 1e-6)) << seed;
  }
  EXPECT_GT(changed, 40);
}

TEST(ChooseWeights, MorePassesAreNeverWorse) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Problem problem = RandomProblem(seed);
    double before = 0;
    for (int passes = 0; passes < 4; ++passes) {
      std::vector<int64_t> kept = {2, 5, 8, 11};
      ChooseWeights(problem.spans(), Others(kept), passes, kept);
      EXPECT_GE(Gain(problem, kept), before * (1 - 1e-9));
      before = Gain(problem, kept);
    }
  }
}

TEST(ChooseWeights, KeepsColumnsThatHaveNoAlternative) {
  const Problem problem = RandomProblem(1);
  std::vector<int64_t> kept = {0, 3, 7};
  ChooseWeights(problem.spans(), {{}, {4, 5}, {}}, 10, kept);
  EXPECT_EQ(kept[0], 0);
  EXPECT_EQ(kept[2], 7);
}

}  // namespace
}  // namespace colonnade::training
