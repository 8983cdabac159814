// SPDX-License-Identifier: Apache-2.0
// With M = square_SS^-1 and w = M right_S, leaving out the column at place p changes
//
//   M' = M - M_:p M_p: / M_pp        w' = w - M_:p w_p / M_pp
//
// (row and column p become zero), and taking a column j in at p, with c = square_Sj and
// u = M' c, but u_p = -1:
//
//   d = square_jj - c . u            e = right_j - c . w'
//   M = M' + u u^T / d               w = w' - u e / d
//
// which lowers the error by e^2 / d. So the best column of a cell is the one with the largest
// e^2 / d after the cell is emptied.
#include "server/training/choose_weights.h"

#include <ATen/ATen.h>

namespace colonnade::training {
namespace {

using at::Tensor;

constexpr double kLeastGain = 1e-9;  // relative; less is rounding

class Exchange {
 public:
  Exchange(const FilterProblem& problem, std::vector<int64_t>& kept)
      : square_(problem.square), right_(problem.right), kept_(kept) {
    const Tensor places = at::tensor(kept_, at::kLong);
    inverse_ = at::linalg_inv(square_.index_select(0, places).index_select(1, places));
    weights_ = at::mv(inverse_, right_.index_select(0, places));
  }

  // Whether another column took the place.
  bool Improve(int64_t place, const std::vector<int64_t>& candidates) {
    Empty(place);
    const Tensor columns = at::tensor(candidates, at::kLong);
    const Tensor c = square_.index_select(0, columns).index_select(1, at::tensor(kept_, at::kLong));
    const Tensor u = at::matmul(c, inverse_);
    const Tensor d = square_.diagonal().index_select(0, columns) - (c * u).sum(1);
    const Tensor e = right_.index_select(0, columns) - at::mv(c, weights_);
    const int64_t best = Best(e * e / d, candidates, kept_[size_t(place)]);
    Take(place, u[best], d[best].item<double>(), e[best].item<double>());
    const bool changes = candidates[size_t(best)] != kept_[size_t(place)];
    kept_[size_t(place)] = candidates[size_t(best)];
    return changes;
  }

 private:
  void Empty(int64_t place) {
    const Tensor column = inverse_.select(1, place).clone();
    const double pivot = column[place].item<double>();
    weights_.sub_(column, weights_[place].item<double>() / pivot);
    inverse_.addr_(column, column, 1, -1 / pivot);
    inverse_.select(0, place).zero_();
    inverse_.select(1, place).zero_();
    weights_[place].zero_();
  }

  void Take(int64_t place, Tensor u, double d, double e) {
    u = u.clone();
    u[place] = -1;
    weights_.sub_(u, e / d);
    inverse_.addr_(u, u, 1, 1 / d);
  }

  // Of equal gains the column that is there stays.
  static int64_t Best(const Tensor& gains, const std::vector<int64_t>& candidates, int64_t current) {
    const auto gain = gains.accessor<double, 1>();
    int64_t best = 0;
    while (candidates[size_t(best)] != current) ++best;
    const double least = gain[best] * (1 + kLeastGain);
    double most = least;
    for (int64_t i = 0; i < gains.size(0); ++i) {
      if (gain[i] > most) most = gain[best = i];
    }
    return best;
  }

  const Tensor &square_, &right_;
  std::vector<int64_t>& kept_;
  Tensor inverse_, weights_;  // of the columns kept_
};

}  // namespace

void ChooseWeights(const FilterProblem& problem, const std::vector<std::vector<int64_t>>& candidates, int passes,
                   std::vector<int64_t>& kept) {
  bool changed = true;
  for (int pass = 0; pass < passes && changed; ++pass) {
    Exchange exchange(problem, kept);  // anew, so that rounding does not add up
    changed = false;
    for (size_t place = 0; place < kept.size(); ++place) {
      if (candidates[place].size() > 1) changed |= exchange.Improve(int64_t(place), candidates[place]);
    }
  }
}

}  // namespace colonnade::training
