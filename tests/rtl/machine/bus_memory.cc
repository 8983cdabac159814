// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/machine/bus_memory.h"

namespace colonnade::rtl {
namespace {

constexpr int kError = 2;
constexpr int kBytes8 = 3;
constexpr int kIncrementing = 1;

bool CrossesPage(uint64_t address, int beats) {
  return address / 4096 != (address + 8 * static_cast<uint64_t>(beats) - 1) / 4096;
}

}  // namespace

bool BusMemory::Ready() {
  junk_ = junk_ * 6364136223846793005 + 1442695040888963407;
  return static_cast<int>(junk_ >> 61) >= stalls_;
}

void BusMemory::Complain(bool broken, const char* text) {
  if (broken && complaint_.empty()) complaint_ = text;
}

// What was offered and not accepted must still be offered.
void BusMemory::CheckStable(const BusRequest& request) {
  if (before_.awvalid) Complain(!request.awvalid || request.awaddr != before_.awaddr, "awvalid was taken back");
  if (before_.arvalid) Complain(!request.arvalid || request.araddr != before_.araddr, "arvalid was taken back");
  if (before_.wvalid) {
    Complain(!request.wvalid || request.wdata != before_.wdata || request.wstrb != before_.wstrb ||
                 request.wlast != before_.wlast,
             "wvalid was taken back");
  }
}

void BusMemory::AcceptRead(const BusRequest& request) {
  if (request.arvalid && answer_.arready) {
    const int beats = request.arlen + 1;
    Complain(beats > 16 || CrossesPage(request.araddr, beats), "a burst is too long");
    Complain(request.arsize != kBytes8 || request.arburst != kIncrementing || request.araddr % 8 != 0, "a bad burst");
    for (int i = 0; i < beats; ++i) {
      const uint64_t address = request.araddr + 8 * static_cast<uint64_t>(i);
      const bool exists = address / 8 < words_.size();
      reads_.push_back({exists ? words_[address / 8] : 0, i + 1 == beats, !exists || address >= bad_address_});
    }
  }
}

void BusMemory::AcceptWrite(const BusRequest& request) {
  if (answer_.bvalid && request.bready) answer_due_ = write_bad_ = false;
  if (request.wvalid && answer_.wready) {
    const bool exists = write_address_ / 8 < words_.size() && write_address_ < bad_address_;
    Complain(!write_open_, "data without a burst");
    Complain(request.wlast != (write_beats_ == 1), "wlast is wrong");
    Complain(request.wstrb != 0xff && request.wstrb != 0, "strobes are wrong");
    if (exists && request.wstrb == 0xff) words_[write_address_ / 8] = request.wdata;
    write_bad_ |= !exists;
    write_address_ += 8;
    if (--write_beats_ == 0) write_open_ = false, answer_due_ = true;
  }
  if (request.awvalid && answer_.awready) {
    Complain(request.awlen > 15 || CrossesPage(request.awaddr, request.awlen + 1), "a burst is too long");
    Complain(request.awsize != kBytes8 || request.awburst != kIncrementing || request.awaddr % 8 != 0, "a bad burst");
    write_open_ = true;
    write_address_ = request.awaddr;
    write_beats_ = request.awlen + 1;
  }
}

void BusMemory::PrepareAnswer() {
  const bool holds_read = answer_.rvalid;
  const bool holds_answer = answer_.bvalid;
  answer_ = {};
  answer_.awready = !write_open_ && !answer_due_ && Ready();
  answer_.wready = write_open_ && Ready();
  answer_.arready = reads_.empty() && Ready();
  if (answer_due_ && (holds_answer || Ready())) answer_.bvalid = true, answer_.bresp = write_bad_ ? kError : 0;
  if (!reads_.empty() && (holds_read || Ready())) {
    answer_.rvalid = true;
    answer_.rdata = reads_.front().data;
    answer_.rlast = reads_.front().last;
    answer_.rresp = reads_.front().bad ? kError : 0;
  }
}

void BusMemory::Clock(const BusRequest& request) {
  CheckStable(request);
  before_ = request;
  before_.awvalid &= !answer_.awready;
  before_.wvalid &= !answer_.wready;
  before_.arvalid &= !answer_.arready;
  bool read_taken = false;
  if (answer_.rvalid && request.rready) reads_.pop_front(), read_taken = true;
  AcceptRead(request);
  AcceptWrite(request);
  answer_.rvalid &= !read_taken;
  answer_.bvalid &= answer_due_;
  PrepareAnswer();
}

}  // namespace colonnade::rtl
