// Mode exact-topk, and each selector measured against the exact top-k: the compact caches of CPU and GPU on the same
// rows and queries, so that what differs is arithmetic alone. The GPU's half (cuda_options.h) is skipped, with the
// reason, where no GPU can be used.
#include "compact_side.h"

using namespace rocketdoc;

namespace {

constexpr int64_t N_STEPS = 24;

// One layer and one KV head: the map's reads of a step are the rows that it chose. They must be the exact top-k of the
// rows that are there, up to equal scores, and the answer is attention over them.
void test_exact_choice(bool cuda, int64_t head_dim, int k) {
    Random        random;
    const int     group = random.integer(1, 6);
    Inputs        in(random, {1, group, 1, head_dim, 16, N_STEPS});
    Side          side;
    RocketOptions options = options_of(SelectorKind::pages);
    options.k             = k;
    if (!open_side(cuda, side) || !side.keep(in, Mode::exact_topk, options)) return;
    std::vector<float>    keys = f16_rows(in.k[0]), values = f16_rows(in.v[0]);
    std::vector<uint32_t> reads(size_t(N_PROMPT + N_STEPS), 0);
    CHECK(side.cache->measure(true).ok());
    for (int64_t step = 0; step < N_STEPS; step++) {
        const std::vector<float> new_k = f16_rows(in.step_k[size_t(step)]), new_v = f16_rows(in.step_v[size_t(step)]);
        keys.insert(keys.end(), new_k.begin(), new_k.end());
        values.insert(values.end(), new_v.begin(), new_v.end());
        const int64_t            n   = N_PROMPT + step + 1;
        const std::vector<float> out = side.step(in, step);
        std::vector<uint32_t>    kept(reads.size(), 0), now(reads.size(), 0);
        side.cache->count_map(kept, now);
        std::vector<int32_t> chosen;
        for (size_t i = 0; i < now.size(); i++) {
            CHECK(now[i] - reads[i] <= 1);
            if (now[i] > reads[i]) chosen.push_back(int32_t(i));
        }
        reads = now;
        CHECK(int64_t(chosen.size()) == std::min(side.cache->budgets().k, n));
        const float *          q = in.step_q[size_t(step)].data();
        const reference::Head  rows{keys.data(), values.data(), n, int(head_dim)};
        const reference::Query query{q, group, in.params.layer(0).scale};
        CHECK(is_top_k(reference::exact_scores(rows, query), chosen, side.cache->budgets().k, 1e-4));
        check_outputs(out, reference::attention(rows, query, chosen), 1e-4);
    }
    const OracleStats stats = side.cache->take_oracle_stats();
    CHECK(stats.n == N_STEPS && stats.recall_sum == double(N_STEPS));
    CHECK(side.cache->take_oracle_stats().n == 0);
}

// What a mode reads, and its recall and mass, per head and step.
struct Measured {
    std::vector<float>    out;
    std::vector<uint32_t> reads;
    OracleStats           stats;
};

Measured measure(Side & side, const Inputs & in) {
    Measured m;
    for (int64_t step = 0; step < N_STEPS; step++) {
        CHECK(side.cache->measure(step % 2 == 0).ok());  // on and off: what a step computes does not hang on it
        const std::vector<float> out = side.step(in, step);
        m.out.insert(m.out.end(), out.begin(), out.end());
    }
    std::vector<uint32_t> kept(size_t(N_PROMPT + N_STEPS), 0);
    m.reads.assign(kept.size(), 0);
    side.cache->count_map(kept, m.reads);
    m.stats = side.cache->take_oracle_stats();
    return m;
}

// The CPU against the other device, or against itself.
void test_measures_alike(bool other_is_cuda, Mode mode, SelectorKind selector, Grouping grouping) {
    Random        random;
    Inputs        in(random, {2, 6, 2, 64, 16, N_STEPS});
    RocketOptions options  = options_of(selector);
    options.grouping       = grouping;
    options.n_dense_layers = mode == Mode::hsa ? 1 : 0;
    Side cpu, other;
    if (!open_side(false, cpu) || !open_side(other_is_cuda, other) || !cpu.keep(in, mode, options) ||
        !other.keep(in, mode, options))
        return;
    const Measured here = measure(cpu, in), there = measure(other, in);
    const double   n = double(here.stats.n);
    CHECK(here.stats.n == there.stats.n && here.stats.n > 0);
    if (other_is_cuda)
        std::printf("%-11s selector %d: recall %.4f, %.4f on the GPU; attention read %.4f, %.4f\n", mode_name(mode),
                    int(selector), here.stats.recall_sum / n, there.stats.recall_sum / n, here.stats.mass_sum / n,
                    there.stats.mass_sum / n);
    CHECK_NEAR(here.stats.recall_sum / n, there.stats.recall_sum / n, 1e-3);
    CHECK_NEAR(here.stats.mass_sum / n, there.stats.mass_sum / n, 1e-3);
    if (mode == Mode::exact_topk) CHECK(there.stats.recall_sum == n);
    int64_t reads = 0, different = 0;
    for (size_t i = 0; i < here.reads.size(); i++) {
        reads += here.reads[i];
        different += std::abs(int64_t(here.reads[i]) - int64_t(there.reads[i]));
    }
    CHECK(reads > 0 && double(different) <= 2e-3 * double(reads));  // equal scores
    double worst = 0;
    for (size_t i = 0; i < here.out.size(); i++) worst = std::max(worst, double(std::fabs(here.out[i] - there.out[i])));
    CHECK(worst < 2e-2 && !std::isnan(there.out.back()));  // a swap of equal scores is small
}

void test_oracle_stats() {
    const float   p[]      = {0.5f, 0.1f, 0.9f, 0.2f, 0.3f};  // of a group of two
    const int32_t chosen[] = {0, 1};
    int32_t       best[2];
    OracleStats   stats;
    stats.add_head(chosen, 2, p, 5, 2, best);
    CHECK_NEAR(stats.recall_sum, 0.5, 0);
    CHECK_NEAR(stats.mass_sum, 0.3, 1e-7);
    stats.add_head(chosen, 0, p, 5, 2, best);
    CHECK(stats.n == 2 && stats.recall_sum == 1.5);
}

void test_device(bool cuda) {
    for (int64_t head_dim : {64, 96, 128, 256, 512}) test_exact_choice(cuda, head_dim, 0);
    test_exact_choice(cuda, 64, int(N_PROMPT) + 5);  // everything fits at first
    for (Grouping grouping : {Grouping::kv_group, Grouping::query_head}) {
        test_measures_alike(cuda, Mode::exact_topk, SelectorKind::pages, grouping);
        for (SelectorKind selector : {SelectorKind::pages, SelectorKind::codes, SelectorKind::codes_residual}) {
            test_measures_alike(cuda, Mode::rocketkv_mt, selector, grouping);
            test_measures_alike(cuda, Mode::hsa, selector, grouping);
        }
    }
}

}  // namespace

int main() {
    test_oracle_stats();
    test_device(false);
    if (has_gpu()) test_device(true);
    return check::report();
}
