// Stage 1, step 6: the share of the question's attention that lies on the kept rows. One block a head, a fixed order of
// additions, so that the same question shows the same number.
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = 1024;

__device__ float block_sum(float x) {
    __shared__ float part[THREADS / 32];
    x = warp_sum(x);
    __syncthreads();
    if ((threadIdx.x & 31) == 0) part[threadIdx.x >> 5] = x;
    __syncthreads();
    float sum = 0;
    for (int w = 0; w < THREADS / 32; w++) sum += part[w];
    return sum;
}

__global__ void __launch_bounds__(THREADS) sum_kept(KernelKeptMass a) {
    const int       n = a.n, n_ids = a.n_ids;
    const float *   row = a.scores + size_t(blockIdx.x) * n;
    const int32_t * id  = a.ids + size_t(blockIdx.x) * n_ids;
    float           all = 0, kept = 0;
#pragma unroll 8
    for (int i = threadIdx.x; i < n; i += THREADS) all += row[i];
#pragma unroll 4
    for (int i = threadIdx.x; i < n_ids; i += THREADS) kept += unsigned(id[i]) < unsigned(n) ? row[id[i]] : 0.0f;
    all  = block_sum(all) + a.window_mass[blockIdx.x];
    kept = block_sum(kept) + a.window_mass[blockIdx.x];
    if (threadIdx.x == 0) a.mass[blockIdx.x] = all > 0 ? fminf(kept / all, 1.0f) : 1.0f;
}

}  // namespace

KernelStatus kept_mass(const KernelKeptMass & a, KernelStream stream) {
    if (a.n_head < 1 || a.n < 0 || a.n_ids < 0) return KERNEL_BAD_SHAPE;
    if ((a.n > 0 && misaligned(a.scores, 4)) || misaligned(a.window_mass, 4) || misaligned(a.mass, 4))
        return KERNEL_BAD_POINTER;
    if (a.n_ids > 0 && misaligned(a.ids, 4)) return KERNEL_BAD_POINTER;
    sum_kept<<<a.n_head, THREADS, 0, stream>>>(a);
    return launch_status();
}

}  // namespace rocketdoc
