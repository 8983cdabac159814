// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "server/base/status.h"
#include "server/onnx/limits.h"

namespace colonnade::onnx {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

// How one element type is stored: bytes per value in raw_data, and how many
// values its typed field holds.
struct Storage {
  int bytes;
  int typed_values;
};

absl::StatusOr<Storage> StorageOf(const TensorProto& tensor, std::string_view place) {
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return Storage{4, tensor.float_data_size()};
    case TensorProto::DOUBLE:
      return Storage{8, tensor.double_data_size()};
    case TensorProto::INT64:
      return Storage{8, tensor.int64_data_size()};
    case TensorProto::INT32:
      return Storage{4, tensor.int32_data_size()};
    case TensorProto::BOOL:
      return Storage{1, tensor.int32_data_size()};
    case TensorProto::UNDEFINED:
      return InvalidField(fmt::format("{}.data_type", place), "is missing");
    default:
      break;
  }
  return absl::UnimplementedError(fmt::format(
      "{}.data_type: type {} is not supported; export the model in float32", place, tensor.data_type()));
}

absl::Status CheckSources(const TensorProto& tensor, std::string_view place) {
  if (tensor.data_location() != TensorProto::DEFAULT || tensor.external_data_size() > 0) {
    return InvalidField(fmt::format("{}.data_location", place),
                        "external data is never read; save the model as a single file");
  }
  if (tensor.has_segment()) return InvalidField(fmt::format("{}.segment", place), "segments are not allowed");
  const bool typed[] = {tensor.float_data_size() > 0,  tensor.double_data_size() > 0,
                        tensor.int32_data_size() > 0,  tensor.int64_data_size() > 0,
                        tensor.uint64_data_size() > 0, tensor.string_data_size() > 0,
                        !tensor.raw_data().empty()};
  if (std::count(std::begin(typed), std::end(typed), true) > 1) {
    return InvalidField(fmt::format("{}.raw_data", place), "more than one field holds data; exactly one may");
  }
  return absl::OkStatus();
}

// Calls f(value) for each stored value of type T, raw or typed, until it is false.
template <typename T, typename Typed, typename F>
bool AllOf(const TensorProto& tensor, const Typed& typed, F f) {
  const std::string& raw = tensor.raw_data();
  for (size_t i = 0; i + sizeof(T) <= raw.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + i, sizeof(T));
    if (!f(value)) return false;
  }
  return std::all_of(typed.begin(), typed.end(), [&](auto value) { return f(T(value)); });
}

bool IsFinite(const TensorProto& tensor) {
  const auto finite = [](auto value) { return std::isfinite(float(value)); };
  if (tensor.data_type() == TensorProto::FLOAT) return AllOf<float>(tensor, tensor.float_data(), finite);
  if (tensor.data_type() == TensorProto::DOUBLE) return AllOf<double>(tensor, tensor.double_data(), finite);
  return true;
}

template <typename Stored, typename Kept, typename Typed>
std::vector<Kept> Values(const TensorProto& tensor, const Typed& typed) {
  std::vector<Kept> values;
  values.reserve(typed.size() + tensor.raw_data().size() / sizeof(Stored));
  AllOf<Stored>(tensor, typed, [&](Stored value) {
    values.push_back(Kept(value));
    return true;
  });
  return values;
}

}  // namespace

int64_t Constant::size() const {
  return std::visit([](const auto& held) { return int64_t(held.size()); }, values);
}

absl::StatusOr<int64_t> CheckedSize(std::span<const int64_t> dims, int64_t limit, std::string_view place) {
  if (dims.size() > size_t(kMaxRank)) {
    return InvalidField(fmt::format("{}.dims", place),
                        fmt::format("has {} dims; at most {}", dims.size(), kMaxRank));
  }
  int64_t product = 1, bound = 1;  // bound: the product without zeros, so that strides fit too
  for (const int64_t dim : dims) {
    if (dim < 0)
      return InvalidField(fmt::format("{}.dims", place), fmt::format("holds {}; must be >= 0", dim));
    if (dim > 0 && bound > limit / dim) {
      return InvalidField(fmt::format("{}.dims", place),
                          fmt::format("[{}] is more than {} values", fmt::join(dims, ", "), limit));
    }
    bound *= std::max<int64_t>(dim, 1);
    product *= dim;
  }
  return product;
}

absl::Status ValidateTensor(const TensorProto& tensor, int64_t max_values, std::string_view place) {
  COLONNADE_RETURN_IF_ERROR(CheckSources(tensor, place));
  COLONNADE_ASSIGN_OR_RETURN(const Storage storage, StorageOf(tensor, place));
  const std::vector<int64_t> dims(tensor.dims().begin(), tensor.dims().end());
  COLONNADE_ASSIGN_OR_RETURN(const int64_t size, CheckedSize(dims, max_values, place));
  const auto raw_bytes = int64_t(tensor.raw_data().size());
  if (raw_bytes > 0 && raw_bytes != size * storage.bytes) {
    return InvalidField(fmt::format("{}.raw_data", place),
                        fmt::format("holds {} bytes; dims [{}] need {}", raw_bytes, fmt::join(dims, ", "),
                                    size * storage.bytes));
  }
  if (raw_bytes == 0 && storage.typed_values != size) {
    return InvalidField(fmt::format("{}.raw_data", place),
                        fmt::format("data for {} values; dims [{}] need {}", storage.typed_values,
                                    fmt::join(dims, ", "), size));
  }
  if (!IsFinite(tensor)) {
    return InvalidField(place,
                        "holds a value that is NaN, infinite or beyond float32; weights must be finite");
  }
  return absl::OkStatus();
}

Constant Decode(const TensorProto& tensor) {
  Constant constant{{tensor.dims().begin(), tensor.dims().end()}, {}};
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      constant.values = Values<float, float>(tensor, tensor.float_data());
      break;
    case TensorProto::DOUBLE:
      constant.values = Values<double, float>(tensor, tensor.double_data());
      break;
    case TensorProto::INT64:
      constant.values = Values<int64_t, int64_t>(tensor, tensor.int64_data());
      break;
    case TensorProto::INT32:
      constant.values = Values<int32_t, int64_t>(tensor, tensor.int32_data());
      break;
    default:
      constant.values = Values<uint8_t, int64_t>(tensor, tensor.int32_data());
      break;
  }
  return constant;
}

}  // namespace colonnade::onnx
