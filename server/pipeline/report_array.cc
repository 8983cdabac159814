// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/report_array.h"

#include <nlohmann/json.hpp>

#include "server/compiler/energy.h"
#include "server/compiler/pipelining.h"

namespace colonnade::pipeline {
namespace {

using nlohmann::json;

constexpr double kPerNano = 1000;  // picojoules

json EnergyToJson(const compiler::Energy& energy, const compiler::EnergyTable& table) {
  return {{"modelled", true},
          {"table", table.name},
          {"table_version", table.version},
          {"nanojoules", energy.total() / kPerNano},
          {"of",
           {{"multiply_adds", energy.multiply_adds / kPerNano},
            {"registers", energy.registers / kPerNano},
            {"activations", energy.activations / kPerNano},
            {"weights", energy.weights / kPerNano},
            {"accumulators", energy.accumulators / kPerNano}}}};
}

}  // namespace

json ArrayCost(const array::ArrayProgram& program) {
  const array::Cycles& cycles = program.cycles;
  return {{"array", array::Name(program.config)},
          {"cycles",
           {{"fill", cycles.fill},
            {"stream", cycles.stream},
            {"drain", cycles.drain},
            {"weight_load", cycles.weight_load},
            {"stall", cycles.stall}}},
          {"energy", EnergyToJson(compiler::ModelEnergy(program), compiler::kHorowitz45)}};
}

json PipelinedCost(const array::ArrayProgram& program) {
  const compiler::Pipelined pipelined = compiler::PredictPipelined(program);
  return {{"modelled", true},
          {"arrays", pipelined.steps.size()},
          {"cells", pipelined.cells},
          {"latency", pipelined.latency},
          {"interval", pipelined.interval},
          {"line_buffer_bytes", pipelined.buffer_bytes}};
}

}  // namespace colonnade::pipeline
