// SPDX-License-Identifier: Apache-2.0
// The job of most scenarios: the drawn-digits network, packed on a few hundred images.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "colonnade/client.h"
#include "colonnade/formats.h"
#include "tests/support/glyphs.h"

namespace colonnade {

inline constexpr int kGlyphTrain = 300, kGlyphTest = 400;
inline constexpr double kGlyphFloor = 0.8;  // after retraining; below it without

// The dense network as ONNX; trained once per program.
const std::string& GlyphOnnx();

client::Records ToRecords(const training::Samples& samples);
client::Records GlyphTrain();
client::Records GlyphTest();

// Sources of 3,000 and 10,000 glyphs. The default ceiling allows 300 for training.
client::DatasetOptions GlyphOptions(const std::string& name, client::Role role = client::Role::kTrain);

// "glyphs", "train" and "test" are stored on the server.
void PushGlyphs(client::Client& client);

// model "glyphs", dataset "train", evaluation "test", alpha 4; `recipe` in YAML.
client::JobOptions GlyphJob(const std::string& artifact, const std::string& recipe = "packing: {alpha: 4}");

// Watches until the end, then returns the job.
client::Job Await(client::Client& client, const std::string& name);

// Share of images whose largest logit is their label's.
double ServedAccuracy(client::Client& client, const std::string& artifact, const client::Records& images,
                      const std::string& executor);

}  // namespace colonnade
