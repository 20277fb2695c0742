// A token's activations in 8 bits, in blocks of 32 with one scale each, as products of quantised weights read them.
#pragma once

#include "cuda_common.cuh"

namespace rocketdoc {

// 32 / N threads hold a block, N values each, from `column` on. All threads of a warp call it; `in`: the column exists.
template <int N>
__device__ __forceinline__ void quantise_values(const KernelActivations & a, int column, const float (&x)[N], bool in) {
    float most = 0;
#pragma unroll
    for (int i = 0; i < N; i++) most = fmaxf(most, fabsf(x[i]));
#pragma unroll
    for (int m = 1; m < 32 / N; m <<= 1) most = fmaxf(most, __shfl_xor_sync(FULL, most, m));
    const float scale = most / 127.0f, inverse = most > 0 ? 127.0f / most : 0.0f;
    int         sum = 0;
    signed char q[N];
#pragma unroll
    for (int i = 0; i < N; i++) {
        const int value = __float2int_rn(x[i] * inverse);
        sum += value;
        q[i] = static_cast<signed char>(value);
    }
#pragma unroll
    for (int m = 1; m < 16 / N; m <<= 1) sum += __shfl_xor_sync(FULL, sum, m);
    if (!in) return;
    if (N == 4) *reinterpret_cast<char4 *>(a.q + column) = make_char4(q[0], q[1], q[N - 2], q[N - 1]);
    else *reinterpret_cast<char2 *>(a.q + column) = make_char2(q[0], q[1]);
    if (column % 32 == 0) a.scale[column / 32] = scale;
    if (column % 16 == 0) a.sum[column / 16] = scale * float(sum);
}

}  // namespace rocketdoc
