// vf: 8 floats. See vector_generic.h for what each operation means.
#pragma once

#include <immintrin.h>
#include <stdint.h>

namespace {

constexpr int LANES     = 8;
constexpr int REGISTERS = 16;
constexpr int MAX_HEADS = 2;
constexpr int TILE_KEYS = 6;

using vf = __m256;
using vi = __m256i;

inline vf   vload(const float * p) { return _mm256_loadu_ps(p); }
inline void vstore(float * p, vf x) { _mm256_storeu_ps(p, x); }
inline vf   vset(float x) { return _mm256_set1_ps(x); }
inline vf   vadd(vf a, vf b) { return _mm256_add_ps(a, b); }
inline vf   vsub(vf a, vf b) { return _mm256_sub_ps(a, b); }
inline vf   vmul(vf a, vf b) { return _mm256_mul_ps(a, b); }
inline vf   vfma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
inline vf   vmax(vf a, vf b) { return _mm256_max_ps(a, b); }
inline vf   vmin(vf a, vf b) { return _mm256_min_ps(a, b); }
inline vf   vround(vf x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline vf   vscale2(vf x, vf n) {
    const vi exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(x, _mm256_castsi256_ps(exponent));
}
inline vf  vzero_below(vf y, vf x, vf limit) { return _mm256_andnot_ps(_mm256_cmp_ps(x, limit, _CMP_LT_OQ), y); }
inline int vcount_ge(vf a, vf b) {
    return __builtin_popcount(unsigned(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ))));
}

inline uint32_t vbits_ge(vf a, vf b) { return uint32_t(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GE_OQ))); }
inline int      vstore_indices(int32_t * to, int32_t first, uint32_t bits) {
    int n = 0;
    for (; bits; bits &= bits - 1) to[n++] = first + __builtin_ctz(bits);
    return n;
}
inline int vstore_values(float * to, vf x, uint32_t bits) {
    float values[LANES];
    vstore(values, x);
    int n = 0;
    for (; bits; bits &= bits - 1) to[n++] = values[__builtin_ctz(bits)];
    return n;
}

inline vf   vload_f16(const uint16_t * p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) p)); }
inline void vstore_f16(uint16_t * p, vf x) {
    _mm_storeu_si128((__m128i *) p, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
inline vf vload_i8(const int8_t * p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *) p)));
}

inline vi vload_u8(const uint8_t * p) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *) p)); }
template <int shift, int mask>
inline vf vcode(vi x) {
    const vi code = shift ? _mm256_srli_epi32(x, shift) : x;
    return _mm256_cvtepi32_ps(
        mask << shift == (255 >> shift) << shift ? code : _mm256_and_si256(code, _mm256_set1_epi32(mask)));
}

inline vf vadd_where(vf sum, vf x, uint32_t bits) {
    const vi bit  = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const vi mask = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(int(bits)), bit), bit);
    return _mm256_add_ps(sum, _mm256_and_ps(x, _mm256_castsi256_ps(mask)));
}

inline float vsum(vf x) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s        = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
inline float vtop(vf x) {
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s        = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
inline float vlow(vf x) {
    __m128 s = _mm_min_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s        = _mm_min_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_min_ss(s, _mm_movehdup_ps(s)));
}

inline void vsum4(vf a, vf b, vf c, vf d, float * out) {
    const vf ab   = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));  // per 128 bits: a b a b
    const vf cd   = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    const vf abcd = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
    _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1)));
}

}  // namespace
