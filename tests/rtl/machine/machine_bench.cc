// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/machine/machine_bench.h"

#include <Machine.h>

#include <cstring>

#include "tests/rtl/verilated_model.h"

namespace colonnade::rtl {
namespace {

constexpr size_t kMemoryWords = 0x30000 / 8;
constexpr int kLongestWait = 100'000;  // polls
constexpr int kLongestAnswer = 100;    // cycles

}  // namespace

class MachineDevice {
 public:
  explicit MachineDevice(int seed) : model(RandomBits(context_, seed)) {}
  ~MachineDevice() { model.final(); }

  BusRequest Request() const {
    BusRequest r;
    r.awaddr = model.m_axi_awaddr, r.awlen = model.m_axi_awlen, r.awsize = model.m_axi_awsize;
    r.awburst = model.m_axi_awburst, r.awvalid = model.m_axi_awvalid;
    r.wdata = model.m_axi_wdata, r.wstrb = model.m_axi_wstrb, r.wlast = model.m_axi_wlast;
    r.wvalid = model.m_axi_wvalid, r.bready = model.m_axi_bready;
    r.araddr = model.m_axi_araddr, r.arlen = model.m_axi_arlen, r.arsize = model.m_axi_arsize;
    r.arburst = model.m_axi_arburst, r.arvalid = model.m_axi_arvalid, r.rready = model.m_axi_rready;
    return r;
  }

  void Drive(const BusAnswer& a) {
    model.m_axi_awready = a.awready, model.m_axi_wready = a.wready;
    model.m_axi_bvalid = a.bvalid, model.m_axi_bresp = static_cast<uint8_t>(a.bresp);
    model.m_axi_arready = a.arready, model.m_axi_rvalid = a.rvalid, model.m_axi_rlast = a.rlast;
    model.m_axi_rresp = static_cast<uint8_t>(a.rresp), model.m_axi_rdata = a.rdata;
  }

 private:
  VerilatedContext context_;

 public:
  Machine model;
};

MachineBench::MachineBench(int seed)
    : device_(std::make_unique<MachineDevice>(seed)), memory_(kMemoryWords, static_cast<uint64_t>(seed)) {
  PowerOn();
}

MachineBench::~MachineBench() = default;

MachineShape MachineBench::shape() { return {array::ArrayConfig{4, 4, 8, 4, 2}, 16, 64}; }

bool MachineBench::interrupt() const { return device_->model.interrupt_request; }

void MachineBench::Cycle() {
  Machine& model = device_->model;
  device_->Drive(memory_.Answer());
  model.clk = 0;
  model.eval();
  const BusRequest request = device_->Request();
  model.clk = 1;
  model.eval();
  if (model.reset_n) memory_.Clock(request);
}

void MachineBench::Cycles(int count) {
  for (int i = 0; i < count; ++i) Cycle();
}

void MachineBench::PowerOn() {
  Machine& model = device_->model;
  model.s_axil_awvalid = model.s_axil_wvalid = model.s_axil_arvalid = 0;
  model.s_axil_bready = model.s_axil_rready = 1;
  model.reset_n = 0;
  Cycles(2);
  model.reset_n = 1;
  while (Read(kStatus) & kBusy) Cycle();
  submitted_ = 0;
}

uint32_t MachineBench::Read(int offset) {
  Machine& model = device_->model;
  model.s_axil_araddr = static_cast<uint16_t>(offset);
  model.s_axil_arvalid = 1;
  model.s_axil_rready = host_waits_ == 0;
  Cycle();
  model.s_axil_arvalid = 0;
  model.eval();
  for (int i = 0; !model.s_axil_rvalid && i < kLongestAnswer; ++i) Cycle();
  Cycles(host_waits_);
  const uint32_t value = model.s_axil_rdata;
  model.s_axil_rready = 1;
  Cycle();
  return value;
}

void MachineBench::Write(int offset, uint32_t value, int strobes) {
  Machine& model = device_->model;
  model.s_axil_awaddr = static_cast<uint16_t>(offset);
  model.s_axil_wdata = value;
  model.s_axil_wstrb = static_cast<uint8_t>(strobes);
  model.s_axil_awvalid = model.s_axil_wvalid = 1;
  model.s_axil_bready = host_waits_ == 0;
  Cycle();
  model.s_axil_awvalid = model.s_axil_wvalid = 0;
  for (int i = 0; !model.s_axil_bvalid && i < kLongestAnswer; ++i) Cycle();
  Cycles(host_waits_);
  model.s_axil_bready = 1;
  Cycle();
}

void MachineBench::Reset() {
  Write(kControl, 1);
  submitted_ = 0;
  for (int i = 0; (Read(kStatus) & kBusy) != 0 && i < kLongestWait; ++i) Cycle();
}

void MachineBench::PutProgram(const std::vector<uint64_t>& program) {
  std::copy(program.begin(), program.end(), memory_.words().begin() + kProgramAt / 8);
}

void MachineBench::PutInput(const std::vector<uint8_t>& input) {
  std::memcpy(memory_.words().data() + kInputAt / 8, input.data(), input.size());
}

void MachineBench::Submit(Command command, uint32_t source_bytes, uint32_t target_bytes, uint32_t crc) {
  Write(kCommand, command);
  Write(kSource, static_cast<uint32_t>(command == kLoad ? kProgramAt : kInputAt));
  Write(kSource + 4, 0);
  Write(kSourceBytes, source_bytes);
  Write(kTarget, static_cast<uint32_t>(kOutputAt));
  Write(kTarget + 4, 0);
  Write(kTargetBytes, target_bytes);
  Write(kExpectedCrc, crc);
  Write(kSubmit, ++submitted_);
}

uint32_t MachineBench::Wait() {
  int polls = 0;
  while (Read(kCompletion) != submitted_ && polls < kLongestWait) ++polls;
  timed_out_ |= polls == kLongestWait;
  return Read(kError);
}

uint32_t MachineBench::Do(Command command, uint32_t source_bytes, uint32_t target_bytes, uint32_t crc) {
  Submit(command, source_bytes, target_bytes, crc);
  return Wait();
}

}  // namespace colonnade::rtl
