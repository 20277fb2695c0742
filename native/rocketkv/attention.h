// What the selectors share: the group's summed probabilities, and the way from scores to an answer when every live row
// fits.
#pragma once

#include "selector.h"

namespace rocketdoc {

// Logits q.k * scale of rows of `head`; out [g][stride]. Uses scratch.rows.
void scaled_logits(const CompactView & k, int head, const HeadQuery & query, const RowList & rows,
                   SelectorScratch & scratch, float * out, int64_t stride);

// out[p] = sum over the group of the probability of one token of unit p, where unit p stands for `tokens` tokens with
// the logit a[h][p] each, and the last unit for `last` tokens. a: [g][stride], kept. Uses scratch.probabilities.
void summed_probabilities(const float * a, int64_t stride, int group, int64_t n_units, int64_t tokens, int64_t last,
                          SelectorScratch & scratch, float * out);

// scratch.chosen = 0..n_live-1 when k reaches every live row; false otherwise.
bool choose_all(int64_t n_live, int64_t k, SelectorScratch & scratch);

}  // namespace rocketdoc
