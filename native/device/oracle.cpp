#include "oracle.h"

#include "../rocketkv/stage1.h"

namespace rocketdoc {

void OracleStats::add_head(const int32_t * chosen, int64_t n_chosen, const float * p, int64_t n_live, int group,
                           int32_t * best) {
    const int64_t n_best = top_k_ascending(p, n_live, n_chosen, best);
    int64_t       both   = 0;
    for (int64_t i = 0, j = 0; i < n_chosen && j < n_best;) {
        both += chosen[i] == best[j];
        const bool chosen_first = chosen[i] <= best[j], best_first = best[j] <= chosen[i];
        i += chosen_first;
        j += best_first;
    }
    double mass = 0;
    for (int64_t i = 0; i < n_chosen; i++) mass += p[chosen[i]];
    recall_sum += n_best == 0 ? 1.0 : double(both) / double(n_best);
    mass_sum += mass / group;
    n++;
}

void OracleStats::add(const OracleStats & other) {
    recall_sum += other.recall_sum;
    mass_sum += other.mass_sum;
    n += other.n;
}

}  // namespace rocketdoc
