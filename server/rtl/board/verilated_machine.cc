// SPDX-License-Identifier: Apache-2.0
// The only file that sees Verilated classes. One template for all of them: they differ in widths.
#include "server/rtl/board/verilated_machine.h"

#include <board_models.h>
#include <fmt/format.h>
#include <verilated.h>
#include <verilated_vcd_c.h>

#include <algorithm>
#include <deque>
#include <fstream>

#include "server/base/file_io.h"
#include "server/base/status.h"
#include "server/device/registers.h"

namespace colonnade::rtl {
namespace {

constexpr int kResetCycles = 4;
constexpr int kCyclesPerLook = 512;     // at whether the machine still works
constexpr int kTraceDepth = 99;         // levels of modules
constexpr int kTable = 4, kVector = 7;  // first and last of the states in which program_sequencer.sv runs a step
constexpr uint8_t kSlaveError = 2;

// The memory's side of the AXI4 port: always ready, one beat per cycle, from the cycle after the
// address on.
template <typename Model>
class AxiMemory {
 public:
  explicit AxiMemory(Bus& bus) : bus_(bus) {}

  // Before the clock edge: what the machine finds.
  void Drive(Model& m) {
    m.m_axi_arready = reads_.empty();
    m.m_axi_rvalid = !reads_.empty();
    if (!reads_.empty()) {
      const std::optional<uint64_t> word = bus_.Read(reads_.front());
      m.m_axi_rdata = word.value_or(0);
      m.m_axi_rresp = word ? 0 : kSlaveError;
      m.m_axi_rlast = reads_.size() == 1;
    }
    m.m_axi_awready = !writing_ && !answering_;
    m.m_axi_wready = writing_;
    m.m_axi_bvalid = answering_;
    m.m_axi_bresp = failed_ ? kSlaveError : 0;
  }

  // What the machine says at the edge; to be called just before it.
  void Take(const Model& m) {
    if (m.m_axi_rvalid && m.m_axi_rready) reads_.pop_front();
    if (m.m_axi_arvalid && m.m_axi_arready) {
      for (int beat = 0; beat <= m.m_axi_arlen; ++beat) reads_.push_back(m.m_axi_araddr + uint64_t(beat) * 8);
    }
    if (m.m_axi_bvalid && m.m_axi_bready) answering_ = failed_ = false;
    if (m.m_axi_wvalid && m.m_axi_wready) Write(m);
    if (m.m_axi_awvalid && m.m_axi_awready) {
      writing_ = true;
      address_ = m.m_axi_awaddr;
    }
  }

 private:
  void Write(const Model& m) {
    failed_ |= !bus_.Write(address_, m.m_axi_wdata, m.m_axi_wstrb);
    address_ += 8;
    if (!m.m_axi_wlast) return;
    writing_ = false;
    answering_ = true;
  }

  Bus& bus_;
  std::deque<uint64_t> reads_;  // addresses of the burst
  uint64_t address_ = 0;
  bool writing_ = false, answering_ = false, failed_ = false;
};

VerilatedContext* Prepared(VerilatedContext& context) {
  context.randReset(2);
  context.traceEverOn(true);
  return &context;
}

template <typename Model>
class VerilatedMachine final : public HostedMachine {
 public:
  VerilatedMachine(const MachineOptions& options, Bus& bus)
      : options_(options), model_(Prepared(context_)), memory_(bus) {
    if (!options.trace.empty()) {
      model_.trace(&waveform_, kTraceDepth);
      waveform_.open(options.trace.c_str());
    }
    model_.s_axil_awvalid = model_.s_axil_wvalid = model_.s_axil_arvalid = 0;
    model_.s_axil_bready = model_.s_axil_rready = 1;
    model_.s_axil_wstrb = 0xf;
    model_.reset_n = 0;
    for (int i = 0; i < kResetCycles; ++i) Cycle();
    model_.reset_n = 1;
  }
  ~VerilatedMachine() override {
    waveform_.close();
    model_.final();
  }

  uint32_t ReadRegister(uint32_t offset) override {
    model_.s_axil_araddr = static_cast<uint16_t>(offset);
    model_.s_axil_arvalid = 1;
    CycleUntil([&] { return model_.s_axil_arready; });
    model_.s_axil_arvalid = 0;
    uint32_t value = 0;
    CycleUntil([&] {
      value = model_.s_axil_rdata;
      return model_.s_axil_rvalid;
    });
    return value;
  }

  void WriteRegister(uint32_t offset, uint32_t value) override {
    model_.s_axil_awaddr = static_cast<uint16_t>(offset);
    model_.s_axil_wdata = value;
    model_.s_axil_awvalid = model_.s_axil_wvalid = 1;
    bool address = false, data = false;  // taken; each may be before the other
    while (!address || !data) {
      Prepare();
      address |= model_.s_axil_awready && model_.s_axil_awvalid;
      data |= model_.s_axil_wready && model_.s_axil_wvalid;
      Edge();
      model_.s_axil_awvalid = !address;
      model_.s_axil_wvalid = !data;
    }
    CycleUntil([&] { return model_.s_axil_bvalid; });
  }

  void Advance(int cycles) override {
    for (int left = cycles; left > 0 && ReadRegister(device::kStatus) & device::kBusy; left -= kCyclesPerLook) {
      for (int i = 0; i < std::min(left, kCyclesPerLook); ++i) Cycle();
    }
  }

  bool interrupt() override { return model_.interrupt_request; }

 private:
  // Everything before the edge has settled.
  void Prepare() {
    memory_.Drive(model_);
    model_.clk = 0;
    model_.eval();
    Trace();
  }

  void Edge() {
    if (model_.reset_n) memory_.Take(model_);  // before, its outputs mean nothing
    model_.clk = 1;
    model_.eval();
    Trace();
  }

  void Cycle() {
    Prepare();
    Edge();
  }

  // Cycles up to one before whose edge `done` holds.
  template <typename Done>
  void CycleUntil(const Done& done) {
    for (bool holds = false; !holds;) {
      Prepare();
      holds = done();
      Edge();
    }
  }

  void Trace() {
    ++half_cycles_;
    if (!waveform_.isOpen()) return;
    const bool runs = RunsTracedStep();
    if (runs) waveform_.dump(half_cycles_);
    if (traced_ && !runs) waveform_.flush();  // boards are ended by signals
    traced_ = runs;
  }

  bool RunsTracedStep() const {
    const auto& root = *model_.rootp;
    const int state = root.machine__DOT__u_core__DOT__u_sequencer__DOT__state;
    // Block 0 of the steps memory is the header; that of the next step is counted already.
    return root.machine__DOT__u_core__DOT__u_sequencer__DOT__block == options_.layer + 2 && state >= kTable &&
           state <= kVector;
  }

  const MachineOptions options_;
  VerilatedContext context_;
  Model model_;
  AxiMemory<Model> memory_;
  VerilatedVcdC waveform_;
  uint64_t half_cycles_ = 0;
  bool traced_ = false;  // in the half cycle before
};

}  // namespace

std::string VerilatedArrays() { return BOARD_ARRAYS; }

absl::StatusOr<std::unique_ptr<HostedMachine>> MakeVerilated(const MachineOptions& options, Bus& bus) {
  if (!options.trace.empty() && !std::ofstream(options.trace)) return SystemError("write", options.trace);
  const std::string name = array::Name(options.config);
#define MAKE(model, array) \
  if (name == array) return std::make_unique<VerilatedMachine<model>>(options, bus);
  BOARD_MODELS(MAKE)
#undef MAKE
  return absl::FailedPreconditionError(
      fmt::format("array: '{}' is not built into this board; it has {}", name, VerilatedArrays()));
}

}  // namespace colonnade::rtl
