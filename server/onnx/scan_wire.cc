// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/scan_wire.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "server/onnx/limits.h"

namespace colonnade::onnx {
namespace {

enum class Kind {
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparseTensor,
  kValueInfo,
  kType,
  kElementType,
  kTensorType,
  kShape,
  kTraining,
  kFunction,
  kAnnotation,
  kFlat,    // a message without messages
  kPacked,  // no message: varints, counted by their bytes
};

struct Child {
  Kind parent;
  uint32_t field;
  Kind kind;
};

constexpr Child kSchema[] = {
    {Kind::kModel, 7, Kind::kGraph},
    {Kind::kModel, 8, Kind::kFlat},
    {Kind::kModel, 14, Kind::kFlat},
    {Kind::kModel, 20, Kind::kTraining},
    {Kind::kModel, 25, Kind::kFunction},
    {Kind::kGraph, 1, Kind::kNode},
    {Kind::kGraph, 5, Kind::kTensor},
    {Kind::kGraph, 15, Kind::kSparseTensor},
    {Kind::kGraph, 11, Kind::kValueInfo},
    {Kind::kGraph, 12, Kind::kValueInfo},
    {Kind::kGraph, 13, Kind::kValueInfo},
    {Kind::kGraph, 14, Kind::kAnnotation},
    {Kind::kNode, 5, Kind::kAttribute},
    {Kind::kAttribute, 5, Kind::kTensor},
    {Kind::kAttribute, 6, Kind::kGraph},
    {Kind::kAttribute, 8, Kind::kPacked},
    {Kind::kAttribute, 10, Kind::kTensor},
    {Kind::kAttribute, 11, Kind::kGraph},
    {Kind::kAttribute, 14, Kind::kType},
    {Kind::kAttribute, 15, Kind::kType},
    {Kind::kAttribute, 22, Kind::kSparseTensor},
    {Kind::kAttribute, 23, Kind::kSparseTensor},
    {Kind::kTensor, 1, Kind::kPacked},
    {Kind::kTensor, 3, Kind::kFlat},
    {Kind::kTensor, 5, Kind::kPacked},
    {Kind::kTensor, 7, Kind::kPacked},
    {Kind::kTensor, 11, Kind::kPacked},
    {Kind::kTensor, 13, Kind::kFlat},
    {Kind::kSparseTensor, 1, Kind::kTensor},
    {Kind::kSparseTensor, 2, Kind::kTensor},
    {Kind::kSparseTensor, 3, Kind::kPacked},
    {Kind::kValueInfo, 2, Kind::kType},
    {Kind::kType, 1, Kind::kTensorType},
    {Kind::kType, 4, Kind::kElementType},
    {Kind::kType, 5, Kind::kElementType},
    {Kind::kType, 8, Kind::kTensorType},
    {Kind::kType, 9, Kind::kElementType},
    {Kind::kElementType, 1, Kind::kType},
    {Kind::kElementType, 2, Kind::kType},
    {Kind::kTensorType, 2, Kind::kShape},
    {Kind::kShape, 1, Kind::kFlat},
    {Kind::kTraining, 1, Kind::kGraph},
    {Kind::kTraining, 2, Kind::kGraph},
    {Kind::kTraining, 3, Kind::kFlat},
    {Kind::kTraining, 4, Kind::kFlat},
    {Kind::kFunction, 7, Kind::kNode},
    {Kind::kFunction, 9, Kind::kFlat},
    {Kind::kFunction, 11, Kind::kAttribute},
    {Kind::kAnnotation, 2, Kind::kFlat},
};

std::optional<Kind> ChildKind(Kind parent, uint64_t field) {
  for (const Child& child : kSchema) {
    if (child.parent == parent && child.field == field) return child.kind;
  }
  return std::nullopt;
}

class Scanner {
 public:
  explicit Scanner(std::string_view bytes) : bytes_(bytes) {}

  absl::Status Run() {
    open_.push_back({bytes_.size(), Kind::kModel});
    while (!open_.empty()) {
      if (position_ == open_.back().end) {
        open_.pop_back();
      } else if (!Field()) {
        return Failure();
      }
    }
    return absl::OkStatus();
  }

 private:
  struct Message {
    size_t end;
    Kind kind;
  };

  bool Varint(uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (position_ == open_.back().end) return false;
      const auto byte = uint8_t(bytes_[position_++]);
      value |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool Skip(uint64_t count) {
    if (count > open_.back().end - position_) return false;
    position_ += count;
    return true;
  }

  // Steps over one field, or into it when it is a message.
  bool Field() {
    uint64_t tag, value;
    if (++fields_ > kMaxWireFields || !Varint(tag)) return false;
    switch (tag & 7) {
      case 0:
        return Varint(value);
      case 1:
        return Skip(8);
      case 2:
        return Varint(value) && Enter(tag >> 3, value);
      case 3:
      case 4:
        return true;  // group marks: contents are counted as fields of this message
      case 5:
        return Skip(4);
      default:
        return false;
    }
  }

  bool Enter(uint64_t field, uint64_t length) {
    const size_t start = position_;
    if (!Skip(length)) return false;
    const std::optional<Kind> kind = ChildKind(open_.back().kind, field);
    if (!kind) return true;
    if (kind == Kind::kPacked) return (varint_bytes_ += int64_t(length)) <= kMaxVarintBytes;
    open_.push_back({position_, *kind});
    position_ = start;
    return int(open_.size()) <= kMaxWireDepth;
  }

  absl::Status Failure() const {
    if (fields_ > kMaxWireFields) {
      return absl::ResourceExhaustedError(fmt::format("model: holds more than {} fields", kMaxWireFields));
    }
    if (varint_bytes_ > kMaxVarintBytes) {
      return absl::ResourceExhaustedError(fmt::format(
          "model: integer arrays take more than {} bytes; store them as raw_data", kMaxVarintBytes));
    }
    if (int(open_.size()) > kMaxWireDepth) {
      return absl::InvalidArgumentError(fmt::format("model: messages nest deeper than {}", kMaxWireDepth));
    }
    return absl::InvalidArgumentError(
        fmt::format("model: not an ONNX file, or cut off: malformed field near byte {}", position_));
  }

  std::string_view bytes_;
  size_t position_ = 0;
  int fields_ = 0;
  int64_t varint_bytes_ = 0;
  std::vector<Message> open_;
};

}  // namespace

absl::Status ScanWire(std::string_view bytes) { return Scanner(bytes).Run(); }

}  // namespace colonnade::onnx
