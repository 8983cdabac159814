// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "client/src/formats/byte_stream.h"
#include "client/src/formats/errors.h"
#include "client/src/formats/folders.h"
#include "client/src/formats/idx.h"
#include "client/src/formats/labels.h"
#include "client/src/formats/mnist_files.h"
#include "client/src/formats/readers.h"
#include "client/src/formats/selection.h"

namespace colonnade::client {
namespace {

namespace fs = std::filesystem;

// MNIST has ten classes even where a file lacks some.
constexpr int kLeastClasses = 10;

Result<std::string> FindImages(const std::string& path) {
  if (!IsFolder(path)) return path;
  const Result<std::vector<Entry>> entries = ListFolder(path);
  if (!entries.ok()) return entries.status();
  std::optional<std::string> chosen;
  for (const Entry& entry : *entries) {
    if (entry.is_folder || !IsMnistImages(entry.name)) continue;
    // Names are sorted: a plain file comes before its gzip.
    const bool train = entry.name.starts_with("train");
    if (!chosen || (train && !chosen->starts_with("train"))) chosen = entry.name;
  }
  if (chosen) return (fs::path(path) / *chosen).string();
  return Refuse(path, "no images file (such as train-images-idx3-ubyte.gz) in this folder");
}

// Labels beside the images: the same name, plain or gzip.
Result<std::string> FindLabels(const std::string& images) {
  for (const std::string& name : MnistLabelNames(fs::path(images).filename())) {
    const fs::path labels = fs::path(images).parent_path() / name;
    std::error_code unreadable;
    if (fs::exists(labels, unreadable)) return labels.string();
  }
  return Refuse(images, fmt::format("no labels file beside it; pass one as labels, or \"{}\"", kUnlabelled));
}

struct Images {
  Records records;
  Selection selection;
};

Result<Images> ReadImages(const std::string& path, const FormatOptions& options) {
  const Result<std::unique_ptr<ByteStream>> opened = OpenFile(path);
  if (!opened.ok()) return opened.status();
  ByteStream& stream = **opened;
  const Result<IdxHeader> header = ReadIdxHeader(stream, IdxHeader::kImages);
  if (!header.ok()) return header.status();
  const ImageShape shape{1, header->height, header->width};
  if (Status status = CheckShape(path, shape); !status.ok()) return status;
  const Result<Selection> selection = Select(path, header->count, shape, options);
  if (!selection.ok()) return selection.status();
  if (header->count * shape.size() > stream.most_left()) {
    return Refuse(path, fmt::format("its header promises {} images of {}, more than the file can hold; fetch it again",
                                    header->count, ToText(shape)));
  }
  Images images{EmptyRecords(shape), *selection};
  if (Status status = stream.Skip(selection->begin * shape.size()); !status.ok()) return status;
  if (Status s = stream.Append(selection->count * shape.size(), images.records.pixels); !s.ok()) return s;
  const bool all_read = selection->begin + selection->count == selection->total;
  if (Status status = all_read ? stream.ExpectEnd() : Status(); !status.ok()) return status;
  images.records.files.push_back(path);
  return images;
}

}  // namespace

Result<Records> ReadMnist(const std::string& path, const FormatOptions& options) {
  const Result<std::string> file = FindImages(path);
  if (!file.ok()) return file.status();
  Result<Images> images = ReadImages(*file, options);
  if (!images.ok()) return images.status();
  Records& records = images->records;
  if (options.labels == kUnlabelled) {
    records.labels.assign(size_t(images->selection.count), kNoLabel);
    return std::move(records);
  }
  const Result<std::string> labels_file = options.labels.empty() ? FindLabels(*file) : options.labels;
  if (!labels_file.ok()) return labels_file.status();
  const Result<Labels> labels = ReadLabels(*labels_file);
  if (!labels.ok()) return labels.status();
  if (Status status = AttachLabels(*labels, images->selection, records); !status.ok()) return status;
  records.classes = std::max(kLeastClasses, records.classes);
  return std::move(records);
}

}  // namespace colonnade::client
