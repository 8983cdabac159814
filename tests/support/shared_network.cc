// SPDX-License-Identifier: Apache-2.0
#include "tests/support/shared_network.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "server/base/files.h"
#include "server/onnx/import.h"
#include "server/onnx/limits.h"

namespace colonnade {

std::optional<std::filesystem::path> SharedData() {
  const char* data = std::getenv("COLONNADE_DATA");
  if (data == nullptr) return std::nullopt;
  return std::filesystem::path(data);
}

nn::Network ReadNetwork(const std::filesystem::path& data, const std::string& name) {
  const std::string file = data / "models" / (name + ".onnx");
  const auto bytes = ReadFile(file, onnx::kMaxModelBytes);
  auto imported = bytes.ok() ? onnx::ImportOnnx(*bytes) : bytes.status();
  if (!imported.ok()) {
    std::fprintf(stderr, "%s: %s\n", file.c_str(), imported.status().ToString().c_str());
    std::abort();
  }
  return std::move(imported->network);
}

}  // namespace colonnade
