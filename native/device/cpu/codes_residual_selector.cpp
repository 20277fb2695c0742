// Codes with the residual: rows that were not chosen enter the answer with their coded logit and value instead of not
// at all.
#include <algorithm>
#include <cmath>

#include "../../rocketkv/cpu/kernels.h"
#include "../../rocketkv/scratch.h"
#include "codes_selector.h"

namespace rocketdoc {
namespace {

class CodesResidualSelector final : public CodesSelector {
  public:
    explicit CodesResidualSelector(const SelectorShape & shape) : CodesSelector(shape, true) {}

    void attend(const CompactView & k, const CompactView & v, int head, int64_t n_live, const float * q,
                SelectorScratch & scratch, float * out) override {
        if (choose_all(n_live, shape_.k, scratch)) {
            sparse_attention(k, v, head, query(q, head), chosen_rows(scratch), scratch, out);
            return;
        }
        choose(head, n_live, q, scratch);
        merge(k, v, head, n_live, q, scratch, out);
    }

  private:
    // out = (sum over the others of e^a v^ + sum over the chosen of e^s v) / (the same sums without v): the sum over
    // the others is taken directly, never as "all minus chosen", so nothing cancels.
    void merge(const CompactView & k, const CompactView & v, int head, int64_t n_live, const float * q,
               SelectorScratch & scratch, float * out) const {
        const CpuKernels & cpu      = cpu_kernels();
        const KeyCodes &   codes    = heads_[size_t(head)];
        const int          g        = shape_.group;
        const int          D        = shape_.head_dim;
        const int64_t      n_chosen = int64_t(scratch.chosen.size());
        const int64_t      stride   = codes.padded(n_live);
        float * const      coded    = scratch.logits.data();                          // [g][stride]
        float * const      exact    = at_least(scratch.probabilities, g * n_chosen);  // [g][n_chosen]
        scaled_logits(k, head, query(q, head), chosen_rows(scratch), scratch, exact, n_chosen);

        float * const rest  = at_least(scratch.rows, int64_t(g) * (D + 2));  // [g][D] of sign sums, then totals
        float * const total = rest + int64_t(g) * D;                         // [g] weight of the others
        float * const share = total + g;                                     // [g] 1 / weight of all
        for (int h = 0; h < g; h++) {
            float * const of_others = coded + h * stride;
            float * const of_chosen = exact + h * n_chosen;
            for (const int32_t i : scratch.chosen) of_others[i] = -INFINITY;
            const float   most  = std::max(cpu.maximum(of_others, n_live), cpu.maximum(of_chosen, n_chosen));
            const float * sinks = shape_.sinks_of(head);
            const float   top   = with_sink(most, sinks, h);
            total[h]            = cpu.exp_terms(of_others, n_live, top, of_others);
            share[h] =
                1.0f / (total[h] + cpu.exp_terms(of_chosen, n_chosen, top, of_chosen) + sink_term(top, sinks, h));
        }
        cpu.row_sums(v.row(head, 0), v.row_elems, scratch.chosen.data(), n_chosen, D, exact, n_chosen, g, out);
        codes.add_values(coded, stride, g, n_live, total, rest, out);
        for (int h = 0; h < g; h++)
            for (int c = 0; c < D; c++) out[h * D + c] *= share[h];
    }
};

}  // namespace

std::unique_ptr<LayerSelector> make_codes_residual_layer(const SelectorShape & shape) {
    return std::make_unique<CodesResidualSelector>(shape);
}

}  // namespace rocketdoc
