// SPDX-License-Identifier: Apache-2.0
// With M = square_SS^-1 and w = M right_S, leaving out the column at place p raises the error by
// w_p^2 / M_pp and changes
//
//   M' = M - m m^T / M_pp        w' = w - m w_p / M_pp        m = M_:p
//
// (place p becomes zero). Taking in column j there, with c = square_Sj,
//
//   u = M' c, but u_p = -1       d = square_jj - c . M' c     e = right_j - c . w'
//   M'' = M' + u u^T / d         w'' = w' - u e / d
//
// lowers it by e^2 / d. So j is better than the column that is there if e^2 / d is larger than
// w_p^2 / M_pp. Nothing but M c is needed to tell, and M changes only when columns do.
#include "server/training/choose_weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace colonnade::training {
namespace {

constexpr double kLeastGain = 1e-9;  // relative; less is rounding

// y += a * x
__attribute__((target_clones("avx512f", "avx2,fma", "default"))) void Add(double a, const double* x, double* y,
                                                                          size_t size) {
  for (size_t i = 0; i < size; ++i) y[i] += a * x[i];
}

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

class Exchange {
 public:
  Exchange(const FilterProblem& problem, std::vector<int64_t>& kept)
      : problem_(problem), kept_(kept), size_(kept.size()), weights_(size_), column_(size_), inverse_(Inverse()) {
    for (size_t place = 0; place < size_; ++place) {
      Add(problem.right[size_t(kept[place])], Row(place), weights_.data(), size_);
    }
  }

  // Whether another column took the place; the one that was there is then among the others.
  bool Improve(size_t place, std::vector<int64_t>& others) {
    std::copy_n(Row(place), size_, column_.begin());
    const double pivot = column_[place];
    Candidate best;
    double most = weights_[place] * weights_[place] / pivot * (1 + kLeastGain);
    int64_t* better = nullptr;
    for (int64_t& other : others) {
      Candidate candidate = Evaluate(place, pivot, other);
      if (candidate.gain() <= most) continue;
      most = candidate.gain();
      best = std::move(candidate);
      better = &other;
    }
    if (better == nullptr) return false;
    Add(-weights_[place] / pivot, column_.data(), weights_.data(), size_);
    AddSquare(-1 / pivot, column_);
    best.direction[place] = -1;
    Add(-best.missing / best.variance, best.direction.data(), weights_.data(), size_);
    AddSquare(1 / best.variance, best.direction);
    std::swap(*better, kept_[place]);
    return true;
  }

 private:
  struct Candidate {
    std::vector<double> direction;     // u, with u_p = 0
    double variance = 1, missing = 0;  // d, e
    double gain() const { return missing * missing / variance; }
  };

  std::vector<double> Inverse() const {
    const auto size = int64_t(size_);
    at::Tensor square = at::empty({size, size}, at::kDouble);
    for (size_t place = 0; place < size_; ++place) {
      const std::vector<double> row = Gather(kept_[place]);
      std::copy(row.begin(), row.end(), square.data_ptr<double>() + place * size_);
    }
    const at::Tensor inverse = at::linalg_inv(square).contiguous();
    return {inverse.data_ptr<double>(), inverse.data_ptr<double>() + size_ * size_};
  }

  // square_Sj
  std::vector<double> Gather(int64_t column) const {
    const std::span row = problem_.square.subspan(size_t(column) * problem_.right.size(), problem_.right.size());
    std::vector<double> gathered(size_);
    for (size_t place = 0; place < size_; ++place) gathered[place] = row[size_t(kept_[place])];
    return gathered;
  }

  Candidate Evaluate(size_t place, double pivot, int64_t column) const {
    const std::vector<double> c = Gather(column);
    Candidate candidate{std::vector<double>(size_), 0, 0};
    std::vector<double>& u = candidate.direction;
    for (size_t i = 0; i < size_; ++i) Add(c[i], inverse_.data() + i * size_, u.data(), size_);
    Add(-u[place] / pivot, column_.data(), u.data(), size_);
    u[place] = 0;
    candidate.variance = problem_.square[size_t(column) * (problem_.right.size() + 1)] - Dot(c, u);
    candidate.missing = problem_.right[size_t(column)] - Dot(c, weights_) + weights_[place] / pivot * Dot(c, column_);
    return candidate;
  }

  void AddSquare(double factor, const std::vector<double>& vector) {
    for (size_t i = 0; i < size_; ++i) Add(factor * vector[i], vector.data(), inverse_.data() + i * size_, size_);
  }

  const double* Row(size_t place) const { return inverse_.data() + place * size_; }

  const FilterProblem& problem_;
  std::vector<int64_t>& kept_;
  size_t size_;
  std::vector<double> weights_, column_, inverse_;  // w, m, M
};

}  // namespace

void ChooseWeights(const FilterProblem& problem, std::vector<std::vector<int64_t>> alternatives, int passes,
                   std::vector<int64_t>& kept) {
  Exchange exchange(problem, kept);
  bool changed = true;
  for (int pass = 0; pass < passes && changed; ++pass) {
    changed = false;
    for (size_t place = 0; place < kept.size(); ++place) changed |= exchange.Improve(place, alternatives[place]);
  }
}

}  // namespace colonnade::training
