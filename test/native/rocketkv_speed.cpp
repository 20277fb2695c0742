// Not a test: seconds on one core of this machine for the loops that a reader waits for, per ISA level. Under five
// seconds.
#include <chrono>

#include "rocketkv/stage1.h"
#include "rocketkv_data.h"

using namespace rocketdoc;

namespace {

// The best of several rounds, in seconds a call: other work on the machine only ever adds.
template <typename Call>
double seconds(int calls, Call call) {
    double best = 1e9;
    for (int round = 0; round < 5; round++) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < calls; i++) call(i);
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
        best                                     = std::min(best, time.count() / calls);
    }
    return best;
}

void stage1(Random & random, int D, int g, int64_t n) {
    const int window = 32;
    Cache     keys(1, D, n);
    fill(random, keys, 0, 0, n, false);
    const auto         q = random.normals(int64_t(g) * window * D);
    const RowsView     view{keys.halves.data(), RowType::f16, keys.row_elems * 2, keys.head_elems * 2, n, 1, D};
    std::vector<float> scores(static_cast<size_t>(n));
    Stage1Scratch      scratch;
    Stage1Kept         kept;
    float              mass;
    const double       s   = seconds(1, [&](int) {
        stage1_scores(view, {q.data(), g, window, D, published_scale(D)}, {0, Grouping::kv_group}, scratch,
                      scores.data(), mass);
    });
    const double       all = seconds(1, [&](int) {
        stage1_keep(view, {q.data(), g, window, D, published_scale(D)}, {0, Grouping::kv_group},
                    {Pooling::max, 63, n / 8}, scratch, kept, nullptr);
    });
    std::printf("%-8s stage1_scores D %3d g %d n %6lld: %7.2f ms, %5.1f GMAC/s; stage1_keep %7.2f ms\n",
                cpu_kernels().name, D, g, (long long) n, s * 1e3, double(n) * g * window * D / s * 1e-9, all * 1e3);
}

void attend(Random & random, SelectorKind kind, const char * name, SelectorShape shape) {
    const int64_t n    = shape.capacity;
    shape.scale        = published_scale(shape.head_dim);
    shape.n_cache_head = 30;  // as many heads as leave the first-level cache, like the layers of a model do
    Cache      keys(shape.n_cache_head, shape.head_dim, n), values(shape.n_cache_head, shape.head_dim, n);
    const auto selector = make_layer_selector(kind, shape);
    for (int head = 0; head < shape.n_cache_head; head++) {
        fill(random, keys, head, 0, n, false);
        fill(random, values, head, 0, n, false);
    }
    const double       build = seconds(1,
                                       [&](int) {
                                     for (int head = 0; head < shape.n_cache_head; head++)
                                         selector->build(keys.view(), values.view(), head, n, nullptr);
                                       }) /
                               shape.n_cache_head;
    const auto         q     = random.normals(int64_t(shape.group) * shape.head_dim);
    SelectorScratch    scratch;
    std::vector<float> out(size_t(shape.group * shape.head_dim));
    const int          calls = 300;
    const double       one =
        seconds(calls, [&](int) { selector->attend(keys.view(), values.view(), 0, n, q.data(), scratch, out.data()); });
    const double many = seconds(calls, [&](int i) {
        selector->attend(keys.view(), values.view(), i % shape.n_cache_head, n, q.data(), scratch, out.data());
    });
    const double append =
        seconds(calls, [&](int i) { selector->append(keys.view(), values.view(), i % shape.n_cache_head, n - 1); });
    std::printf(
        "%-8s %-14s attend %6.1f us (one head, hot), %6.1f us (30 heads in turn); append %5.2f us; build %7.1f us\n",
        cpu_kernels().name, name, one * 1e6, many * 1e6, append * 1e6, build * 1e6);
}

}  // namespace

int main() {
    Random random;
    for_each_level([&] {
        stage1(random, 64, 3, 8192);
        stage1(random, 128, 4, 8192);
        attend(random, SelectorKind::pages, "pages", {1, 3, 64, 2400, 3, 41, 256});
        attend(random, SelectorKind::codes, "codes", {1, 3, 64, 2400, 3, 41, 378});
        attend(random, SelectorKind::codes_residual, "codes_residual", {1, 3, 64, 2400, 3, 41, 245});
        attend(random, SelectorKind::exact, "exact", {1, 3, 64, 2400, 3, 41, 256});
    });
    return 0;
}
