// SPDX-License-Identifier: Apache-2.0
#include "client/src/from_proto.h"
#include "client/src/impl.h"

namespace colonnade::client {

Result<ServerStatus> Client::GetStatus() {
  v1::Status reply;
  const Status status =
      impl_->Call(*impl_->system, &v1::System::Stub::GetStatus, v1::GetStatusRequest(), reply, impl_->CallDeadline());
  if (!status.ok()) return status;
  return FromProto(reply);
}

}  // namespace colonnade::client
