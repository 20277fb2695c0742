// The oracle: the true top-k by exact probabilities. It reads every key, so it measures what choosing costs in quality,
// not in speed.
#include "../../rocketkv/scratch.h"
#include "../../rocketkv/stage1.h"
#include "layer_selector.h"

namespace rocketdoc {

namespace {

class ExactSelector final : public LayerSelector {
  public:
    explicit ExactSelector(const SelectorShape & shape) : shape_(shape) {}

    void build(const CompactView &, const CompactView &, int, int64_t, const float *) override {}
    void append(const CompactView &, const CompactView &, int, int64_t) override {}

    void attend(const CompactView & k, const CompactView & v, int head, int64_t n_live, const float * q,
                SelectorScratch & scratch, float * out) override {
        if (!choose_all(n_live, shape_.k, scratch)) {
            float * const scores = at_least(scratch.token_scores, n_live);
            exact_probabilities(k, head, query(q, head), n_live, scratch, scores);
            scratch.chosen.resize(size_t(shape_.k));
            top_k_ascending(scores, n_live, shape_.k, scratch.chosen.data());
        }
        sparse_attention(k, v, head, query(q, head), chosen_rows(scratch), scratch, out);
    }

  private:
    HeadQuery query(const float * q, int head) const { return {q, shape_.group, shape_.scale, shape_.sinks_of(head)}; }

    SelectorShape shape_;
};

}  // namespace

std::unique_ptr<LayerSelector> make_exact_layer(const SelectorShape & shape) {
    return std::make_unique<ExactSelector>(shape);
}

}  // namespace rocketdoc
