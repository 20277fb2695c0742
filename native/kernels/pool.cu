// Stage 1, step 3: scores smoothed along the columns. max: odd kernel, minus infinity outside. triangle: the mean of 15
// neighbours twice, zero outside the prefix, always divided by 15 (also the intermediate is zero outside).
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

constexpr int TILE    = 1024;
constexpr int THREADS = 256;
constexpr int BOX     = 15;

// grid (ceil(n / TILE), n_head)
__global__ void pool_max(const float * scores, int n, int half, float * out) {
    __shared__ float a[TILE + KERNEL_MAX_POOLING];
    const float *    in    = scores + size_t(blockIdx.y) * n;
    const int        first = blockIdx.x * TILE - half;
    for (int i = threadIdx.x; i < TILE + 2 * half; i += THREADS) {
        const int c = first + i;
        a[i]        = c >= 0 && c < n ? in[c] : -INFINITY;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < TILE; i += THREADS) {
        const int c = blockIdx.x * TILE + i;
        if (c >= n) break;
        float top = a[i];
        for (int d = 1; d <= 2 * half; d++) top = fmaxf(top, a[i + d]);
        out[size_t(blockIdx.y) * n + c] = top;
    }
}

__global__ void pool_triangle(const float * scores, int n, float * out) {
    constexpr int    H = BOX / 2;
    __shared__ float a[TILE + 4 * H], b[TILE + 2 * H];
    const float *    in   = scores + size_t(blockIdx.y) * n;
    const int        tile = blockIdx.x * TILE;
    for (int i = threadIdx.x; i < TILE + 4 * H; i += THREADS) {
        const int c = tile - 2 * H + i;
        a[i]        = c >= 0 && c < n ? in[c] : 0.0f;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < TILE + 2 * H; i += THREADS) {
        const int c   = tile - H + i;
        float     sum = 0;
        for (int d = 0; d < BOX; d++) sum += a[i + d];
        b[i] = c >= 0 && c < n ? sum / float(BOX) : 0.0f;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < TILE; i += THREADS) {
        if (tile + i >= n) break;
        float sum = 0;
        for (int d = 0; d < BOX; d++) sum += b[i + d];
        out[size_t(blockIdx.y) * n + tile + i] = sum / float(BOX);
    }
}

}  // namespace

KernelStatus pool(const KernelPool & a, KernelStream stream) {
    const bool max = a.pooling == KERNEL_POOL_MAX;
    if (a.n_head < 1 || a.n_head > 65535 || a.n < 0) return KERNEL_BAD_SHAPE;
    if (max && (a.kernel < 1 || a.kernel > KERNEL_MAX_POOLING || a.kernel % 2 == 0)) return KERNEL_BAD_SHAPE;
    if (a.n == 0) return KERNEL_OK;
    if (misaligned(a.scores, 4) || misaligned(a.out, 4) || a.scores == a.out) return KERNEL_BAD_POINTER;
    const dim3 grid(unsigned(ceil_div(a.n, TILE)), a.n_head);
    if (max) pool_max<<<grid, THREADS, 0, stream>>>(a.scores, a.n, a.kernel / 2, a.out);
    else pool_triangle<<<grid, THREADS, 0, stream>>>(a.scores, a.n, a.out);
    return launch_status();
}

}  // namespace rocketdoc
