// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/checkpoint.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>
#include <variant>

#include "server/base/status.h"

namespace colonnade::pipeline {
namespace {

constexpr std::string_view kMagic = "CLNDCKP1";

// Names of what is no tensor of the trainer; layer names follow the prefixes.
constexpr std::string_view kPosition = "position";  // round, epochs done, images used
constexpr std::string_view kSeconds = "seconds/";   // milliseconds by stage
constexpr std::string_view kLayer = "layer/";       // counts, in the order of LayerPacking
constexpr std::string_view kGroups = "groups/";     // size, then columns, group after group
constexpr std::string_view kTrainer = "trainer/";
constexpr std::string_view kStart = "start/";

using Integers = std::vector<int64_t>;
using Floats = std::vector<float>;

struct Tensor {
  std::string name;
  std::variant<Floats, Integers> values;
};

template <typename T>
void Append(T value, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
void AppendAll(const std::vector<T>& values, std::string& bytes) {
  Append(uint64_t(values.size()), bytes);
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

std::string Encode(const std::vector<Tensor>& tensors) {
  std::string bytes(kMagic);
  Append(uint64_t(tensors.size()), bytes);
  for (const Tensor& tensor : tensors) {
    Append(uint32_t(tensor.name.size()), bytes);
    bytes += tensor.name;
    Append(uint8_t(tensor.values.index()), bytes);
    std::visit([&](const auto& values) { AppendAll(values, bytes); }, tensor.values);
  }
  return bytes;
}

// Reads until the bytes end; then everything is empty and ok() false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::string_view Take(uint64_t count) {
    if (count > bytes_.size()) ok_ = false;
    const std::string_view part = ok_ ? bytes_.substr(0, count) : std::string_view();
    bytes_.remove_prefix(part.size());
    return part;
  }

  template <typename T>
  T Number() {
    const std::string_view part = Take(sizeof(T));
    T value{};
    if (ok_) std::memcpy(&value, part.data(), sizeof value);
    return value;
  }

  template <typename T>
  std::vector<T> All() {
    const auto count = Number<uint64_t>();
    if (count > bytes_.size() / sizeof(T)) ok_ = false;
    const std::string_view part = Take(ok_ ? count * sizeof(T) : 0);
    std::vector<T> values(part.size() / sizeof(T));
    std::memcpy(values.data(), part.data(), part.size());
    return values;
  }

  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

absl::Status Damaged() { return absl::DataLossError("checkpoint: damaged, or of another job"); }

absl::StatusOr<std::map<std::string, Tensor>> Decode(std::string_view bytes, std::vector<std::string>& order) {
  Reader reader(bytes);
  if (reader.Take(kMagic.size()) != kMagic) return Damaged();
  std::map<std::string, Tensor> tensors;
  const auto count = reader.Number<uint64_t>();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    std::string name(reader.Take(reader.Number<uint32_t>()));
    Tensor tensor{name, {}};
    if (reader.Number<uint8_t>() == 0)
      tensor.values = reader.All<float>();
    else
      tensor.values = reader.All<int64_t>();
    order.push_back(name);
    tensors.emplace(std::move(name), std::move(tensor));
  }
  if (!reader.ok() || !reader.at_end()) return Damaged();
  return tensors;
}

Integers Flatten(const packing::Grouping& grouping) {
  Integers flat;
  for (const std::vector<int>& group : grouping.groups) {
    flat.push_back(int64_t(group.size()));
    flat.insert(flat.end(), group.begin(), group.end());
  }
  return flat;
}

packing::Grouping Unflatten(const Integers& flat) {
  packing::Grouping grouping;
  for (size_t i = 0; i < flat.size();) {
    const auto size = size_t(flat[i++]);
    std::vector<int>& group = grouping.groups.emplace_back();
    for (size_t k = 0; k < size && i < flat.size(); ++k) group.push_back(int(flat[i++]));
  }
  return grouping;
}

// The integers of that name, or none.
Integers IntegersOf(const std::map<std::string, Tensor>& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) return {};
  const auto* integers = std::get_if<Integers>(&found->second.values);
  return integers ? *integers : Integers();
}

std::string Join(std::string_view prefix, std::string_view name) { return fmt::format("{}{}", prefix, name); }

absl::Status DecodeLayers(const std::map<std::string, Tensor>& tensors, const std::vector<LayerPlan>& plans,
                          Combined& combined) {
  for (const LayerPlan& plan : plans) {
    const Integers counts = IntegersOf(tensors, Join(kLayer, plan.name));
    if (counts.size() != 5) return Damaged();
    combined.layers.push_back({plan, int(counts[0]), counts[1], counts[2], counts[3], counts[4]});
    combined.groupings[plan.name] = Unflatten(IntegersOf(tensors, Join(kGroups, plan.name)));
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeCheckpoint(const Checkpoint& checkpoint) {
  std::vector<Tensor> tensors;
  tensors.push_back(
      {std::string(kPosition), Integers{checkpoint.round, checkpoint.epochs_done, checkpoint.images_used}});
  for (const auto& [stage, seconds] : checkpoint.stage_seconds) {
    tensors.push_back({Join(kSeconds, stage), Integers{int64_t(seconds * 1000)}});
  }
  for (const LayerPacking& layer : checkpoint.combined.layers) {
    const std::string& name = layer.plan.name;
    tensors.push_back({Join(kLayer, name),
                       Integers{layer.rows, layer.columns_after, layer.full_groups, layer.nonzeros, layer.weights}});
    tensors.push_back({Join(kGroups, name), Flatten(checkpoint.combined.groupings.at(name))});
  }
  for (const training::NamedValues& values : checkpoint.trainer) {
    tensors.push_back({Join(kTrainer, values.name), values.values});
  }
  for (const training::NamedValues& values : checkpoint.start) {
    tensors.push_back({Join(kStart, values.name), values.values});
  }
  return Encode(tensors);
}

absl::StatusOr<Checkpoint> DecodeCheckpoint(std::string_view bytes, const std::vector<LayerPlan>& plans) {
  std::vector<std::string> order;
  COLONNADE_ASSIGN_OR_RETURN(auto tensors, Decode(bytes, order));
  const Integers position = IntegersOf(tensors, std::string(kPosition));
  if (position.size() != 3) return Damaged();
  Checkpoint checkpoint{int(position[0]), int(position[1]), position[2], {}, {}, {}, {}};
  for (const std::string& name : order) {
    Tensor& tensor = tensors.at(name);
    if (name.starts_with(kSeconds)) {
      const Integers milliseconds = IntegersOf(tensors, name);
      if (milliseconds.size() != 1) return Damaged();
      checkpoint.stage_seconds[name.substr(kSeconds.size())] = double(milliseconds[0]) / 1000;
    } else if (auto* floats = std::get_if<Floats>(&tensor.values); floats && name.starts_with(kTrainer)) {
      checkpoint.trainer.push_back({name.substr(kTrainer.size()), std::move(*floats)});
    } else if (floats && name.starts_with(kStart)) {
      checkpoint.start.push_back({name.substr(kStart.size()), std::move(*floats)});
    }
  }
  COLONNADE_RETURN_IF_ERROR(DecodeLayers(tensors, plans, checkpoint.combined));
  return checkpoint;
}

}  // namespace colonnade::pipeline
