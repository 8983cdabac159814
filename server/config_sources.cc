// SPDX-License-Identifier: Apache-2.0
#include "server/config_sources.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <numeric>

#include "server/base/status.h"

#ifndef COLONNADE_VERSION
#error "the build names the version"
#endif

namespace colonnade {
namespace {

std::string EnvironmentName(std::string name) {
  for (char& c : name) c = c == '-' ? '_' : char(std::toupper(static_cast<unsigned char>(c)));
  return "COLONNADE_" + name;
}

std::string FileKey(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// Levenshtein distance.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string Nearest(std::string_view unknown) {
  unknown.remove_prefix(std::min(unknown.find_first_not_of('-'), unknown.size()));
  const auto closer = [&](const Setting& a, const Setting& b) {
    return Distance(unknown, a.name) < Distance(unknown, b.name);
  };
  return std::min_element(Settings().begin(), Settings().end(), closer)->name;
}

Values SplitAtCommas(std::string_view text) {
  Values values;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    values.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return values;
}

struct Flags {
  std::map<std::string, Values> values;
  std::string config, text;
};

absl::StatusOr<Flags> ParseFlags(int argc, const char* const* argv) {
  Flags flags;
  std::map<std::string, bool> switches;
  CLI::App app("The Colonnade daemon: packs networks and serves them.", "colonnaded");
  app.allow_extras();
  app.add_option("--config", flags.config, "YAML file of settings")->type_name("FILE");
  for (const Setting& setting : Settings()) {
    const std::string flag = fmt::format("--{}", setting.name);
    if (*setting.placeholder == '\0') {
      app.add_flag(flag, switches[setting.name], setting.help);
    } else {
      app.add_option(flag, flags.values[setting.name], setting.help)->type_name(setting.placeholder)->expected(1, 1)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  }
  app.set_version_flag("--version", "colonnaded " COLONNADE_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    flags.text = app.help();
  } catch (const CLI::CallForVersion&) {
    flags.text = app.version() + "\n";
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  if (const auto extras = app.remaining(); !extras.empty()) {
    return InvalidField(extras[0], fmt::format("no such flag; nearest is --{}", Nearest(extras[0])));
  }
  for (const auto& [name, set] : switches) {
    if (set) flags.values[name] = {"true"};
  }
  return flags;
}

absl::StatusOr<Values> Scalars(const YAML::Node& node) {
  if (node.IsScalar()) return Values{node.Scalar()};
  Values values;
  if (!node.IsSequence()) return absl::InvalidArgumentError("must be a value or a list of values");
  for (const YAML::Node& item : node) {
    if (!item.IsScalar()) return absl::InvalidArgumentError("must be a list of plain values");
    values.push_back(item.Scalar());
  }
  return values;
}

const Setting* FindByKey(const std::string& key) {
  const auto same = [&](const Setting& setting) { return FileKey(setting.name) == key; };
  const auto found = std::find_if(Settings().begin(), Settings().end(), same);
  return found == Settings().end() ? nullptr : &*found;
}

absl::Status AddDocument(const YAML::Node& root, const std::string& file, Sources& sources) {
  if (root.IsNull()) return absl::OkStatus();
  if (!root.IsMap()) return InvalidField(file, "must map settings to values");
  for (const auto& entry : root) {
    if (!entry.first.IsScalar()) return InvalidField(file, "keys must be plain names");
    const std::string& key = entry.first.Scalar();
    const std::string where = fmt::format("{}: {}", file, key);
    const Setting* setting = FindByKey(key);
    if (!setting) return InvalidField(where, fmt::format("no such setting; nearest is {}", FileKey(Nearest(key))));
    auto values = Scalars(entry.second);
    if (!values.ok()) return InvalidField(where, Message(values.status()));
    sources.values[setting->name] = {*std::move(values), where};
  }
  return absl::OkStatus();
}

absl::Status AddFile(const std::string& file, Sources& sources) {
  try {
    return AddDocument(YAML::LoadFile(file), file, sources);
  } catch (const YAML::BadFile&) {
    return absl::NotFoundError(fmt::format("--config: {} cannot be read", file));
  } catch (const YAML::Exception& error) {
    return InvalidField(file, error.what());
  }
}

void AddEnvironment(const Environment& environment, Sources& sources) {
  for (const Setting& setting : Settings()) {
    const std::string name = EnvironmentName(setting.name);
    const char* text = environment(name.c_str());
    if (text && *text) sources.values[setting.name] = {SplitAtCommas(text), name};
  }
}

}  // namespace

absl::StatusOr<Sources> ReadSources(int argc, const char* const* argv, const Environment& environment) {
  COLONNADE_ASSIGN_OR_RETURN(Flags flags, ParseFlags(argc, argv));
  Sources sources;
  sources.text = flags.text;
  if (!sources.text.empty()) return sources;
  const char* inherited = environment("COLONNADE_CONFIG");
  if (flags.config.empty() && inherited) flags.config = inherited;
  if (!flags.config.empty()) COLONNADE_RETURN_IF_ERROR(AddFile(flags.config, sources));
  AddEnvironment(environment, sources);
  for (auto& [name, values] : flags.values) {
    if (!values.empty()) sources.values[name] = {std::move(values), fmt::format("--{}", name)};
  }
  return sources;
}

}  // namespace colonnade
