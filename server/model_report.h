// SPDX-License-Identifier: Apache-2.0
// The API's view of an examination.
#pragma once

#include "colonnade/v1/models.pb.h"
#include "server/onnx/import.h"

namespace colonnade {

// Nodes, producer and opset as far as the examination came; the rest only when it
// accepts the model. Layers, multiply-accumulates and parameters are those of the
// network with its BatchNorms folded. Sets `examination.status` when folding finds
// weights that overflow.
v1::ModelReport MakeReport(onnx::Examination& examination);

}  // namespace colonnade
