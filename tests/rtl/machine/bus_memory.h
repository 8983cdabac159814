// SPDX-License-Identifier: Apache-2.0
// The memory behind the machine's AXI master: answers with random stalls, checks the rules that bursts
// have to keep, and answers with errors where it is told to.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace colonnade::rtl {

// What the master drives, and what it is answered in one cycle.
struct BusRequest {
  uint64_t awaddr = 0, wdata = 0, araddr = 0;
  int awlen = 0, awsize = 0, awburst = 0, wstrb = 0, arlen = 0, arsize = 0, arburst = 0;
  bool awvalid = false, wvalid = false, wlast = false, bready = false, arvalid = false, rready = false;
};
struct BusAnswer {
  uint64_t rdata = 0;
  int bresp = 0, rresp = 0;
  bool awready = false, wready = false, bvalid = false, arready = false, rvalid = false, rlast = false;
};

class BusMemory {
 public:
  BusMemory(size_t words, uint64_t seed) : words_(words), junk_(seed) {}

  std::vector<uint64_t>& words() { return words_; }
  // Of 8 cycles, in how many each channel is not ready.
  void set_stalls(int stalls) { stalls_ = stalls; }
  // Accesses from this address on are answered with an error; ~0: none.
  void set_bad_address(uint64_t address) { bad_address_ = address; }
  // The first rule that was broken, or nothing.
  const std::string& complaint() const { return complaint_; }
  // No burst is open.
  bool quiet() const { return reads_.empty() && !write_open_ && !answer_due_; }

  // Answers that hold in this cycle; afterwards what the master does with them at its end.
  const BusAnswer& Answer() const { return answer_; }
  void Clock(const BusRequest& request);

 private:
  struct Beat {
    uint64_t data;
    bool last, bad;
  };

  bool Ready();
  void Complain(bool broken, const char* text);
  void CheckStable(const BusRequest& request);
  void AcceptRead(const BusRequest& request);
  void AcceptWrite(const BusRequest& request);
  void PrepareAnswer();

  std::vector<uint64_t> words_;
  uint64_t junk_;
  int stalls_ = 0;
  uint64_t bad_address_ = ~uint64_t{0};
  std::string complaint_;
  std::deque<Beat> reads_;
  bool write_open_ = false, answer_due_ = false, write_bad_ = false;
  uint64_t write_address_ = 0;
  int write_beats_ = 0;
  BusAnswer answer_;
  BusRequest before_;  // of the cycle before, with what was not yet accepted
};

}  // namespace colonnade::rtl
