// The token being decoded becomes row `n_rows - 1`: its K and V are written, its page is widened or it is coded with
// the frozen ranges. One block per head calls these; a barrier afterwards makes the result visible to that block.
#pragma once

#include "cuda_common.cuh"

namespace rocketdoc {

constexpr float F16_MAX = 65504.0f;  // bounds keep an infinite key from making a code's step infinite

// round((x - lo) / step) before clamping; a channel without range has one code, and any other key lies outside it.
__device__ __forceinline__ float raw_code(float x, float lo, float step) {
    if (step > 0) return floorf((x - lo) / step + 0.5f);
    return x == lo ? 0.0f : -1.0f;
}

__device__ __forceinline__ uint32_t clamped_code(float raw, float top) {
    return uint32_t(raw >= 0 ? fminf(raw, top) : 0.0f);
}

// The appends run in threads first .. first + D - 1 of a block, one a channel; `first` is a multiple of 32. A
// selector gives them warps that would wait otherwise.
__device__ __forceinline__ void append_row(const KernelCache & cache, const KernelNewRow & row, int j, int index,
                                           int first = 0) {
    const int c = int(threadIdx.x) - first;
    if (c < 0 || c >= cache.head_dim) return;
    const size_t from                       = size_t(j / cache.share) * cache.head_dim + c,
                 to                         = (size_t(j) * cache.capacity + index) * cache.head_dim + c;
    reinterpret_cast<__half *>(cache.k)[to] = __float2half_rn(row.k[from]);
    reinterpret_cast<__half *>(cache.v)[to] = __float2half_rn(row.v[from]);
}

// The new row and the bounds of its page as a thread has them, a channel each: fetched early, written later, so that
// the loads are under way while others work.
struct PagedRow {
    float  key = 0, value = 0;
    __half low = __float2half_rn(0), high = low;
};

__device__ __forceinline__ __half * page_bounds(const KernelCache & cache, const KernelPages & pages, int page_stride,
                                                int j, int index, int c) {
    return reinterpret_cast<__half *>(pages.minmax) +
           (size_t(j) * cache.head_dim + c) * page_sides(pages.page) * page_stride + index / pages.page;
}

__device__ __forceinline__ PagedRow fetch_paged(const KernelCache & cache, const KernelNewRow & row,
                                                const KernelPages & pages, int page_stride, int j, int index,
                                                int first = 0) {
    const int c = int(threadIdx.x) - first;
    PagedRow  x;
    if (c < 0 || c >= cache.head_dim) return x;
    const size_t   from = size_t(j / cache.share) * cache.head_dim + c;
    const __half * at   = page_bounds(cache, pages, page_stride, j, index, c);
    x.key = row.k[from], x.value = row.v[from];
    if (index % pages.page != 0) x.low = at[0], x.high = at[page_stride];
    return x;
}

__device__ __forceinline__ void append_paged(const KernelCache & cache, const KernelPages & pages, int page_stride,
                                             int j, int index, const PagedRow & x, int first = 0) {
    const int c = int(threadIdx.x) - first;
    if (c < 0 || c >= cache.head_dim) return;
    const size_t to                         = (size_t(j) * cache.capacity + index) * cache.head_dim + c;
    const __half key                        = __float2half_rn(x.key);
    reinterpret_cast<__half *>(cache.k)[to] = key;
    reinterpret_cast<__half *>(cache.v)[to] = __float2half_rn(x.value);
    __half * at                             = page_bounds(cache, pages, page_stride, j, index, c);
    if (index % pages.page == 0) {  // a fresh page starts from this key
        at[0] = key;
        if (page_sides(pages.page) == 2) at[page_stride] = key;
    } else {
        const float y = __half2float(key);
        if (y < __half2float(x.low)) at[0] = key;
        if (y > __half2float(x.high)) at[page_stride] = key;
    }
}

// One thread codes one plane of 16 channels (and 32 signs). key(c), value(c): the row's f16-rounded channels as f32.
// Returns how many codes had to be clamped.
template <class Key, class Value>
__device__ inline int code_plane(const KernelCodes & codes, int head_dim, int capacity, int j, int plane, int index,
                                 Key key, Value value) {
    const int    planes  = head_dim / 32;
    const size_t at      = (size_t(j) * planes + plane) * capacity + index;
    const size_t base    = size_t(j) * head_dim;
    int          clamped = 0;
    uint32_t     word[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < 16; i++) {
        const size_t p   = base + plane * 16 + i;
        const float  raw = raw_code(key(codes.order[p]), codes.lo[p], codes.step[p]);
        clamped += !(raw >= 0 && raw <= 15);
        word[i / 8] |= clamped_code(raw, 15) << (i % 8 * 4);
    }
    reinterpret_cast<uint2 *>(codes.fine)[at] = make_uint2(word[0], word[1]);
    if (codes.coarse) {
        uint32_t coarse = 0, signs = 0;
        for (int i = 0; i < 16; i++) {
            const size_t p   = base + head_dim / 2 + plane * 16 + i;
            const float  raw = raw_code(key(codes.order[p]), codes.lo[p], codes.step[p]);
            clamped += !(raw >= 0 && raw <= 3);
            coarse |= clamped_code(raw, 3) << (i * 2);
        }
        for (int i = 0; i < 32; i++)
            signs |= uint32_t(value(plane * 32 + i) >= codes.v_mean[base + plane * 32 + i]) << i;
        codes.coarse[at] = coarse;
        codes.signs[at]  = signs;
    }
    return clamped;
}

// The new row as a thread has it: its own channel's key and value, and the words that its warp made of the codes.
struct CodedRow {
    float    key = 0, value = 0;
    uint32_t word4 = 0, word2 = 0;
    unsigned signs = 0, clamped = 0;
};

// As code_plane, one thread a position: words come together by shuffles, signs by a ballot. Needs no index: it may come
// before the live length is known.
__device__ __forceinline__ CodedRow code_row(const KernelCache & cache, const KernelNewRow & row,
                                             const KernelCodes & codes, int j, int first = 0) {
    const int D = cache.head_dim, half = D / 2, p = int(threadIdx.x) - first;
    CodedRow  x;
    if (p < 0 || p >= D) return x;  // whole warps
    const bool   fine = p < half, coded = fine || codes.coarse;
    const size_t base = size_t(j) * D, from = size_t(j / cache.share) * D;
    const float  top = fine ? 15.0f : 3.0f;
    x.key = row.k[from + p], x.value = row.v[from + p];
    float raw = 0;
    if (coded)
        raw = raw_code(__half2float(__float2half_rn(row.k[from + codes.order[base + p]])), codes.lo[base + p],
                       codes.step[base + p]);
    const uint32_t code = clamped_code(raw, top);
    x.clamped           = __ballot_sync(FULL, coded && !(raw >= 0 && raw <= top));
    x.word4             = fine ? code << (p % 8 * 4) : 0;
    x.word2             = fine ? 0 : code << ((p - half) % 16 * 2);
    for (int m = 1; m < 8; m <<= 1) x.word4 |= __shfl_xor_sync(FULL, x.word4, m);
    for (int m = 1; m < 16; m <<= 1) x.word2 |= __shfl_xor_sync(FULL, x.word2, m);
    if (codes.coarse) x.signs = __ballot_sync(FULL, __half2float(__float2half_rn(x.value)) >= codes.v_mean[base + p]);
    return x;
}

__device__ __forceinline__ void append_coded(const KernelCache & cache, const KernelCodes & codes, int j, int index,
                                             const CodedRow & x, int first = 0) {
    const int D = cache.head_dim, half = D / 2, p = int(threadIdx.x) - first, lane = threadIdx.x & 31;
    if (p < 0 || p >= D) return;
    const size_t to                         = (size_t(j) * cache.capacity + index) * D + p;
    reinterpret_cast<__half *>(cache.k)[to] = __float2half_rn(x.key);
    reinterpret_cast<__half *>(cache.v)[to] = __float2half_rn(x.value);
    const bool   fine                       = p < half;
    const size_t planes                     = size_t(j) * (D / 32);
    if (fine && p % 8 == 0) codes.fine[((planes + p / 16) * cache.capacity + index) * 2 + p / 8 % 2] = x.word4;
    if (codes.coarse) {
        if (!fine && (p - half) % 16 == 0) codes.coarse[(planes + (p - half) / 16) * cache.capacity + index] = x.word2;
        if (lane == 0) codes.signs[(planes + p / 32) * cache.capacity + index] = x.signs;
    }
    if (lane == 0 && x.clamped) atomicAdd(&codes.clamped[j], __popc(x.clamped));
}

}  // namespace rocketdoc
