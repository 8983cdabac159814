// SPDX-License-Identifier: Apache-2.0
// Choosing sign and scale of every activation tensor. Private to quant/.
#pragma once

#include <vector>

#include "server/nn/network.h"
#include "server/quant/calibration.h"
#include "server/quant/fuse.h"
#include "server/quant/quantize.h"

namespace colonnade::quant {

// Tensors are named by the Network layer whose output they are. Those that layers only
// move values between share one scale, so scales belong to classes of tensors.
class TensorScales {
 public:
  // REQUIRES: ranges.Has() and IsFinite() for the input and all results.
  TensorScales(const nn::Network& network, const FusedNetwork& fused, const RangeObserver& ranges,
               const QuantizeOptions& options);

  bool is_signed(int tensor) const { return signed_[tensor]; }
  int exponent(int tensor) const { return classes_[class_[tensor]].exponent; }

  // mantissa * 2^exponent. The mantissa is 1 but for tensors that share the scale of an
  // input that meets no addition.
  double scale(int tensor) const;

  // Doubles the scale of the tensor and of all that share it. Returns how often that
  // has been done.
  int Coarsen(int tensor) {
    return ++classes_[class_[tensor]].exponent, ++classes_[class_[tensor]].coarsened;
  }

 private:
  struct Class {
    double mantissa = 1.0;
    int exponent = 0;
    int coarsened = 0;
    std::vector<int> definers;  // tensors whose values decide the scale
    bool is_pool = false;       // the only definer is an average pool
    bool has_input_mantissa = false;
  };

  void ChooseSigns(const nn::Network& network, const FusedNetwork& fused, bool input_is_signed);
  void MakeClasses(const nn::Network& network, const FusedNetwork& fused);
  void ChooseExponent(const RangeObserver& ranges, const QuantizeOptions& options, Class& of) const;

  std::vector<bool> signed_;  // by Network layer, as class_
  std::vector<int> class_;
  std::vector<Class> classes_;
};

}  // namespace colonnade::quant
