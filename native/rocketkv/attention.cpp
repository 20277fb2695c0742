#include "attention.h"

#include <algorithm>
#include <cmath>

#include "cpu/kernels.h"
#include "scratch.h"

namespace rocketdoc {

void reserve(SelectorScratch & scratch, const SelectorShape & shape) {
    const int64_t g = shape.group, padded = (shape.capacity + PAGE_BLOCK - 1) / PAGE_BLOCK * PAGE_BLOCK;
    static_assert(PAGE_BLOCK % CODE_BLOCK == 0, "a page block's padding holds codes too");
    at_least(scratch.logits, g * padded);
    at_least(scratch.token_scores, padded);
    at_least(scratch.probabilities, g * (padded + 1));
    at_least(scratch.rows, g * int64_t(shape.head_dim + 2));
    at_least(scratch.order, std::max<int64_t>(shape.head_dim, shape.capacity));
    scratch.chosen.reserve(size_t(shape.capacity));
}

RowList chosen_rows(const SelectorScratch & scratch) { return {scratch.chosen.data(), int64_t(scratch.chosen.size())}; }

void scaled_logits(const CompactView & k, int head, const HeadQuery & query, const RowList & rows,
                   SelectorScratch & scratch, float * out, int64_t stride) {
    const int D      = k.head_dim;
    float *   scaled = at_least(scratch.rows, int64_t(query.group) * D);  // [g][D]
    for (int i = 0; i < query.group * D; i++) scaled[i] = query.q[i] * query.scale;
    cpu_kernels().row_logits(k.row(head, 0), k.row_elems, rows.index, rows.n, D, scaled, query.group, out, stride);
}

float with_sink(float top, const float * sinks, int h) { return sinks ? std::max(top, sinks[h]) : top; }
float sink_term(float top, const float * sinks, int h) { return sinks ? std::exp(sinks[h] - top) : 0.0f; }

void summed_probabilities(const float * logits, int64_t stride, int group, const float * sinks, int64_t n_units,
                          int64_t tokens, int64_t last, SelectorScratch & scratch, float * out) {
    if (n_units == 0) return;
    const CpuKernels & cpu    = cpu_kernels();
    float * const      terms  = at_least(scratch.probabilities, group * (n_units + 1));  // [g][n_units]
    float * const      weight = terms + group * n_units;                                 // [g]
    for (int h = 0; h < group; h++) {
        const float * mine = logits + h * stride;
        float * const of_h = terms + h * n_units;
        const float   top  = with_sink(cpu.maximum(mine, n_units), sinks, h);
        const float   sum  = cpu.exp_terms(mine, n_units, top, of_h);
        const float   total =
            float(tokens) * (sum - of_h[n_units - 1]) + float(last) * of_h[n_units - 1] + sink_term(top, sinks, h);
        weight[h] = total > 0 ? 1.0f / total : 0.0f;
    }
    cpu.weighted_sum(terms, n_units, weight, group, n_units, out);
}

bool choose_all(int64_t n_live, int64_t k, SelectorScratch & scratch) {
    if (n_live > k) return false;
    scratch.chosen.resize(size_t(n_live));
    for (int64_t i = 0; i < n_live; i++) scratch.chosen[size_t(i)] = int32_t(i);
    return true;
}

void sparse_attention(const CompactView & k, const CompactView & v, int head, const HeadQuery & query,
                      const RowList & chosen, SelectorScratch & scratch, float * out) {
    const CpuKernels & cpu      = cpu_kernels();
    const int          group    = query.group;
    const int64_t      n_chosen = chosen.n;
    float * const      weights  = at_least(scratch.probabilities, group * n_chosen);  // [g][n_chosen]
    scaled_logits(k, head, query, chosen, scratch, weights, n_chosen);
    for (int h = 0; h < group; h++) {
        float *     row   = weights + h * n_chosen;
        const float top   = with_sink(cpu.maximum(row, n_chosen), query.sinks, h);
        const float total = cpu.exp_terms(row, n_chosen, top, row) + sink_term(top, query.sinks, h);
        const float share = total > 0 ? 1.0f / total : 0.0f;
        for (int64_t i = 0; i < n_chosen; i++) row[i] *= share;
    }
    cpu.row_sums(v.row(head, 0), v.row_elems, chosen.index, n_chosen, k.head_dim, weights, n_chosen, group, out);
}

void exact_probabilities(const CompactView & k, int head, const HeadQuery & query, int64_t n_live,
                         SelectorScratch & scratch, float * out) {
    float * const logits = at_least(scratch.logits, query.group * n_live);  // [g][n_live]
    scaled_logits(k, head, query, {nullptr, n_live}, scratch, logits, n_live);
    summed_probabilities(logits, n_live, query.group, query.sinks, n_live, 1, 1, scratch, out);
}

}  // namespace rocketdoc
