// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "client/src/formats/errors.h"
#include "client/src/formats/folders.h"
#include "client/src/formats/image.h"
#include "client/src/formats/readers.h"
#include "client/src/formats/selection.h"

namespace colonnade::client {
namespace {

namespace fs = std::filesystem;

struct Class {
  std::string name;
  std::vector<std::string> files;
};

struct Sample {
  std::string file;
  uint32_t label = 0;
};

Result<Class> ListClass(const fs::path& root, const std::string& name) {
  const Result<std::vector<Entry>> entries = ListFolder(root / name);
  if (!entries.ok()) return entries.status();
  Class listed{name, {}};
  for (const Entry& entry : *entries) {
    const std::string path = root / name / entry.name;
    if (entry.is_folder) return Refuse(path, "a folder inside a class folder; classes hold images only");
    listed.files.push_back(path);
  }
  return listed;
}

Result<std::vector<Class>> ListClasses(const std::string& path) {
  const Result<std::vector<Entry>> entries = ListFolder(path);
  if (!entries.ok()) return entries.status();
  std::vector<Class> classes;
  for (const Entry& entry : *entries) {
    if (!entry.is_folder) continue;
    const Result<Class> listed = ListClass(path, entry.name);
    if (!listed.ok()) return listed.status();
    classes.push_back(*listed);
  }
  if (classes.empty()) return Refuse(path, "no class folders; put the images into one sub-folder per class");
  if (int64_t(classes.size()) <= kMaxClasses) return classes;
  return Refuse(path, fmt::format("{} class folders; at most {} can be told apart", classes.size(), kMaxClasses));
}

// The first file of every class, the second of every class, ...
std::vector<Sample> Interleave(const std::vector<Class>& classes) {
  std::vector<Sample> samples;
  size_t rounds = 0;
  for (const Class& one : classes) rounds = std::max(rounds, one.files.size());
  for (size_t round = 0; round < rounds; ++round) {
    for (size_t label = 0; label < classes.size(); ++label) {
      const auto& files = classes[label].files;
      if (round < files.size()) samples.push_back({files[round], uint32_t(label)});
    }
  }
  return samples;
}

Status AppendSample(const Sample& sample, const std::string& first, const ImageShape& shape, Records& records) {
  const Result<Image> image = ReadImage(sample.file);
  if (!image.ok()) return image.status();
  if (image->shape != shape) {
    return Refuse(sample.file, fmt::format("{} (channels x height x width), but {} is {}; make all images alike",
                                           ToText(image->shape), first, ToText(shape)));
  }
  AppendChannelMajor(image->pixels, int(shape.channels), records.pixels);
  records.labels.push_back(sample.label);
  return {};
}

}  // namespace

Result<Records> ReadFolder(const std::string& path, const FormatOptions& options) {
  const Result<std::vector<Class>> classes = ListClasses(path);
  if (!classes.ok()) return classes.status();
  const std::vector<Sample> samples = Interleave(*classes);
  const Result<Selection> files = Select(path, int64_t(samples.size()), {1, 1, 1}, options);
  if (!files.ok()) return files.status();
  const std::string& first = samples[size_t(files->begin)].file;
  const Result<Image> image = ReadImage(first);
  if (!image.ok()) return image.status();
  const ImageShape shape = image->shape;
  if (const auto fits = Select(path, files->total, shape, options); !fits.ok()) return fits.status();
  Records records = EmptyRecords(shape);
  records.classes = int(classes->size());
  for (const Class& one : *classes) records.class_names.push_back(one.name);
  for (int64_t i = files->begin; i < files->begin + files->count; ++i) {
    if (Status s = AppendSample(samples[size_t(i)], first, shape, records); !s.ok()) return s;
  }
  records.files.push_back(path);
  return records;
}

}  // namespace colonnade::client
