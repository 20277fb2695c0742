// The choice of a token's experts, and what they come to: around the products by experts (product.cu).
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = 256;

// Orders like the value; 0 is left for what was taken.
__device__ __forceinline__ uint32_t key_of(float x) {
    const uint32_t bits = __float_as_uint(x);
    return isnan(x) ? 1u : bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// One warp.
__global__ void __launch_bounds__(32) choose(KernelChooseExperts a) {
    __shared__ uint32_t key[KERNEL_MAX_EXPERTS];
    const int           lane = threadIdx.x;
    let_next_kernel_start();
    wait_for_kernel_before();
    float top = NO_SCORE;
    for (int i = lane; i < a.n_expert; i += 32) {
        key[i] = key_of(a.scores[i]);
        top    = fmaxf(top, a.scores[i]);
    }
    top       = warp_max(top);
    float sum = 0, mine = 0;
    for (int i = lane; i < a.n_expert; i += 32) sum += expf(a.scores[i] - top);
    sum = warp_sum(sum);
    __syncwarp();
    for (int n = 0; n < a.n_used; n++) {
        uint32_t best = 0;
        int      at   = a.n_expert;
        for (int i = lane; i < a.n_expert; i += 32) {
            if (key[i] > best) best = key[i], at = i;
        }
#pragma unroll
        for (int step = 16; step > 0; step >>= 1) {
            const uint32_t other    = __shfl_xor_sync(FULL, best, step);
            const int      other_at = __shfl_xor_sync(FULL, at, step);
            if (other > best || (other == best && other_at < at)) best = other, at = other_at;
        }
        if (lane == n) mine = a.scores[at];
        if (lane == 0) key[at] = 0, a.experts[n] = at;
        __syncwarp();
    }
    const float share  = lane < a.n_used ? expf(mine - top) / sum : 0.0f;
    const float shares = fmaxf(warp_sum(share), a.least_sum);
    if (lane < a.n_used) a.weights[lane] = share / shares;
}

__global__ void __launch_bounds__(THREADS) add_up(KernelAddExperts a) {
    const int c = blockIdx.x * THREADS + threadIdx.x;
    let_next_kernel_start();
    wait_for_kernel_before();
    if (c >= a.n) return;
    float sum = 0;
    for (int i = 0; i < a.n_used; i++) sum += a.weights[i] * a.parts[size_t(i) * a.n + c];
    a.out[c] = a.add ? sum + a.add[c] : sum;
}

}  // namespace

KernelStatus choose_experts(const KernelChooseExperts & a, KernelStream stream) {
    if (a.n_expert < 1 || a.n_expert > KERNEL_MAX_EXPERTS || a.n_used < 1 || a.n_used > KERNEL_MAX_USED ||
        a.n_used > a.n_expert)
        return KERNEL_BAD_SHAPE;
    if (misaligned(a.scores, 4) || misaligned(a.experts, 4) || misaligned(a.weights, 4)) return KERNEL_BAD_POINTER;
    launch_early(choose, dim3(1), 32, 0, stream, a);
    return launch_status();
}

KernelStatus add_experts(const KernelAddExperts & a, KernelStream stream) {
    if (a.n_used < 1 || a.n < 1) return KERNEL_BAD_SHAPE;
    if (misaligned(a.parts, 4) || misaligned(a.weights, 4) || misaligned(a.out, 4) || (a.add && misaligned(a.add, 4)))
        return KERNEL_BAD_POINTER;
    launch_early(add_up, dim3(unsigned(ceil_div(a.n, THREADS))), THREADS, 0, stream, a);
    return launch_status();
}

}  // namespace rocketdoc
