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

}  // namespace colonnade
