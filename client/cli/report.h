// SPDX-License-Identifier: Apache-2.0
// What jobs and artifacts came to, for people: what was measured first.
#pragma once

#include <ostream>

#include "colonnade/client.h"

namespace colonnade::cli {

void PrintResult(std::ostream& out, const client::JobResult& result);
void PrintJob(std::ostream& out, const client::Job& job);

}  // namespace colonnade::cli
