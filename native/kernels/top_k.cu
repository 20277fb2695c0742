// Stage 1, step 4: the k best columns of each head, ascending, the window's columns behind them. One block a head: the
// scores of one head (0.5 MB at 124K columns) stay in L2 over the passes.
#include "block_select.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = 1024;

__global__ void __launch_bounds__(THREADS) select_top_k(const float * scores, int n, int k, int n_tail, int32_t * ids) {
    __shared__ SelectShared sh;
    const float *           row     = scores + size_t(blockIdx.x) * n;
    const int               n_taken = min(k, n);
    int32_t *               out     = ids + size_t(blockIdx.x) * (n_taken + n_tail);
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

KernelStatus top_k(const float * scores, int n_head, int n, int k, int n_tail, int32_t * ids, KernelStream stream) {
    if (n_head < 1 || n < 0 || k < 0 || n_tail < 0) return KERNEL_BAD_SHAPE;
    if ((n > 0 && misaligned(scores, 4)) || misaligned(ids, 4)) return KERNEL_BAD_POINTER;
    select_top_k<<<n_head, THREADS, 0, stream>>>(scores, n, k, n_tail, ids);
    return launch_status();
}

}  // namespace rocketdoc
