// SPDX-License-Identifier: Apache-2.0
// Images and labels in the usual file formats, decoded to canonical records.
//
//   Result<Records> records = ReadRecords("train-images-idx3-ubyte.gz", {.limit = 6000});
//   if (!records.ok()) return Report(records.status());
//
//   name     path                                  order of the records
//   cifar10  a file of 3,073-byte records (label   as in the file; files of a folder by
//            0 to 9, then 3x32x32 pixels), or a    number
//            folder of data_batch_*.bin
//   mnist    an IDX images file, plain or gzip,    as in the file
//            or a folder that holds one
//   folder   a folder with one sub-folder per      first image of every class, second of
//            class, of PNG and JPEG files          every class, ... (so that a limit takes
//                                                  of all classes); names sorted by byte
//   npy      a .npy or .npz file                   as in the array
//   digits   digits.csv[.gz], the 1,797 digits     place p holds line (p * 1009) mod 1797,
//            packaged with scikit-learn            both from 0: well mixed, same everywhere
//
// mnist. The labels lie beside the images under the same name with "labels-idx1" for
// "images-idx3", unless options.labels names them. A folder with several pairs gives
// train-images..., otherwise the first by name; of plain and gzip the plain one.
//
// folder. Labels are the places of the class folders, sorted by name; a class may be
// empty. All images read must have one size and the same number of channels. Colours
// come as stored: an alpha channel is dropped, not blended; colour profiles and gamma
// are ignored; palettes become RGB; 1, 2 and 4 bit gray spreads over 0 to 255; 16 bits
// become round(value / 257). Names that begin with a dot, and files beside the class
// folders, are ignored; any other file in a class folder is refused.
//
// npy. Pixels are uint8 in C order, of shape [n, height, width], [n, c, height, width]
// or [n, height, width, c] with c 1 or 3; a shape that can be read both ways is
// refused. In an .npz archive, stored or deflated, the first of these pairs is read:
// images/labels, x/y, x_train/y_train, train_images/train_labels, x_test/y_test,
// test_images/test_labels. FILE.npz:NAME reads array NAME with the labels paired so.
// Labels are integers of any width, of shape [n] or [n, 1]. A .npy file has none but
// those of options.labels.
//
// digits. Shades s of 0 to 16 become s * 255 / 16, rounded half up.
//
// Functions here are thread-safe. They keep nothing open.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/result.h"

namespace colonnade::client {

enum class Format { kAuto, kCifar10, kMnist, kFolder, kNpy, kDigits };

// "auto", "cifar10", ... as in the table.
const char* FormatName(Format format);

// The inverse. INVALID_ARGUMENT lists the names.
Result<Format> ParseFormat(std::string_view name);

struct FormatOptions {
  // kAuto tells by content (and digits by its 65 columns); the name hardly matters.
  Format format = Format::kAuto;
  // A labels file for mnist or npy: IDX, plain or gzip, or .npy. "none" leaves the
  // records unlabelled, whatever the format. Empty: as the format says.
  std::string labels{};
  // At most this many records, from the one numbered `offset`, counted from 0; a limit
  // of 0 takes all. Only what is selected is kept in memory.
  int64_t limit = 0;
  int64_t offset = 0;
};

// The label of a record without one.
inline constexpr uint32_t kNoLabel = 0xFFFFFFFF;

// Images of one shape: 1 to 65,536 in each dimension, at most 2^26 pixels in all.
struct Records {
  int channels = 0, height = 0, width = 0;
  // Labels are below it, 1 to 65,536; 0 when there are none. It depends on the whole
  // file, not on the selection: 10 for cifar10 and digits, the number of sub-folders
  // for folder, else 1 + the largest label (for mnist at least 10).
  int classes = 0;
  std::vector<uint32_t> labels;          // one per record; all kNoLabel when there are none
  std::vector<uint8_t> pixels;           // [records][channels][height][width]
  std::vector<std::string> class_names;  // of folder, by label; else empty
  std::vector<std::string> files;        // what was read, for people: images, then labels

  int64_t size() const { return int64_t(labels.size()); }
};

// The selected records of `path`, at least one.
//   NOT_FOUND           no such file
//   INVALID_ARGUMENT    the content is not of the format, is cut off, or disagrees with
//                       its own header; the offset is beyond the end; no format fits.
//                       The message names file, position and remedy
//   RESOURCE_EXHAUSTED  more than 10^8 records or 16 GiB of pixels selected, or memory
// Nothing is allocated on the word of a header alone.
Result<Records> ReadRecords(const std::string& path, const FormatOptions& options = {});

}  // namespace colonnade::client
