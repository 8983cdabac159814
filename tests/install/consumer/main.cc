// SPDX-License-Identifier: Apache-2.0
// Another project's program: uses every part of the client that needs no server, and
// finds that there is none.
#include <colonnade/client.h>

#include <iostream>

using namespace colonnade::client;

int main() {
  const auto client = Client::Connect({.server = "unix:/nonexistent/socket", .retry = {.attempts = 1}});
  const auto recipe = RecipeFromYaml("packing: {alpha: 4}");
  const auto records = ReadRecords("/nonexistent");
  if (!client.ok() || !recipe.ok() || records.ok()) return 1;
  const auto job = (*client)->SubmitJob({.model = "m", .dataset = "d", .artifact = "a", .recipe = *recipe});
  std::cout << CodeName(job.status().code()) << ": " << job.status().message() << "\n";
  return job.status().code() == Code::kUnavailable ? 0 : 1;
}
