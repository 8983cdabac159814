// SPDX-License-Identifier: Apache-2.0
// The tables of models, jobs, their events, artifacts and request ids.
#pragma once

#include "server/store/database.h"

namespace colonnade::jobs {

store::Schema TablesOfJobs();

}  // namespace colonnade::jobs
