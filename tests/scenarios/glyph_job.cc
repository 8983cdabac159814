// SPDX-License-Identifier: Apache-2.0
#include "tests/scenarios/glyph_job.h"

#include <algorithm>

#include "server/onnx/export.h"

namespace colonnade {

const std::string& GlyphOnnx() {
  static const std::string onnx = onnx::ExportOnnx(TrainedGlyphNetwork());
  return onnx;
}

client::Records ToRecords(const training::Samples& samples) {
  client::Records records;
  records.channels = samples.shape.channels;
  records.height = samples.shape.height;
  records.width = samples.shape.width;
  records.classes = 10;
  records.labels.assign(samples.labels.begin(), samples.labels.end());
  records.pixels = samples.pixels;
  return records;
}

client::Records GlyphTrain() { return ToRecords(DrawGlyphs(kGlyphTrain, 2)); }
client::Records GlyphTest() { return ToRecords(DrawGlyphs(kGlyphTest, 3)); }

client::DatasetOptions GlyphOptions(const std::string& name, client::Role role) {
  client::DatasetOptions options;
  options.name = name;
  options.role = role;
  options.source = role == client::Role::kTrain ? "glyphs" : "glyphs-test";
  options.source_samples = role == client::Role::kTrain ? 3000 : 10000;
  options.normalization = {{0.3}, {0.3}};
  return options;
}

void PushGlyphs(client::Client& client) {
  const auto model = client.PushModel("glyphs", GlyphOnnx());
  ASSERT_TRUE(model.ok()) << model.status().message();
  const auto train = client.PushDataset(GlyphTrain(), GlyphOptions("train"));
  ASSERT_TRUE(train.ok()) << train.status().message();
  const auto test = client.PushDataset(GlyphTest(), GlyphOptions("test", client::Role::kEvaluation));
  ASSERT_TRUE(test.ok()) << test.status().message();
}

client::JobOptions GlyphJob(const std::string& artifact, const std::string& recipe) {
  client::JobOptions options;
  options.model = "glyphs";
  options.dataset = "train";
  options.evaluation = "test";
  options.artifact = artifact;
  options.recipe = *client::RecipeFromYaml(recipe);
  return options;
}

client::Job Await(client::Client& client, const std::string& name) {
  const client::Status watched = client.WatchJob(name, 1, [](const client::JobEvent&) { return true; });
  EXPECT_TRUE(watched.ok()) << watched.message();
  const auto job = client.GetJob(name);
  EXPECT_TRUE(job.ok()) << job.status().message();
  return *job;
}

double ServedAccuracy(client::Client& client, const std::string& artifact, const client::Records& images,
                      const std::string& executor) {
  const auto info = client.GetArtifact(artifact);
  EXPECT_TRUE(info.ok()) << info.status().message();
  client::InferRequest request;
  request.artifact = artifact;
  request.executor = executor;
  request.input_name = info->input_name;
  request.shape = info->input_shape;
  request.images = images.size();
  request.values = client::Normalize(images.pixels, info->input_shape, info->normalization);
  const auto result = client.Infer(request);
  EXPECT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->executor, executor);
  int right = 0;
  for (int64_t i = 0; i < images.size(); ++i) {
    const auto* logits = result->logits.data() + i * result->classes;
    right += std::max_element(logits, logits + result->classes) - logits == int64_t(images.labels[size_t(i)]);
  }
  return double(right) / double(images.size());
}

}  // namespace colonnade
