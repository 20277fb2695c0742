// page_minmax, append_kv and select_pages: summaries equal a rebuild, choices equal the reference up to equal scores.
#include "kernels/reference.h"

using namespace kernel_test;

static std::vector<uint16_t> rebuilt(const Cache & cache, int n, int page) {
    const int             stride = kernel_page_stride(cache.capacity, page), sides = page_sides(page);
    std::vector<uint16_t> out(size_t(cache.G) * cache.D * sides * stride, 0);
    for (int j = 0; j < cache.G; j++) {
        for (int c = 0; c < cache.D; c++) {
            for (int t = 0; t < n; t++) {
                uint16_t *  at = &out[(size_t(j) * cache.D + c) * sides * stride + t / page];
                const float x  = cache.key(j, t, c);
                if (t % page == 0 || x < to_float(at[0])) at[0] = to_half(x);
                if (sides == 2 && (t % page == 0 || x > to_float(at[stride]))) at[stride] = to_half(x);
            }
        }
    }
    return out;
}

static bool same_halves(const std::vector<uint16_t> & a, const std::vector<uint16_t> & b) {
    for (size_t i = 0; i < a.size(); i++)
        if (a[i] != b[i] && to_float(a[i]) != to_float(b[i])) return false;
    return a.size() == b.size();
}

struct Case {
    int G, g, D, capacity, n, page, r, k, share;
    enum Kind { RANDOM, ZERO_QUERY, COARSE } kind;
};

// Rows 0..n-1 are there; then `steps` tokens come, each with a select that appends.
static void one(Rng & rng, const Case & x, int steps) {
    Cache       cache(rng, x.G, x.g, x.D, x.capacity, x.n);
    const float scale = some_scale(rng, x.D);
    if (x.kind == Case::COARSE) {  // small integers: scores tie exactly
        for (uint16_t & h : cache.k_host) h = to_half(float(rng.below(3) - 1));
        cache.upload();
    }
    const Sinks      sinks(rng, x.G * x.g, rng.below(2));
    const int        stride = kernel_page_stride(x.capacity, x.page);
    Buffer<uint16_t> minmax(size_t(x.G) * x.D * page_sides(x.page) * stride);
    KernelPages      pages;
    pages.minmax = minmax.data, pages.page = x.page;
    KernelCache view = cache.view(x.share);
    launched(kernels().page_minmax(view, x.n, pages, nullptr), "page_minmax");
    said(same_halves(minmax.download(), rebuilt(cache, x.n, x.page)), "page_minmax: G %d, D %d, n %d of %d, page %d",
         x.G, x.D, x.n, x.capacity, x.page);

    Buffer<int32_t> ids(size_t(x.G) * x.k), capacities(std::vector<int32_t>{x.capacity});
    Workspace       work(kernels().select_pages_workspace_bytes(view, pages), true);
    int             n = x.n;
    for (int step = 0; step < steps; step++) {
        const bool         append = step > 0 && n < x.capacity;
        std::vector<float> q      = normals(rng, size_t(x.G) * x.g * x.D),
                           nk = normals(rng, size_t(x.G / x.share) * x.D, 1.5f), nv = normals(rng, nk.size());
        if (x.kind == Case::ZERO_QUERY) std::fill(q.begin(), q.end(), 0.0f);
        if (x.kind == Case::COARSE)
            for (float & v : q) v = float(rng.below(5) - 2);
        if (x.kind == Case::RANDOM && step == 1 && x.g > 1)
            std::fill(q.begin(), q.begin() + x.D, 0.0f);  // one zero head in the group
        Buffer<float> device_q(q), device_k(nk), device_v(nv);
        KernelNewRow  row;
        if (append) {
            launched(kernels().advance_rows({cache.n_rows.data, capacities.data, 1}, nullptr), "advance_rows");
            for (int j = 0; j < x.G; j++) {
                for (int c = 0; c < x.D; c++) {
                    cache.k_host[(size_t(j) * x.capacity + n) * x.D + c] = to_half(nk[size_t(j / x.share) * x.D + c]);
                    cache.v_host[(size_t(j) * x.capacity + n) * x.D + c] = to_half(nv[size_t(j / x.share) * x.D + c]);
                }
            }
            n++;
            row.k = device_k.data, row.v = device_v.data;
            if (step % 3 == 2) {  // the append by itself
                launched(kernels().append_kv(view, row, &pages, nullptr, nullptr), "append_kv");
                row = KernelNewRow{};
            }
        }
        ids.poison();
        const KernelChoice choice{view, row, device_q.data, scale, x.k, ids.data, sinks.device()};
        launched(kernels().select_pages({choice, pages, x.r}, work, nullptr), "select_pages");
        const std::vector<int32_t> got   = ids.download();
        const int                  taken = std::min(x.k, n);
        for (int j = 0; j < x.G; j++) {
            const HostHead         head(cache, j, n);
            const reference::Query query = query_of(cache, j, q, scale, &sinks);
            bool ok = same_choice(reference::page_scores(head.view(), query, x.page, x.r), &got[size_t(j) * x.k], taken,
                                  1e-4);
            if (x.kind == Case::ZERO_QUERY)
                for (int i = 0; i < taken; i++) ok = ok && got[size_t(j) * x.k + i] == i;
            for (int i = taken; i < x.k; i++) ok = ok && got[size_t(j) * x.k + i] == -1;
            said(ok, "select_pages: kind %d, head %d of %d, g %d, D %d, n %d of %d, page %d, r %d, k %d, step %d",
                 x.kind, j, x.G, x.g, x.D, n, x.capacity, x.page, x.r, x.k, step);
        }
    }
    said(same_halves(minmax.download(), rebuilt(cache, n, x.page)), "widened pages equal a rebuild: n %d, page %d", n,
         x.page);
    said(cache.k.download() == cache.k_host && cache.v.download() == cache.v_host, "appended rows of K and V");
    check_counters(work, "select_pages");
}

int main(int argc, char ** argv) {
    return run(argc, argv, "pages", [](uint64_t seed, bool small) {
        Rng       rng(seed);
        const int dims[] = {64, 96, 128, 256, 512}, groups[] = {1, 2, 3, 4, 5, 7, 8, 16},
                  lengths[] = {1, 2, 31, 32, 33, 127, 384, 385, 700};
        for (int i = 0; i < (small ? 12 : 60); i++) {
            Case x;
            x.D = dims[(i + i / 5) % 5], x.g = groups[rng.below(8)], x.share = i % 4 == 3 ? 2 : 1,
            x.G = x.share * (1 + rng.below(2));
            x.n = lengths[i % (small ? 7 : 9)], x.capacity = x.n + rng.below(12), x.page = 1 + rng.below(8);
            x.r = i % 7 == 6 ? x.D : 1 + rng.below(x.D), x.k = i % 6 == 5 ? x.capacity + 3 : 1 + rng.below(x.n);
            x.kind = i % 10 == 8 ? Case::ZERO_QUERY : i % 10 == 9 ? Case::COARSE : Case::RANDOM;
            one(rng, x, 6);
        }
        one(rng, Case{2, 16, 512, 300, 290, 3, 512, 70, 2, Case::RANDOM}, 4);  // the most that a block holds
        if (small) return;
        one(rng, Case{8, 4, 128, 6433, 6400, 3, 62, 512, 1, Case::RANDOM}, 4);
        one(rng, Case{2, 4, 128, 30000, 29000, 1, 40, 512, 1, Case::RANDOM}, 3);  // too many pages for shared memory
        one(rng, Case{2, 4, 128, 124000, 123990, 11, 64, 512, 1, Case::RANDOM}, 3);
        one(rng, Case{1, 16, 256, 3000, 2990, 2, 256, 700, 1, Case::RANDOM}, 12);
        one(rng, Case{1, 8, 512, 6433, 6400, 3, 250, 512, 1, Case::RANDOM}, 4);
        one(rng, Case{1, 16, 512, 30000, 29990, 1, 160, 512, 1, Case::RANDOM}, 3);
    });
}
