// The choice of a token's experts, before the products by them (product.cu).
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = 128;
constexpr int WARPS   = THREADS / 32;
constexpr int AHEAD   = 4;  // float4 of a row that a thread loads before it waits

// Orders like the value; NaN is the lowest, and 0 is nobody's.
__device__ __forceinline__ uint32_t key_of(float x) {
    const uint32_t bits = __float_as_uint(x);
    return isnan(x) ? 1u : bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

__device__ __forceinline__ float dot(float4 a, float4 b) { return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }

// One block an expert: its score. The last block to arrive chooses.
__global__ void __launch_bounds__(THREADS) choose(KernelChooseExperts a, unsigned * counter) {
    __shared__ float part[2][WARPS];
    const int        lane = threadIdx.x & 31, warp = threadIdx.x >> 5, n = a.n / 4;
    const float4 *   row = reinterpret_cast<const float4 *>(a.router) + size_t(blockIdx.x) * n;
    const float4 *   x   = reinterpret_cast<const float4 *>(a.x);
    let_next_kernel_start();
    float4 w[AHEAD];
#pragma unroll
    for (int i = 0; i < AHEAD; i++) {
        const int at = i * THREADS + threadIdx.x;
        w[i]         = at < n ? row[at] : make_float4(0, 0, 0, 0);
    }
    wait_for_kernel_before();
    float sum = 0;
#pragma unroll
    for (int i = 0; i < AHEAD; i++) {
        const int at = i * THREADS + threadIdx.x;
        if (at < n) sum += dot(w[i], x[at]);
    }
    for (int at = AHEAD * THREADS + threadIdx.x; at < n; at += THREADS) sum += dot(row[at], x[at]);
    sum = warp_sum(sum);
    if (lane == 0) part[0][warp] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        sum = 0;
        for (int i = 0; i < WARPS; i++) sum += part[0][i];
        a.scores[blockIdx.x] = sum;
    }
    if (!last_block(counter, gridDim.x)) return;

    __shared__ __align__(16) uint32_t key[KERNEL_MAX_EXPERTS];
    __shared__ float                  chosen[KERNEL_MAX_USED];
    const int                         padded = (a.n_expert + 3) / 4 * 4;
    float                             top    = NO_SCORE;
    for (int i = threadIdx.x; i < padded; i += THREADS) {
        const float score = i < a.n_expert ? __ldcg(a.scores + i) : 0.0f;
        key[i]            = i < a.n_expert ? key_of(score) : 0;
        if (i < a.n_expert) top = fmaxf(top, score);
    }
    top = warp_max(top);
    if (lane == 0) part[0][warp] = top;
    __syncthreads();
    for (int i = 0; i < WARPS; i++) top = fmaxf(top, part[0][i]);
    // An expert's place is the number of those that stand before it.
    float all = 0;
    for (int i = threadIdx.x; i < a.n_expert; i += THREADS) {
        const float    score = __ldcg(a.scores + i);
        const uint32_t mine  = key[i];
        int            place = 0;
        all += expf(score - top);
        for (int o = 0; o < padded; o += 4) {
            const uint4 k = *reinterpret_cast<const uint4 *>(key + o);
            place += (k.x > mine || (k.x == mine && o < i)) + (k.y > mine || (k.y == mine && o + 1 < i)) +
                     (k.z > mine || (k.z == mine && o + 2 < i)) + (k.w > mine || (k.w == mine && o + 3 < i));
        }
        if (place < a.n_used) a.experts[place] = i, chosen[place] = score;
    }
    all = warp_sum(all);
    if (lane == 0) part[1][warp] = all;
    __syncthreads();
    if (warp > 0) return;
    all = 0;
    for (int i = 0; i < WARPS; i++) all += part[1][i];
    const float share  = lane < a.n_used ? expf(chosen[lane] - top) / all : 0.0f;
    const float shares = fmaxf(warp_sum(share), a.least_sum);
    if (lane < a.n_used) a.weights[lane] = share / shares;
}

}  // namespace

size_t choose_experts_workspace_bytes(const KernelChooseExperts & a) {
    return a.n < 4 || a.n % 4 != 0 || a.n_expert < 1 || a.n_expert > KERNEL_MAX_EXPERTS || a.n_used < 1 ||
                   a.n_used > KERNEL_MAX_USED || a.n_used > a.n_expert
               ? 0
               : COUNTER_BYTES;
}

KernelStatus choose_experts(const KernelChooseExperts & a, KernelWorkspace workspace, KernelStream stream) {
    const size_t bytes = choose_experts_workspace_bytes(a);
    if (bytes == 0) return KERNEL_BAD_SHAPE;
    if (misaligned(a.x) || misaligned(a.router) || misaligned(a.scores, 4) || misaligned(a.experts, 4) ||
        misaligned(a.weights, 4))
        return KERNEL_BAD_POINTER;
    RETURN_IF_KERNEL(check_workspace(workspace, bytes));
    launch_early(choose, dim3(unsigned(a.n_expert)), THREADS, 0, stream, a, static_cast<unsigned *>(workspace.data));
    return launch_status();
}

}  // namespace rocketdoc
