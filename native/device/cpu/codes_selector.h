// Key codes instead of pages: one contiguous stream of codes ranks every live token, and k rows are read exactly.
#pragma once

#include <vector>

#include "../../rocketkv/key_codes.h"
#include "layer_selector.h"

namespace rocketdoc {

class CodesSelector : public LayerSelector {
  public:
    CodesSelector(const SelectorShape & shape, bool residual);

    void build(const CompactView & k, const CompactView & v, int head, int64_t n_rows,
               const float * importance) override {
        heads_[size_t(head)].build(k, v, head, n_rows, importance);
    }
    void append(const CompactView & k, const CompactView & v, int head, int64_t index) override {
        heads_[size_t(head)].append(k, v, head, index);
    }
    int64_t most_tokens(int64_t n_new) const override { return KeyCodes::most_appended(n_new); }
    void    take_back(int head, int64_t n) override { heads_[size_t(head)].take_back(n); }
    int64_t clamped(int head) const override { return heads_[size_t(head)].clamped(); }
    void    attend(const CompactView & k, const CompactView & v, int head, int64_t n_live, const float * q,
                   SelectorScratch & scratch, float * out) override;

  protected:
    HeadQuery query(const float * q, int head) const { return {q, shape_.group, shape_.scale, shape_.sinks_of(head)}; }
    // The k best rows by their codes, into scratch.chosen; scratch.logits keeps the coded logits [g][padded].
    void choose(int head, int64_t n_live, const float * q, SelectorScratch & scratch) const;

    const SelectorShape   shape_;
    std::vector<KeyCodes> heads_;  // [n_cache_head]
};

}  // namespace rocketdoc
