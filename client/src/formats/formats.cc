// SPDX-License-Identifier: Apache-2.0
#include "colonnade/formats.h"

#include <array>
#include <new>

#include "client/src/formats/detect.h"
#include "client/src/formats/errors.h"
#include "client/src/formats/readers.h"

namespace colonnade::client {
namespace {

constexpr std::array kFormats = {Format::kAuto,   Format::kCifar10, Format::kMnist,
                                 Format::kFolder, Format::kNpy,     Format::kDigits};

bool CarriesLabels(Format format) {
  return format == Format::kCifar10 || format == Format::kFolder || format == Format::kDigits;
}

Result<Records> ReadAs(Format format, const std::string& path, const FormatOptions& options) {
  switch (format) {
    case Format::kCifar10: return ReadCifar10(path, options);
    case Format::kMnist: return ReadMnist(path, options);
    case Format::kFolder: return ReadFolder(path, options);
    case Format::kNpy: return ReadNpy(path, options);
    case Format::kDigits: return ReadDigits(path, options);
    case Format::kAuto: break;
  }
  return BadOption("format", "none");
}

Result<Records> Read(const std::string& path, const FormatOptions& options) {
  const Result<Format> format = options.format == Format::kAuto ? DetectFormat(path) : options.format;
  if (!format.ok()) return format.status();
  const bool unlabelled = options.labels == kUnlabelled;
  if (!options.labels.empty() && !unlabelled && CarriesLabels(*format)) {
    return BadOption("labels", std::string("the format ") + FormatName(*format) + " carries its labels; leave it out");
  }
  Result<Records> records = ReadAs(*format, path, options);
  if (records.ok() && unlabelled) {
    records->labels.assign(records->labels.size(), kNoLabel);
    records->class_names.clear();
    records->classes = 0;
  }
  return records;
}

}  // namespace

const char* FormatName(Format format) {
  switch (format) {
    case Format::kAuto: return "auto";
    case Format::kCifar10: return "cifar10";
    case Format::kMnist: return "mnist";
    case Format::kFolder: return "folder";
    case Format::kNpy: return "npy";
    case Format::kDigits: return "digits";
  }
  return "auto";
}

Result<Format> ParseFormat(std::string_view name) {
  std::string names;
  for (const Format format : kFormats) {
    if (name == FormatName(format)) return format;
    names += (names.empty() ? "" : ", ") + std::string(FormatName(format));
  }
  return BadOption("format", "'" + std::string(name) + "'; must be one of " + names);
}

Result<Records> ReadRecords(const std::string& path, const FormatOptions& options) {
  try {
    return Read(path, options);
  } catch (const std::bad_alloc&) {
    return Status(Code::kResourceExhausted, path + ": not enough memory; use a limit and an offset");
  }
}

}  // namespace colonnade::client
