// Stage 1, step 6: the share of the question's attention that lies on the kept rows. One block a head, a fixed order of
// additions, so that the same question shows the same number.
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = 512;

__device__ float block_sum(float x) {
    __shared__ float part[THREADS / 32];
    x = warp_sum(x);
    __syncthreads();
    if ((threadIdx.x & 31) == 0) part[threadIdx.x >> 5] = x;
    __syncthreads();
    float sum = 0;
    for (int w = 0; w < THREADS / 32; ++w) sum += part[w];
    return sum;
}

__global__ void __launch_bounds__(THREADS)
    sum_kept(const float * scores, const float * window_mass, int n, const int32_t * ids, int n_ids, float * mass) {
    const float *   row = scores + size_t(blockIdx.x) * n;
    const int32_t * id  = ids + size_t(blockIdx.x) * n_ids;
    float           all = 0, kept = 0;
    for (int i = threadIdx.x; i < n; i += THREADS) all += row[i];
    for (int i = threadIdx.x; i < n_ids; i += THREADS) kept += unsigned(id[i]) < unsigned(n) ? row[id[i]] : 0.0f;
    all  = block_sum(all) + window_mass[blockIdx.x];
    kept = block_sum(kept) + window_mass[blockIdx.x];
    if (threadIdx.x == 0) mass[blockIdx.x] = all > 0 ? fminf(kept / all, 1.0f) : 1.0f;
}

}  // namespace

KernelStatus kept_mass(const float * scores, const float * window_mass, int n_head, int n, const int32_t * ids,
                       int n_ids, float * mass, KernelStream stream) {
    if (n_head < 1 || n < 0 || n_ids < 0) return KERNEL_BAD_SHAPE;
    if ((n > 0 && misaligned(scores, 4)) || misaligned(window_mass, 4) || misaligned(mass, 4))
        return KERNEL_BAD_POINTER;
    if (n_ids > 0 && misaligned(ids, 4)) return KERNEL_BAD_POINTER;
    sum_kept<<<n_head, THREADS, 0, stream>>>(scores, window_mass, n, ids, n_ids, mass);
    return launch_status();
}

}  // namespace rocketdoc
