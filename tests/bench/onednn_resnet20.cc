// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/onednn_resnet20.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <cstdint>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <vector>

namespace colonnade::bench {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

struct Shape {
  int channels, filters, size, stride;  // `size` is the input's
};

}  // namespace

class DenseResNet20::Impl {
 public:
  explicit Impl(Type type) : is_int8_(type == Type::kInt8) {
    memory last = Convolve({3, 16, 32, 1}, std::nullopt, std::nullopt);
    int channels = 16, size = 32;
    for (const int filters : {16, 32, 64}) {
      for (int block = 0; block < 3; ++block) {
        const int stride = filters != channels ? 2 : 1;
        const memory middle = Convolve({channels, filters, size, stride}, last, std::nullopt);
        const memory addend = stride == 1 ? last : Filled(middle.get_desc());
        size /= stride;
        channels = filters;
        last = Convolve({channels, filters, size, 1}, middle, addend);
      }
    }
    Classify(last);
  }

  void Run() {
    for (const Call& call : calls_) call.primitive.execute(stream_, call.arguments);
    stream_.wait();
  }

 private:
  struct Call {
    dnnl::primitive primitive;
    std::unordered_map<int, memory> arguments;
  };

  memory::data_type activations() const { return is_int8_ ? memory::data_type::u8 : memory::data_type::f32; }
  memory::data_type weights() const { return is_int8_ ? memory::data_type::s8 : memory::data_type::f32; }
  memory::data_type sums() const { return is_int8_ ? memory::data_type::s32 : memory::data_type::f32; }
  Tag layout() const { return is_int8_ ? Tag::acdb : Tag::aBcd16b; }  // what its fastest convolutions take

  memory Filled(const memory::desc& descriptor) {
    memory result(descriptor, engine_);
    auto* bytes = static_cast<uint8_t*>(result.get_data_handle());
    std::memset(bytes, 0, descriptor.get_size());
    for (size_t i = 0; is_int8_ && i < descriptor.get_size(); ++i) bytes[i] = uint8_t(i * 37 % 5);
    return result;
  }

  // Without an input it makes one, in the layout that is best. The addend's memory gets the result.
  memory Convolve(const Shape& s, std::optional<memory> input, std::optional<memory> addend) {
    dnnl::post_ops operations;
    if (addend) operations.append_sum(1.0f);
    operations.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(operations);
    const int output = s.size / s.stride, end = s.stride == 2 ? 0 : 1;
    const dnnl::convolution_forward::primitive_desc descriptor(
        {dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
         {{1, s.channels, s.size, s.size}, activations(), input ? layout() : Tag::any},
         {{s.filters, s.channels, 3, 3}, weights(), Tag::any},
         {{s.filters}, sums(), Tag::a},
         {{1, s.filters, output, output}, activations(), layout()},
         {s.stride, s.stride}, {1, 1}, {end, end}},
        attributes, engine_);
    const memory result = addend ? *addend : Filled(descriptor.dst_desc());
    calls_.push_back({dnnl::convolution_forward(descriptor),
                      {{DNNL_ARG_SRC, input ? *input : Filled(descriptor.src_desc())},
                       {DNNL_ARG_WEIGHTS, Filled(descriptor.weights_desc())},
                       {DNNL_ARG_BIAS, Filled(descriptor.bias_desc())},
                       {DNNL_ARG_DST, result}}});
    return result;
  }

  void Classify(const memory& last) {
    const dnnl::pooling_forward::primitive_desc pool(
        {dnnl::prop_kind::forward_inference, dnnl::algorithm::pooling_avg, last.get_desc(),
         {{1, 64, 1, 1}, activations(), layout()}, {8, 8}, {8, 8}, {0, 0}, {0, 0}},
        engine_);
    const memory pooled = Filled(pool.dst_desc());
    calls_.push_back({dnnl::pooling_forward(pool), {{DNNL_ARG_SRC, last}, {DNNL_ARG_DST, pooled}}});
    const dnnl::inner_product_forward::primitive_desc product(
        {dnnl::prop_kind::forward_inference, pooled.get_desc(), {{10, 64, 1, 1}, weights(), Tag::any},
         {{10}, sums(), Tag::a}, {{1, 10}, sums(), Tag::ab}},
        engine_);
    calls_.push_back({dnnl::inner_product_forward(product),
                      {{DNNL_ARG_SRC, pooled},
                       {DNNL_ARG_WEIGHTS, Filled(product.weights_desc())},
                       {DNNL_ARG_BIAS, Filled(product.bias_desc())},
                       {DNNL_ARG_DST, Filled(product.dst_desc())}}});
  }

  const bool is_int8_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::vector<Call> calls_;
};

DenseResNet20::DenseResNet20(Type type) : impl_(std::make_unique<Impl>(type)) {}
DenseResNet20::~DenseResNet20() = default;
void DenseResNet20::Run() { impl_->Run(); }

}  // namespace colonnade::bench
