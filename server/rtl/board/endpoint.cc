// SPDX-License-Identifier: Apache-2.0
#include "server/rtl/board/endpoint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "server/base/file_io.h"
#include "server/base/status.h"
#include "server/device/registers.h"
#include "server/device/uio_device.h"

namespace colonnade::rtl {
namespace {

using device::kRegisterPageBytes;
using device::Mapping;

absl::StatusOr<Mapping> MapDescriptor(int descriptor, const char* what) {
  struct stat file;
  if (::fstat(descriptor, &file) == 0 && S_ISREG(file.st_mode) && file.st_size >= kRegisterPageBytes) {
    return Mapping::Of(descriptor, size_t(file.st_size), what);
  }
  return absl::FailedPreconditionError(
      fmt::format("descriptor {} is no {}; started by hand, colonnade-board needs --folder", descriptor, what));
}

absl::StatusOr<Mapping> MakeFile(const std::string& path, size_t bytes) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0 || ::ftruncate(file.get(), off_t(bytes)) != 0) return SystemError("make", path);
  return Mapping::Of(file.get(), bytes, path);
}

absl::Status MakeFolders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return absl::NotFoundError(fmt::format("cannot make '{}': {}", path, error.message()));
}

absl::Status WriteText(const std::string& path, const std::string& text) {
  if (std::ofstream(path) << text << "\n") return absl::OkStatus();
  return SystemError("write", path);
}

}  // namespace

absl::StatusOr<Endpoint> EndpointOfParent() {
  Endpoint endpoint;
  COLONNADE_ASSIGN_OR_RETURN(endpoint.registers, MapDescriptor(device::kBoardRegisters, "register page"));
  COLONNADE_ASSIGN_OR_RETURN(endpoint.buffer, MapDescriptor(device::kBoardBuffer, "buffer"));
  endpoint.line = MessagesToParent();
  return endpoint;
}

absl::StatusOr<Endpoint> EndpointInFolder(const std::string& folder, size_t buffer_bytes, bool coherent) {
  const device::UioOptions files = device::BoardFolder(folder);
  const std::string uio = fmt::format("{}/class/uio/{}/", files.sys_root, files.uio);
  const std::string buffer = fmt::format("{}/class/u-dma-buf/{}/", files.sys_root, files.buffer);
  for (const std::string& path : {files.dev_root, uio + "maps/map0", buffer}) {
    COLONNADE_RETURN_IF_ERROR(MakeFolders(path));
  }
  Endpoint endpoint;
  COLONNADE_ASSIGN_OR_RETURN(endpoint.registers, MakeFile(files.dev_root + "/" + files.uio, kRegisterPageBytes));
  COLONNADE_ASSIGN_OR_RETURN(endpoint.buffer, MakeFile(files.dev_root + "/" + files.buffer, buffer_bytes));
  const std::pair<std::string, std::string> texts[] = {
      {uio + "name", "colonnade"},
      {uio + "maps/map0/addr", "0x00000000a0000000"},
      {uio + "maps/map0/size", fmt::format("{:#018x}", kRegisterPageBytes)},
      {buffer + "phys_addr", fmt::format("{:#018x}", device::kBoardBufferAddress)},
      {buffer + "size", fmt::format("{}", buffer_bytes)},
      {buffer + "dma_coherent", coherent ? "1" : "0"},
      {buffer + "sync_offset", "0"},
      {buffer + "sync_size", "0"},
      {buffer + "sync_direction", "0"},
      {buffer + "sync_for_cpu", "0"},
      {buffer + "sync_for_device", "0"}};
  for (const auto& [path, text] : texts) COLONNADE_RETURN_IF_ERROR(WriteText(path, text));
  COLONNADE_ASSIGN_OR_RETURN(endpoint.line, PseudoUio(files.dev_root + "/" + files.interrupt));
  return endpoint;
}

}  // namespace colonnade::rtl
