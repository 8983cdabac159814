// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report.h"

#include <gtest/gtest.h>

#include <sstream>

namespace colonnade::cli {
namespace {

std::string ErrorOf(client::JobStage stage) {
  client::Job job;
  job.error = {client::Code::kInternal, "worker lost"};
  job.error_stage = stage;
  std::ostringstream out;
  PrintJob(out, job);
  return out.str().substr(out.str().find('\n') + 1);
}

TEST(Report, ErrorsNameTheirStageIfTheyHaveOne) {
  EXPECT_EQ(ErrorOf(client::JobStage::kPack), "INTERNAL in stage pack: worker lost\n");
  EXPECT_EQ(ErrorOf(client::JobStage::kNone), "INTERNAL: worker lost\n");
}

}  // namespace
}  // namespace colonnade::cli
