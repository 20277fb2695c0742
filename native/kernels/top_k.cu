// Stage 1, step 4: the k best columns of each head, ascending, the window's columns behind them. One block a head: the
// scores of one head (0.5 MB at 124K columns) stay in L2 over the passes.
#include "block_select.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = 1024;

__global__ void __launch_bounds__(THREADS) select_top_k(KernelTopK a) {
    __shared__ SelectShared sh;
    const int               n = a.n, k = a.k, n_tail = a.n_tail;
    const float *           row     = a.scores + size_t(blockIdx.x) * n;
    const int               n_taken = min(k, n);
    int32_t *               out     = a.ids + size_t(blockIdx.x) * (n_taken + n_tail);
    const auto              key     = [row](int i) { return float_key(row[i]); };
    if (k >= n) {
        for (int i = threadIdx.x; i < n; i += THREADS) out[i] = i;
    } else if (k > 0) {
        block_pivot<THREADS>(key, n, 1, 0, k, sh);
        block_emit<THREADS>(
            key, n, 1, 0, sh.pivot, sh.need, sh, [out](int i, int at, int) { out[at] = i; }, [](int, unsigned) {});
    }
    for (int i = threadIdx.x; i < n_tail; i += THREADS) out[n_taken + i] = n + i;
}

}  // namespace

KernelStatus top_k(const KernelTopK & a, KernelStream stream) {
    if (a.n_head < 1 || a.n < 0 || a.k < 0 || a.n_tail < 0) return KERNEL_BAD_SHAPE;
    if ((a.n > 0 && misaligned(a.scores, 4)) || misaligned(a.ids, 4)) return KERNEL_BAD_POINTER;
    select_top_k<<<a.n_head, THREADS, 0, stream>>>(a);
    return launch_status();
}

}  // namespace rocketdoc
