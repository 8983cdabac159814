// SPDX-License-Identifier: Apache-2.0
// A model that needs no artifact and a catalog that needs no store.
#pragma once

#include <atomic>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/serving/model_manager.h"

namespace colonnade::serving {

// 1x2x2 FP32 images, two classes: the sum of the pixels, and the first pixel.
class FakeModel : public Model {
 public:
  explicit FakeModel(std::string name = "toy", int64_t version = 1) {
    info_.name = std::move(name);
    info_.version = version;
    info_.input_name = "image";
    info_.input_shape = {1, 2, 2};
    info_.output_name = "logits";
    info_.classes = 2;
    info_.cycles = 10;
  }

  const ModelInfo& info() const override { return info_; }
  std::vector<std::string> executors() const override { return {"kernels", "reference"}; }

  absl::Status Run(std::string_view, std::string_view input, std::span<float> logits) const override {
    ++runs;
    if (on_run) on_run();
    for (size_t image = 0; image < logits.size() / 2; ++image) {
      float pixels[4];
      std::memcpy(pixels, input.data() + image * sizeof pixels, sizeof pixels);
      const float sum = pixels[0] + pixels[1] + pixels[2] + pixels[3];
      if (!std::isfinite(sum)) return absl::InvalidArgumentError("a value is not finite");
      logits[2 * image] = sum;
      logits[2 * image + 1] = pixels[0];
    }
    return absl::OkStatus();
  }

  mutable std::atomic<int> runs = 0;
  std::function<void()> on_run;

 private:
  ModelInfo info_;
};

class FakeCatalog : public Catalog {
 public:
  void Publish(const std::string& tenant, const std::string& name, int64_t version, std::string path = "") {
    auto& entries = artifacts_[{tenant, name}];
    entries.insert(entries.begin(), {name, version, std::move(path)});
  }
  void Delete(const std::string& tenant, const std::string& name) { artifacts_.erase({tenant, name}); }

  absl::StatusOr<std::vector<CatalogEntry>> Versions(std::string_view tenant, std::string_view name) override {
    const auto found = artifacts_.find({std::string(tenant), std::string(name)});
    return found == artifacts_.end() ? std::vector<CatalogEntry>() : found->second;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::vector<CatalogEntry>> artifacts_;
};

}  // namespace colonnade::serving
