// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "server/base/status.h"
#include "server/onnx/convert.h"
#include "server/onnx/limits.h"

namespace colonnade::onnx {
namespace {

// One axis of a window.
struct Extent {
  int64_t kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;

  int64_t reach() const { return dilation * (kernel - 1) + 1; }
};

// SAME_UPPER and SAME_LOWER: as many outputs as strides fit, the odd pixel of
// padding after or before.
void PadSame(Extent& extent, int64_t size, bool upper) {
  const int64_t outputs = (size + extent.stride - 1) / extent.stride;
  const int64_t total = std::max<int64_t>((outputs - 1) * extent.stride + extent.reach() - size, 0);
  extent.before = upper ? total / 2 : total - total / 2;
  extent.after = total - extent.before;
}

absl::Status ReadPads(NodeView& node, std::array<Extent, 2>& extents, const std::array<int64_t, 2>& size) {
  COLONNADE_ASSIGN_OR_RETURN(const std::string mode, node.attributes.String("auto_pad", "NOTSET"));
  COLONNADE_ASSIGN_OR_RETURN(const auto pads, node.attributes.Ints("pads", 4, 0, kMaxImageSide));
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    for (int axis = 0; axis < 2; ++axis) PadSame(extents[axis], size[axis], mode == "SAME_UPPER");
    return absl::OkStatus();
  }
  if (mode != "NOTSET" && mode != "VALID") {
    return InvalidField(fmt::format("{}.auto_pad", node.place()),
                        "must be NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  }
  if (mode == "VALID" || !pads) return absl::OkStatus();
  for (int axis = 0; axis < 2; ++axis) {
    extents[axis].before = (*pads)[axis];
    extents[axis].after = (*pads)[axis + 2];
  }
  return absl::OkStatus();
}

// Pixels to add behind the image so that, as ceil_mode asks, a last window that
// starts inside the image or the padding before it is not dropped.
int64_t CeilExtra(int64_t size, int kernel, int stride, int before, int after) {
  const int64_t room = size + before + after - kernel;
  if (room < 0) return 0;
  int64_t outputs = (room + stride - 1) / stride + 1;
  if ((outputs - 1) * stride >= size + before) --outputs;
  return std::max<int64_t>((outputs - 1) * stride + kernel - (size + before + after), 0);
}

// Applies ceil_mode; true when it changed the window.
absl::StatusOr<bool> ApplyCeilMode(NodeView& node, const nn::Shape& image, nn::Window& w) {
  COLONNADE_ASSIGN_OR_RETURN(const int64_t ceil, node.attributes.Int("ceil_mode", 0, 0, 1));
  if (ceil == 0) return false;
  const int64_t bottom = CeilExtra(image.height, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom);
  const int64_t right = CeilExtra(image.width, w.kernel_w, w.stride_w, w.pad_left, w.pad_right);
  w.pad_bottom += int(bottom);
  w.pad_right += int(right);
  return bottom > 0 || right > 0;
}

absl::StatusOr<Conversion> Pool(NodeView& node, Builder& builder, nn::Operation operation,
                                const Activation& in) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Append(node, std::move(operation), {in}, 4));
  return Conversion{Verdict::kRunsUnpacked, "integer pooling", out};
}

}  // namespace

absl::StatusOr<Activation> ImageAt(const NodeView& node, int input, bool border) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in,
                             border ? node.PaddedActivationAt(input) : node.ActivationAt(input));
  if (in.rank == 4) return in;
  return InvalidField(fmt::format("{}.input[{}]", node.place(), input),
                      "has rank 2; must be [batch, channels, height, width]");
}

absl::StatusOr<nn::Window> ReadWindow(NodeView& node, const std::vector<int64_t>& kernel,
                                      const nn::Shape& image, const Border& border) {
  Attributes& attributes = node.attributes;
  COLONNADE_ASSIGN_OR_RETURN(const auto kernel_shape, attributes.Ints("kernel_shape", 2, 1, kMaxImageSide));
  COLONNADE_ASSIGN_OR_RETURN(const auto strides, attributes.Ints("strides", 2, 1, kMaxImageSide));
  COLONNADE_ASSIGN_OR_RETURN(const auto dilations, attributes.Ints("dilations", 2, 1, kMaxImageSide));
  if (!kernel_shape && kernel.empty())
    return InvalidField(fmt::format("{}.kernel_shape", node.place()), "is missing");
  const std::vector<int64_t>& size = kernel_shape ? *kernel_shape : kernel;
  if (!kernel.empty() && size != kernel) {
    return InvalidField(
        fmt::format("{}.kernel_shape", node.place()),
        fmt::format("is [{}]; the weight's is [{}]", fmt::join(size, ", "), fmt::join(kernel, ", ")));
  }
  for (const int64_t side : size) {
    if (side < 1 || side > kMaxImageSide) {
      return InvalidField(fmt::format("{}.kernel_shape", node.place()),
                          fmt::format("is {}; must be 1 to {}", side, kMaxImageSide));
    }
  }
  const std::array<int64_t, 2> sides = {image.height + border.top + border.bottom,
                                        image.width + border.left + border.right};
  std::array<Extent, 2> extents;
  for (int axis = 0; axis < 2; ++axis) {
    extents[axis].kernel = size[axis];
    if (strides) extents[axis].stride = (*strides)[axis];
    if (dilations) extents[axis].dilation = (*dilations)[axis];
  }
  COLONNADE_RETURN_IF_ERROR(ReadPads(node, extents, sides));
  const auto& [h, w] = extents;
  const int64_t pads[] = {h.before + border.top, w.before + border.left, h.after + border.bottom,
                          w.after + border.right};
  if (*std::max_element(std::begin(pads), std::end(pads)) > kMaxImageSide) {
    return InvalidField(fmt::format("{}.pads", node.place()), fmt::format("exceed {}", kMaxImageSide));
  }
  return nn::Window{int(h.kernel), int(w.kernel), int(h.stride), int(w.stride),   int(pads[0]),
                    int(pads[1]),  int(pads[2]),  int(pads[3]),  int(h.dilation), int(w.dilation)};
}

absl::StatusOr<Conversion> ConvertMaxPool(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, ImageAt(node, 0, false));
  COLONNADE_RETURN_IF_ERROR(node.attributes.Int("storage_order", 0, 0, 0).status());
  COLONNADE_ASSIGN_OR_RETURN(nn::Window window, ReadWindow(node, {}, builder.shape(in), {}));
  COLONNADE_RETURN_IF_ERROR(ApplyCeilMode(node, builder.shape(in), window).status());
  return Pool(node, builder, nn::MaxPool{window}, in);
}

absl::StatusOr<Conversion> ConvertAveragePool(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const int64_t include_pad, node.attributes.Int("count_include_pad", 0, 0, 1));
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, ImageAt(node, 0, false));
  COLONNADE_ASSIGN_OR_RETURN(nn::Window window, ReadWindow(node, {}, builder.shape(in), {}));
  COLONNADE_ASSIGN_OR_RETURN(const bool grown, ApplyCeilMode(node, builder.shape(in), window));
  if (grown && include_pad == 1) {
    return Refuse("ceil_mode adds windows whose divisor is not defined with count_include_pad",
                  "set ceil_mode or count_include_pad to 0");
  }
  return Pool(node, builder, nn::AveragePool{window, include_pad == 1}, in);
}

absl::StatusOr<Conversion> ConvertGlobalAveragePool(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, ImageAt(node, 0, false));
  return Pool(node, builder, nn::GlobalAveragePool{}, in);
}

absl::StatusOr<Conversion> ConvertReduceMean(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, ImageAt(node, 0, false));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t keep, node.attributes.Int("keepdims", 1, 0, 1));
  COLONNADE_RETURN_IF_ERROR(node.attributes.Int("noop_with_empty_axes", 0, 0, 1).status());
  COLONNADE_ASSIGN_OR_RETURN(const auto axes, node.AttributeOrInput("axes", 1, 18));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<bool> reduced,
                             AxisSet(node, axes.value_or(std::vector<int64_t>{}), 4));
  if (reduced != std::vector<bool>{false, false, true, true}) {
    return Refuse("does not reduce height and width", "reduce axes 2 and 3, or use GlobalAveragePool");
  }
  COLONNADE_ASSIGN_OR_RETURN(Activation out,
                             builder.Append(node, nn::GlobalAveragePool{}, {in}, keep ? 4 : 2));
  return Conversion{Verdict::kRunsUnpacked, "global average", out};
}

}  // namespace colonnade::onnx
