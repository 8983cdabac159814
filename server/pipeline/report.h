// SPDX-License-Identifier: Apache-2.0
// What a job has measured, as JobResult and as JSON ("colonnade.report/1").
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "colonnade/v1/packing.pb.h"
#include "server/array/array_program.h"
#include "server/nn/network.h"
#include "server/pipeline/combine.h"
#include "server/pipeline/layer_errors.h"
#include "server/pipeline/prepare.h"
#include "server/quant/quantized_network.h"
#include "server/training/trainable_network.h"

namespace colonnade::pipeline {

// Everything a report is made of.
struct Measurements {
  training::Accuracy dense, packed, quantized;  // float, float, integer
  training::Accuracy dense_quantized;           // integer, calibrated like the packed network
  std::vector<LayerError> layer_errors;         // of the packed integer network
  int64_t layer_error_images = 0;               // which are on this many calibration images
  bool held_out = false;  // measured on part of the training records, not on evaluation data
  int epochs = 0;
  int64_t training_images = 0;  // in the subset trained on
  int64_t images_used = 0;      // by all epochs
  struct Epoch {
    int round = 1;
    double loss = 0, accuracy = 0;  // on the varied training images, while learning
  };
  std::vector<Epoch> curve;  // of this attempt
};

// The layers with weights, dense and packed, of one job.
struct PackedLayers {
  const nn::Network& dense;  // BatchNorms folded, unpruned
  const nn::Network& packed;  // the same, packed and trained
  const Combined& combined;
  const quant::QuantizedNetwork& quantized;  // of `packed`
  const array::ArrayProgram& program;        // of `quantized`
  const array::ArrayProgram& dense_program;
  const Prepared& prepared;
};

// Everything but artifact version and data budget, which the caller knows. The JSON
// has one object per layer: name, rows, columns before and after, alpha, nonzeros,
// density, packing_efficiency, kept_energy (share of the dense layer's squared weights
// that lie where weights remain), kept_saliency and saliency_bound (what the groups keep with
// the worthiest weight of each cell, of what the recipe says weights are worth, and the most
// that full groups could keep), tiles, cycles
// and dense_cycles; then totals, accuracies, the epochs' losses and accuracies, stages, and
// with an allocation the Pareto list (allocate.h). Under "quantization", for the input and
// each layer of the integer network: mean_square of the float network's values,
// mean_squared_error of the integer network's against them, and the ratio of the two as
// signal_to_noise_db, where neither is 0. Under "on_array" and "pipelined", what the array and
// a chain of arrays spend on an image (report_array.h).
v1::JobResult MakeResult(const Measurements& measurements, const PackedLayers& layers,
                         const std::map<std::string, double>& stage_seconds);

}  // namespace colonnade::pipeline
