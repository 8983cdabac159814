// SPDX-License-Identifier: Apache-2.0
#include "tests/support/size_run.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <memory>
#include <utility>

#include "server/artifact/file.h"
#include "server/artifact/self_test.h"
#include "server/base/status.h"
#include "server/compiler/compile.h"
#include "server/executors/lockstep.h"
#include "server/nn/transforms.h"
#include "server/onnx/export.h"
#include "server/onnx/import.h"
#include "server/pipeline/combine.h"
#include "server/pipeline/integer_network.h"
#include "server/recipe/recipe.h"
#include "server/quant/reference_network.h"
#include "tests/support/sample_artifact.h"

namespace colonnade {
namespace {

// From now on VmHWM counts from what is resident now (proc(5)).
void RestartPeak() {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;
}

int64_t PeakBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

training::Samples NoiseImages(const nn::Shape& shape, int count) {
  const auto channels = size_t(shape.channels);
  training::Samples samples{shape, {}, {}, std::vector<double>(channels, 0.5), std::vector<double>(channels, 0.25)};
  samples.pixels = artifact::SelfTestImage(1, count * shape.size());
  samples.labels.assign(size_t(count), training::kUnlabelled);
  return samples;
}

class Journey {
 public:
  Journey(nn::Network network, const SizeOptions& options) : network_(std::move(network)), options_(options) {}

  absl::StatusOr<SizeRun> Run() {
    COLONNADE_RETURN_IF_ERROR(Stage("export", [&] { return Export(); }));
    COLONNADE_RETURN_IF_ERROR(Stage("import", [&] { return Import(); }));
    COLONNADE_RETURN_IF_ERROR(Stage("fold", [&] { return Fold(); }));
    COLONNADE_RETURN_IF_ERROR(Stage("pack", [&] { return Pack(); }));
    COLONNADE_RETURN_IF_ERROR(Stage("quantize", [&] { return Quantize(); }));
    COLONNADE_RETURN_IF_ERROR(Stage("compile", [&] { return Compile(); }));
    COLONNADE_RETURN_IF_ERROR(Stage("compile dense", [&] { return CompileDense(); }));
    COLONNADE_RETURN_IF_ERROR(Stage("publish", [&] { return Publish(); }));
    COLONNADE_RETURN_IF_ERROR(Stage("reference", [&] { return RunReference(); }));
    COLONNADE_RETURN_IF_ERROR(Stage("make kernels", [&] { return MakeKernels(); }));
    COLONNADE_RETURN_IF_ERROR(Stage("kernels", [&] { return RunKernels(); }));
    COLONNADE_RETURN_IF_ERROR(Stage("lockstep", [&] { return Compare(); }));
    if (options_.unpacked) COLONNADE_RETURN_IF_ERROR(Stage("unpacked", [&] { return CompareUnpacked(); }));
    return std::move(result_);
  }

 private:
  template <typename Function>
  absl::Status Stage(std::string name, const Function& function) {
    RestartPeak();
    const std::clock_t began = std::clock();
    const absl::Status status = function();
    const std::clock_t ended = std::clock();
    if (!status.ok()) return Annotate(status, name);
    result_.stages.push_back({std::move(name), double(ended - began) / CLOCKS_PER_SEC, PeakBytes()});
    return absl::OkStatus();
  }

  absl::Status Export() {
    bytes_ = onnx::ExportOnnx(network_);
    result_.model_bytes = int64_t(bytes_.size());
    network_ = {};
    return absl::OkStatus();
  }

  absl::Status Import() {
    COLONNADE_ASSIGN_OR_RETURN(onnx::Imported imported, onnx::ImportOnnx(bytes_));
    network_ = std::move(imported.network);
    bytes_ = {};
    return absl::OkStatus();
  }

  absl::Status Fold() {
    COLONNADE_ASSIGN_OR_RETURN(network_, nn::FoldBatchNorms(std::move(network_)));
    result_.dense_macs = network_.DenseMacs();
    for (const nn::Layer& layer : network_.layers) {
      if (!layer.is_matrix()) continue;
      ++result_.matrix_layers;
      const auto* conv = layer.as<nn::Convolution>();
      result_.weights += int64_t(conv ? conv->weight.size() : layer.as<nn::Linear>()->weight.size());
    }
    return absl::OkStatus();
  }

  absl::Status Pack() {
    v1::PackingSettings settings;
    settings.set_alpha(options_.alpha);
    COLONNADE_ASSIGN_OR_RETURN(const auto plans, pipeline::PlanLayers(network_, settings));
    const pipeline::Round round{.is_last = true, .gamma = double(options_.alpha - 1)};
    const pipeline::CombineRules rules{.feed_rule = array_.feed_rule, .grouping = v1::PackingSettings::SEARCH};
    COLONNADE_ASSIGN_OR_RETURN(combined_, pipeline::CombineColumns(plans, round, rules, network_));
    result_.dense_columns = combined_.columns_before();
    result_.packed_columns = combined_.columns_after();
    return pipeline::CheckCombined(combined_, array_.feed_rule, /*full=*/true, network_);
  }

  absl::Status Quantize() {
    const training::Samples images = NoiseImages(network_.input_shape(), options_.images);
    COLONNADE_ASSIGN_OR_RETURN(v1::Recipe recipe, recipe::Resolve({}, options_.alpha));
    recipe.mutable_quantization()->set_images(options_.images);
    COLONNADE_ASSIGN_OR_RETURN(quantized_, pipeline::CalibrateAndQuantize(network_, images, recipe.quantization()));
    network_ = {};
    return absl::OkStatus();
  }

  absl::Status Compile() {
    COLONNADE_ASSIGN_OR_RETURN(auto program, compiler::Compile(quantized_, combined_.groupings, array_));
    program_ = std::make_shared<const array::ArrayProgram>(std::move(program));
    result_.packed_cells = array::SizeOf(*program_).cells;
    return absl::OkStatus();
  }

  absl::Status CompileDense() {
    COLONNADE_ASSIGN_OR_RETURN(const auto dense, compiler::CompileDense(quantized_, array_));
    const int64_t columns = array::SizeOf(dense).columns;
    if (columns >= result_.packed_columns) return absl::OkStatus();
    return absl::InternalError(fmt::format("{} columns, fewer than {} packed", columns, result_.packed_columns));
  }

  // What is decoded is what runs.
  absl::Status Publish() {
    const artifact::Artifact made = ArtifactOf(program_, "size", 1, artifact::InputType::kFp32, "kernels");
    COLONNADE_ASSIGN_OR_RETURN(const std::string bytes, artifact::Encode(made));
    COLONNADE_ASSIGN_OR_RETURN(const artifact::Artifact read, artifact::Decode(bytes));
    result_.artifact_bytes = int64_t(bytes.size());
    program_ = read.program;
    image_ = artifact::SelfTestImage(2, program_->tensors.front().shape.size());
    return absl::OkStatus();
  }

  absl::Status RunReference() {
    COLONNADE_ASSIGN_OR_RETURN(reference_, executors::MakeExecutor("reference", program_));
    executors::Workspace workspace;
    COLONNADE_ASSIGN_OR_RETURN(logits_, reference_->Run(image_, workspace));
    return absl::OkStatus();
  }

  absl::Status MakeKernels() {
    COLONNADE_ASSIGN_OR_RETURN(kernels_, executors::MakeExecutor("kernels", program_));
    return absl::OkStatus();
  }

  absl::Status RunKernels() const {
    executors::Workspace workspace;
    COLONNADE_ASSIGN_OR_RETURN(const std::vector<int32_t> logits, kernels_->Run(image_, workspace));
    if (logits == logits_) return absl::OkStatus();
    return absl::InternalError("the result is not that of the reference");
  }

  absl::Status Compare() const {
    COLONNADE_ASSIGN_OR_RETURN(const auto divergence, executors::FirstDivergence(*reference_, *kernels_, image_));
    if (divergence) return absl::InternalError(executors::ToString(*divergence));
    return absl::OkStatus();
  }

  absl::Status CompareUnpacked() const {
    if (quant::RunQuantized(quantized_, image_) == logits_) return absl::OkStatus();
    return absl::InternalError("the result is not that of the unpacked network");
  }

  const array::ArrayConfig array_;
  nn::Network network_;
  const SizeOptions options_;
  std::string bytes_;
  pipeline::Combined combined_;
  quant::QuantizedNetwork quantized_;
  std::shared_ptr<const array::ArrayProgram> program_;
  std::vector<uint8_t> image_;
  std::vector<int32_t> logits_;
  std::unique_ptr<executors::ArrayExecutor> reference_, kernels_;
  SizeRun result_;
};

}  // namespace

double SizeRun::seconds() const {
  double sum = 0;
  for (const StageUse& stage : stages) sum += stage.seconds;
  return sum;
}

int64_t SizeRun::peak_bytes() const {
  int64_t peak = 0;
  for (const StageUse& stage : stages) peak = std::max(peak, stage.peak_bytes);
  return peak;
}

absl::StatusOr<SizeRun> RunThrough(nn::Network network, const SizeOptions& options) {
  return Journey(std::move(network), options).Run();
}

}  // namespace colonnade
