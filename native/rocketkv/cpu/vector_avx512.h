// vf: 16 floats. See vector_generic.h for what each operation means.
#pragma once

#include <immintrin.h>
#include <stdint.h>

namespace {

constexpr int LANES     = 16;
constexpr int REGISTERS = 32;
constexpr int MAX_HEADS = 4;   // query heads whose accumulators fit the registers together
constexpr int TILE_KEYS = 12;  // stage 1: 12 keys x 2 vectors of rows = 24 accumulators

using vf = __m512;
using vi = __m512i;

inline vf   vload(const float * p) { return _mm512_loadu_ps(p); }
inline void vstore(float * p, vf x) { _mm512_storeu_ps(p, x); }
inline vf   vset(float x) { return _mm512_set1_ps(x); }
inline vf   vadd(vf a, vf b) { return _mm512_add_ps(a, b); }
inline vf   vsub(vf a, vf b) { return _mm512_sub_ps(a, b); }
inline vf   vmul(vf a, vf b) { return _mm512_mul_ps(a, b); }
inline vf   vfma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
inline vf   vmax(vf a, vf b) { return _mm512_max_ps(a, b); }
inline vf   vmin(vf a, vf b) { return _mm512_min_ps(a, b); }
inline vf   vround(vf x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline vf   vscale2(vf x, vf n) { return _mm512_scalef_ps(x, n); }
inline vf   vzero_below(vf y, vf x, vf limit) {
    return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(x, limit, _CMP_LT_OQ), _mm512_setzero_ps());
}
inline int vcount_ge(vf a, vf b) { return __builtin_popcount(_mm512_cmp_ps_mask(a, b, _CMP_GE_OQ)); }

inline uint32_t vbits_ge(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
inline int      vstore_indices(int32_t * to, int32_t first, uint32_t bits) {
    const vi  index = _mm512_add_epi32(_mm512_set1_epi32(first),
                                       _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    const int n     = __builtin_popcount(bits);
    _mm512_mask_storeu_epi32(to, (__mmask16) ((1u << n) - 1), _mm512_maskz_compress_epi32((__mmask16) bits, index));
    return n;
}
inline int vstore_values(float * to, vf x, uint32_t bits) {
    const int n = __builtin_popcount(bits);
    _mm512_mask_storeu_ps(to, (__mmask16) ((1u << n) - 1), _mm512_maskz_compress_ps((__mmask16) bits, x));
    return n;
}

inline vf   vload_f16(const uint16_t * p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) p)); }
inline void vstore_f16(uint16_t * p, vf x) {
    _mm256_storeu_si256((__m256i *) p, _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
inline vf vload_i8(const int8_t * p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *) p)));
}

inline vi vload_u8(const uint8_t * p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *) p)); }
template <int shift, int mask>
inline vf vcode(vi x) {
    const vi code = shift ? _mm512_srli_epi32(x, shift) : x;
    return _mm512_cvtepi32_ps(
        mask << shift == (255 >> shift) << shift ? code : _mm512_and_si512(code, _mm512_set1_epi32(mask)));
}

inline vf vadd_where(vf sum, vf x, uint32_t bits) { return _mm512_mask_add_ps(sum, (__mmask16) bits, sum, x); }

inline float vsum(vf x) { return _mm512_reduce_add_ps(x); }
inline float vtop(vf x) { return _mm512_reduce_max_ps(x); }
inline float vlow(vf x) { return _mm512_reduce_min_ps(x); }

inline void vsum4(vf a, vf b, vf c, vf d, float * out) {
    const vf     ab   = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));  // per 128 bits: a b a b
    const vf     cd   = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    const vf     abcd = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
    _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
}

}  // namespace
