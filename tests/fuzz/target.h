// SPDX-License-Identifier: Apache-2.0
// What a fuzz target is: a program that reads bytes which anyone may have written.
//
// One source per target, fuzz_NAME.cc, defines the functions below. With mutate.cc it is the
// program fuzz_NAME, which needs no fuzzer and is a test; with libFuzzer, which brings its
// own main(), it is fuzz_NAME_guided (tests/fuzz/CMakeLists.txt).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace colonnade::fuzz {

// Inputs that are accepted, to start from. The same ones every time.
std::vector<std::string> Seeds();

// Reads the input. Whether it was accepted. Ends the program by abort(), with the reason on
// standard error, when something does not hold that must hold for every input.
bool Accepts(std::string_view input);

}  // namespace colonnade::fuzz

// libFuzzer's entry: Accepts(), and 0.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
