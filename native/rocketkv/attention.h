// Attention of one token over rows of one cache head, and what the selectors share: the group's summed probabilities,
// and the way from scores to an answer when every live row fits.
#pragma once

#include <cstdint>
#include <vector>

#include "rows.h"
#include "selector_shape.h"

namespace rocketdoc {

// The queries of one token that share a cache head.
struct HeadQuery {
    const float * q     = nullptr;  // [group][D]
    int           group = 1;
    float         scale = 0;        // of every score
    const float * sinks = nullptr;  // [group]: a logit of each head that is of no row; null: none
};

// Rows of a cache head: index[0..n-1], ascending; index null: rows 0..n-1.
struct RowList {
    const int32_t * index = nullptr;
    int64_t         n     = 0;
};

// Memory of one thread, used again; it grows where a call needs more than was reserved.
struct SelectorScratch {
    std::vector<float>   logits;
    std::vector<float>   token_scores;
    std::vector<float>   probabilities;
    std::vector<float>   rows;
    std::vector<int32_t> order;
    std::vector<int32_t> chosen;
};
// After it no selector of the shape allocates.
void    reserve(SelectorScratch & scratch, const SelectorShape & shape);
RowList chosen_rows(const SelectorScratch & scratch);

// Logits q.k * scale of rows of `head`; out [g][stride]. Uses scratch.rows.
void scaled_logits(const CompactView & k, int head, const HeadQuery & query, const RowList & rows,
                   SelectorScratch & scratch, float * out, int64_t stride);

// out[p] = sum over the group of the probability of one token of unit p, where unit p stands for `tokens` tokens with
// the logit logits[h][p] each, and the last unit for `last` tokens. logits: [g][stride], unchanged; with sinks [g] they
// are whole, without them up to a constant of each head. Uses scratch.probabilities.
void summed_probabilities(const float * logits, int64_t stride, int group, const float * sinks, int64_t n_units,
                          int64_t tokens, int64_t last, SelectorScratch & scratch, float * out);

// The greatest logit of head h, its sink included; and the sink's share of the sum of exp(logit - top).
float with_sink(float top, const float * sinks, int h);
float sink_term(float top, const float * sinks, int h);

// scratch.chosen = 0..n_live-1 when k reaches every live row; false otherwise.
bool choose_all(int64_t n_live, int64_t k, SelectorScratch & scratch);

// Exact attention over the chosen rows of `head`; out [g][D]. What every selector ends in.
void sparse_attention(const CompactView & k, const CompactView & v, int head, const HeadQuery & query,
                      const RowList & chosen, SelectorScratch & scratch, float * out);

// Sum over the group of softmax(q.K * scale) over n_live rows, out [n_live]: the oracle's scores, for recall and
// exact-topk.
void exact_probabilities(const CompactView & k, int head, const HeadQuery & query, int64_t n_live,
                         SelectorScratch & scratch, float * out);

}  // namespace rocketdoc
