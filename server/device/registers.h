// SPDX-License-Identifier: Apache-2.0
// The register block, as docs/machine_manual.md, section 6, has it: byte offsets of 32-bit
// registers, and the values in them. Reading has no side effects.
#pragma once

#include <cstdint>

namespace colonnade::device {

inline constexpr uint32_t kControl = 0x00;         // bit 0: write 1 to reset
inline constexpr uint32_t kIdentification = 0x10;  // kColonnade
inline constexpr uint32_t kVersion = 0x14;         // 31:16 major, 15:0 minor
inline constexpr uint32_t kDigestLow = 0x18;
inline constexpr uint32_t kDigestHigh = 0x1c;
inline constexpr uint32_t kChannels = 0x20;
inline constexpr uint32_t kPositions = 0x24;
inline constexpr uint32_t kWords = 0x28;  // of memories 1 to 7, one register each
inline constexpr uint32_t kPixels = 0x44;
inline constexpr uint32_t kTiles = 0x48;
inline constexpr uint32_t kCommand = 0x50;
inline constexpr uint32_t kSourceLow = 0x54;
inline constexpr uint32_t kSourceHigh = 0x58;
inline constexpr uint32_t kSourceBytes = 0x5c;
inline constexpr uint32_t kTargetLow = 0x60;
inline constexpr uint32_t kTargetHigh = 0x64;
inline constexpr uint32_t kTargetBytes = 0x68;
inline constexpr uint32_t kExpectedCrc = 0x6c;
inline constexpr uint32_t kSubmit = 0x70;      // writing completion + 1 starts the command
inline constexpr uint32_t kCompletion = 0x74;  // index of the last command that ended
inline constexpr uint32_t kError = 0x78;       // of that command
inline constexpr uint32_t kStatus = 0x7c;
inline constexpr uint32_t kInterruptEnable = 0x80;
inline constexpr uint32_t kInterruptPending = 0x84;  // write 1 to clear
inline constexpr uint32_t kSourceCrc = 0x88;
inline constexpr uint32_t kTargetCrc = 0x8c;
inline constexpr uint32_t kCycles = 0x90;  // nine registers, in the order of CycleNames()
inline constexpr uint32_t kHeartbeat = 0xb4;
inline constexpr uint32_t kEndOfRegisters = 0xb8;

inline constexpr int kCycleCounters = 9;

inline constexpr uint32_t kColonnade = 0x4e4c4f43;  // "COLN"
inline constexpr uint32_t kMajorVersion = 1;

enum Command : uint32_t { kClear = 1, kLoad = 2, kRun = 3 };

enum StatusBit : uint32_t { kBusy = 1, kIsClear = 2, kIsLoaded = 4 };

enum Error : uint32_t {
  kNoError = 0,
  kUnknownCommand = 1,
  kNotClear = 2,
  kBadSection = 3,
  kBadCrc = 4,
  kNoProgram = 5,
  kWrongBytes = 6,
  kBusError = 7,
};

// Of a board that is simulated: bytes of its register page, where its buffer seems to be, and
// the descriptors (base/helper_process.h) by which a board that was started privately has them.
inline constexpr uint32_t kRegisterPageBytes = 4096;
inline constexpr uint64_t kBoardBufferAddress = 0x1'4000'0000;
inline constexpr int kBoardRegisters = 4;
inline constexpr int kBoardBuffer = 5;

}  // namespace colonnade::device
