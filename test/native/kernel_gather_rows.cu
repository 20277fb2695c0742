// gather_rows from f16 and q8_0, head-major and row-major sources, with and without shared source heads: bit for bit.
#include <algorithm>

#include "kernels/kernel_test.h"

using namespace kernel_test;

static void one(Rng & rng, int n_head, int share, int D, int T, int n_ids, bool q8, bool row_major) {
    const int                  sources = n_head / share, capacity = n_ids + rng.below(5) + 1;
    const size_t               row       = q8 ? size_t(D) / 32 * 34 : size_t(D) * 2;
    const size_t               row_bytes = row_major ? row * sources : row, head_bytes = row_major ? row : row * T;
    std::vector<float>         value[2];
    std::vector<unsigned char> bytes[2];
    for (int s = 0; s < 2; s++) {
        value[s] = normals(rng, size_t(sources) * T * D);  // in the source's own order
        if (q8) bytes[s] = quantize_q8_0(value[s]);
        else {
            const std::vector<uint16_t> h = halves(value[s]);
            bytes[s].resize(h.size() * 2);
            std::memcpy(bytes[s].data(), h.data(), bytes[s].size());
        }
    }
    std::vector<int32_t> ids;
    for (int j = 0; j < n_head; j++) {
        std::vector<int32_t> all(static_cast<size_t>(T));
        for (int i = 0; i < T; i++) all[i] = i;
        for (int i = 0; i < n_ids; i++) std::swap(all[i], all[i + rng.below(T - i)]);
        std::sort(all.begin(), all.begin() + n_ids);
        ids.insert(ids.end(), all.begin(), all.begin() + n_ids);
    }
    Buffer<unsigned char> source_k(bytes[0]), source_v(bytes[1]);
    Buffer<int32_t>       device_ids(ids);
    Buffer<uint16_t>      k(size_t(n_head) * capacity * D), v(k.n);
    KernelRows            rk, rv;
    rk.data = source_k.data, rk.type = q8 ? KERNEL_ROWS_Q8_0 : KERNEL_ROWS_F16, rk.row_bytes = row_bytes,
    rk.head_bytes = head_bytes;
    rv            = rk;
    rv.data       = source_v.data;
    KernelCache cache;
    cache.k = k.data, cache.v = v.data, cache.n_head = n_head, cache.group = 1, cache.head_dim = D,
    cache.capacity = capacity, cache.share = share;
    launched(kernels().gather_rows({rk, rv, device_ids.data, n_ids, cache}, nullptr), "gather_rows");
    const std::vector<uint16_t> got[2] = {k.download(), v.download()};
    bool                        same   = true;
    for (int s = 0; s < 2; s++) {
        for (int j = 0; j < n_head; j++) {
            for (int i = 0; i < capacity; i++) {
                for (int c = 0; c < D; c++) {
                    uint16_t want = 0xffff;  // rows beyond n_ids stay as they were
                    if (i < n_ids) {
                        const size_t at = row_major ? (size_t(ids[size_t(j) * n_ids + i]) * sources + j / share) * D + c
                                                    : (size_t(j / share) * T + ids[size_t(j) * n_ids + i]) * D + c;
                        want            = to_half(value[s][at]);
                    }
                    same = same && got[s][(size_t(j) * capacity + i) * D + c] == want;
                }
            }
        }
    }
    said(same, "gather_rows: %d heads, share %d, D %d, T %d, %d ids, q8 %d, row major %d", n_head, share, D, T, n_ids,
         q8, row_major);
}

int main(int argc, char ** argv) {
    return run(argc, argv, "gather_rows", [](uint64_t seed, bool small) {
        Rng rng(seed);
        for (int D : {64, 96, 128, 256, 512}) {
            for (int n_ids : {1, 31, 32, 33, 517}) {
                if (small && n_ids > 33) continue;
                for (int form = 0; form < 4; form++) {
                    const int share = 1 + rng.below(3);
                    one(rng, share * (1 + rng.below(3)), share, D, n_ids + rng.below(60), n_ids, form & 1, form & 2);
                }
            }
        }
    });
}
