// SPDX-License-Identifier: Apache-2.0
// A waveform in VCD, the value change dump of IEEE 1364: declarations, then for each time the
// signals that changed.
#pragma once

#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace colonnade {

class Waveform {
 public:
  // Reads the declarations. `text` is a whole file.
  explicit Waveform(const std::string& text) : words_(text) {
    std::string path, word;
    std::vector<size_t> lengths;  // of `path`, around the open scopes
    while (words_ >> word && word != "$enddefinitions") {
      std::string type, width, id, name;
      if (word == "$scope") {
        words_ >> type >> name;
        lengths.push_back(path.size());
        path += name + ".";
      } else if (word == "$upscope") {
        path.resize(lengths.back());
        lengths.pop_back();
      } else if (word == "$var") {
        words_ >> type >> width >> id >> name;
        ids_[path + name] = id;
      }
    }
    while (words_ >> word && word.front() != '#') continue;
    more_ = static_cast<bool>(words_);
    if (more_) next_time_ = std::stoll(word.substr(1));
  }

  // Goes on to the next time, if there is one.
  bool Next() {
    if (!more_) return false;
    time_ = next_time_;
    std::string word, id;
    while ((more_ = static_cast<bool>(words_ >> word)) && word.front() != '#') {
      if (word.front() == 'b') {
        words_ >> id;
        if (word.size() <= 64) values_[id] = std::stoll(word.substr(1), nullptr, 2);
      } else if (word.front() == '0' || word.front() == '1') {
        values_[word.substr(1)] = word.front() - '0';
      }
    }
    if (more_) next_time_ = std::stoll(word.substr(1));
    return true;
  }

  int64_t time() const { return time_; }

  // Now, of a signal of at most 63 bits by its path: TOP.module.signal.
  int64_t Value(const std::string& path) const { return values_.at(ids_.at(path)); }

 private:
  std::istringstream words_;
  std::map<std::string, std::string> ids_;  // by path
  std::map<std::string, int64_t> values_;   // by id
  bool more_ = false;
  int64_t time_ = 0, next_time_ = 0;
};

}  // namespace colonnade
