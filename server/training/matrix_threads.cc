// SPDX-License-Identifier: Apache-2.0
#include "server/training/matrix_threads.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace colonnade::training {

void SetMatrixThreads(int threads) {
  using Setter = void (*)(int);
  if (auto set = reinterpret_cast<Setter>(::dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(threads);
}

OneMatrixThread::OneMatrixThread() { SetMatrixThreads(1); }
OneMatrixThread::~OneMatrixThread() { SetMatrixThreads(at::get_num_threads()); }

}  // namespace colonnade::training
