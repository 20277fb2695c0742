#include "codes_selector.h"

#include "../../rocketkv/scratch.h"
#include "../../rocketkv/stage1.h"

namespace rocketdoc {

CodesSelector::CodesSelector(const SelectorShape & shape, bool residual)
    : shape_(shape),
      heads_(size_t(shape.n_cache_head), KeyCodes(shape.head_dim, shape.capacity, residual, shape.has_sinks)) {}

void CodesSelector::attend(const CompactView & k, const CompactView & v, int head, int64_t n_live, const float * q,
                           SelectorScratch & scratch, float * out) {
    if (!choose_all(n_live, shape_.k, scratch)) choose(head, n_live, q, scratch);
    sparse_attention(k, v, head, query(q, head), chosen_rows(scratch), scratch, out);
}

void CodesSelector::choose(int head, int64_t n_live, const float * q, SelectorScratch & scratch) const {
    const KeyCodes & codes  = heads_[size_t(head)];
    const int        g      = shape_.group;
    const int64_t    stride = codes.padded(n_live);
    float * const    folded = at_least(scratch.rows, int64_t(g) * (codes.n_coded() + 1));
    float * const    logits = at_least(scratch.logits, g * stride);
    float * const    scores = at_least(scratch.token_scores, n_live);
    codes.scores(query(q, head), n_live, folded, logits, stride);
    summed_probabilities(logits, stride, g, shape_.sinks_of(head), n_live, 1, 1, scratch, scores);
    scratch.chosen.resize(size_t(shape_.k));
    top_k_ascending(scores, n_live, shape_.k, scratch.chosen.data());
}

std::unique_ptr<LayerSelector> make_codes_layer(const SelectorShape & shape) {
    return std::make_unique<CodesSelector>(shape, false);
}

}  // namespace rocketdoc
