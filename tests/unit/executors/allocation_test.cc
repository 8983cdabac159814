// SPDX-License-Identifier: Apache-2.0
// Inference asks for no memory once its workspace has grown.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "server/compiler/compile.h"
#include "server/executors/kernels.h"
#include "tests/support/random_packed.h"

namespace {

std::atomic<int64_t> allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace colonnade::executors {
namespace {

TEST(KernelsExecutor, RunsWithoutAllocating) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const RandomPacked random = RandomPackedNetwork(seed);
    auto program = compiler::Compile(random.network, random.groupings, random.config);
    ASSERT_TRUE(program.ok()) << program.status();
    const KernelsExecutor executor(std::make_shared<const array::ArrayProgram>(*std::move(program)));
    const auto image = RandomBytes(executor.program().tensors.front().shape.size(), seed);
    std::vector<int32_t> result(size_t(executor.program().tensors.back().shape.size()));
    Workspace workspace;
    ASSERT_TRUE(executor.RunInto(image, workspace, result).ok());
    const int64_t before = allocations;
    ASSERT_TRUE(executor.RunInto(image, workspace, result).ok());
    EXPECT_EQ(allocations, before) << "seed " << seed;
  }
}

}  // namespace
}  // namespace colonnade::executors
