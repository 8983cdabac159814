// SPDX-License-Identifier: Apache-2.0
// The settings of a packing job. Which there are, their ranges and defaults stand in
// proto/colonnade/v1/packing.proto; the server checks the ranges.
//
//   packing: {alpha: 4, gamma: 1.75}
//   training: {mode: labels_and_teacher, rounds: 3, final_epochs: 12}
//   quantization: {calibration: mean_squared_error}
#pragma once

#include <string>
#include <string_view>

#include "colonnade/result.h"

namespace colonnade::client {

// Any subset of the settings; what is not set takes its default on the server. A value
// without identity: copies are independent. Not thread-safe while being changed.
class Recipe {
 public:
  // Every default.
  Recipe() = default;

  // Most columns of a group.
  void SetAlpha(int alpha);
  // Most conflicts per row of a group, on average.
  void SetGamma(double gamma);

  // The settings that are set, as one JSON object with the keys of RecipeFromYaml:
  // numbers as numbers, choices as lower-case words.
  std::string ToJson() const;

  // The wire form, of no use but to this library.
  const std::string& serialized() const { return serialized_; }
  static Recipe FromSerialized(std::string serialized);

 private:
  std::string serialized_;
};

// Reads YAML (and thus JSON): sections packing, training, quantization and privacy with
// the fields of the Recipe message as keys. Empty text gives every default.
// INVALID_ARGUMENT names the key, such as "recipe.packing.alhpa": not YAML; an unknown
// key (with the nearest known one); a key given twice; a value of the wrong type, or a
// word that is no choice (with those there are).
Result<Recipe> RecipeFromYaml(std::string_view text);

}  // namespace colonnade::client
