// The token being decoded becomes row `n_rows - 1`: its K and V are written, its page is widened or it is coded with the
// frozen ranges. One block per head calls these; a barrier afterwards makes the result visible to that block.
#pragma once

#include "cuda_common.cuh"

namespace rocketdoc {

constexpr float F16_MAX = 65504.0f;  // bounds keep an infinite key from making a code's step infinite

// round((x - lo) / step) before clamping; a channel without range has one code, and any other key lies outside it.
__device__ __forceinline__ float raw_code(float x, float lo, float step) {
    if (step > 0) return floorf((x - lo) / step + 0.5f);
    return x == lo ? 0.0f : -1.0f;
}

__device__ __forceinline__ uint32_t clamped_code(float raw, float top) { return uint32_t(raw >= 0 ? fminf(raw, top) : 0.0f); }

__device__ inline void append_row(const KernelCache & cache, const KernelNewRow & row, int j, int index) {
    const size_t from = size_t(j / cache.share) * cache.head_dim, to = (size_t(j) * cache.capacity + index) * cache.head_dim;
    for (int c = threadIdx.x; c < cache.head_dim; c += blockDim.x) {
        reinterpret_cast<__half *>(cache.k)[to + c] = __float2half_rn(row.k[from + c]);
        reinterpret_cast<__half *>(cache.v)[to + c] = __float2half_rn(row.v[from + c]);
    }
}

__device__ inline void append_page(const KernelCache & cache, const KernelNewRow & row, const KernelPages & pages, int page_stride, int j,
                                   int index) {
    const int p = index / pages.page, sides = pages.page == 1 ? 1 : 2;
    for (int c = threadIdx.x; c < cache.head_dim; c += blockDim.x) {
        const __half key = __float2half_rn(row.k[size_t(j / cache.share) * cache.head_dim + c]);
        __half *     at  = reinterpret_cast<__half *>(pages.minmax) + (size_t(j) * cache.head_dim + c) * sides * page_stride + p;
        if (index % pages.page == 0) {  // a fresh page starts from this key
            at[0] = key;
            if (sides == 2) at[page_stride] = key;
        } else {
            const float x = __half2float(key);
            if (x < __half2float(at[0])) at[0] = key;
            if (x > __half2float(at[page_stride])) at[page_stride] = key;
        }
    }
}

// One thread codes one plane of 16 channels (and 32 signs). key(c), value(c): the row's f16-rounded channels as f32.
// Returns how many codes had to be clamped.
template <class Key, class Value>
__device__ inline int code_plane(const KernelCodes & codes, int head_dim, int capacity, int j, int plane, int index, Key key, Value value) {
    const int     planes = head_dim / 32;
    const size_t  at     = (size_t(j) * planes + plane) * capacity + index;
    const size_t  base   = size_t(j) * head_dim;
    int           clamped = 0;
    uint32_t      word[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < 16; ++i) {
        const size_t p   = base + plane * 16 + i;
        const float  raw = raw_code(key(codes.order[p]), codes.lo[p], codes.step[p]);
        clamped += !(raw >= 0 && raw <= 15);
        word[i / 8] |= clamped_code(raw, 15) << (i % 8 * 4);
    }
    reinterpret_cast<uint2 *>(codes.fine)[at] = make_uint2(word[0], word[1]);
    if (codes.coarse) {
        uint32_t coarse = 0, signs = 0;
        for (int i = 0; i < 16; ++i) {
            const size_t p   = base + head_dim / 2 + plane * 16 + i;
            const float  raw = raw_code(key(codes.order[p]), codes.lo[p], codes.step[p]);
            clamped += !(raw >= 0 && raw <= 3);
            coarse |= clamped_code(raw, 3) << (i * 2);
        }
        for (int i = 0; i < 32; ++i) signs |= uint32_t(value(plane * 32 + i) >= codes.v_mean[base + plane * 32 + i]) << i;
        codes.coarse[at] = coarse;
        codes.signs[at]  = signs;
    }
    return clamped;
}

__device__ inline void append_codes(const KernelCache & cache, const KernelNewRow & row, const KernelCodes & codes, int j, int index) {
    const int plane = threadIdx.x;
    if (plane >= cache.head_dim / 32) return;
    const size_t  from  = size_t(j / cache.share) * cache.head_dim;
    const float * k     = row.k + from;
    const float * v     = row.v + from;
    const auto    key   = [k](int c) { return __half2float(__float2half_rn(k[c])); };
    const auto    value = [v](int c) { return __half2float(__float2half_rn(v[c])); };
    const int     n     = code_plane(codes, cache.head_dim, cache.capacity, j, plane, index, key, value);
    if (n > 0) atomicAdd(&codes.clamped[j], n);
}

}  // namespace rocketdoc
