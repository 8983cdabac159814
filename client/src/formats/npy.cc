// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "client/src/formats/byte_stream.h"
#include "client/src/formats/errors.h"
#include "client/src/formats/labels.h"
#include "client/src/formats/npy_files.h"
#include "client/src/formats/npy_header.h"
#include "client/src/formats/readers.h"
#include "client/src/formats/selection.h"

namespace colonnade::client {
namespace {

struct Layout {
  int64_t images = 0;
  ImageShape shape;
  bool channels_last = false;
};

bool MayBeChannels(int64_t side) { return side == 1 || side == 3; }

Result<Layout> LayoutOf(const std::string& name, const NpyHeader& header) {
  if (header.type.kind != 'u' || header.type.bytes != 1) {
    return Refuse(name, fmt::format("values of type '{}'; save pixels of 0 to 255 as uint8", header.descr));
  }
  const auto& sides = header.shape;
  if (sides.size() == 3) return Layout{sides[0], {1, sides[1], sides[2]}, false};
  const bool four = sides.size() == 4, first = four && MayBeChannels(sides[1]), last = four && MayBeChannels(sides[3]);
  if (first && !last) return Layout{sides[0], {sides[1], sides[2], sides[3]}, false};
  if (last && !first) return Layout{sides[0], {sides[3], sides[1], sides[2]}, true};
  const char* trouble = first ? "its channels may come first or last" : "no dimension of 1 or 3 channels";
  return Refuse(name, fmt::format("shape {}: {}; save [n, height, width], [n, c, height, width] or "
                                  "[n, height, width, c]",
                                  ShapeText(sides), trouble));
}

Status ReadPixels(ByteStream& stream, const Layout& layout, const Selection& selection, Records& records) {
  const int64_t image = layout.shape.size();
  if (Status status = stream.Skip(selection.begin * image); !status.ok()) return status;
  if (!layout.channels_last) return stream.Append(selection.count * image, records.pixels);
  std::vector<uint8_t> interleaved;
  for (int64_t i = 0; i < selection.count; ++i) {
    interleaved.clear();
    if (Status status = stream.Append(image, interleaved); !status.ok()) return status;
    AppendChannelMajor(interleaved, int(layout.shape.channels), records.pixels);
  }
  return {};
}

struct Images {
  Records records;
  Selection selection;
};

Result<Images> ReadImages(ByteStream& stream, const FormatOptions& options) {
  const Result<NpyHeader> header = ReadNpyHeader(stream);
  if (!header.ok()) return header.status();
  const Result<Layout> layout = LayoutOf(stream.name(), *header);
  if (!layout.ok()) return layout.status();
  if (Status status = CheckShape(stream.name(), layout->shape); !status.ok()) return status;
  // Division, since a hostile number of images times their size may not fit.
  if (layout->images > stream.most_left() / layout->shape.size()) {
    return Refuse(stream.name(), fmt::format("its header promises {}, more than the file holds; make it again",
                                             ShapeText(header->shape)));
  }
  const Result<Selection> selection = Select(stream.name(), layout->images, layout->shape, options);
  if (!selection.ok()) return selection.status();
  Images images{EmptyRecords(layout->shape), *selection};
  if (Status s = ReadPixels(stream, *layout, *selection, images.records); !s.ok()) return s;
  const bool all_read = selection->begin + selection->count == selection->total;
  if (Status status = all_read ? stream.ExpectEnd() : Status(); !status.ok()) return status;
  images.records.labels.assign(size_t(selection->count), kNoLabel);
  images.records.files.push_back(stream.name());
  return images;
}

}  // namespace

Result<Records> ReadNpy(const std::string& path, const FormatOptions& options) {
  const Result<NpyStreams> streams = OpenNpy(path);
  if (!streams.ok()) return streams.status();
  Result<Images> images = ReadImages(*streams->images, options);
  if (!images.ok()) return images.status();
  const bool own = options.labels.empty();
  if (options.labels == kUnlabelled || (own && streams->labels == nullptr)) return std::move(images->records);
  const Result<Labels> labels = own ? ReadNpyLabels(*streams->labels) : ReadLabels(options.labels);
  if (!labels.ok()) return labels.status();
  if (Status s = AttachLabels(*labels, images->selection, images->records); !s.ok()) return s;
  return std::move(images->records);
}

}  // namespace colonnade::client
