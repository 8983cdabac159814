// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "server/artifact/proto_codec.h"
#include "server/base/status.h"

namespace colonnade::artifact {
namespace {

constexpr int64_t kMaxColumns = int64_t{1} << 24;  // of all filter matrices

absl::Status Malformed(std::string_view field, std::string_view message) {
  return absl::InvalidArgumentError(fmt::format("{}: {}", field, message));
}

array::Cycles FromProto(const pb::Cycles& proto) {
  return {proto.fill(), proto.stream(), proto.drain(), proto.weight_load(), proto.stall()};
}

nn::Window FromProto(const pb::Window& proto) {
  return {proto.kernel_h(), proto.kernel_w(),   proto.stride_h(),  proto.stride_w(),   proto.pad_top(),
          proto.pad_left(), proto.pad_bottom(), proto.pad_right(), proto.dilation_h(), proto.dilation_w()};
}

absl::StatusOr<array::ArrayConfig> FromProto(const pb::ArrayConfig& proto) {
  COLONNADE_ASSIGN_OR_RETURN(const nn::FeedRule rule, nn::ParseFeedRule(proto.feed_rule()));
  return array::ArrayConfig{
      proto.rows(), proto.columns(),          proto.alpha(),       proto.interleave(), proto.weight_buffers(),
      rule,         proto.activation_bytes(), proto.weight_bytes()};
}

quant::Tensor FromProto(const pb::Tensor& proto) {
  return {proto.name(), {proto.channels(), proto.height(), proto.width()}, proto.scale(), proto.is_signed()};
}

// The part of a flattened list that starts at `begin` and holds `count` values;
// moves `begin` past it.
absl::StatusOr<std::vector<int>> TakePart(std::string_view field,
                                          const google::protobuf::RepeatedField<int32_t>& values, int count,
                                          int& begin) {
  if (count < 0 || count > values.size() - begin) {
    return Malformed(field,
                     fmt::format("{} values are left where {} are announced", values.size() - begin, count));
  }
  const auto first = values.begin() + begin;
  begin += count;
  return std::vector<int>(first, first + count);
}

absl::StatusOr<std::vector<array::Tile>> FromProto(const pb::Tiles& proto) {
  const int count = proto.row_begin_size();
  if (proto.row_end_size() != count || proto.group_counts_size() != count ||
      proto.cycles_size() != int64_t{5} * count) {
    return Malformed("tiles", "row_begin, row_end, group_counts and cycles differ in length");
  }
  std::vector<array::Tile> tiles(count);
  int begin = 0;
  for (int i = 0; i < count; ++i) {
    array::Tile& tile = tiles[i];
    tile.row_begin = proto.row_begin(i);
    tile.row_end = proto.row_end(i);
    COLONNADE_ASSIGN_OR_RETURN(tile.groups, TakePart("tiles", proto.groups(), proto.group_counts(i), begin));
    const int64_t* c = proto.cycles().data() + 5 * i;
    tile.cycles = {c[0], c[1], c[2], c[3], c[4]};
  }
  if (begin != proto.groups_size()) return Malformed("tiles", "groups are left over");
  return tiles;
}

// All columns of a filter matrix over `channels`, in the order of nn::FilterMatrix.
// Takes their number off `columns_left`: a few hostile bytes must not become much memory.
absl::StatusOr<std::vector<nn::Column>> ColumnSites(int channels, const nn::Window& window,
                                                    int64_t& columns_left) {
  const int64_t taps = int64_t{window.kernel_h} * window.kernel_w;
  if (channels < 1 || window.kernel_h < 1 || window.kernel_w < 1 || taps > columns_left / channels) {
    return Malformed("window", fmt::format("a {}x{} kernel over {} channels; at most {} columns in all steps",
                                           window.kernel_h, window.kernel_w, channels, kMaxColumns));
  }
  columns_left -= channels * taps;
  std::vector<nn::Column> sites;
  sites.reserve(channels * taps);
  for (int channel = 0; channel < channels; ++channel) {
    for (int dy = 0; dy < window.kernel_h; ++dy) {
      for (int dx = 0; dx < window.kernel_w; ++dx) sites.push_back({channel, dy, dx});
    }
  }
  return sites;
}

absl::StatusOr<array::PackedMatrix> FromProto(const pb::Matrix& proto, const pb::Program& program,
                                              int64_t& columns_left) {
  if (proto.input() < 0 || proto.input() >= program.tensors_size()) {
    return Malformed("input", fmt::format("tensor {} of {}", proto.input(), program.tensors_size()));
  }
  array::PackedMatrix matrix;
  matrix.rows = proto.rows();
  matrix.groups = proto.groups();
  matrix.weights.assign(proto.weights().begin(), proto.weights().end());
  matrix.lanes.assign(proto.lanes().begin(), proto.lanes().end());
  int begin = 0;
  for (const int size : proto.group_sizes()) {
    COLONNADE_ASSIGN_OR_RETURN(auto members, TakePart("group_columns", proto.group_columns(), size, begin));
    matrix.group_columns.push_back(std::move(members));
  }
  if (begin != proto.group_columns_size()) return Malformed("group_columns", "values are left over");
  COLONNADE_ASSIGN_OR_RETURN(matrix.column_sites, ColumnSites(program.tensors(proto.input()).channels(),
                                                              FromProto(proto.window()), columns_left));
  return matrix;
}

absl::StatusOr<array::MatrixStep> MatrixFromProto(const pb::Matrix& proto, const pb::Program& program,
                                                  int64_t& columns_left) {
  array::MatrixStep step;
  step.input = proto.input();
  step.window = FromProto(proto.window());
  COLONNADE_ASSIGN_OR_RETURN(step.matrix, FromProto(proto, program, columns_left));
  step.bias.assign(proto.bias().begin(), proto.bias().end());
  step.shift.assign(proto.shift().begin(), proto.shift().end());
  if (proto.has_residual()) {
    step.residual = quant::Residual{proto.residual().tensor(), proto.residual().exponent()};
  }
  step.low = proto.low();
  step.high = proto.high();
  step.is_logits = proto.is_logits();
  step.dense_columns = proto.dense_columns();
  COLONNADE_ASSIGN_OR_RETURN(step.tiles, FromProto(proto.tiles()));
  step.cycles = FromProto(proto.cycles());
  return step;
}

quant::HostLayer FromProto(const pb::Add& p) {
  return quant::AddLayer{p.a(), p.b(), p.left_a(), p.left_b(), p.shift(), p.low(), p.high()};
}

quant::HostLayer FromProto(const pb::AveragePool& p) {
  return quant::AveragePoolLayer{p.input(), FromProto(p.window()), p.count_include_pad(), p.left()};
}

quant::HostLayer FromProto(const pb::Shift& p) {
  return quant::ShiftLayer{
      p.input(), {p.dy().begin(), p.dy().end()}, {p.dx().begin(), p.dx().end()}, p.stride_h(), p.stride_w()};
}

absl::StatusOr<quant::HostLayer> HostFromProto(const pb::Step& step) {
  switch (step.operation_case()) {
    case pb::Step::kAdd:
      return FromProto(step.add());
    case pb::Step::kMaxPool:
      return quant::MaxPoolLayer{step.max_pool().input(), FromProto(step.max_pool().window())};
    case pb::Step::kAveragePool:
      return FromProto(step.average_pool());
    case pb::Step::kShift:
      return FromProto(step.shift());
    case pb::Step::kSubsample:
      return quant::SubsampleLayer{step.subsample().input(), step.subsample().stride_h(),
                                   step.subsample().stride_w()};
    case pb::Step::kPadChannels:
      return quant::PadChannelsLayer{step.pad_channels().input(), step.pad_channels().before(),
                                     step.pad_channels().after()};
    case pb::Step::kFlatten:
      return quant::FlattenLayer{step.flatten().input()};
    case pb::Step::kConcat:
      return quant::ConcatLayer{{step.concat().inputs().begin(), step.concat().inputs().end()}};
    case pb::Step::kClip:
      return quant::ClipLayer{step.clip().input(), step.clip().low(), step.clip().high()};
    default:
      return Malformed("operation", "missing or unknown");
  }
}

absl::StatusOr<array::Step> FromProto(const pb::Step& step, const pb::Program& program,
                                      int64_t& columns_left) {
  if (step.has_matrix()) {
    COLONNADE_ASSIGN_OR_RETURN(auto matrix, MatrixFromProto(step.matrix(), program, columns_left));
    return array::Step{step.name(), std::move(matrix)};
  }
  COLONNADE_ASSIGN_OR_RETURN(auto host, HostFromProto(step));
  return array::Step{step.name(), std::move(host)};
}

Size FromProto(const pb::Size& proto) {
  return {proto.columns(), proto.tiles(), proto.cycles(), proto.weight_bytes()};
}

absl::StatusOr<Manifest> FromProto(const pb::Manifest& proto) {
  if (proto.input().data_type() != pb::Input::FP32 && proto.input().data_type() != pb::Input::UINT8) {
    return Malformed("manifest.input.data_type", "must be FP32 or UINT8");
  }
  Manifest manifest;
  manifest.name = proto.name();
  manifest.version = proto.version();
  manifest.tenant = proto.tenant();
  manifest.job = proto.job();
  manifest.model = proto.model();
  manifest.create_time = proto.create_time();
  manifest.input_type = proto.input().data_type() == pb::Input::UINT8 ? InputType::kUint8 : InputType::kFp32;
  manifest.normalization.mean.assign(proto.input().mean().begin(), proto.input().mean().end());
  manifest.normalization.deviation.assign(proto.input().deviation().begin(), proto.input().deviation().end());
  manifest.labels.assign(proto.labels().begin(), proto.labels().end());
  manifest.recipe_json = proto.recipe_json();
  manifest.executors.assign(proto.executors().begin(), proto.executors().end());
  return manifest;
}

Report FromProto(const pb::Report& proto) {
  return {proto.dense_accuracy(),    proto.packed_accuracy(),    proto.quantized_accuracy(),
          proto.accuracy_source(),   proto.images_evaluated(),   FromProto(proto.dense()),
          FromProto(proto.packed()), proto.packing_efficiency(), proto.packing_efficiency_tiled(),
          proto.data_used(),         proto.data_ceiling(),       proto.report_json()};
}

}  // namespace

absl::StatusOr<array::ArrayProgram> FromProto(const pb::Program& proto) {
  array::ArrayProgram program;
  COLONNADE_ASSIGN_OR_RETURN(program.config, FromProto(proto.config()));
  program.input_name = proto.input_name();
  program.output_name = proto.output_name();
  for (const pb::Tensor& tensor : proto.tensors()) program.tensors.push_back(FromProto(tensor));
  int64_t columns_left = kMaxColumns;
  for (const pb::Step& step : proto.steps()) {
    auto converted = FromProto(step, proto, columns_left);
    if (!converted.ok()) return Annotate(converted.status(), fmt::format("step '{}'", step.name()));
    program.steps.push_back(*std::move(converted));
  }
  program.logit_scale = proto.logit_scale();
  program.softmax = proto.softmax();
  program.cycles = FromProto(proto.cycles());
  return program;
}

absl::StatusOr<Artifact> FromProto(const pb::Artifact& proto) {
  Artifact artifact;
  COLONNADE_ASSIGN_OR_RETURN(artifact.manifest, FromProto(proto.manifest()));
  artifact.report = FromProto(proto.report());
  COLONNADE_ASSIGN_OR_RETURN(array::ArrayProgram program, FromProto(proto.program()));
  if (proto.manifest().array() != array::Name(program.config) ||
      proto.manifest().array_digest() != array::Digest(program.config)) {
    return Malformed("manifest.array",
                     fmt::format("'{}' with digest {}; the program is made for '{}' with digest {}",
                                 proto.manifest().array(), proto.manifest().array_digest(),
                                 array::Name(program.config), array::Digest(program.config)));
  }
  artifact.program = std::make_shared<const array::ArrayProgram>(std::move(program));
  for (const pb::SelfTest& test : proto.self_tests()) {
    artifact.self_tests.push_back({test.seed(), {test.expected().begin(), test.expected().end()}});
  }
  return artifact;
}

}  // namespace colonnade::artifact
