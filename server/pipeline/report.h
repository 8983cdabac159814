// SPDX-License-Identifier: Apache-2.0
// What a job has measured, as JobResult and as JSON ("colonnade.report/1").
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "colonnade/v1/packing.pb.h"
#include "server/array/array_program.h"
#include "server/nn/network.h"
#include "server/pipeline/combine.h"
#include "server/quant/quantized_network.h"
#include "server/training/trainable_network.h"

namespace colonnade::pipeline {

// Everything a report is made of.
struct Measurements {
  training::Accuracy dense, packed, quantized;  // float, float, integer
  bool held_out = false;  // measured on part of the training records, not on evaluation data
  int epochs = 0;
  int64_t training_images = 0;  // in the subset trained on
  int64_t images_used = 0;      // by all epochs
};

// The layers with weights, dense and packed, of one job.
struct PackedLayers {
  const nn::Network& dense;  // BatchNorms folded, unpruned
  const nn::Network& packed;  // the same, packed and trained
  const Combined& combined;
  const quant::QuantizedNetwork& quantized;  // of `packed`
  const array::ArrayProgram& program;        // of `quantized`
  const array::ArrayProgram& dense_program;
};

// Everything but artifact version and data budget, which the caller knows. The JSON
// has one object per layer: name, rows, columns before and after, alpha, nonzeros,
// kept_energy (share of the dense layer's squared weights that lie where weights
// remain), tiles, cycles and dense_cycles; then totals, accuracies, epochs, stages.
v1::JobResult MakeResult(const Measurements& measurements, const PackedLayers& layers,
                         const std::map<std::string, double>& stage_seconds);

}  // namespace colonnade::pipeline
