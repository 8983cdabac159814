// SPDX-License-Identifier: Apache-2.0
// Writes what a runtime of ONNX is asked to compute: colonnade-qdq-samples FOLDER SEEDS
//
// For every layer that LoneLayers() finds in that many random networks, N.onnx, N.input
// (one image) and N.result (what we compute for it), 32-bit floats; and index.json, one
// object per N: {"name", "shape", "unit"}, where unit is the scale of the result.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "server/onnx/export_qdq.h"
#include "server/quant/io.h"
#include "server/quant/reference_network.h"
#include "tests/support/lone_layers.h"
#include "tests/support/random_packed.h"

namespace colonnade {
namespace {

void Write(const std::string& path, const std::vector<float>& values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()), std::streamsize(values.size() * sizeof(float)));
}

// The entry of the index.
std::string WriteSample(const std::string& start, const quant::QuantizedNetwork& network, uint64_t seed) {
  const quant::Tensor& input = network.tensors[0];
  const std::vector<uint8_t> bytes = RandomBytes(input.shape.size(), seed);
  std::vector<float> image;
  for (const uint8_t byte : bytes) image.push_back(float((byte - input.zero_point()) * input.scale));
  std::vector<float> result(size_t(network.tensors.back().shape.size()));
  quant::ToReal(quant::RunQuantized(network, bytes), network.logit_scale, result);
  Write(start + ".input", image);
  Write(start + ".result", result);
  std::ofstream(start + ".onnx", std::ios::binary) << onnx::ExportQdq(network).value();
  return fmt::format(R"({{"name": "{}", "shape": [1, {}, {}, {}], "unit": {}}})", start.substr(start.rfind('/') + 1),
                     input.shape.channels, input.shape.height, input.shape.width, network.logit_scale);
}

void WriteSamples(const std::string& folder, uint64_t seeds) {
  std::vector<std::string> index;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    for (const quant::QuantizedNetwork& layer : LoneLayers(seed)) {
      index.push_back(WriteSample(fmt::format("{}/{}", folder, index.size()), layer, seed));
    }
  }
  std::ofstream(folder + "/index.json") << fmt::format("[{}]\n", fmt::join(index, ",\n"));
}

}  // namespace
}  // namespace colonnade

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  colonnade::WriteSamples(argv[1], std::strtoull(argv[2], nullptr, 10));
  return 0;
}
