// SPDX-License-Identifier: Apache-2.0
#include "server/packing/group_published.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "server/packing/packing_items.h"

namespace colonnade::packing {

// The paper describes grouping dense columns first. The code its authors published
// (github.com/BradMcDanel/column-combine) does something else, an agglomerative greedy:
//
//   cut the columns into sections of 256 consecutive ones;
//   in each, begin with a group for every nonzero column, in order;
//   while some group has a feasible partner:
//     take the first such group, and of its feasible partners the one with which it has the
//     fewest empty rows, of equal ones the first; merge the two.
//
// Two groups are feasible partners when they have at most alpha columns together and the
// merged group has at most floor(gamma * rows) conflicts. Conflicts add up: those that a
// group has already count. How many a merge adds does not matter as long as it is feasible.
//
// A merged group is larger and fuller than either was, so a group without a partner never
// finds one later. The loop is therefore one pass: extend the first group until it has no
// partner, then the second, and so on, always looking at later groups only. With rows as
// bits, the empty rows and the conflicts of a merge are one population count.
//
// So that the result can be built, the feed rule holds as everywhere: groups of different
// mixing classes are no partners, and under channel_block whole channels merge, gamma holds
// at every tap, empty rows are counted over all taps, and a channel belongs to the section
// of its first nonzero column.
//
// What is a defect in the published code is not reproduced:
//   - a section without a nonzero column ends it with an error (a minimum over nothing);
//     here such a section has no groups;
//   - it keeps the list of nonempty rows of the last section only. A row that is empty there
//     keeps its conflicts in the other sections, and is left out of the utilization;
//     here pruning and counting cover every row.
// That no columns are combined across sections, which cuts through the taps of a channel, is
// how it behaves and stays.
namespace {

constexpr int kSectionColumns = 256;

struct Group {
  int mixing_class = 0;
  int section = 0;  // of columns
  std::vector<int> items;
  std::vector<uint64_t> rows;      // [taps][words], a bit per occupied row
  std::vector<int64_t> conflicts;  // by tap
  int64_t occupied = 0;
};

class Merger {
 public:
  explicit Merger(const PackingProblem& problem) : problem_(problem), items_(MakeItems(problem)) {
    for (int i = 0; i < int(items_.all.size()); ++i) {
      const Item& item = items_.all[size_t(i)];
      groups_.push_back({item.mixing_class,
                         SectionOf(item),
                         {i},
                         item.rows,
                         std::vector<int64_t>(size_t(items_.sections)),
                         item.nonzeros});
    }
  }

  Grouping Run() {
    for (size_t first = 0; first < groups_.size(); ++first) {
      for (size_t next = Partner(first); next < groups_.size(); next = Partner(first)) Merge(first, next);
    }
    Blocks blocks;
    for (Group& group : groups_) blocks.push_back(std::move(group.items));
    return ToGrouping(items_, blocks);
  }

 private:
  static int SectionOf(const Item& item) {
    for (const int column : item.columns) {
      if (column >= 0) return column / kSectionColumns;
    }
    return 0;
  }

  bool MayMerge(const Group& a, const Group& b) const {
    return a.mixing_class == b.mixing_class && a.section == b.section &&
           a.items.size() + b.items.size() <= size_t(problem_.alpha);
  }

  // Rows that both occupy, or -1 when some tap would have too many conflicts.
  int64_t Overlap(const Group& a, const Group& b) const {
    int64_t total = 0;
    for (int tap = 0; tap < items_.sections; ++tap) {
      const int64_t overlap = items_.Overlap(a.rows, b.rows, tap);
      const int64_t conflicts = a.conflicts[size_t(tap)] + b.conflicts[size_t(tap)] + overlap;
      if (double(conflicts) > problem_.gamma * problem_.matrix.rows) return -1;
      total += overlap;
    }
    return total;
  }

  // The later group that `first` should take in, or the number of groups.
  size_t Partner(size_t first) const {
    size_t best = groups_.size();
    int64_t most_occupied = -1;
    for (size_t i = first + 1; i < groups_.size(); ++i) {
      if (!MayMerge(groups_[first], groups_[i])) continue;
      const int64_t overlap = Overlap(groups_[first], groups_[i]);
      const int64_t occupied = groups_[first].occupied + groups_[i].occupied - overlap;
      if (overlap < 0 || occupied <= most_occupied) continue;
      most_occupied = occupied;
      best = i;
    }
    return best;
  }

  void Merge(size_t into, size_t from) {
    Group &a = groups_[into], &b = groups_[from];
    for (int tap = 0; tap < items_.sections; ++tap) {
      const int64_t overlap = items_.Overlap(a.rows, b.rows, tap);
      a.conflicts[size_t(tap)] += b.conflicts[size_t(tap)] + overlap;
      a.occupied -= overlap;
    }
    a.occupied += b.occupied;
    a.items.insert(a.items.end(), b.items.begin(), b.items.end());
    for (size_t word = 0; word < a.rows.size(); ++word) a.rows[word] |= b.rows[word];
    groups_.erase(groups_.begin() + std::ptrdiff_t(from));
  }

  const PackingProblem& problem_;
  const Items items_;
  std::vector<Group> groups_;  // in the order of their first columns
};

}  // namespace

Grouping GroupPublished(const PackingProblem& problem) { return Merger(problem).Run(); }

}  // namespace colonnade::packing
