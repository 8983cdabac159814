// SPDX-License-Identifier: Apache-2.0
// Artifacts to and from their protobuf form. Only file.cc uses it.
#pragma once

#include "colonnade/artifact/v1/artifact.pb.h"
#include "server/artifact/artifact.h"

namespace colonnade::artifact {

namespace pb = colonnade::artifact::v1;

// REQUIRES: Check(artifact).
pb::Artifact ToProto(const Artifact& artifact);
pb::Program ToProto(const array::ArrayProgram& program);

// Shapes only what has to be shaped; values are left to Check(). An error names the
// field whose parts do not fit together.
absl::StatusOr<Artifact> FromProto(const pb::Artifact& proto);
absl::StatusOr<array::ArrayProgram> FromProto(const pb::Program& proto);

}  // namespace colonnade::artifact
