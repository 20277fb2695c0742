// Stage 1, step 5: the kept rows of K and V move into the compact cache, ascending, as f16. One launch, one 16-byte
// store a thread.
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = 256;

// grid (ceil(n_ids * D / 8 / THREADS), n_head, 2: K, V)
__global__ void copy_rows(KernelGather a) {
    const KernelCache & cache   = a.cache;
    const int           per_row = cache.head_dim / 8;
    const int           index   = blockIdx.x * THREADS + threadIdx.x;
    if (index >= a.n_ids * per_row) return;
    const int          i = index / per_row, c = index % per_row * 8, j = blockIdx.y;
    const KernelRows & from = blockIdx.z ? a.v : a.k;
    uint16_t *         to   = (blockIdx.z ? cache.v : cache.k) + (size_t(j) * cache.capacity + i) * cache.head_dim + c;
    const char *       row  = static_cast<const char *>(from.data) + size_t(j / cache.share) * from.head_bytes +
                              size_t(a.ids[size_t(j) * a.n_ids + i]) * from.row_bytes;
    uint4              out;
    if (from.type == KERNEL_ROWS_F16) {
        out = *reinterpret_cast<const uint4 *>(row + c * 2);
    } else {
        float x[8];
        load8_q8_0(row, c, x);
        __half2 h[4];
#pragma unroll
        for (int e = 0; e < 4; e++) h[e] = __floats2half2_rn(x[2 * e], x[2 * e + 1]);
        out = reinterpret_cast<const uint4 &>(h);
    }
    *reinterpret_cast<uint4 *>(to) = out;
}

bool rows_misaligned(const KernelRows & r) {
    const size_t unit = r.type == KERNEL_ROWS_Q8_0 ? 2 : 16;
    return misaligned(r.data, unit) || r.row_bytes % unit != 0 || r.head_bytes % unit != 0;
}

}  // namespace

KernelStatus gather_rows(const KernelGather & a, KernelStream stream) {
    RETURN_IF_KERNEL(check_cache(a.cache, false));
    if (a.n_ids < 0 || a.n_ids > a.cache.capacity) return KERNEL_BAD_SHAPE;
    if (a.n_ids == 0) return KERNEL_OK;
    if (rows_misaligned(a.k) || rows_misaligned(a.v) || misaligned(a.ids, 4)) return KERNEL_BAD_POINTER;
    const dim3 grid(unsigned(ceil_div(size_t(a.n_ids) * (a.cache.head_dim / 8), THREADS)), a.cache.n_head, 2);
    copy_rows<<<grid, THREADS, 0, stream>>>(a);
    return launch_status();
}

}  // namespace rocketdoc
