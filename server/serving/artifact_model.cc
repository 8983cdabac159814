// SPDX-License-Identifier: Apache-2.0
#include "server/serving/artifact_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <set>

#include "server/artifact/file.h"
#include "server/artifact/self_test.h"
#include "server/base/status.h"
#include "server/executors/array_executor.h"
#include "server/executors/device_executor.h"
#include "server/quant/io.h"

namespace colonnade::serving {
namespace {

using executors::ArrayExecutor;

// The byte of each pixel value, by channel: normalization and quantization at once.
using PixelTable = std::array<uint8_t, 256>;

std::vector<PixelTable> PixelTables(const artifact::Normalization& normalization, const quant::Tensor& input) {
  std::vector<PixelTable> tables(size_t(input.shape.channels));
  for (size_t channel = 0; channel < tables.size(); ++channel) {
    for (int pixel = 0; pixel < 256; ++pixel) {
      const double x = (pixel / 255.0 - normalization.mean[channel]) / normalization.deviation[channel];
      // Exactly what a client that normalizes to FP32 would have sent.
      tables[channel][size_t(pixel)] = quant::QuantizeInputValue(input, static_cast<float>(x));
    }
  }
  return tables;
}

std::map<std::string, std::string> Properties(const artifact::Artifact& artifact) {
  const artifact::Report& report = artifact.report;
  return {{"array", array::Name(artifact.program->config)},
          {"alpha", fmt::format("{}", artifact.program->config.alpha)},
          {"cycles", fmt::format("{}", artifact.program->cycles.total())},
          {"dense_accuracy", fmt::format("{:.4f}", report.dense_accuracy)},
          {"packed_accuracy", fmt::format("{:.4f}", report.packed_accuracy)},
          {"quantized_accuracy", fmt::format("{:.4f}", report.quantized_accuracy)},
          {"accuracy_source", report.accuracy_source}};
}

ModelInfo InfoOf(const CatalogEntry& entry, const artifact::Artifact& artifact) {
  const array::ArrayProgram& program = *artifact.program;
  ModelInfo info;
  info.name = entry.name;
  info.version = entry.version;
  info.input_name = program.input_name;
  info.input_type = artifact.manifest.input_type == artifact::InputType::kUint8 ? DataType::kUint8 : DataType::kFp32;
  info.input_shape = program.tensors.front().shape;
  info.output_name = program.output_name;
  info.classes = int(program.tensors.back().shape.size());
  info.cycles = program.cycles.total();
  const array::ProgramSize size = array::SizeOf(program);
  info.columns = size.columns;
  info.packing_efficiency = size.cells ? double(size.nonzero_cells) / double(size.cells) : 0;
  info.properties = Properties(artifact);
  return info;
}

class ArtifactModel final : public Model {
 public:
  ArtifactModel(const CatalogEntry& entry, const artifact::Artifact& artifact)
      : info_(InfoOf(entry, artifact)), artifact_(artifact), program_(artifact.program) {
    if (info_.input_type == DataType::kUint8) {
      tables_ = PixelTables(artifact.manifest.normalization, program_->tensors.front());
    }
  }

  // Makes every executor of this process and tests it; then those of the devices, which are
  // tested when they are used first.
  absl::Status Equip(const executors::Devices& devices) {
    for (const std::string_view name : executors::ExecutorNames()) {
      COLONNADE_ASSIGN_OR_RETURN(auto executor, executors::MakeExecutor(name, program_));
      COLONNADE_RETURN_IF_ERROR(Test(*executor));
      executors_.push_back(std::move(executor));
    }
    const auto is_default = [](const auto& executor) { return executor->name() == kDefaultExecutor; };
    std::stable_partition(executors_.begin(), executors_.end(), is_default);
    for (const auto& device : {devices.rtl, devices.fpga}) {
      if (device) EquipWith(device);
    }
    return absl::OkStatus();
  }

  const ModelInfo& info() const override { return info_; }

  std::vector<std::string> executors() const override {
    std::vector<std::string> names;
    for (const auto& executor : executors_) names.emplace_back(executor->name());
    return names;
  }

  std::string WhyNot(std::string_view executor) const override {
    const auto found = refusals_.find(executor);
    return found == refusals_.end() ? "" : found->second;
  }

  absl::Status Run(std::string_view name, std::string_view input, std::span<float> logits) const override {
    thread_local executors::Workspace workspace;
    thread_local std::vector<uint8_t> image;
    thread_local std::vector<int32_t> results;
    const ArrayExecutor& executor = Executor(name);
    if (IsDevice(name)) COLONNADE_RETURN_IF_ERROR(TestOnce(executor));
    image.resize(size_t(info_.input_shape.size()));
    results.resize(size_t(info_.classes));
    const size_t classes = size_t(info_.classes), bytes = size_t(info_.image_bytes());
    for (size_t i = 0; i * bytes < input.size(); ++i) {
      COLONNADE_RETURN_IF_ERROR(Quantize(input.substr(i * bytes, bytes), image));
      COLONNADE_RETURN_IF_ERROR(executor.RunInto(image, workspace, results));
      const std::span<float> reals = logits.subspan(i * classes, classes);
      quant::ToReal(results, program_->logit_scale, reals);
      if (program_->softmax) quant::Softmax(reals);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Test(const ArrayExecutor& executor) const {
    executors::Workspace workspace;
    const auto run = [&](std::span<const uint8_t> image) { return executor.Run(image, workspace); };
    return Annotate(artifact::RunSelfTests(artifact_, run), fmt::format("executor {}", executor.name()));
  }

  static bool IsDevice(std::string_view name) { return name == "rtl" || name == "fpga"; }

  void EquipWith(const std::shared_ptr<executors::SharedDevice>& device) {
    auto executor = executors::DeviceExecutor::Make(device, program_);
    if (!executor.ok()) {
      refusals_.emplace(device->name(), Message(executor.status()));
      return;
    }
    untested_.insert(device->name());
    executors_.push_back(*std::move(executor));
  }

  // Of devices: whoever is first makes the others wait. A test that fails is made again.
  absl::Status TestOnce(const ArrayExecutor& executor) const {
    std::lock_guard lock(testing_);
    const auto found = untested_.find(executor.name());
    if (found == untested_.end()) return absl::OkStatus();
    COLONNADE_RETURN_IF_ERROR(Test(executor));
    untested_.erase(found);
    return absl::OkStatus();
  }

  const ArrayExecutor& Executor(std::string_view name) const {
    const auto same = [&](const auto& executor) { return executor->name() == name; };
    return **std::find_if(executors_.begin(), executors_.end(), same);
  }

  absl::Status Quantize(std::string_view input, std::span<uint8_t> image) const {
    if (info_.input_type == DataType::kFp32) {
      thread_local std::vector<float> values;  // the message's bytes need not be aligned
      values.resize(image.size());
      std::memcpy(values.data(), input.data(), input.size());
      return quant::QuantizeInput(program_->tensors.front(), values, image);
    }
    const size_t pixels = image.size() / tables_.size();
    for (size_t i = 0; i < image.size(); ++i) image[i] = tables_[i / pixels][static_cast<uint8_t>(input[i])];
    return absl::OkStatus();
  }

  const ModelInfo info_;
  const artifact::Artifact artifact_;
  const std::shared_ptr<const array::ArrayProgram> program_;
  std::vector<PixelTable> tables_;  // for raw pixels, by channel
  std::vector<std::unique_ptr<ArrayExecutor>> executors_;
  std::map<std::string, std::string, std::less<>> refusals_;  // by executor
  mutable std::mutex testing_;
  mutable std::set<std::string, std::less<>> untested_;
};

}  // namespace

absl::StatusOr<SharedModel> LoadArtifact(const CatalogEntry& entry, const executors::Devices& devices) {
  COLONNADE_ASSIGN_OR_RETURN(const artifact::Artifact artifact, artifact::ReadArtifact(entry.path));
  auto model = std::make_shared<ArtifactModel>(entry, artifact);
  COLONNADE_RETURN_IF_ERROR(model->Equip(devices));
  return SharedModel(std::move(model));
}

}  // namespace colonnade::serving
