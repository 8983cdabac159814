// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/formats/data_files.h"

#include <fmt/format.h>
#include <png.h>
#include <zip.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <jpeglib.h>

namespace colonnade::client {

namespace fs = std::filesystem;

Bytes Gzip(const Bytes& bytes) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  Bytes packed(deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<uint8_t*>(bytes.data());
  stream.avail_in = unsigned(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = unsigned(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

Bytes Noise(size_t count, uint32_t seed) {
  Bytes bytes;
  for (size_t i = 0; i < count; ++i) bytes.push_back(uint8_t((i * 2654435761u + seed * 40503u) >> 5));
  return bytes;
}

Bytes CifarRecord(uint8_t label, uint32_t seed) {
  Bytes record = Noise(3072, seed);
  record.insert(record.begin(), label);
  return record;
}

Bytes CifarRecords(const std::vector<uint8_t>& labels) {
  Bytes records;
  for (size_t i = 0; i < labels.size(); ++i) {
    const Bytes record = CifarRecord(labels[i], uint32_t(i));
    records.insert(records.end(), record.begin(), record.end());
  }
  return records;
}

Bytes Idx(const std::vector<uint32_t>& dimensions, const Bytes& values, uint8_t type) {
  Bytes file{0, 0, type, uint8_t(dimensions.size())};
  for (const uint32_t side : dimensions) {
    for (int shift = 24; shift >= 0; shift -= 8) file.push_back(uint8_t(side >> shift));
  }
  file.insert(file.end(), values.begin(), values.end());
  return file;
}

Bytes Npy(std::string_view descr, std::string_view shape, const Bytes& values, bool fortran) {
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}", descr, fortran ? "True" : "False", shape);
  text.resize((text.size() + 10) / 64 * 64 + 53, ' ');
  text += '\n';
  const std::string start = fmt::format("\x93NUMPY\x01{}{}{}", '\0', char(text.size()), char(text.size() >> 8));
  Bytes file(start.begin(), start.end());
  file.reserve(start.size() + text.size() + values.size());
  file.insert(file.end(), text.begin(), text.end());
  file.insert(file.end(), values.begin(), values.end());
  return file;
}

std::string DigitsText() {
  std::string text;
  for (int line = 0; line < 1797; ++line) {
    for (int place = 0; place < 64; ++place) text += fmt::format("{},", (line + place) % 17);
    text += fmt::format("{}\n", line % 10);
  }
  return text;
}

void WriteZip(const std::string& path, const std::vector<std::pair<std::string, Bytes>>& members, bool deflate) {
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  ASSERT_NE(archive, nullptr);
  for (const auto& [name, bytes] : members) {
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = zip_file_add(archive, name.c_str(), source, 0);
    ASSERT_GE(index, 0);
    zip_set_file_compression(archive, zip_uint64_t(index), deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  ASSERT_EQ(zip_close(archive), 0);
}

void WritePng(const std::string& path, int width, int height, int color, int depth, const Bytes& rows) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, file);
  png_set_IHDR(png, info, png_uint_32(width), png_uint_32(height), depth, color, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  std::vector<png_color> palette;
  for (int i = 0; i < 1 << std::min(depth, 6); ++i) palette.push_back({png_byte(i), png_byte(2 * i), png_byte(3 * i)});
  if (color == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette.data(), int(palette.size()));
  png_write_info(png, info);
  const size_t stride = rows.size() / size_t(height);
  for (int y = 0; y < height; ++y) png_write_row(png, rows.data() + size_t(y) * stride);
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  std::fclose(file);
}

void WriteJpeg(const std::string& path, int width, int height, int channels, const Bytes& pixels) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  jpeg_compress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_stdio_dest(&jpeg, file);
  jpeg.image_width = JDIMENSION(width);
  jpeg.image_height = JDIMENSION(height);
  jpeg.input_components = channels;
  jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = const_cast<uint8_t*>(pixels.data()) + size_t(jpeg.next_scanline) * size_t(width * channels);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::fclose(file);
}

void Formats::SetUp() {
  std::string pattern = testing::TempDir() + "/formats.XXXXXX";
  folder_ = ::mkdtemp(pattern.data());
}

std::string Formats::Put(std::string_view name, const Bytes& bytes) {
  const std::string path = Path(name);
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  return path;
}

}  // namespace colonnade::client
