// SPDX-License-Identifier: Apache-2.0
#include "client/cli/report.h"

#include <fmt/format.h>

#include "client/cli/text.h"

namespace colonnade::cli {
namespace {

std::string Ratio(int64_t dense, int64_t packed) {
  return packed > 0 ? fmt::format("{:.2f}x fewer", double(dense) / double(packed)) : "";
}

void AddCost(Table& table, const char* what, int64_t dense, int64_t packed) {
  table.Add({what, fmt::to_string(dense), fmt::to_string(packed), Ratio(dense, packed)});
}

}  // namespace

void PrintResult(std::ostream& out, const client::JobResult& result) {
  Table table({"", ">dense", ">packed", ""});
  table.Add({"accuracy, float", Percent(result.dense_accuracy), Percent(result.packed_accuracy), ""});
  table.Add({"accuracy, as served", "", Percent(result.quantized_accuracy),
             fmt::format("on {} images ({})", result.accuracy_images, result.accuracy_source)});
  AddCost(table, "array columns", result.dense.columns, result.packed.columns);
  AddCost(table, "tiles", result.dense.tiles, result.packed.tiles);
  AddCost(table, "cycles per image", result.dense.cycles, result.packed.cycles);
  AddCost(table, "weight bytes", result.dense.weight_bytes, result.packed.weight_bytes);
  out << table.ToString();
  const bool has_data = result.data_ceiling > 0;
  out << fmt::format("packing efficiency {} ({} with whole arrays), {} epochs, {}\n",
                     Percent(result.packing_efficiency), Percent(result.packing_efficiency_tiled), result.epochs,
                     has_data ? fmt::format("data budget {} of {} records used", result.data_used, result.data_ceiling)
                              : "no training data");
}

void PrintJob(std::ostream& out, const client::Job& job) {
  out << fmt::format("{}: {}, model {}, data set {}, array {}, artifact {}", Printable(job.name), Word(job.state),
                     Printable(job.model), job.dataset.empty() ? "none" : Printable(job.dataset), Printable(job.array),
                     Printable(job.artifact));
  out << (job.result ? fmt::format(" version {}\n", job.result->artifact_version) : "\n");
  if (!job.error.ok()) {
    const bool staged = job.error_stage != client::JobStage::kNone;
    out << fmt::format("{}{}{}: {}\n", CodeName(job.error.code()), staged ? " in stage " : "", Word(job.error_stage),
                       Printable(job.error.message()));
  }
  if (job.result) PrintResult(out, *job.result);
}

}  // namespace colonnade::cli
