// SPDX-License-Identifier: Apache-2.0
// Threads of the library that multiplies matrices, when it has threads of its own.
#pragma once

namespace colonnade::training {

// For OpenBLAS; without it, of no effect. Process-wide.
void SetMatrixThreads(int threads);

// One thread per call, for many small systems that are spread over threads by the caller; afterwards
// as many as ATen has.
class OneMatrixThread {
 public:
  OneMatrixThread();
  ~OneMatrixThread();
  OneMatrixThread(const OneMatrixThread&) = delete;
  OneMatrixThread& operator=(const OneMatrixThread&) = delete;
};

}  // namespace colonnade::training
