// top_k against the reference (higher score first, then the lower index), and kept_mass on what it chose.
#include "kernels/reference.h"

using namespace kernel_test;

enum Kind { DISTINCT, COARSE, PLATEAUS, EQUAL, SIGNED, ODDITIES };

static void one(Rng & rng, int n_head, int n, int k, int n_tail, Kind kind) {
    std::vector<float> in(size_t(n_head) * n);
    for (size_t i = 0; i < in.size(); i++) {
        switch (kind) {
            case DISTINCT: in[i] = std::exp(4 * rng.normal()); break;
            case COARSE: in[i] = float(rng.below(7)); break;
            case PLATEAUS: in[i] = i % 63 == 0 || i == 0 ? rng.uniform() : in[i - 1]; break;
            case EQUAL: in[i] = 0.5f; break;
            case SIGNED: in[i] = rng.normal(); break;
            case ODDITIES: {
                const float odd[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1e-42f, -1e-42f, 3.0f};
                in[i]             = odd[rng.below(8)];
            }
        }
    }
    const int       taken = std::min(k, n), n_ids = taken + n_tail;
    Buffer<float>   scores(in);
    Buffer<int32_t> ids(size_t(n_head) * n_ids);
    launched(kernels().top_k({scores.data, n_head, n, k, n_tail, ids.data}, nullptr), "top_k");
    const std::vector<int32_t> got  = ids.download();
    bool                       same = true;
    for (int j = 0; j < n_head; j++) {
        std::vector<int32_t> order =
            reference::top_k({in.begin() + size_t(j) * n, in.begin() + size_t(j + 1) * n}, taken);
        for (int i = 0; i < n_tail; i++) order.push_back(n + i);
        same = same && std::equal(order.begin(), order.end(), got.begin() + size_t(j) * n_ids);
    }
    said(same, "top_k kind %d: %d heads, n %d, k %d, tail %d", kind, n_head, n, k, n_tail);

    if (kind == DISTINCT && n_ids > 0) {
        const std::vector<float> mass_in = normals(rng, size_t(n_head));
        std::vector<float>       window(mass_in.size());
        for (size_t i = 0; i < window.size(); i++) window[i] = std::fabs(mass_in[i]) + 0.1f;
        Buffer<float> window_mass(window), mass(size_t(n_head), false);
        launched(kernels().kept_mass({scores.data, window_mass.data, n_head, n, ids.data, n_ids, mass.data}, nullptr),
                 "kept_mass");
        const std::vector<float> m = mass.download();
        for (int j = 0; j < n_head; j++) {
            const float kept =
                reference::kept_mass({in.begin() + size_t(j) * n, in.begin() + size_t(j + 1) * n}, window[j],
                                     {got.begin() + size_t(j) * n_ids, got.begin() + size_t(j + 1) * n_ids});
            said(std::fabs(m[j] - kept) <= 1e-4 && m[j] >= 0 && m[j] <= 1, "kept_mass %g, expected %g", m[j], kept);
        }
    }
}

int main(int argc, char ** argv) {
    return run(argc, argv, "top_k", [](uint64_t seed, bool small) {
        Rng       rng(seed);
        const int sizes[] = {0, 1, 2, 31, 32, 33, 1000, 1023, 1024, 1025, 4097, 31744};
        for (int n : sizes) {
            if (small && n > 1100) continue;
            for (int kind = DISTINCT; kind <= ODDITIES; kind++) {
                for (int k : {0, 1, n / 3, n - 1, n, n + 5}) {
                    if (k < 0 || (k == 0 && kind > 0)) continue;
                    one(rng, 1 + rng.below(3), n, k, rng.below(2) * 32, Kind(kind));
                }
            }
        }
        if (!small) {
            for (int kind = DISTINCT; kind <= ODDITIES; kind++) one(rng, 2, 262144, 32768, 32, Kind(kind));
            one(rng, 8, 126976 - 32, 6333, 32, PLATEAUS);
        }
    });
}
