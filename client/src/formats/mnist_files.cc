// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/mnist_files.h"

namespace colonnade::client {
namespace {

constexpr std::string_view kImages = "images", kLabels = "labels", kImagesIdx = "idx3", kLabelsIdx = "idx1";
constexpr std::string_view kGzip = ".gz";

}  // namespace

bool IsMnistImages(std::string_view name) {
  if (name.ends_with(kGzip)) name.remove_suffix(kGzip.size());
  return name.ends_with("images-idx3-ubyte") || name.ends_with("images.idx3-ubyte");
}

std::vector<std::string> MnistLabelNames(const std::string& images) {
  const size_t word = images.rfind(kImages), idx = images.rfind(kImagesIdx);
  if (word == std::string::npos || idx == std::string::npos) return {};
  std::string labels = images;
  labels.replace(word, kImages.size(), kLabels).replace(idx, kImagesIdx.size(), kLabelsIdx);
  const bool packed = labels.ends_with(kGzip);
  return {labels, packed ? labels.substr(0, labels.size() - kGzip.size()) : labels + std::string(kGzip)};
}

}  // namespace colonnade::client
