// SPDX-License-Identifier: Apache-2.0
#include "server/packing/group_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "server/base/status.h"
#include "server/packing/dense_first_blocks.h"
#include "server/packing/packing_items.h"
#include "server/packing/search_board.h"
#include "server/packing/search_moves.h"
#include "server/packing/search_start.h"

namespace colonnade::packing {

// With full groups, packing at alpha is 1-of-alpha sparsity, and only the choice of groups
// is left: which columns compete in each row. The number of groups is fixed, so there is
// nothing to trade, and the saliency that is kept can be searched for directly:
//
//   start   Three groupings are made and the best one goes on: columns as they come, dense
//           columns first (group_dense_first.cc), and strongest first: in order of falling
//           saliency each column joins the group that then keeps most, after the strongest
//           ones have opened a group each.
//   pairs   Exchanges of two columns, while they help.
//   cycles  Exchanges round several groups, while they help; then pairs once more.
//
// The moves are explained in search_pairs.cc and search_cycles.cc, what makes one cheap in
// search_board.h. Mixing classes do not touch each other and are searched one by one, the
// largest ones in parts (packing_items.h). An
// exact solution is out of reach: already groups of three are as hard to choose as
// three-dimensional matching. Instead SaliencyBound() certifies the result. It lets each row
// choose its groups for itself, so a grouping that meets it need not exist.
namespace {

class Search {
 public:
  Search(const PackingProblem& problem, const SearchOptions& options)
      : problem_(problem), options_(options), items_(MakeItems(problem)), random_(options.seed) {}

  SearchResult Run() {
    SearchResult result;
    Consider(BlocksInFileOrder(items_, problem_.alpha));
    result.file_order = kept_;
    Consider(DenseFirstBlocks(problem_, items_));
    Consider(ForEachPart([&](const std::vector<int>& members, const Blocks&) {
      return StrongestFirst(items_, members, problem_.alpha, loops_);
    }));
    WorkLeft all{options_.work};
    int parts = items_.parts;
    Consider(ForEachPart([&](const std::vector<int>& members, const Blocks& blocks) {
      return Improve(members, blocks, all, parts--);
    }));
    result.grouping = ToGrouping(items_, best_);
    result.kept = kept_;
    result.bound = SaliencyBound(problem_);
    return result;
  }

 private:
  // Takes the blocks if they keep more than the best so far.
  void Consider(Blocks blocks) {
    const double kept = KeptSaliency(problem_, ToGrouping(items_, blocks));
    if (!best_.empty() && kept <= kept_) return;
    kept_ = kept;
    best_ = std::move(blocks);
  }

  // New blocks for each part from its items and the best blocks so far.
  template <typename Function>
  Blocks ForEachPart(const Function& new_blocks) const {
    std::vector<std::vector<int>> members(static_cast<size_t>(items_.parts));
    std::vector<Blocks> blocks(members.size());
    for (const std::vector<int>& block : best_) {
      const auto part = size_t(items_.all[size_t(block[0])].part);
      members[part].insert(members[part].end(), block.begin(), block.end());
      blocks[part].push_back(block);
    }
    Blocks all;
    for (size_t i = 0; i < members.size(); ++i) {
      std::sort(members[i].begin(), members[i].end());
      for (std::vector<int>& block : new_blocks(members[i], blocks[i])) all.push_back(std::move(block));
    }
    return all;
  }

  // With its share of the work that is left.
  Blocks Improve(const std::vector<int>& members, const Blocks& blocks, WorkLeft& all, int parts_left) {
    const int lanes = int(std::min<int64_t>(problem_.alpha, int64_t(members.size())));
    if (blocks.size() < 2 || lanes < 2) return blocks;
    WorkLeft left{all.rows / parts_left};
    const int64_t share = left.rows;
    SearchBoard board(items_, blocks, lanes, loops_);
    ExchangePairs(board, left);
    ExchangeCycles(options_.rounds, board, random_, left);
    ExchangePairs(board, left);
    all.rows = std::max<int64_t>(all.rows - (share - left.rows), 0);
    return board.ToBlocks();
  }

  const PackingProblem& problem_;
  const SearchOptions options_;
  const Items items_;
  const SearchLoops& loops_ = BestLoops();
  std::mt19937_64 random_;
  Blocks best_;
  double kept_ = 0;  // by the best
};

}  // namespace

absl::StatusOr<SearchResult> GroupBySearch(const PackingProblem& problem, const SearchOptions& options) {
  if (problem.gamma < problem.alpha - 1) {
    return InvalidField("gamma", fmt::format("is {}; a search for full groups needs at least alpha - 1 = {}",
                                             problem.gamma, problem.alpha - 1));
  }
  return Search(problem, options).Run();
}

}  // namespace colonnade::packing
