// What products read: a token's activations, RMS-normalised or as they are, in f32 and in 8 bits (blocks of 32, one
// scale each). And norms of queries and keys, head by head, with the rotation that follows.
#include "activations.cuh"
#include "rotation.cuh"

namespace rocketdoc {
namespace {

constexpr int NORM_THREADS  = 1024;
constexpr int NORM_VECTORS  = 4;  // float4 a thread: rows up to 16,384
constexpr int QUANT_THREADS = 256;
constexpr int HEAD_THREADS  = 128;

// One block: the row is one vector.
__global__ void __launch_bounds__(NORM_THREADS) normalize_row(KernelNormalize a) {
    __shared__ float          part[NORM_THREADS / 32];
    const float * const       x   = a.x;
    const int                 n   = a.n;
    const KernelActivations & out = a.out;
    let_next_kernel_start();
    float4 w[NORM_VECTORS], v[NORM_VECTORS];
#pragma unroll
    for (int i = 0; i < NORM_VECTORS; i++) {
        const int column = (i * NORM_THREADS + threadIdx.x) * 4;
        w[i]             = column < n ? *reinterpret_cast<const float4 *>(a.weight + column) : make_float4(0, 0, 0, 0);
    }
    wait_for_kernel_before();
    float sum = 0;
#pragma unroll
    for (int i = 0; i < NORM_VECTORS; i++) {
        const int column = (i * NORM_THREADS + threadIdx.x) * 4;
        v[i]             = column < n ? *reinterpret_cast<const float4 *>(x + column) : make_float4(0, 0, 0, 0);
        sum += v[i].x * v[i].x + v[i].y * v[i].y + v[i].z * v[i].z + v[i].w * v[i].w;
    }
    sum = warp_sum(sum);
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = sum;
    __syncthreads();
    sum               = warp_sum(part[threadIdx.x % 32]);
    const float scale = rsqrtf(sum / float(n) + a.eps);
#pragma unroll
    for (int i = 0; i < NORM_VECTORS; i++) {
        const int column = (i * NORM_THREADS + threadIdx.x) * 4;
        if (i * NORM_THREADS * 4 >= n) break;
        float4 y = make_float4(v[i].x * scale * w[i].x, v[i].y * scale * w[i].y, v[i].z * scale * w[i].z,
                               v[i].w * scale * w[i].w);
        if (a.add && column < n) {
            const float4 more = *reinterpret_cast<const float4 *>(a.add + column);
            y                 = make_float4(y.x + more.x, y.y + more.y, y.z + more.z, y.w + more.w);
        }
        if (column < n) *reinterpret_cast<float4 *>(out.x + column) = y;
        quantise_values<4>(out, column, {y.x, y.y, y.z, y.w}, column < n);
    }
}

// One block a head, of all kinds one after the other.
__global__ void __launch_bounds__(HEAD_THREADS) normalize_each(KernelNormalizeHeads a) {
    __shared__ float   part[HEAD_THREADS / 32], y[KERNEL_HEAD_NORM_MAX];
    const KernelRope & rope = a.rope;
    const int          D    = rope.head_dim;
    int                head = blockIdx.x, which = 0;
    if (head >= a.kinds[0].n_head) {
        head -= a.kinds[0].n_head;
        which = 1;
    }
    const KernelHeads & kind = a.kinds[which];
    const float *       x    = kind.x + size_t(head) * D;
    float *             out  = kind.out + size_t(head) * D;
    let_next_kernel_start();
    wait_for_kernel_before();
    float sum = 0;
    for (int c = threadIdx.x; c < D; c += HEAD_THREADS) sum += x[c] * x[c];
    sum = warp_sum(sum);
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = sum;
    __syncthreads();
    sum = 0;
#pragma unroll
    for (int w = 0; w < HEAD_THREADS / 32; w++) sum += part[w];
    const float scale = rsqrtf(sum / float(D) + a.eps);
    for (int c = threadIdx.x; c < D; c += HEAD_THREADS) y[c] = x[c] * scale * kind.weight[c];
    __syncthreads();
    for (int c = threadIdx.x; c < D; c += HEAD_THREADS) {
        if (c >= rope.n_rot) {
            out[c] = y[c];
            continue;
        }
        const int    half = rope.n_rot / 2, pair = rope.neox ? c % half : c / 2;
        const bool   second = rope.neox ? c >= half : c % 2 == 1;
        const int    other  = rope.neox ? (second ? c - half : c + half) : c ^ 1;
        const float2 turn   = rotation(rope, pair);
        out[c]              = second ? y[other] * turn.y + y[c] * turn.x : y[c] * turn.x - y[other] * turn.y;
    }
}

__global__ void __launch_bounds__(QUANT_THREADS) quantise_row(KernelActivations a, int n) {
    let_next_kernel_start();
    wait_for_kernel_before();
    const int    column = (blockIdx.x * QUANT_THREADS + threadIdx.x) * 4;
    const float4 x      = column < n ? *reinterpret_cast<const float4 *>(a.x + column) : make_float4(0, 0, 0, 0);
    quantise_values<4>(a, column, {x.x, x.y, x.z, x.w}, column < n);
}

KernelStatus check_activations(const KernelActivations & a, int n) {
    if (n < 32 || n % 32 != 0) return KERNEL_BAD_SHAPE;
    return misaligned(a.x) || misaligned(a.q) || misaligned(a.scale, 4) || misaligned(a.sum, 4) ? KERNEL_BAD_POINTER
                                                                                                : KERNEL_OK;
}

}  // namespace

KernelStatus normalize(const KernelNormalize & a, KernelStream stream) {
    RETURN_IF_KERNEL(check_activations(a.out, a.n));
    if (a.n > KERNEL_NORMALIZE_MAX) return KERNEL_BAD_SHAPE;
    if (misaligned(a.x) || misaligned(a.weight) || (a.add && misaligned(a.add))) return KERNEL_BAD_POINTER;
    static_assert(KERNEL_NORMALIZE_MAX == NORM_THREADS * NORM_VECTORS * 4, "");
    launch_early(normalize_row, dim3(1), NORM_THREADS, 0, stream, a);
    return launch_status();
}

KernelStatus normalize_heads(const KernelNormalizeHeads & a, KernelStream stream) {
    const KernelRope & r = a.rope;
    if (a.n_kinds < 1 || a.n_kinds > KERNEL_HEAD_KINDS || r.head_dim < 32 || r.head_dim % 32 != 0 ||
        r.head_dim > KERNEL_HEAD_NORM_MAX || r.n_rot < 0 || r.n_rot % 2 != 0 || r.n_rot > r.head_dim)
        return KERNEL_BAD_SHAPE;
    if (r.n_rot > 0 && misaligned(r.position, 4)) return KERNEL_BAD_POINTER;
    int n_heads = 0;
    for (int i = 0; i < a.n_kinds; i++) {
        const KernelHeads & kind = a.kinds[i];
        if (kind.n_head < 1) return KERNEL_BAD_SHAPE;
        if (misaligned(kind.x, 4) || misaligned(kind.weight, 4) || misaligned(kind.out, 4)) return KERNEL_BAD_POINTER;
        n_heads += kind.n_head;
    }
    launch_early(normalize_each, dim3(unsigned(n_heads)), HEAD_THREADS, 0, stream, a);
    return launch_status();
}

KernelStatus quantise(const KernelActivations & activations, int n, KernelStream stream) {
    RETURN_IF_KERNEL(check_activations(activations, n));
    launch_early(quantise_row, dim3(unsigned(ceil_div(n, QUANT_THREADS * 4))), QUANT_THREADS, 0, stream, activations,
                 n);
    return launch_status();
}

}  // namespace rocketdoc
