// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/detect.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "client/src/formats/byte_stream.h"
#include "client/src/formats/errors.h"
#include "client/src/formats/folders.h"
#include "client/src/formats/mnist_files.h"
#include "client/src/formats/npy_files.h"

namespace colonnade::client {
namespace {

using std::string_view_literals::operator""sv;

constexpr const char* kNames = "pass cifar10, mnist, folder, npy or digits";
constexpr int64_t kCifarRecord = 3073;
constexpr int64_t kDigitCommas = 64;

Result<Format> DetectFolder(const std::string& path) {
  const Result<std::vector<Entry>> entries = ListFolder(path);
  if (!entries.ok()) return entries.status();
  const auto some = [&](auto&& is) { return std::any_of(entries->begin(), entries->end(), is); };
  if (some(
          [](const Entry& e) { return !e.is_folder && e.name.starts_with("data_batch_") && e.name.ends_with(".bin"); }))
    return Format::kCifar10;
  if (some([](const Entry& e) { return !e.is_folder && IsMnistImages(e.name); })) return Format::kMnist;
  if (some([](const Entry& e) { return e.is_folder; })) return Format::kFolder;
  return Refuse(path, "neither data_batch_*.bin, nor an IDX images file, nor class folders in this folder");
}

bool LooksLikeDigits(std::string_view start) {
  const std::string_view line = start.substr(0, start.find('\n'));
  return std::count(line.begin(), line.end(), ',') == kDigitCommas &&
         line.find_first_not_of("0123456789,\r") == std::string_view::npos;
}

Result<Format> DetectFile(const std::string& path, int64_t size, std::string_view start) {
  if (start.starts_with("\x93NUMPY"sv) || start.starts_with("PK\x03\x04"sv)) return Format::kNpy;
  if (start.starts_with("\0\0\x08\x03"sv)) return Format::kMnist;
  if (start.starts_with("\0\0\x08\x01"sv)) return Refuse(path, "an IDX file of labels; pass the images beside it");
  if (start.starts_with("\x89PNG"sv) || start.starts_with("\xff\xd8\xff"sv)) {
    return Refuse(path, "a single image; pass a folder with one sub-folder per class");
  }
  if (LooksLikeDigits(start)) return Format::kDigits;
  if (size > 0 && size % kCifarRecord == 0) return Format::kCifar10;
  return Refuse(path, std::string("its format cannot be told; ") + kNames);
}

}  // namespace

Result<Format> DetectFormat(const std::string& path) {
  if (IsFolder(path)) return DetectFolder(path);
  const std::string file = ArchiveOf(path);
  const Result<int64_t> size = FileSize(file);
  if (!size.ok()) return size.status();
  const Result<std::unique_ptr<ByteStream>> stream = OpenFile(file);
  if (!stream.ok()) return stream.status();
  std::array<uint8_t, 512> start;
  const Result<size_t> got = (*stream)->ReadUpTo(start);
  if (!got.ok()) return got.status();
  return DetectFile(path, *size, {reinterpret_cast<const char*>(start.data()), *got});
}

}  // namespace colonnade::client
