// SPDX-License-Identifier: Apache-2.0
// The named recipes in deploy/recipes.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "colonnade/recipe.h"
#include "colonnade/v1/packing.pb.h"
#include "gmock/gmock.h"
#include "server/recipe/recipe.h"
#include "server/recipe/supported.h"

namespace colonnade::client {
namespace {

constexpr int kArrayAlpha = 8;

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// By name.
std::map<std::string, std::string> RecipeFiles() {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(COLONNADE_SOURCE_DIR "/deploy/recipes")) {
    files[entry.path().filename().string()] = ReadText(entry.path());
  }
  return files;
}

// As a daemon does.
absl::StatusOr<v1::Recipe> Resolved(const std::string& yaml) {
  const auto recipe = RecipeFromYaml(yaml);
  if (!recipe.ok()) return absl::InvalidArgumentError(recipe.status().message());
  v1::Recipe message;
  message.ParseFromString(recipe->serialized());
  return recipe::Resolve(message, kArrayAlpha);
}

int EpochsOf(const v1::Recipe& recipe) {
  const v1::TrainingSettings& training = recipe.training();
  return (training.rounds() - 1) * training.epochs_per_round() + training.final_epochs() +
         recipe.quantization().aware_epochs();
}

TEST(RecipeFiles, EveryOneIsReadResolvedAndCarriedOut) {
  for (const auto& [name, yaml] : RecipeFiles()) {
    const auto recipe = Resolved(yaml);
    ASSERT_TRUE(recipe.ok()) << name << ": " << recipe.status();
    EXPECT_TRUE(recipe::CheckSupported(*recipe).ok()) << name;
    EXPECT_EQ(recipe->packing().alpha(), kArrayAlpha) << name << ": the job decides about alpha";
  }
}

TEST(RecipeFiles, TrainForAsLongAsTheySay) {
  std::map<std::string, int> epochs;
  for (const auto& [name, yaml] : RecipeFiles()) epochs[name] = EpochsOf(*Resolved(yaml));
  const std::map<std::string, int> expected = {{"data_free.yaml", 60},
                                               {"paper.yaml", 60},
                                               {"published.yaml", 60},
                                               {"thorough.yaml", 400},
                                               {"unlabelled.yaml", 60}};
  EXPECT_EQ(epochs, expected);
}

TEST(RecipeFiles, EveryOneIsDescribed) {
  const std::string page = ReadText(COLONNADE_SOURCE_DIR "/docs/recipes.md");
  for (const auto& [name, yaml] : RecipeFiles()) {
    EXPECT_EQ(yaml.substr(0, 2), "# ") << name;
    EXPECT_NE(page.find("`" + name + "`"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace colonnade::client
