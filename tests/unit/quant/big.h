// SPDX-License-Identifier: Apache-2.0
// Exact arithmetic to compare with: the formulas of docs/numerics.md, in rationals.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>

namespace colonnade::quant {

using Rational = boost::multiprecision::cpp_rational;
using Integer = boost::multiprecision::cpp_int;

// 2^exponent, of any sign.
inline Rational Power(int exponent) {
  const Integer power = Integer(1) << (exponent < 0 ? -exponent : exponent);
  return exponent < 0 ? Rational(1, power) : Rational(power);
}

inline Integer Floor(const Rational& x) {
  const Integer n = numerator(x), d = denominator(x);  // d > 0
  return n >= 0 ? Integer(n / d) : Integer(-((-n + d - 1) / d));
}

inline Integer RoundHalfUp(const Rational& x) { return Floor(x + Rational(1, 2)); }

inline int Saturate(const Integer& x, int low, int high) {
  if (x < low) return low;
  return x > high ? high : static_cast<int>(x);
}

}  // namespace colonnade::quant
