// SPDX-License-Identifier: Apache-2.0
#include "server/packing/permute_blocks.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "server/base/disjoint_sets.h"
#include "server/nn/filter_matrix.h"
#include "server/packing/group_search.h"
#include "server/packing/packing_problem.h"

namespace colonnade::packing {

// Grouping under feed rule channel_block partitions the channels of one layer so that all
// its taps lose little together. Several layers that read the same channels ask no more
// than that: beside the taps of one layer stand the taps of the others, and the matrix
// that has all of them is one packing problem,
//
//            channel 0            channel 1         ...
//            a: tap 0, 1  b: 0    a: tap 0, 1  b: 0
//   row 0    w    w    |  w       w    w    |  w
//   row 1    w    w    |  0       w    w    |  0        b has fewer rows
//
// whose blocks become runs of adjacent channels. Three matters remain.
//
// The search finds the fewest blocks, but several of them may be short, while runs are cut
// by counting. So blocks below alpha are filled from the smallest ones, each time by the
// channel that loses least.
//
// Layers may have different alphas, and alpha may grow over the rounds of a job. So runs
// of 8 consist of runs of 4 and those of pairs: each block is partitioned again at half
// its alpha, by all layers that have groups of that size. A partition at 8 cares only for
// layers that pack 8 channels.
//
// Between the tensors of a network blocks stay aligned as long as the sets that may be
// ordered have multiples of alpha channels (permute_layout.h); otherwise a run can span
// two sets, which costs saliency and nothing else.
namespace {

using Block = std::vector<int>;

class Orderer {
 public:
  explicit Orderer(const std::vector<ChannelReader>& readers) : readers_(readers) {}

  Block Order(const Block& members, int alpha) const {
    Block order;
    for (const Block& block : Partition(members, alpha)) {
      const Block inner = alpha > 2 ? Order(block, (alpha + 1) / 2) : block;
      order.insert(order.end(), inner.begin(), inner.end());
    }
    return order;
  }

 private:
  // Columns: sections (a reader's taps) of the first member, then of the second, ...
  struct Stack {
    int sections = 0;
    nn::FilterMatrix matrix;
  };

  Stack StackUp(const Block& members, int alpha) const {
    Stack stack;
    for (const ChannelReader& reader : readers_) {
      if (reader.alpha < alpha) continue;
      stack.sections += reader.taps;
      stack.matrix.rows = std::max(stack.matrix.rows, reader.rows);
    }
    stack.matrix.columns = stack.sections * int(members.size());
    stack.matrix.values.resize(size_t(stack.matrix.rows) * size_t(stack.matrix.columns));
    for (int column = 0; column < stack.matrix.columns; ++column) {
      stack.matrix.column_sites.push_back({column / stack.sections, column % stack.sections, 0});
    }
    int section = 0;
    for (const ChannelReader& reader : readers_) {
      if (reader.alpha < alpha) continue;
      Copy(reader, members, section, stack);
      section += reader.taps;
    }
    return stack;
  }

  static void Copy(const ChannelReader& reader, const Block& members, int section, Stack& stack) {
    for (size_t i = 0; i < members.size(); ++i) {
      for (int tap = 0; tap < reader.taps; ++tap) {
        const size_t from = (size_t(members[i]) * size_t(reader.taps) + size_t(tap)) * size_t(reader.rows);
        for (int row = 0; row < reader.rows; ++row) {
          stack.matrix.at(row, int(i) * stack.sections + section + tap) = reader.magnitudes[from + size_t(row)];
        }
      }
    }
  }

  // Blocks of alpha, then a shorter one, then those without a weight.
  std::vector<Block> Partition(const Block& members, int alpha) const {
    if (int(members.size()) <= alpha) return {members};
    const Stack stack = StackUp(members, alpha);
    if (stack.sections == 0) return {members};
    std::vector<Block> blocks = BlocksOf(Grouped(stack, alpha), stack, int(members.size()));
    Block dead = std::move(blocks.back());
    blocks.pop_back();
    FillUp(stack, alpha, blocks);
    if (!dead.empty()) blocks.push_back(std::move(dead));
    for (Block& block : blocks) {
      std::sort(block.begin(), block.end());
      for (int& member : block) member = members[size_t(member)];
    }
    return blocks;
  }

  static Grouping Grouped(const Stack& stack, int alpha) {
    const PackingProblem problem{stack.matrix, alpha, double(alpha - 1), nn::FeedRule::kChannelBlock};
    return GroupBySearch(problem)->grouping;  // which refuses only a smaller gamma
  }

  // The channels that are in a group together at any section; the last block holds those in no group.
  static std::vector<Block> BlocksOf(const Grouping& grouping, const Stack& stack, int channels) {
    DisjointSets sets(channels);
    std::vector<bool> grouped(size_t(channels), false);
    for (const std::vector<int>& group : grouping.groups) {
      for (const int column : group) {
        grouped[size_t(column / stack.sections)] = true;
        sets.Join(column / stack.sections, group[0] / stack.sections);
      }
    }
    std::map<int, Block> by_set;
    Block dead;
    for (int channel = 0; channel < channels; ++channel) {
      (grouped[size_t(channel)] ? by_set[sets.Find(channel)] : dead).push_back(channel);
    }
    std::vector<Block> blocks;
    for (auto& [set, block] : by_set) blocks.push_back(std::move(block));
    blocks.push_back(std::move(dead));
    return blocks;
  }

  // Until only the last block has less than alpha channels.
  static void FillUp(const Stack& stack, int alpha, std::vector<Block>& blocks) {
    std::stable_sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) { return a.size() > b.size(); });
    for (size_t i = 0; i + 1 < blocks.size(); ++i) {
      while (int(blocks[i].size()) < alpha && i + 1 < blocks.size()) {
        Block& last = blocks.back();
        const auto best = std::min_element(last.begin(), last.end(), [&](int a, int b) {
          return Loss(stack, blocks[i], a) < Loss(stack, blocks[i], b);
        });
        blocks[i].push_back(*best);
        last.erase(best);
        if (last.empty()) blocks.pop_back();
      }
    }
  }

  // What pruning conflicts costs when `channel` joins `block`.
  static double Loss(const Stack& stack, const Block& block, int channel) {
    double loss = 0;
    for (int row = 0; row < stack.matrix.rows; ++row) {
      for (int section = 0; section < stack.sections; ++section) {
        float kept = 0;
        for (const int member : block) kept = std::max(kept, stack.matrix.at(row, member * stack.sections + section));
        const float lost = std::min(kept, stack.matrix.at(row, channel * stack.sections + section));
        loss += double(lost) * lost;
      }
    }
    return loss;
  }

  const std::vector<ChannelReader>& readers_;
};

}  // namespace

std::vector<int> OrderChannels(const std::vector<ChannelReader>& readers, int count) {
  int alpha = 1;
  for (const ChannelReader& reader : readers) alpha = std::max(alpha, reader.alpha);
  Block all(static_cast<size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return alpha > 1 ? Orderer(readers).Order(all, alpha) : all;
}

}  // namespace colonnade::packing
