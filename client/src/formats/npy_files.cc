// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/npy_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>

#include "client/src/formats/errors.h"
#include "client/src/formats/zip_archive.h"

namespace colonnade::client {
namespace {

constexpr std::string_view kArchive = ".npz:";
constexpr std::string_view kArray = ".npy";

struct Pair {
  std::string images, labels;
};

const std::array<Pair, 6> kPairs = {{{"images", "labels"},
                                     {"x", "y"},
                                     {"x_train", "y_train"},
                                     {"train_images", "train_labels"},
                                     {"x_test", "y_test"},
                                     {"test_images", "test_labels"}}};

std::string Member(const std::string& array) { return array + std::string(kArray); }

// The pair to read: that of `array`, or the first there is. No labels: empty.
Result<Pair> ChoosePair(const ZipArchive& archive, const std::string& array) {
  for (const Pair& pair : kPairs) {
    if (!array.empty() && pair.images != array) continue;
    if (!archive.Has(Member(pair.images))) continue;
    return Pair{pair.images, archive.Has(Member(pair.labels)) ? pair.labels : ""};
  }
  if (!array.empty() && archive.Has(Member(array))) return Pair{array, ""};
  const std::string wanted = array.empty() ? "of images (images, x, x_train, train_images, ...)" : "named " + array;
  return Refuse(archive.path(), fmt::format("no array {}; it holds {}: pass FILE.npz:NAME", wanted,
                                            fmt::join(archive.Members(), ", ")));
}

Result<NpyStreams> OpenArchive(const std::string& path, const std::string& array) {
  const Result<ZipArchive> archive = ZipArchive::Open(path);
  if (!archive.ok()) return archive.status();
  const Result<Pair> pair = ChoosePair(*archive, array);
  if (!pair.ok()) return pair.status();
  NpyStreams streams;
  Result<std::unique_ptr<ByteStream>> images = archive->OpenMember(Member(pair->images));
  if (!images.ok()) return images.status();
  streams.images = *std::move(images);
  if (pair->labels.empty()) return streams;
  Result<std::unique_ptr<ByteStream>> labels = archive->OpenMember(Member(pair->labels));
  if (!labels.ok()) return labels.status();
  streams.labels = *std::move(labels);
  return streams;
}

}  // namespace

std::string ArchiveOf(const std::string& path) {
  const size_t colon = path.rfind(kArchive);
  return colon == std::string::npos ? path : path.substr(0, colon + kArchive.size() - 1);
}

Result<NpyStreams> OpenNpy(const std::string& path) {
  const std::string file = ArchiveOf(path);
  if (file != path) return OpenArchive(file, path.substr(file.size() + 1));
  Result<std::unique_ptr<ByteStream>> probe = OpenFile(path);
  if (!probe.ok()) return probe.status();
  std::array<uint8_t, 2> start = {};
  if (const auto got = (*probe)->ReadUpTo(start); !got.ok()) return got.status();
  if (start[0] == 'P' && start[1] == 'K') return OpenArchive(path, "");
  Result<std::unique_ptr<ByteStream>> whole = OpenFile(path);
  if (!whole.ok()) return whole.status();
  return NpyStreams{*std::move(whole), nullptr};
}

}  // namespace colonnade::client
