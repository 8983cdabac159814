// SPDX-License-Identifier: Apache-2.0
#include "server/machine/compact_storage.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"
#include "server/machine/refusals.h"
#include "server/machine/storage.h"

namespace colonnade::machine {
namespace {

using array::MatrixStep;

template <typename Layer>
const Layer* HostLayerOf(const array::Step& step) {
  const auto* host = std::get_if<quant::HostLayer>(&step.operation);
  return host == nullptr ? nullptr : std::get_if<Layer>(host);
}

class Placing {
 public:
  explicit Placing(const array::ArrayProgram& program)
      : program_(program), places_(program.tensors.size()), last_use_(program.tensors.size(), 0) {}

  absl::StatusOr<std::vector<std::optional<CompactPlace>>> Run() {
    COLONNADE_RETURN_IF_ERROR(FindLastUses());
    COLONNADE_RETURN_IF_ERROR(Place(0, 0, -1));
    for (int step = 0; step < steps(); ++step) {
      if (IsView(program_.steps[static_cast<size_t>(step)])) continue;
      COLONNADE_RETURN_IF_ERROR(PlaceOutput(step));
    }
    return std::move(places_);
  }

 private:
  int steps() const { return static_cast<int>(program_.steps.size()); }
  const array::Step& step(int index) const { return program_.steps[static_cast<size_t>(index)]; }
  std::optional<CompactPlace>& place(int tensor) { return places_[static_cast<size_t>(tensor)]; }

  absl::Status FindLastUses() {
    for (int index = 0; index < steps(); ++index) {
      if (IsView(step(index))) continue;
      for (const int tensor : InputsOf(step(index))) {
        COLONNADE_ASSIGN_OR_RETURN(const CompactView view, ViewOf(program_, tensor));
        last_use_[static_cast<size_t>(view.of)] = index;
      }
    }
    return absl::OkStatus();
  }

  absl::Status PlaceOutput(int index) {
    const std::vector<int> inputs = InputsOf(step(index));
    COLONNADE_ASSIGN_OR_RETURN(const CompactView input, ViewOf(program_, inputs[0]));
    const int bank = 1 - place(input.of)->bank;
    if (inputs.size() == 1) return Place(index + 1, bank, index);
    COLONNADE_ASSIGN_OR_RETURN(const CompactView residual, ViewOf(program_, inputs[1]));
    if (place(residual.of)->bank != bank) {
      return InvalidField("layer",
                          "adds a residual from the bank that it reads; one step before it too many or too few");
    }
    if (residual.stride == 1 && residual.before == 0 && last_use_[static_cast<size_t>(residual.of)] == index) {
      place(index + 1) = place(residual.of);
      return absl::OkStatus();
    }
    return Place(index + 1, bank, index);
  }

  // The lowest room that is free from step `index` on.
  absl::Status Place(int tensor, int bank, int index) {
    CompactPlace made{bank, 0, program_.tensors[static_cast<size_t>(tensor)].shape};
    if (tensor == steps()) made.shape = {made.blocks() * kCompactCells, kCompactWord / 8, 1};  // logits: 32 bits
    for (bool is_free = false; !is_free;) {
      is_free = true;
      for (size_t other = 0; other < places_.size(); ++other) {
        const auto& taken = places_[other];
        if (!taken || taken->bank != bank || last_use_[other] < index) continue;
        if (made.base >= taken->base + taken->positions() || taken->base >= made.base + made.positions()) continue;
        made.base = taken->base + taken->positions();
        is_free = false;
      }
    }
    COLONNADE_RETURN_IF_ERROR(CheckAtMost("positions", made.base + made.positions(), kCompactPositions,
                                          "use smaller images or fewer channels"));
    place(tensor) = made;
    return absl::OkStatus();
  }

  const array::ArrayProgram& program_;
  std::vector<std::optional<CompactPlace>> places_;
  std::vector<int> last_use_;  // by tensor: the last step that reads it
};

}  // namespace

bool IsView(const array::Step& step) {
  return HostLayerOf<quant::SubsampleLayer>(step) != nullptr || HostLayerOf<quant::PadChannelsLayer>(step) != nullptr;
}

absl::StatusOr<CompactView> ViewOf(const array::ArrayProgram& program, int tensor) {
  CompactView view{tensor, 1, 0};
  while (view.of > 0 && IsView(program.steps[static_cast<size_t>(view.of - 1)])) {
    const array::Step& step = program.steps[static_cast<size_t>(view.of - 1)];
    if (const auto* pad = HostLayerOf<quant::PadChannelsLayer>(step)) {
      view.before += pad->before;
      view.of = pad->input;
      continue;
    }
    const auto* subsample = HostLayerOf<quant::SubsampleLayer>(step);
    if (subsample->stride_h != subsample->stride_w || view.stride * subsample->stride_h > 2) {
      return InvalidField("residual", fmt::format("strides {}, {}; 1 or 2 in both directions", subsample->stride_h,
                                                  subsample->stride_w));
    }
    view.stride *= subsample->stride_h;
    view.of = subsample->input;
  }
  return view;
}

absl::StatusOr<std::vector<std::optional<CompactPlace>>> PlaceCompact(const array::ArrayProgram& program) {
  return Placing(program).Run();
}

}  // namespace colonnade::machine
