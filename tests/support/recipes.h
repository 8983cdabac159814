// SPDX-License-Identifier: Apache-2.0
// A resolved recipe for tests.
#pragma once

#include "colonnade/v1/packing.pb.h"
#include "server/recipe/recipe.h"

namespace colonnade {

// All defaults but alpha, on one thread.
inline v1::Recipe ResolvedRecipe(int alpha = 4) {
  constexpr int kArrayAlpha = 16;
  v1::Recipe recipe;
  recipe.mutable_packing()->set_alpha(alpha);
  recipe.mutable_training()->set_threads(1);
  return recipe::Resolve(recipe, kArrayAlpha).value();
}

// Two rounds and 14 epochs, for the drawn digits (glyphs.h).
inline v1::Recipe QuickRecipe() {
  v1::Recipe recipe = ResolvedRecipe(4);
  recipe.mutable_training()->set_rounds(2);
  recipe.mutable_training()->set_epochs_per_round(4);
  recipe.mutable_training()->set_final_epochs(10);
  recipe.mutable_training()->set_batch_size(16);
  recipe.mutable_training()->set_prune_fraction(0.1);
  return recipe;
}

}  // namespace colonnade
