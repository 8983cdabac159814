// SPDX-License-Identifier: Apache-2.0
#include "server/artifact/proto_codec.h"

namespace colonnade::artifact {
namespace {

pb::Cycles ToProto(const array::Cycles& cycles) {
  pb::Cycles proto;
  proto.set_fill(cycles.fill);
  proto.set_stream(cycles.stream);
  proto.set_drain(cycles.drain);
  proto.set_weight_load(cycles.weight_load);
  proto.set_stall(cycles.stall);
  return proto;
}

pb::Window ToProto(const nn::Window& window) {
  pb::Window proto;
  proto.set_kernel_h(window.kernel_h);
  proto.set_kernel_w(window.kernel_w);
  proto.set_stride_h(window.stride_h);
  proto.set_stride_w(window.stride_w);
  proto.set_pad_top(window.pad_top);
  proto.set_pad_left(window.pad_left);
  proto.set_pad_bottom(window.pad_bottom);
  proto.set_pad_right(window.pad_right);
  proto.set_dilation_h(window.dilation_h);
  proto.set_dilation_w(window.dilation_w);
  return proto;
}

pb::ArrayConfig ToProto(const array::ArrayConfig& config) {
  pb::ArrayConfig proto;
  proto.set_rows(config.rows);
  proto.set_columns(config.columns);
  proto.set_alpha(config.alpha);
  proto.set_interleave(config.interleave);
  proto.set_weight_buffers(config.weight_buffers);
  proto.set_feed_rule(std::string(nn::ToString(config.feed_rule)));
  proto.set_activation_bytes(config.activation_bytes);
  proto.set_weight_bytes(config.weight_bytes);
  return proto;
}

pb::Tensor ToProto(const quant::Tensor& tensor) {
  pb::Tensor proto;
  proto.set_name(tensor.name);
  proto.set_channels(tensor.shape.channels);
  proto.set_height(tensor.shape.height);
  proto.set_width(tensor.shape.width);
  proto.set_scale(tensor.scale);
  proto.set_is_signed(tensor.is_signed);
  return proto;
}

pb::Tiles ToProto(const std::vector<array::Tile>& tiles) {
  pb::Tiles proto;
  for (const array::Tile& tile : tiles) {
    proto.add_row_begin(tile.row_begin);
    proto.add_row_end(tile.row_end);
    proto.add_group_counts(static_cast<int>(tile.groups.size()));
    proto.mutable_groups()->Add(tile.groups.begin(), tile.groups.end());
    const array::Cycles& c = tile.cycles;
    for (const int64_t part : {c.fill, c.stream, c.drain, c.weight_load, c.stall}) proto.add_cycles(part);
  }
  return proto;
}

template <typename T>
std::string Bytes(const std::vector<T>& values) {
  return std::string(values.begin(), values.end());
}

void SetCells(const array::PackedMatrix& matrix, pb::Matrix& proto) {
  proto.set_rows(matrix.rows);
  proto.set_groups(matrix.groups);
  proto.set_weights(Bytes(matrix.weights));
  proto.set_lanes(Bytes(matrix.lanes));
  for (const std::vector<int>& members : matrix.group_columns) {
    proto.add_group_sizes(static_cast<int>(members.size()));
    proto.mutable_group_columns()->Add(members.begin(), members.end());
  }
}

// Writes one operation into the step's oneof.
struct StepWriter {
  pb::Step& step;

  void operator()(const array::MatrixStep& from) const {
    pb::Matrix& to = *step.mutable_matrix();
    to.set_input(from.input);
    *to.mutable_window() = ToProto(from.window);
    SetCells(from.matrix, to);
    to.mutable_bias()->Add(from.bias.begin(), from.bias.end());
    to.set_shift(Bytes(from.shift));
    if (from.residual) {
      to.mutable_residual()->set_tensor(from.residual->tensor);
      to.mutable_residual()->set_exponent(from.residual->exponent);
    }
    to.set_low(from.low);
    to.set_high(from.high);
    to.set_is_logits(from.is_logits);
    to.set_dense_columns(from.dense_columns);
    *to.mutable_tiles() = ToProto(from.tiles);
    *to.mutable_cycles() = ToProto(from.cycles);
  }
  void operator()(const quant::HostLayer& from) const { std::visit(*this, from); }
  void operator()(const quant::AddLayer& from) const {
    pb::Add& to = *step.mutable_add();
    to.set_a(from.a);
    to.set_b(from.b);
    to.set_left_a(from.left_a);
    to.set_left_b(from.left_b);
    to.set_shift(from.shift);
    to.set_low(from.low);
    to.set_high(from.high);
  }
  void operator()(const quant::MaxPoolLayer& from) const {
    step.mutable_max_pool()->set_input(from.input);
    *step.mutable_max_pool()->mutable_window() = ToProto(from.window);
  }
  void operator()(const quant::AveragePoolLayer& from) const {
    pb::AveragePool& to = *step.mutable_average_pool();
    to.set_input(from.input);
    *to.mutable_window() = ToProto(from.window);
    to.set_count_include_pad(from.count_include_pad);
    to.set_left(from.left);
  }
  void operator()(const quant::ShiftLayer& from) const {
    pb::Shift& to = *step.mutable_shift();
    to.set_input(from.input);
    to.mutable_dy()->Add(from.dy.begin(), from.dy.end());
    to.mutable_dx()->Add(from.dx.begin(), from.dx.end());
    to.set_stride_h(from.stride_h);
    to.set_stride_w(from.stride_w);
  }
  void operator()(const quant::SubsampleLayer& from) const {
    step.mutable_subsample()->set_input(from.input);
    step.mutable_subsample()->set_stride_h(from.stride_h);
    step.mutable_subsample()->set_stride_w(from.stride_w);
  }
  void operator()(const quant::PadChannelsLayer& from) const {
    step.mutable_pad_channels()->set_input(from.input);
    step.mutable_pad_channels()->set_before(from.before);
    step.mutable_pad_channels()->set_after(from.after);
  }
  void operator()(const quant::FlattenLayer& from) const { step.mutable_flatten()->set_input(from.input); }
  void operator()(const quant::ConcatLayer& from) const {
    step.mutable_concat()->mutable_inputs()->Add(from.inputs.begin(), from.inputs.end());
  }
  void operator()(const quant::ClipLayer& from) const {
    step.mutable_clip()->set_input(from.input);
    step.mutable_clip()->set_low(from.low);
    step.mutable_clip()->set_high(from.high);
  }
};

pb::Size ToProto(const Size& size) {
  pb::Size proto;
  proto.set_columns(size.columns);
  proto.set_tiles(size.tiles);
  proto.set_cycles(size.cycles);
  proto.set_weight_bytes(size.weight_bytes);
  return proto;
}

pb::Manifest ToProto(const Manifest& manifest, const array::ArrayConfig& config) {
  pb::Manifest proto;
  proto.set_name(manifest.name);
  proto.set_version(manifest.version);
  proto.set_tenant(manifest.tenant);
  proto.set_job(manifest.job);
  proto.set_model(manifest.model);
  proto.set_create_time(manifest.create_time);
  pb::Input& input = *proto.mutable_input();
  input.set_data_type(manifest.input_type == InputType::kUint8 ? pb::Input::UINT8 : pb::Input::FP32);
  const auto& [mean, deviation] = manifest.normalization;
  input.mutable_mean()->Add(mean.begin(), mean.end());
  input.mutable_deviation()->Add(deviation.begin(), deviation.end());
  proto.mutable_labels()->Add(manifest.labels.begin(), manifest.labels.end());
  proto.set_recipe_json(manifest.recipe_json);
  proto.mutable_executors()->Add(manifest.executors.begin(), manifest.executors.end());
  proto.set_array(array::Name(config));
  proto.set_array_digest(array::Digest(config));
  return proto;
}

pb::Report ToProto(const Report& report) {
  pb::Report proto;
  proto.set_dense_accuracy(report.dense_accuracy);
  proto.set_packed_accuracy(report.packed_accuracy);
  proto.set_quantized_accuracy(report.quantized_accuracy);
  proto.set_accuracy_source(report.accuracy_source);
  proto.set_images_evaluated(report.images_evaluated);
  *proto.mutable_dense() = ToProto(report.dense);
  *proto.mutable_packed() = ToProto(report.packed);
  proto.set_packing_efficiency(report.packing_efficiency);
  proto.set_packing_efficiency_tiled(report.packing_efficiency_tiled);
  proto.set_data_used(report.data_used);
  proto.set_data_ceiling(report.data_ceiling);
  proto.set_report_json(report.report_json);
  return proto;
}

}  // namespace

pb::Program ToProto(const array::ArrayProgram& program) {
  pb::Program proto;
  *proto.mutable_config() = ToProto(program.config);
  proto.set_input_name(program.input_name);
  proto.set_output_name(program.output_name);
  for (const quant::Tensor& tensor : program.tensors) *proto.add_tensors() = ToProto(tensor);
  for (const array::Step& step : program.steps) {
    pb::Step& to = *proto.add_steps();
    to.set_name(step.name);
    std::visit(StepWriter{to}, step.operation);
  }
  proto.set_logit_scale(program.logit_scale);
  proto.set_softmax(program.softmax);
  *proto.mutable_cycles() = ToProto(program.cycles);
  return proto;
}

pb::Artifact ToProto(const Artifact& artifact) {
  pb::Artifact proto;
  *proto.mutable_manifest() = ToProto(artifact.manifest, artifact.program->config);
  *proto.mutable_report() = ToProto(artifact.report);
  *proto.mutable_program() = ToProto(*artifact.program);
  for (const SelfTest& test : artifact.self_tests) {
    pb::SelfTest& to = *proto.add_self_tests();
    to.set_seed(test.seed);
    to.mutable_expected()->Add(test.expected.begin(), test.expected.end());
  }
  return proto;
}

}  // namespace colonnade::artifact
