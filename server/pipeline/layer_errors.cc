// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/layer_errors.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "server/base/status.h"
#include "server/executors/array_executor.h"
#include "server/pipeline/integer_network.h"
#include "server/training/trainable_network.h"

namespace colonnade::pipeline {
namespace {

using array::ArrayProgram;

constexpr int64_t kPortion = 8;  // images whose tensors are held at a time

// What the integer network computes for one image.
struct IntegerRun {
  std::vector<std::vector<uint8_t>> tensors;  // channel-major; empty where the result is
  std::vector<int32_t> result;
};

class ErrorMeter {
 public:
  ErrorMeter(const nn::Network& network, const ArrayProgram& program)
      : program_(program), tensor_of_(network.layers.size(), -1), sums_(program.tensors.size()), runs_(kPortion) {
    std::map<std::string, int> tensors;
    for (size_t i = 0; i < program.tensors.size(); ++i) tensors[program.tensors[i].name] = int(i);
    for (size_t i = 0; i < network.layers.size(); ++i) {
      const auto found = tensors.find(network.layers[i].name);
      if (found != tensors.end()) tensor_of_[i] = found->second;
    }
  }

  // To be filled before the float network shows the same images' activations.
  std::span<IntegerRun> NextPortion(int64_t images) {
    seen_.assign(tensor_of_.size(), 0);
    return std::span(runs_).first(size_t(images));
  }

  // Activations of the portion's next images.
  void Compare(int layer, std::span<const float> values) {
    const int tensor = tensor_of_[size_t(layer)];
    if (tensor < 0) return;
    const auto size = size_t(program_.tensors[size_t(tensor)].shape.size());
    for (; !values.empty(); values = values.subspan(size)) {
      Add(tensor, values.first(size), runs_[seen_[size_t(layer)]++]);
    }
  }

  std::vector<LayerError> Result() const {
    std::vector<LayerError> errors;
    for (size_t i = 0; i < sums_.size(); ++i) {
      if (sums_[i].values == 0) continue;
      const std::string& name = i == 0 ? program_.tensors[0].name : program_.steps[i - 1].name;
      errors.push_back({name, sums_[i].square / double(sums_[i].values), sums_[i].error / double(sums_[i].values)});
    }
    return errors;
  }

 private:
  struct Sums {
    double square = 0, error = 0;
    int64_t values = 0;
  };

  void Add(int index, std::span<const float> values, const IntegerRun& run) {
    const quant::Tensor& tensor = program_.tensors[size_t(index)];
    const std::vector<uint8_t>& bytes = run.tensors[size_t(index)];
    Sums& sums = sums_[size_t(index)];
    for (size_t i = 0; i < values.size(); ++i) {
      const int32_t q = bytes.empty() ? run.result[i] : bytes[i] - tensor.zero_point();
      const double difference = values[i] - tensor.scale * q;
      sums.square += double(values[i]) * values[i];
      sums.error += difference * difference;
    }
    sums.values += int64_t(values.size());
  }

  const ArrayProgram& program_;
  std::vector<int> tensor_of_;  // by layer of the float network, or -1
  std::vector<Sums> sums_;      // by tensor
  std::vector<IntegerRun> runs_;
  std::vector<size_t> seen_;  // images of the portion, by layer
};

absl::Status RunPortion(const executors::ArrayExecutor& executor, std::span<const uint8_t> bytes,
                        std::span<IntegerRun> runs) {
  const size_t size = bytes.size() / runs.size(), tensors = executor.program().tensors.size();
  executors::Workspace workspace;
  for (size_t i = 0; i < runs.size(); ++i) {
    COLONNADE_ASSIGN_OR_RETURN(runs[i].result, executor.Run(bytes.subspan(i * size, size), workspace));
    runs[i].tensors.clear();
    for (size_t k = 0; k < tensors; ++k) runs[i].tensors.push_back(executor.BytesOf(int(k), workspace));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<LayerError>> MeasureLayerErrors(const nn::Network& network,
                                                           const std::shared_ptr<const ArrayProgram>& program,
                                                           const training::Samples& samples, std::stop_token stop) {
  COLONNADE_ASSIGN_OR_RETURN(const auto kernels, executors::MakeExecutor("kernels", program));
  const training::TrainableNetwork floats(network);
  ErrorMeter meter(network, *program);
  for (int64_t begin = 0; begin < samples.size(); begin += kPortion) {
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    const int64_t count = std::min(kPortion, samples.size() - begin);
    COLONNADE_ASSIGN_OR_RETURN(const auto bytes, QuantizedImages(program->tensors.front(), samples, begin, count));
    COLONNADE_RETURN_IF_ERROR(RunPortion(*kernels, bytes, meter.NextPortion(count)));
    COLONNADE_RETURN_IF_ERROR(
        floats.ForwardObserved(training::Normalized(samples, begin, count),
                               [&](int layer, std::span<const float> values) { meter.Compare(layer, values); }));
  }
  return meter.Result();
}

}  // namespace colonnade::pipeline
