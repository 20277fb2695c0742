// codes_build, append_kv and select_codes: ranges and codes against the definition, choices up to equal scores, hard
// channels.
#include "kernels/reference.h"

using namespace kernel_test;

// round((x - lo) / step) may fall either way when it is within 1e-4 of a half.
static bool code_fits(float x, float lo, float step, int top, int code) {
    if (!(step > 0)) return code == 0;
    const double raw = (double(x) - lo) / step;
    const auto   at  = [&](double y) { return int(std::fmin(top, std::fmax(0.0, std::floor(y + 0.5)))); };
    return code == at(raw - 1e-4) || code == at(raw + 1e-4);
}

static void one(Rng & rng, int G, int g, int D, int capacity, int n0, int k, bool residual, bool hard, int steps) {
    Cache       cache(rng, G, g, D, capacity, n0);
    const float scale = some_scale(rng, D);
    if (hard) {
        for (int j = 0; j < G; j++) {
            for (int t = 0; t < n0; t++) {
                uint16_t * row = &cache.k_host[(size_t(j) * capacity + t) * D];
                row[0]         = to_half(2.5f);                                 // constant
                row[1]         = to_half(30000 * rng.normal() / 4);             // huge range
                row[2]         = to_half(t == n0 / 2 ? 500.0f : rng.normal());  // one outlier
                row[3]         = to_half(0.0f);                                 // zero
                row[D - 1]     = to_half(100.0f + 0.01f * rng.normal());        // large mean, small spread
            }
        }
        cache.upload();
    }
    const std::vector<float> importance = [&] {
        std::vector<float> x = normals(rng, size_t(G) * D);
        for (float & v : x) v = v * v;
        return x;
    }();
    Codes             codes(G, D, capacity, residual);
    Buffer<float>     device_importance(importance);
    const bool        with_importance = rng.below(4) != 0;
    const KernelCache view            = cache.view();
    Workspace         build_work(kernels().codes_build_workspace_bytes(view), true);
    launched(kernels().codes_build({view, n0, with_importance ? device_importance.data : nullptr, codes.view()},
                                   build_work, nullptr),
             "codes_build");
    codes.download();
    check_counters(build_work, "codes_build");

    bool order_ok = true, range_ok = true, code_ok = true, value_ok = true;
    for (int j = 0; j < G; j++) {
        std::vector<double> telling(static_cast<size_t>(D));
        std::vector<char>   seen(size_t(D), 0);
        for (int c = 0; c < D; c++) {
            double mean = 0, square = 0;
            for (int t = 0; t < n0; t++) mean += double(cache.key(j, t, c)) / n0;
            for (int t = 0; t < n0; t++) square += std::pow(cache.key(j, t, c) - mean, 2) / n0;
            telling[c] = (with_importance ? importance[size_t(j) * D + c] : 1.0) * square;
        }
        for (int p = 0; p < D; p++) {
            const size_t at = size_t(j) * D + p;
            const int    c  = codes.order_host[at];
            if (c < 0 || c >= D || seen[c]) {
                order_ok = false;
                break;
            }
            seen[c] = 1;
            if (p > 0) {
                const double before = telling[codes.order_host[at - 1]];
                order_ok            = order_ok && before >= telling[c] * (1 - 1e-4) - 1e-10;
            }
            float  low = INFINITY, high = -INFINITY;
            double mean = 0;
            for (int t = 0; t < n0; t++) {
                low = std::fmin(low, cache.key(j, t, c)), high = std::fmax(high, cache.key(j, t, c));
                mean += double(cache.key(j, t, c)) / n0;
            }
            const int   top      = p < D / 2 ? 15 : 3;
            const float step     = high > low ? (high - low) / top : 0.0f;
            const bool  has_code = p < D / 2 || residual;
            range_ok             = range_ok && std::fabs(codes.step_host[at] - step) <= 1e-6f * step &&
                                   (has_code ? codes.lo_host[at] == low
                                             : std::fabs(codes.lo_host[at] - mean) <=
                                                   1e-5 * std::fmax(1.0, std::fmax(std::fabs(high), std::fabs(low))));
            if (has_code) {
                for (int t = 0; t < n0; t++)
                    code_ok =
                        code_ok && code_fits(cache.key(j, t, c), low, codes.step_host[at], top, codes.code(j, t, p));
            }
        }
        for (int c = 0; residual && c < D; c++) {
            double mean = 0, spread = 0;
            for (int t = 0; t < n0; t++) mean += double(cache.value(j, t, c)) / n0;
            const float got = codes.v_mean_host[size_t(j) * D + c];
            for (int t = 0; t < n0; t++) {
                spread += std::fabs(cache.value(j, t, c) - got) / n0;
                value_ok = value_ok && codes.sign(j, t, c) == (cache.value(j, t, c) >= got);
            }
            value_ok = value_ok && std::fabs(got - mean) <= 1e-5 &&
                       std::fabs(codes.v_spread_host[size_t(j) * D + c] - spread) <= 1e-5;
        }
        said(codes.clamped_host[j] == 0, "clamped starts at 0");
    }
    said(order_ok && range_ok && code_ok && value_ok,
         "codes_build: G %d, D %d, n %d, residual %d, hard %d: order %d, ranges %d, codes %d, values %d", G, D, n0,
         residual, hard, order_ok, range_ok, code_ok, value_ok);

    const Sinks       sinks(rng, G * g, rng.below(2));
    Buffer<int32_t>   ids(size_t(G) * k), capacities(std::vector<int32_t>{capacity});
    Workspace         work(kernels().select_codes_workspace_bytes(view), true);
    const KernelCodes codes_view = codes.view();
    std::vector<int>  clamped(size_t(G), 0);
    int               n = n0;
    for (int step = 0; step < steps; step++) {
        std::vector<float> q  = normals(rng, size_t(G) * g * D),
                           nk = normals(rng, size_t(G) * D, step % 2 ? 1.0f : 4.0f), nv = normals(rng, nk.size());
        if (hard)
            for (int h = 0; h < G * g; h++) q[size_t(h) * D + 1] *= 1e-4f;  // or the huge channel decides alone
        if (step == 2) std::fill(q.begin(), q.end(), 0.0f);
        Buffer<float> device_q(q), device_k(nk), device_v(nv);
        KernelNewRow  row;
        if (step > 0 && n < capacity) {
            launched(kernels().advance_rows({cache.n_rows.data, capacities.data, 1}, nullptr), "advance_rows");
            for (int j = 0; j < G; j++) {
                for (int c = 0; c < D; c++) {
                    cache.k_host[(size_t(j) * capacity + n) * D + c] = to_half(nk[size_t(j) * D + c]);
                    cache.v_host[(size_t(j) * capacity + n) * D + c] = to_half(nv[size_t(j) * D + c]);
                }
                for (int p = 0; p < (residual ? D : D / 2); p++) {
                    const size_t at = size_t(j) * D + p;
                    const float  x = cache.key(j, n, codes.order_host[at]), s = codes.step_host[at];
                    const float  raw = s > 0                    ? std::floor((x - codes.lo_host[at]) / s + 0.5f)
                                       : x == codes.lo_host[at] ? 0
                                                                : -1;
                    clamped[j] += !(raw >= 0 && raw <= (p < D / 2 ? 15 : 3));
                }
            }
            n++;
            row.k = device_k.data, row.v = device_v.data;
            if (step % 3 == 0) {
                launched(kernels().append_kv(view, row, nullptr, &codes_view, nullptr), "append_kv");
                row = KernelNewRow{};
            }
        }
        ids.poison();
        const KernelChoice choice{view, row, device_q.data, scale, k, ids.data, sinks.device()};
        launched(kernels().select_codes({choice, codes_view}, work, nullptr), "select_codes");
        codes.download();
        const std::vector<int32_t> got   = ids.download();
        const int                  taken = std::min(k, n);
        for (int j = 0; j < G; j++) {
            const std::vector<float> b =
                reference::code_scores(codes.coded(j, n), query_of(cache, j, q, scale, &sinks));
            bool ok = same_choice(b, &got[size_t(j) * k], taken, 1e-4);
            if (step == 2)
                for (int i = 0; i < taken; i++) ok = ok && got[size_t(j) * k + i] == i;
            for (int i = taken; i < k; i++) ok = ok && got[size_t(j) * k + i] == -1;
            said(ok, "select_codes: head %d of %d, g %d, D %d, n %d of %d, k %d, residual %d, hard %d, step %d", j, G,
                 g, D, n, capacity, k, residual, hard, step);
        }
    }
    bool ok = true;
    for (int j = 0; j < G; j++) {
        ok = ok && codes.clamped_host[j] == clamped[j];
        for (int t = n0; t < n; t++) {
            for (int p = 0; p < (residual ? D : D / 2); p++) {
                const size_t at = size_t(j) * D + p;
                ok = ok && code_fits(cache.key(j, t, codes.order_host[at]), codes.lo_host[at], codes.step_host[at],
                                     p < D / 2 ? 15 : 3, codes.code(j, t, p));
            }
            for (int c = 0; residual && c < D; c++)
                ok = ok && codes.sign(j, t, c) == (cache.value(j, t, c) >= codes.v_mean_host[size_t(j) * D + c]);
        }
    }
    said(ok, "appended codes and clamp counts: D %d, n %d..%d, residual %d, hard %d", D, n0, n, residual, hard);
    said(cache.k.download() == cache.k_host && cache.v.download() == cache.v_host, "appended rows of K and V");
    check_counters(work, "select_codes");
}

int main(int argc, char ** argv) {
    return run(argc, argv, "codes", [](uint64_t seed, bool small) {
        Rng       rng(seed);
        const int dims[] = {64, 96, 128, 256, 512}, groups[] = {1, 2, 3, 4, 6, 7, 8, 16},
                  lengths[] = {1, 31, 32, 33, 64, 511, 512, 513, 1100};
        for (int i = 0; i < (small ? 10 : 60); i++) {
            const int n = lengths[small ? i % 6 : i % 9], capacity = n + rng.below(10);
            const int k = i % 6 == 5 ? capacity + 2 : 1 + rng.below(n);
            one(rng, 1 + rng.below(2), groups[rng.below(8)], dims[i % 5], capacity, n, k, i / 5 & 1, i % 3 == 2, 6);
        }
        if (small) return;
        one(rng, 8, 4, 128, 6433, 6400, 756, false, false, 4);
        one(rng, 4, 4, 128, 6433, 6400, 400, true, false, 4);
        one(rng, 1, 16, 512, 6433, 6400, 756, false, true, 4);
        one(rng, 2, 16, 512, 2000, 1990, 300, true, false, 4);
        one(rng, 1, 4, 128, 60000, 59990, 756, false, false, 3);  // too many tokens for shared memory
    });
}
