// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <png.h>

#include <new>

#include "client/src/formats/errors.h"
#include "client/src/formats/image.h"

namespace colonnade::client {
namespace {

// libpng leaves by longjmp, which must not pass objects with destructors: everything
// that is built while decoding is a member.
class PngReader {
 public:
  explicit PngReader(std::FILE* file) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, OnError, OnWarning);
    info_ = png_create_info_struct(png_);
    if (info_ == nullptr) throw std::bad_alloc();
    png_init_io(png_, file);
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  // False with an error().
  bool ReadHeader() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_info(png_, info_);
    png_set_scale_16(png_);
    png_set_palette_to_rgb(png_);
    if (png_get_color_type(png_, info_) == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png_);
    png_set_strip_alpha(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  ImageShape shape() const {
    return {png_get_channels(png_, info_), png_get_image_height(png_, info_), png_get_image_width(png_, info_)};
  }

  // REQUIRES: ReadHeader() was true; pixels.size() == shape().size().
  bool ReadPixels(std::vector<uint8_t>& pixels) {
    const size_t height = png_get_image_height(png_, info_), row = pixels.size() / height;
    for (size_t y = 0; y < height; ++y) rows_.push_back(pixels.data() + y * row);
    return DecodeRows();
  }

  const std::string& error() const { return error_; }

 private:
  bool DecodeRows() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_image(png_, rows_.data());
    png_read_end(png_, nullptr);
    return true;
  }

  [[noreturn]] static void OnError(png_structp png, png_const_charp message) {
    static_cast<PngReader*>(png_get_error_ptr(png))->error_ = message;
    png_longjmp(png, 1);
  }
  static void OnWarning(png_structp, png_const_charp) {}

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::vector<png_bytep> rows_;
  std::string error_;
};

Status Damaged(const std::string& path, const PngReader& reader) {
  return Refuse(path, fmt::format("a damaged PNG image ({}); make it again", reader.error()));
}

}  // namespace

Result<Image> ReadPng(std::FILE* file, const std::string& path) {
  PngReader reader(file);
  if (!reader.ReadHeader()) return Damaged(path, reader);
  Image image{reader.shape(), {}};
  if (Status status = CheckShape(path, image.shape); !status.ok()) return status;
  image.pixels.resize(size_t(image.shape.size()));
  if (!reader.ReadPixels(image.pixels)) return Damaged(path, reader);
  return image;
}

}  // namespace colonnade::client
