// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "client/src/formats/byte_stream.h"
#include "client/src/formats/errors.h"
#include "client/src/formats/folders.h"
#include "client/src/formats/readers.h"
#include "client/src/formats/selection.h"

namespace colonnade::client {
namespace {

constexpr ImageShape kShape{3, 32, 32};
constexpr int64_t kRecord = 1 + 3 * 32 * 32;
constexpr int kClasses = 10;

struct Batch {
  std::string path;
  int64_t records = 0;
};

Result<Batch> SizeUp(const std::string& path) {
  const Result<int64_t> size = FileSize(path);
  if (!size.ok()) return size.status();
  if (*size > 0 && *size % kRecord == 0) return Batch{path, *size / kRecord};
  return Refuse(path, fmt::format("{} bytes are not whole records of {}; expected the unpacked binary version of "
                                  "CIFAR-10",
                                  *size, kRecord));
}

Result<std::vector<Batch>> FindBatches(const std::string& path) {
  std::vector<std::string> paths{path};
  if (IsFolder(path)) {
    const Result<std::vector<std::string>> found = FilesLike(path, "data_batch_", ".bin");
    if (!found.ok()) return found.status();
    paths = *found;
    if (paths.empty()) return Refuse(path, "no data_batch_*.bin in this folder; pass a file");
  }
  std::vector<Batch> batches;
  for (const std::string& file : paths) {
    const Result<Batch> batch = SizeUp(file);
    if (!batch.ok()) return batch.status();
    batches.push_back(*batch);
  }
  return batches;
}

Status ReadBatch(const Batch& batch, int64_t begin, int64_t count, Records& records) {
  const Result<std::unique_ptr<ByteStream>> opened = OpenFile(batch.path);
  if (!opened.ok()) return opened.status();
  ByteStream& stream = **opened;
  if (Status status = stream.Skip(begin * kRecord); !status.ok()) return status;
  for (int64_t i = 0; i < count; ++i) {
    std::array<uint8_t, 1> label;
    if (Status status = stream.Read(label); !status.ok()) return status;
    if (label[0] >= kClasses) {
      return Refuse(batch.path,
                    fmt::format("record {} (byte {}) has label {}; CIFAR-10 has 0 to 9: pass another format", begin + i,
                                stream.position() - 1, label[0]));
    }
    records.labels.push_back(label[0]);
    if (Status status = stream.Append(kShape.size(), records.pixels); !status.ok()) return status;
  }
  records.files.push_back(batch.path);
  return {};
}

}  // namespace

Result<Records> ReadCifar10(const std::string& path, const FormatOptions& options) {
  const Result<std::vector<Batch>> batches = FindBatches(path);
  if (!batches.ok()) return batches.status();
  int64_t total = 0;
  for (const Batch& batch : *batches) total += batch.records;
  const Result<Selection> selection = Select(path, total, kShape, options);
  if (!selection.ok()) return selection.status();
  Records records = EmptyRecords(kShape);
  records.classes = kClasses;
  int64_t first = 0;  // of this batch, among all
  for (const Batch& batch : *batches) {
    const int64_t begin = std::max<int64_t>(0, selection->begin - first);
    const int64_t end = std::min(batch.records, selection->begin + selection->count - first);
    first += batch.records;
    if (begin >= end) continue;
    if (Status status = ReadBatch(batch, begin, end - begin, records); !status.ok()) return status;
  }
  return records;
}

}  // namespace colonnade::client
