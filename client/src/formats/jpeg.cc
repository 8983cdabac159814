// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

#include "client/src/formats/errors.h"
#include "client/src/formats/image.h"

namespace colonnade::client {
namespace {

// libjpeg leaves by longjmp, which must not pass objects with destructors: everything
// that is built while decoding is a member.
class JpegReader {
 public:
  explicit JpegReader(std::FILE* file) : file_(file) {
    jpeg_.err = jpeg_std_error(&errors_);
    errors_.error_exit = OnError;
    errors_.emit_message = OnMessage;
    jpeg_.client_data = this;
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }

  // False with an error().
  bool ReadHeader() {
    if (setjmp(escape_) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_stdio_src(&jpeg_, file_);
    jpeg_read_header(&jpeg_, TRUE);
    jpeg_.out_color_space = jpeg_.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    return true;
  }

  // Components as stored: 4 for CMYK.
  ImageShape shape() const { return {jpeg_.num_components, jpeg_.image_height, jpeg_.image_width}; }

  // REQUIRES: ReadHeader() was true; pixels.size() == shape().size().
  bool ReadPixels(std::vector<uint8_t>& pixels) {
    if (setjmp(escape_) != 0) return false;
    jpeg_start_decompress(&jpeg_);
    const size_t row = size_t(jpeg_.output_width) * size_t(jpeg_.output_components);
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW place = pixels.data() + row * jpeg_.output_scanline;
      jpeg_read_scanlines(&jpeg_, &place, 1);
    }
    jpeg_finish_decompress(&jpeg_);
    return true;
  }

  const char* error() const { return error_; }

 private:
  [[noreturn]] static void OnError(j_common_ptr jpeg) {
    JpegReader& reader = *static_cast<JpegReader*>(jpeg->client_data);
    jpeg->err->format_message(jpeg, reader.error_);
    std::longjmp(reader.escape_, 1);
  }
  // Warnings have negative levels: the decoder would fill damaged parts with gray.
  static void OnMessage(j_common_ptr jpeg, int level) {
    if (level < 0) OnError(jpeg);
  }

  std::FILE* file_;
  jpeg_decompress_struct jpeg_ = {};
  jpeg_error_mgr errors_ = {};
  std::jmp_buf escape_;
  char error_[JMSG_LENGTH_MAX] = {};
};

Status Damaged(const std::string& path, const JpegReader& reader) {
  return Refuse(path, fmt::format("a damaged JPEG image ({}); make it again", reader.error()));
}

}  // namespace

Result<Image> ReadJpeg(std::FILE* file, const std::string& path) {
  JpegReader reader(file);
  if (!reader.ReadHeader()) return Damaged(path, reader);
  Image image{reader.shape(), {}};
  if (image.shape.channels != 1 && image.shape.channels != 3) {
    return Refuse(path, fmt::format("a JPEG image of {} components; convert it to gray or RGB", image.shape.channels));
  }
  if (Status status = CheckShape(path, image.shape); !status.ok()) return status;
  image.pixels.resize(size_t(image.shape.size()));
  if (!reader.ReadPixels(image.pixels)) return Damaged(path, reader);
  return image;
}

}  // namespace colonnade::client
