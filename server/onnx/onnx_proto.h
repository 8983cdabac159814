// SPDX-License-Identifier: Apache-2.0
// The generated ONNX message classes, under our namespace. The only place that
// includes ONNX headers; private to server/onnx.
#pragma once

#ifndef ONNX_ML
#define ONNX_ML 1
#endif
#include <onnx/onnx_pb.h>

namespace colonnade::onnx {

using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::OperatorSetIdProto;
using ::onnx::TensorProto;
using ::onnx::TensorShapeProto;
using ::onnx::ValueInfoProto;

}  // namespace colonnade::onnx
