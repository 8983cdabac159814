// SPDX-License-Identifier: Apache-2.0
// Layer by layer. Each adds nodes that read dequantized tensors and end in one float
// tensor, which Finish() quantizes and dequantizes for the layers to come. ONNX knows flat
// vectors, [batch, values], and images; the integer network does not, so every tensor
// remembers what it is here and is turned into the other where a node needs that.
//
// Halves. QuantizeLinear rounds them to even, we round them up. With 2^k steps of the
// accumulator to a unit, one value in 2^(k+1) would be a unit lower, and a network of 20
// layers would name another class for 7 images of 1000. So whatever is rounded lies a
// fraction of a step higher here: less than the half step by which the nearest value that
// is no half could take it, so that it decides halves and nothing else.
//   - A bias is larger by a quarter of a step. That decides where a runtime computes in
//     floats, whose errors are smaller. Where it computes in integers, it rounds the
//     quarter away, but has no errors, and so
//   - where a matrix layer's result cannot be negative, its weights' scale is larger by
//     2^-(k+11), for the largest result, 255, an eighth of a step.
//   - An addition and an average get their quarter from a node of its own.
#include "server/onnx/export_qdq.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <span>

#include "server/onnx/graph_writer.h"
#include "server/onnx/shift_kernels.h"
#include "server/onnx/weight_blocks.h"
#include "server/quant/reweigh.h"

namespace colonnade::onnx {
namespace {

constexpr int kMaxRaisedShift = 12;  // beyond it a float does not hold the difference

// A tensor of the network: what DequantizeLinear gives, or the logits.
struct Exported {
  std::string real;
  bool flat = false;
};

class QdqExporter {
 public:
  QdqExporter(const quant::QuantizedNetwork& network, const QdqOptions& options)
      : network_(network), options_(options), writer_(network.input_name, network.output_name) {}

  absl::StatusOr<std::string> Run() {
    Input();
    for (const quant::QuantizedLayer& layer : network_.layers) {
      layer_ = layer.name;
      std::visit(*this, layer.operation);
    }
    Output();
    for (const auto& [key, value] : options_.metadata) writer_.AddMetadata(key, value);
    if (!status_.ok()) return status_;
    return writer_.Serialize();
  }

  void operator()(const quant::HostLayer& layer) { std::visit(*this, layer); }

  void operator()(const quant::MatrixLayer& layer) {
    const bool flat = IsFullyConnected(layer);
    std::string sum = flat ? Gemm(layer) : Convolution(layer);
    if (layer.is_logits) {
      tensors_.push_back({sum, flat});
      return;
    }
    if (layer.residual) {
      const int added = layer.residual->tensor;
      sum = Emit("Add", {sum, flat ? Flat(added) : Image(added)}, "sum");
    }
    Finish(Clipped(sum, layer.low, layer.high), flat);
  }

  void operator()(const quant::AddLayer& layer) {
    const bool flat = tensors_[layer.a].flat && tensors_[layer.b].flat;
    const std::vector<std::string> terms =
        flat ? std::vector{Flat(layer.a), Flat(layer.b)} : std::vector{Image(layer.a), Image(layer.b)};
    const std::string sum = Raised(Main("Add", terms), std::ldexp(Out().scale, -layer.shift));
    Finish(Clipped(sum, layer.low, layer.high), flat);
  }

  void operator()(const quant::MaxPoolLayer& layer) {
    const std::string pooled = Main("MaxPool", {Image(layer.input)});
    SetWindow(Last(), layer.window);
    Finish(pooled, false);
  }

  void operator()(const quant::AveragePoolLayer& layer) {
    const std::string pooled = Main("AveragePool", {Image(layer.input)});
    SetWindow(Last(), layer.window);
    SetInt(Last(), "count_include_pad", layer.count_include_pad ? 1 : 0);
    Finish(Raised(pooled, Out().scale / (double(layer.window.kernel_h) * layer.window.kernel_w)), false);
  }

  void operator()(const quant::ShiftLayer& layer) {
    const nn::Shape& image = network_.tensors[layer.input].shape;
    const ShiftKernels kernels = ToKernels({layer.dy, layer.dx, layer.stride_h, layer.stride_w}, image);
    const nn::Window& window = kernels.window;
    const std::string ones =
        writer_.Int8s(Name("kernels"), {image.channels, 1, window.kernel_h, window.kernel_w}, kernels.values);
    const std::string weight =
        Emit("DequantizeLinear",
             {ones, writer_.Float(Name("kernel_scale"), 1.0f), writer_.ZeroPoint(Name("kernel_zero_point"), true)},
             "weight");
    const std::string moved = Main("Conv", {Image(layer.input), weight});
    SetWindow(Last(), window);
    SetInt(Last(), "group", image.channels);
    Finish(moved, false);
  }

  void operator()(const quant::SubsampleLayer& layer) {
    const int64_t end = std::numeric_limits<int64_t>::max();
    Finish(Main("Slice", {Image(layer.input), writer_.Int64s(Name("starts"), {0, 0}),
                          writer_.Int64s(Name("ends"), {end, end}), writer_.Int64s(Name("axes"), {2, 3}),
                          writer_.Int64s(Name("steps"), {layer.stride_h, layer.stride_w})}),
           false);
  }

  void operator()(const quant::PadChannelsLayer& layer) {
    Finish(
        Main("Pad", {Image(layer.input), writer_.Int64s(Name("pads"), {0, layer.before, 0, 0, 0, layer.after, 0, 0})}),
        false);
  }

  void operator()(const quant::ConcatLayer& layer) {
    std::vector<std::string> parts;
    for (const int input : layer.inputs) parts.push_back(Image(input));
    const std::string joined = Main("Concat", parts);
    SetInt(Last(), "axis", 1);
    Finish(joined, false);
  }

  void operator()(const quant::FlattenLayer& layer) {
    const std::string flat = Main("Flatten", {tensors_[layer.input].real});
    SetInt(Last(), "axis", 1);
    Finish(flat, true);
  }

  // Always a node, so that no runtime sees a tensor quantized twice in a row.
  void operator()(const quant::ClipLayer& layer) {
    const Exported in = tensors_[layer.input];
    Finish(Main("Clip", Bounds(in.real, layer.low, layer.high)), in.flat);
  }

 private:
  void Input() {
    const quant::Tensor& image = network_.tensors[0];
    const std::vector<int64_t> dims = {image.shape.channels, image.shape.height, image.shape.width};
    writer_.DeclareInput(network_.input_name, options_.pixels ? TensorProto::UINT8 : TensorProto::FLOAT, dims);
    layer_ = network_.input_name;
    Finish(options_.pixels ? Normalized(*options_.pixels) : network_.input_name, false);
  }

  std::string Normalized(const PixelInput& pixels) {
    const std::vector<int64_t> dims = {1, int64_t(pixels.mean.size()), 1, 1};
    const std::vector<float> mean(pixels.mean.begin(), pixels.mean.end());
    const std::vector<float> deviation(pixels.deviation.begin(), pixels.deviation.end());
    const std::string cast = Emit("Cast", {network_.input_name}, "cast");
    SetInt(Last(), "to", TensorProto::FLOAT);
    const std::string share = Emit("Div", {cast, writer_.Float(Name("largest"), 255.0f)}, "share");
    const std::string centred = Emit("Sub", {share, writer_.Floats(Name("mean"), dims, mean)}, "centred");
    return Emit("Div", {centred, writer_.Floats(Name("deviation"), dims, deviation)}, "normalized");
  }

  // The last node gives the last tensor, or what is made of it here; it gets the output's name.
  void Output() {
    layer_ = network_.output_name;
    std::string real = Flat(int(tensors_.size()) - 1);
    if (network_.softmax) {
      real = Emit("Softmax", {real}, "softmax");
      SetInt(Last(), "axis", 1);
    }
    Last().set_output(0, network_.output_name);
    writer_.DeclareOutput(network_.output_name, TensorProto::FLOAT, {network_.tensors.back().shape.size()});
  }

  // Each filter sees the whole input, once and nothing else.
  bool IsFullyConnected(const quant::MatrixLayer& layer) const {
    const nn::Shape& in = network_.tensors[layer.input].shape;
    return in.height == 1 && in.width == 1 && Out().shape.height == 1 && Out().shape.width == 1 &&
           layer.weights.columns == in.channels && layer.window.pad_top == 0 && layer.window.pad_left == 0;
  }

  std::string Gemm(const quant::MatrixLayer& layer) {
    const quant::WeightMatrix& m = layer.weights;
    const std::string weight = Weights(layer, {m.rows, m.columns}, m.values);
    const std::string sum = Main("Gemm", {Flat(layer.input), weight, Bias(layer)});
    SetInt(Last(), "transB", 1);
    return sum;
  }

  std::string Convolution(const quant::MatrixLayer& layer) {
    const int channels = network_.tensors[layer.input].shape.channels;
    const int groups = BlocksOf(layer.weights, channels);
    const nn::Window& window = layer.window;
    const std::string weight = Weights(layer, {layer.weights.rows, channels / groups, window.kernel_h, window.kernel_w},
                                       TakeBlocks(layer.weights, groups));
    const std::string sum = Main("Conv", {Image(layer.input), weight, Bias(layer)});
    SetWindow(Last(), window);
    SetDilations(Last(), window);
    SetInt(Last(), "group", groups);
    return sum;
  }

  // Dequantized, filter by filter.
  std::string Weights(const quant::MatrixLayer& layer, const std::vector<int64_t>& dims,
                      const std::vector<int8_t>& values) {
    std::vector<float> scales = AccumulatorScales(layer, 1 / network_.tensors[layer.input].scale);
    const std::string stored = writer_.Int8s(Name("weight_quantized"), dims, values);
    const std::string scale = writer_.Floats(Name("weight_scale"), {dims[0]}, scales);
    const std::string zeros =
        writer_.Int8s(Name("weight_zero_point"), {dims[0]}, std::vector<int8_t>(scales.size(), 0));
    const std::string weight = Emit("DequantizeLinear", {stored, scale, zeros}, "weight");
    SetInt(Last(), "axis", 0);
    return weight;
  }

  std::string Bias(const quant::MatrixLayer& layer) {
    const std::vector<float> scales = AccumulatorScales(layer, 1.0);
    const double quarter = layer.is_logits ? 0 : 0.25;
    std::vector<float> bias;
    for (size_t row = 0; row < scales.size(); ++row) bias.push_back(float((layer.bias[row] + quarter) * scales[row]));
    return writer_.Floats(Name("bias"), {layer.weights.rows}, bias);
  }

  // The scale of each filter's accumulator, times `factor`.
  std::vector<float> AccumulatorScales(const quant::MatrixLayer& layer, double factor) {
    const bool raise = !layer.is_logits && !layer.residual && layer.low >= 0;
    std::vector<float> scales;
    const std::vector<double> plain = quant::AccumulatorScales(network_, int(tensors_.size()) - 1);
    for (size_t row = 0; row < plain.size(); ++row) {
      const int shift = layer.shift[row];
      const double raised = raise && shift <= kMaxRaisedShift ? 1 + std::ldexp(1.0, -shift - 11) : 1;
      scales.push_back(Narrowed(plain[row] * raised * factor));
    }
    return scales;
  }

  // `real`, a multiple of `step`, and a quarter of it.
  std::string Raised(const std::string& real, double step) {
    return Emit("Add", {real, writer_.Float(Name("quarter"), float(step / 4))}, "raised");
  }

  std::string Clipped(const std::string& real, int low, int high) {
    if (low <= Out().lowest() && high >= Out().highest()) return real;
    return Emit("Clip", Bounds(real, low, high), "clipped");
  }

  std::vector<std::string> Bounds(const std::string& real, int low, int high) {
    return {real, writer_.Float(Name("low"), float(low * Out().scale)),
            writer_.Float(Name("high"), float(high * Out().scale))};
  }

  // Tensor `index` as [batch, channels, height, width].
  std::string Image(int index) {
    if (!tensors_[index].flat) return tensors_[index].real;
    return Emit("Unsqueeze", {tensors_[index].real, writer_.Int64s(Name("image_axes"), {2, 3})}, "image");
  }

  // Tensor `index` as [batch, values].
  std::string Flat(int index) {
    if (tensors_[index].flat) return tensors_[index].real;
    const std::string flat = Emit("Flatten", {tensors_[index].real}, "flat");
    SetInt(Last(), "axis", 1);
    return flat;
  }

  // Makes `real` the tensor that the current layer writes.
  void Finish(const std::string& real, bool flat) {
    const quant::Tensor& out = Out();
    const std::string scale = writer_.Float(Name("scale"), Narrowed(out.scale));
    const std::string zero = writer_.ZeroPoint(Name("zero_point"), out.is_signed);
    const std::string quantized = Emit("QuantizeLinear", {real, scale, zero}, "quantized");
    tensors_.push_back({Emit("DequantizeLinear", {quantized, scale, zero}, "output"), flat});
  }

  float Narrowed(double scale) {
    const auto narrow = float(scale);
    if (!std::isnormal(narrow) && status_.ok()) {
      status_ = absl::FailedPreconditionError(
          fmt::format("'{}' has a scale of {}, which is no normal 32-bit float as ONNX wants it", layer_, scale));
    }
    return narrow;
  }

  // The tensor that the current layer writes.
  const quant::Tensor& Out() const { return network_.tensors[tensors_.size()]; }

  std::string Name(std::string_view role) const { return fmt::format("{}.{}", layer_, role); }

  // A node that is named like its output, which is returned.
  std::string Emit(std::string_view op_type, const std::vector<std::string>& inputs, std::string_view role) {
    std::string output = writer_.Unique(Name(role));
    writer_.Emit(op_type, inputs, output).set_name(output);
    return output;
  }

  // The node that bears the layer's name.
  std::string Main(std::string_view op_type, const std::vector<std::string>& inputs) {
    std::string output = Emit(op_type, inputs, "real");
    Last().set_name(layer_);
    return output;
  }

  NodeProto& Last() { return *writer_.graph().mutable_node()->rbegin(); }

  const quant::QuantizedNetwork& network_;
  const QdqOptions& options_;
  GraphWriter writer_;
  std::vector<Exported> tensors_;  // by index
  std::string layer_;              // the name of the current one
  absl::Status status_;            // the first error
};

}  // namespace

absl::StatusOr<std::string> ExportQdq(const quant::QuantizedNetwork& network, const QdqOptions& options) {
  return QdqExporter(network, options).Run();
}

}  // namespace colonnade::onnx
