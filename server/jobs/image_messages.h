// SPDX-License-Identifier: Apache-2.0
// What images are, in the contract's messages.
#pragma once

#include <vector>

#include "colonnade/v1/common.pb.h"
#include "server/nn/network.h"

namespace colonnade::jobs {

inline v1::Shape ToMessage(const nn::Shape& shape) {
  v1::Shape message;
  message.set_channels(shape.channels);
  message.set_height(shape.height);
  message.set_width(shape.width);
  return message;
}

inline nn::Shape FromMessage(const v1::Shape& shape) { return {shape.channels(), shape.height(), shape.width()}; }

inline v1::Normalization ToMessage(const std::vector<double>& mean, const std::vector<double>& deviation) {
  v1::Normalization message;
  message.mutable_mean()->Assign(mean.begin(), mean.end());
  message.mutable_deviation()->Assign(deviation.begin(), deviation.end());
  return message;
}

}  // namespace colonnade::jobs
