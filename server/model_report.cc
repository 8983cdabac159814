// SPDX-License-Identifier: Apache-2.0
#include "server/model_report.h"

#include <algorithm>
#include <utility>

#include "server/nn/transforms.h"

namespace colonnade {
namespace {

v1::NodeVerdict::Verdict ToProto(onnx::Verdict verdict) {
  switch (verdict) {
    case onnx::Verdict::kPackable:
      return v1::NodeVerdict::PACKABLE;
    case onnx::Verdict::kRunsUnpacked:
      return v1::NodeVerdict::RUNS_UNPACKED;
    case onnx::Verdict::kFolded:
      return v1::NodeVerdict::FOLDED;
    case onnx::Verdict::kRefused:
      return v1::NodeVerdict::REFUSED;
  }
  return v1::NodeVerdict::VERDICT_UNSPECIFIED;
}

// Adds a matrix layer that reads a tensor of `input`; returns its parameters.
int64_t AddLayer(const nn::Layer& layer, const nn::Shape& input, v1::ModelReport& report) {
  const auto* conv = layer.as<nn::Convolution>();
  const std::vector<float>& weight = conv ? conv->weight : layer.as<nn::Linear>()->weight;
  v1::LayerReport& added = *report.add_layers();
  added.set_name(layer.name);
  added.set_rows(layer.output.channels);
  added.set_columns(conv ? input.channels * conv->window.kernel_h * conv->window.kernel_w
                         : int(input.size()));
  added.set_pixels(layer.output.height * layer.output.width);
  added.set_nonzeros(int64_t(weight.size()) - std::count(weight.begin(), weight.end(), 0.0f));
  added.set_depthwise(conv && conv->groups > 1 && conv->groups == input.channels);
  return int64_t(weight.size()) + layer.output.channels;
}

void AddNetwork(const nn::Network& network, v1::ModelReport& report) {
  report.set_accepted(true);
  report.set_input_name(network.input_name);
  report.set_output_name(network.output_name);
  report.set_classes(network.output_shape().channels);
  report.mutable_input_shape()->set_channels(network.input_shape().channels);
  report.mutable_input_shape()->set_height(network.input_shape().height);
  report.mutable_input_shape()->set_width(network.input_shape().width);
  report.set_dense_macs(network.DenseMacs());
  int64_t parameters = 0;
  for (const nn::Layer& layer : network.layers) {
    if (layer.is_matrix()) parameters += AddLayer(layer, network.layers[layer.inputs[0]].output, report);
  }
  report.set_parameters(parameters);
}

}  // namespace

v1::ModelReport MakeReport(onnx::Examination& examination) {
  const onnx::Imported& imported = examination.imported;
  v1::ModelReport report;
  report.set_producer(imported.producer);
  report.set_opset(imported.opset);
  for (const onnx::NodeVerdict& verdict : imported.verdicts) {
    v1::NodeVerdict& node = *report.add_nodes();
    node.set_name(verdict.name);
    node.set_op_type(verdict.op_type);
    node.set_verdict(ToProto(verdict.verdict));
    node.set_reason(verdict.reason);
    node.set_remedy(verdict.remedy);
  }
  if (!examination.status.ok()) return report;
  const auto folded = nn::FoldBatchNorms(imported.network);
  examination.status = folded.status();
  if (folded.ok()) AddNetwork(*folded, report);
  return report;
}

}  // namespace colonnade
