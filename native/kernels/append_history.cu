// The token's K and V of all layers go into the document's history at once, at the end of the token: nothing reads them
// earlier.
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

// grid (2 * n_layer, n_head), a thread a channel
__global__ void append_lists(KernelHistory history, const float * rows, const int64_t * row) {
    const int   list = blockIdx.x, head = blockIdx.y, c = threadIdx.x, D = history.head_dim;
    const float x = rows[(size_t(list) * history.n_head + head) * D + c];
    char *      to =
        static_cast<char *>(history.lists[list]) + size_t(head) * history.head_bytes + size_t(*row) * history.row_bytes;
    if (history.type == KERNEL_ROWS_F16) {
        reinterpret_cast<__half *>(to)[c] = __float2half_rn(x);
        return;
    }
    float most = fabsf(x);  // a warp is a block of 32
#pragma unroll
    for (int m = 16; m > 0; m >>= 1) most = fmaxf(most, __shfl_xor_sync(FULL, most, m));
    const float d = most / 127.0f, inverse = d > 0 ? 1.0f / d : 0.0f;
    char *      block                                  = to + c / 32 * 34;
    reinterpret_cast<signed char *>(block + 2)[c % 32] = static_cast<signed char>(roundf(x * inverse));
    if (c % 32 == 0) *reinterpret_cast<__half *>(block) = __float2half_rn(d);
}

}  // namespace

KernelStatus append_history(const KernelHistory & history, const float * rows, const int64_t * row,
                            KernelStream stream) {
    if (!kernels_serve_head(history.head_dim, 1) || history.n_lists < 1 || history.n_head < 1) return KERNEL_BAD_SHAPE;
    if (misaligned(history.lists, 8) || misaligned(rows, 4) || misaligned(row, 8)) return KERNEL_BAD_POINTER;
    append_lists<<<dim3(unsigned(history.n_lists), unsigned(history.n_head)), unsigned(history.head_dim), 0, stream>>>(
        history, rows, row);
    return launch_status();
}

}  // namespace rocketdoc
