// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/machine/model_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/compiler/compile.h"
#include "server/executors/reference.h"
#include "server/machine/encode_image.h"
#include "server/machine/storage.h"
#include "server/machine/transfer.h"

namespace colonnade::machine {
namespace {

template <typename Values>
std::string Difference(std::string_view what, const Values& expected, const Values& found) {
  if (expected.size() != found.size()) return fmt::format("{}: {} values, not {}", what, found.size(), expected.size());
  const auto [e, f] = std::mismatch(expected.begin(), expected.end(), found.begin());
  if (e == expected.end()) return "";
  return fmt::format("{}: value {} is {}, must be {}", what, e - expected.begin(), *f, *e);
}

// Groups that read several positions or, as blocks, several words.
bool ReadsApart(const array::ArrayProgram& program, const array::MatrixStep& step) {
  const nn::Shape& input = program.tensors[step.input].shape;
  int pixels = 1;  // of the image that a flattening reads
  if (step.input > 0) {
    const auto* host = std::get_if<quant::HostLayer>(&program.steps[step.input - 1].operation);
    const auto* flatten = host ? std::get_if<quant::FlattenLayer>(host) : nullptr;
    if (flatten) pixels = input.channels / program.tensors[flatten->input].shape.channels;
  }
  const bool in_blocks = program.config.feed_rule == nn::FeedRule::kChannelBlock;
  for (const std::vector<int>& members : step.matrix.group_columns) {
    const nn::Column& a = step.matrix.column_sites[members[0]];
    for (const int column : members) {
      const nn::Column& b = step.matrix.column_sites[column];
      if (a.dy != b.dy || a.dx != b.dx || a.channel % pixels != b.channel % pixels) return true;
      const int alpha = program.config.alpha;
      if (in_blocks && a.channel / pixels / alpha != b.channel / pixels / alpha) return true;
    }
  }
  return false;
}

bool CountVaries(const quant::AveragePoolLayer& layer, const nn::Shape& in, const nn::Shape& out) {
  for (int y = 0; y < out.height && !layer.count_include_pad; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const int top = y * layer.window.stride_h - layer.window.pad_top;
      const int left = x * layer.window.stride_w - layer.window.pad_left;
      if (top < 0 || left < 0 || top + layer.window.kernel_h > in.height || left + layer.window.kernel_w > in.width) {
        return true;
      }
    }
  }
  return false;
}

bool MovesOddly(const quant::HostLayer& layer, const array::ArrayProgram& program) {
  if (const auto* pad = std::get_if<quant::PadChannelsLayer>(&layer)) return pad->before % 8 != 0;
  const auto* concat = std::get_if<quant::ConcatLayer>(&layer);
  for (size_t i = 0; concat && i + 1 < concat->inputs.size(); ++i) {
    if (program.tensors[concat->inputs[i]].shape.channels % 8 != 0) return true;
  }
  return false;
}

// By tensor, the last step that needs its bytes: a step that has no bytes of its own to write needs
// them as long as its own readers do.
std::vector<int> LastUses(const array::ArrayProgram& program, const MachineProgram& lowered) {
  const int steps = int(program.steps.size());
  std::vector<int> last(program.tensors.size());
  last.back() = steps;
  for (int step = steps - 1; step >= 0; --step) {
    const bool has_step = std::count(lowered.sources.begin(), lowered.sources.end(), step) > 0;
    for (const int tensor : InputsOf(program.steps[step])) {
      last[tensor] = std::max({last[tensor], step, has_step ? step : last[step + 1]});
    }
  }
  return last;
}

bool Meet(const TensorPlace& a, const TensorPlace& b) {
  return a.base < b.base + b.positions() && b.base < a.base + a.positions() &&
         a.first_bank() < b.first_bank() + b.banks() && b.first_bank() < a.first_bank() + a.banks();
}

}  // namespace

std::shared_ptr<const array::ArrayProgram> CompileRandom(const RandomPacked& random) {
  auto program = compiler::Compile(random.network, random.groupings, random.config);
  EXPECT_TRUE(program.ok()) << program.status();
  return program.ok() ? std::make_shared<const array::ArrayProgram>(*std::move(program)) : nullptr;
}

MachineModel Loaded(const MachineProgram& program) {
  MachineModel model(program.config, program.needs);
  const absl::Status status = model.LoadSections(EncodeImage(program).bytes);
  EXPECT_TRUE(status.ok()) << status;
  return model;
}

std::string FirstDifference(const std::shared_ptr<const array::ArrayProgram>& program, const MachineProgram& lowered,
                            MachineModel& model, std::span<const uint8_t> image) {
  executors::Workspace workspace;
  const executors::ReferenceExecutor reference(program);
  const auto expected = reference.Run(image, workspace);
  if (!expected.ok()) return expected.status().ToString();
  std::string difference;
  const auto compare = [&](int step) {
    const int source = lowered.sources[step];
    const bool goes_on = step + 1 < int(lowered.sources.size()) && lowered.sources[step + 1] == source;
    if (goes_on || !lowered.tensors[source + 1] || !difference.empty()) return;
    difference = Difference(program->steps[source].name, reference.BytesOf(source + 1, workspace),
                            BytesAt(*lowered.tensors[source + 1], lowered.needs.channels, model.activations()));
  };
  const auto input = InputBytes(lowered, image);
  if (!input.ok()) return input.status().ToString();
  const auto output = model.Run(*input, compare);
  if (!output.ok()) return output.status().ToString();
  const auto results = ResultsOf(lowered, *output);
  if (!results.ok()) return results.status().ToString();
  return difference.empty() ? Difference("the result", *expected, *results) : difference;
}

std::string SharedBytes(const array::ArrayProgram& program, const MachineProgram& lowered) {
  const std::vector<int> last = LastUses(program, lowered);
  for (int b = 1; b < int(lowered.tensors.size()); ++b) {
    // A tensor without a step of its own is another name of one.
    if (std::count(lowered.sources.begin(), lowered.sources.end(), b - 1) == 0 || !lowered.tensors[b]) continue;
    for (int a = 0; a < b; ++a) {
      const bool lives = lowered.tensors[a] && last[a] >= b - 1;
      if (lives && Meet(*lowered.tensors[a], *lowered.tensors[b])) {
        return fmt::format("{} and {}", program.tensors[a].name, program.tensors[b].name);
      }
    }
  }
  return "";
}

std::vector<std::string> Refusals(const array::ArrayProgram& program, const DeviceLimits& limits) {
  std::vector<std::string> fields;
  if (program.config.feed_rule < nn::FeedRule::kSameTap) fields.push_back("feed_rule");
  if (program.config.rows > 8 && program.config.rows % 8 != 0) fields.push_back("array.rows");
  const bool in_blocks = program.config.feed_rule == nn::FeedRule::kChannelBlock;
  if (in_blocks && limits.channels % program.config.alpha != 0) fields.push_back("array.alpha");
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const nn::Shape& out = program.tensors[i + 1].shape;
    const auto* host = std::get_if<quant::HostLayer>(&program.steps[i].operation);
    const bool is_flatten = host && std::get_if<quant::FlattenLayer>(host);
    if (!is_flatten && out.channels > limits.channels) fields.push_back("channels");
    if (!host) {
      if (ReadsApart(program, std::get<array::MatrixStep>(program.steps[i].operation))) fields.push_back("group");
      continue;
    }
    const auto* average = std::get_if<quant::AveragePoolLayer>(host);
    if (average && CountVaries(*average, program.tensors[average->input].shape, out)) fields.push_back("count");
    if (MovesOddly(*host, program)) fields.push_back("offset");
  }
  return fields;
}

}  // namespace colonnade::machine
