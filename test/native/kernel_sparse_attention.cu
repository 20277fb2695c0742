// sparse_attention on chosen rows, on all rows, and with the residual, against float64.
#include "kernels/reference.h"
#include "kernels/weight_formats.h"

using namespace kernel_test;

static double worst_seen = 0;

static void one(Rng & rng, int G, int g, int D, int capacity, int n, int k, float q_scale) {
    Cache                             cache(rng, G, g, D, capacity, n);
    const std::vector<float>          q     = normals(rng, size_t(G) * g * D, q_scale);
    const float                       scale = some_scale(rng, D);
    const Sinks                       sinks(rng, G * g, rng.below(2));
    std::vector<int32_t>              ids(size_t(G) * k, -1);
    std::vector<std::vector<int32_t>> chosen(static_cast<size_t>(G));
    for (int j = 0; j < G; j++) {
        std::vector<int32_t> all(static_cast<size_t>(n));
        for (int i = 0; i < n; i++) all[i] = i;
        const int taken = std::min(k, n);
        for (int i = 0; i < taken; i++) std::swap(all[i], all[i + rng.below(n - i)]);
        all.resize(size_t(taken));
        std::sort(all.begin(), all.end());
        std::copy(all.begin(), all.end(), ids.begin() + size_t(j) * k);
        chosen[j] = all;
    }
    Buffer<float>     device_q(q);
    Activations       out(int(q.size()));
    Buffer<int32_t>   device_ids(ids);
    const KernelCache view = cache.view();
    Workspace         work(kernels().sparse_attention_workspace_bytes(view, k), true);
    for (int dense = 0; dense < 2; dense++) {
        const bool in_8_bits = rng.below(4) > 0;
        out.x.poison(), out.scale.poison(), out.sum.poison();
        const KernelActivations to = in_8_bits ? out.view() : KernelActivations{out.x.data};
        launched(kernels().sparse_attention({view, device_q.data, scale, dense ? nullptr : device_ids.data, k, to,
                                             nullptr, nullptr, sinks.device()},
                                            work, nullptr),
                 "sparse_attention");
        const std::vector<float> got   = out.x.download();
        double                   worst = 0;
        if (in_8_bits) check_bits(out, "sparse_attention");
        for (int j = 0; j < G; j++) {
            if (dense) {
                chosen[j].resize(static_cast<size_t>(n));
                for (int i = 0; i < n; i++) chosen[j][i] = i;
            }
            const HostHead head(cache, j, n);
            const double   e =
                relative_error(&got[size_t(j) * g * D],
                               reference::attention(head.view(), query_of(cache, j, q, scale, &sinks), chosen[j]), D);
            worst = e <= worst ? worst : e;
        }
        worst_seen = worst <= worst_seen ? worst_seen : worst;
        said(worst <= 1e-4, "sparse_attention: G %d, g %d, D %d, n %d of %d, k %d, dense %d: relative error %g", G, g,
             D, n, capacity, k, dense, worst);
        check_counters(work, "sparse_attention");
    }
}

static void residual(Rng & rng, int G, int g, int D, int capacity, int n, int k, float q_scale) {
    Cache                    cache(rng, G, g, D, capacity, n);
    const std::vector<float> q     = normals(rng, size_t(G) * g * D, q_scale);
    const float              scale = some_scale(rng, D);
    const Sinks              sinks(rng, G * g, rng.below(2));
    Codes                    codes(G, D, capacity, true);
    const KernelCache        view       = cache.view();
    const KernelCodes        codes_view = codes.view();
    Workspace                build(kernels().codes_build_workspace_bytes(view), true),
        select(kernels().select_codes_workspace_bytes(view), true),
        work(kernels().sparse_attention_workspace_bytes(view, k), true);
    Buffer<float>   device_q(q);
    Activations     out(int(q.size()));
    Buffer<int32_t> ids(size_t(G) * k);
    launched(kernels().codes_build({view, n, nullptr, codes_view}, build, nullptr), "codes_build");
    codes.download();
    for (int repeat = 0; repeat < 2; repeat++) {
        out.x.poison(), out.scale.poison(), out.sum.poison(), ids.poison();
        const KernelChoice choice{view, KernelNewRow{}, device_q.data, scale, k, ids.data, sinks.device()};
        launched(kernels().select_codes({choice, codes_view}, select, nullptr), "select_codes");
        launched(kernels().sparse_attention(
                     {view, device_q.data, scale, ids.data, k, out.view(), &codes_view, select.data, sinks.device()},
                     work, nullptr),
                 "sparse_attention with residual");
    }
    const std::vector<float> got = out.x.download();
    check_bits(out, "sparse_attention with residual");
    const std::vector<int32_t> chosen = ids.download();
    double                     worst  = 0;
    for (int j = 0; j < G; j++) {
        const std::vector<int32_t> mine(chosen.begin() + size_t(j) * k,
                                        chosen.begin() + size_t(j) * k + std::min(k, n));
        const HostHead             head(cache, j, n);
        const double               e = relative_error(
            &got[size_t(j) * g * D],
            reference::residual_attention(codes.coded(j, n), head.view(), query_of(cache, j, q, scale, &sinks), mine),
            D);
        worst = e <= worst ? worst : e;
    }
    worst_seen = worst <= worst_seen ? worst_seen : worst;
    said(worst <= 1e-4, "residual: G %d, g %d, D %d, n %d of %d, k %d: relative error %g", G, g, D, n, capacity, k,
         worst);
    check_counters(work, "sparse_attention with residual");
}

int main(int argc, char ** argv) {
    return run(argc, argv, "sparse_attention", [](uint64_t seed, bool small) {
        Rng       rng(seed);
        const int dims[] = {64, 96, 128, 256, 512}, groups[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 16},
                  lengths[] = {1, 2, 31, 32, 33, 511, 512, 513, 1500};
        for (int i = 0; i < (small ? 15 : 100); i++) {
            const int n = lengths[i % (small ? 6 : 9)], k = i % 4 == 3 ? n + 7 : 1 + rng.below(n);
            const int g = groups[rng.below(10)], G = 1 + rng.below(3), capacity = n + rng.below(9);
            one(rng, G, g, dims[i % 5], capacity, n, k, i % 7 == 6 ? 8.0f : i % 7 == 5 ? 0.0f : 1.0f);
            residual(rng, G, g, dims[i % 5], capacity, n, k, i % 7 == 6 ? 4.0f : 1.0f);
        }
        if (!small) {
            one(rng, 8, 4, 128, 6433, 6400, 512, 1.0f);
            residual(rng, 8, 4, 128, 6433, 6400, 490, 1.0f);
            one(rng, 1, 2, 128, 50000, 49999, 512, 1.0f);
            for (int g : {8, 16}) {
                one(rng, 1, g, 512, 6433, 6400, 512, 1.0f);
                residual(rng, 2, g, 512, 6433, 6400, 490, 1.0f);
            }
        }
        // No live row: zeros, nothing read.
        Cache           empty(rng, 2, 4, 128, 16, 0);
        Buffer<float>   q(normals(rng, 8 * 128)), out(q.n);
        Workspace       work(kernels().sparse_attention_workspace_bytes(empty.view(), 4), true);
        KernelAttention none;
        none.cache = empty.view(), none.q = q.data, none.scale = 0.1f, none.out.x = out.data;
        launched(kernels().sparse_attention(none, work, nullptr), "no rows");
        none.scale = 0;
        said(kernels().sparse_attention(none, work, nullptr) == KERNEL_BAD_SHAPE,
             "a scale that was not set is refused");
        bool zero = true;
        for (float x : out.download()) zero = zero && x == 0.0f;
        said(zero, "attention over no rows is zero");
        std::printf("largest relative error: %.2g\n", worst_seen);
    });
}
