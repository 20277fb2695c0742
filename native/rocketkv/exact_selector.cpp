// The oracle: the true top-k by exact probabilities. It reads every key, so it measures what choosing costs in quality,
// not in speed.
#include <algorithm>

#include "attention.h"
#include "scratch.h"
#include "selectors.h"
#include "stage1.h"

namespace rocketdoc {

namespace {

class ExactSelector final : public Selector {
  public:
    explicit ExactSelector(const SelectorShape & shape) : shape_(shape) {}

    size_t stored_bytes() const override { return 0; }
    size_t read_bytes(int64_t n_live) const override {
        const size_t row  = size_t(shape_.head_dim) * sizeof(f16_bits);
        const size_t pair = 2 * row;
        if (n_live <= shape_.k) return size_t(n_live) * pair;
        return size_t(n_live) * row + size_t(shape_.k) * pair;
    }

    void allocate() override {}
    void build(const CompactView &, const CompactView &, int, int64_t, const float *) override {}
    void append(const CompactView &, const CompactView &, int, int64_t) override {}

    void attend(const CompactView & k, const CompactView & v, int head, int64_t n_live, const float * q,
                SelectorScratch & scratch, float * out) override {
        if (!choose_all(n_live, shape_.k, scratch)) {
            float * const scores = at_least(scratch.token_scores, n_live);
            exact_probabilities(k, head, query(q), n_live, scratch, scores);
            scratch.chosen.resize(size_t(shape_.k));
            top_k_ascending(scores, n_live, shape_.k, scratch.chosen.data());
        }
        sparse_attention(k, v, head, query(q), chosen_rows(scratch), scratch, out);
    }

  private:
    HeadQuery query(const float * q) const { return {q, shape_.group, shape_.scale}; }

    SelectorShape shape_;
};

}  // namespace

std::unique_ptr<Selector> make_exact_selector(const SelectorShape & shape) {
    return std::make_unique<ExactSelector>(shape);
}

}  // namespace rocketdoc
