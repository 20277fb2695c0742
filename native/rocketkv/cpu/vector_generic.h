// vf: 4 floats in plain C++, which compilers turn into SSE2 or NEON: the baseline, and the meaning of each operation.
// Everything that kernels_impl.h may do with a vector stands here; a further ISA is one more file like this.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "../half.h"

namespace {

constexpr int LANES     = 4;
constexpr int REGISTERS = 16;
constexpr int MAX_HEADS = 2;  // query heads whose accumulators fit the registers together
constexpr int TILE_KEYS = 6;  // stage 1: keys per register tile, a divisor of KEY_BLOCK

// vmax, vmin: the second where the first is NaN. vzero_below: y, or 0 where x < limit. vround: to the nearest integer.
// vscale2: x * 2^n for an integer n in -126..127. vcode: the bits `mask` of x >> shift, as floats; x is a byte.
// vadd_where: sum + x where the lane's bit is set (lane i: bit i). vbits_ge, vcount_ge: a >= b as such bits, and how
// many. vstore_indices: first + i for each set bit i, nothing beyond them; vstore_values: the lanes of x likewise.
// vsum4: four horizontal sums.
#if defined(__GNUC__) || defined(__clang__)
typedef float   vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));

inline vf  vset(float x) { return vf{x, x, x, x}; }
inline vf  vadd(vf a, vf b) { return a + b; }
inline vf  vsub(vf a, vf b) { return a - b; }
inline vf  vmul(vf a, vf b) { return a * b; }
inline vf  vselect(vi mask, vf a, vf b) { return vf((mask & vi(a)) | (~mask & vi(b))); }
inline vf  vmax(vf a, vf b) { return vselect(a > b, a, b); }
inline vf  vmin(vf a, vf b) { return vselect(a < b, a, b); }
inline vf  vzero_below(vf y, vf x, vf limit) { return vf(~(x < limit) & vi(y)); }
inline vf  vround(vf x) { return (x + vset(12582912.0f)) - vset(12582912.0f); }  // |x| < 2^22
inline vf  vscale2(vf x, vf n) { return x * vf((__builtin_convertvector(n, vi) + 127) << 23); }
inline int vcount_ge(vf a, vf b) {
    const vi ge = a >= b;
    return -(ge[0] + ge[1] + ge[2] + ge[3]);
}
template <int shift, int mask>
inline vf vcode(vi x) {
    return __builtin_convertvector((x >> shift) & mask, vf);
}
inline vf vadd_where(vf sum, vf x, uint32_t bits) {
    const vi bit = {1, 2, 4, 8};
    return sum + vf(((int32_t(bits) & bit) != 0) & vi(x));
}
inline vf vload_f16(const uint16_t * p) {  // half.h, four at a time
    const vi half      = {p[0], p[1], p[2], p[3]};
    const vi magnitude = (half & 0x7fff) << 13;
    const vi value     = vi(vf(magnitude) * 0x1p112f);
    const vi special   = (magnitude >= (0x7c00 << 13)) & 0x7f800000;
    return vf(value | special | ((half & 0x8000) << 16));
}
#else
struct vf {
    float   v[4];
    float & operator[](int i) { return v[i]; }
    float   operator[](int i) const { return v[i]; }
};
struct vi {
    int32_t v[4];
    int32_t operator[](int i) const { return v[i]; }
};

template <typename Lane>
inline vf each_lane(Lane lane) {
    return {{lane(0), lane(1), lane(2), lane(3)}};
}
inline vf vset(float x) { return {{x, x, x, x}}; }
inline vf vadd(vf a, vf b) {
    return each_lane([&](int i) { return a[i] + b[i]; });
}
inline vf vsub(vf a, vf b) {
    return each_lane([&](int i) { return a[i] - b[i]; });
}
inline vf vmul(vf a, vf b) {
    return each_lane([&](int i) { return a[i] * b[i]; });
}
inline vf vmax(vf a, vf b) {
    return each_lane([&](int i) { return a[i] > b[i] ? a[i] : b[i]; });
}
inline vf vmin(vf a, vf b) {
    return each_lane([&](int i) { return a[i] < b[i] ? a[i] : b[i]; });
}
inline vf vzero_below(vf y, vf x, vf limit) {
    return each_lane([&](int i) { return x[i] < limit[i] ? 0.0f : y[i]; });
}
inline vf vround(vf x) {
    return each_lane([&](int i) { return nearbyintf(x[i]); });
}
inline vf vscale2(vf x, vf n) {
    return each_lane([&](int i) { return ldexpf(x[i], int(n[i])); });
}
inline int vcount_ge(vf a, vf b) { return (a[0] >= b[0]) + (a[1] >= b[1]) + (a[2] >= b[2]) + (a[3] >= b[3]); }
template <int shift, int mask>
inline vf vcode(vi x) {
    return each_lane([&](int i) { return float((x[i] >> shift) & mask); });
}
inline vf vadd_where(vf sum, vf x, uint32_t bits) {
    return each_lane([&](int i) { return (bits >> i) & 1u ? sum[i] + x[i] : sum[i]; });
}
inline vf vload_f16(const uint16_t * p) {
    return each_lane([&](int i) { return rocketdoc::f32_from_f16(p[i]); });
}
#endif

inline vf vfma(vf a, vf b, vf c) { return vadd(vmul(a, b), c); }
inline vf vload(const float * p) {
    vf x;
    memcpy(&x, p, sizeof x);
    return x;
}
inline void vstore(float * p, vf x) { memcpy(p, &x, sizeof x); }
inline void vstore_f16(uint16_t * p, vf x) {
    for (int i = 0; i < 4; i++) p[i] = rocketdoc::f16_from_f32(x[i]);
}
inline vf vload_i8(const int8_t * p) {
    const float x[4] = {float(p[0]), float(p[1]), float(p[2]), float(p[3])};
    return vload(x);
}
inline vi vload_u8(const uint8_t * p) {
    const int32_t x[4] = {p[0], p[1], p[2], p[3]};
    vi            y;
    memcpy(&y, x, sizeof y);
    return y;
}

inline float vsum(vf x) { return (x[0] + x[2]) + (x[1] + x[3]); }
inline float vtop(vf x) {
    const float a = x[0] > x[1] ? x[0] : x[1], b = x[2] > x[3] ? x[2] : x[3];
    return a > b ? a : b;
}
inline float vlow(vf x) {
    const float a = x[0] < x[1] ? x[0] : x[1], b = x[2] < x[3] ? x[2] : x[3];
    return a < b ? a : b;
}
inline uint32_t vbits_ge(vf a, vf b) {
    return uint32_t(a[0] >= b[0]) | uint32_t(a[1] >= b[1]) << 1 | uint32_t(a[2] >= b[2]) << 2 |
           uint32_t(a[3] >= b[3]) << 3;
}
inline int vstore_indices(int32_t * to, int32_t first, uint32_t bits) {
    int n = 0;
    for (int i = 0; i < 4; i++)
        if ((bits >> i) & 1u) to[n++] = first + i;
    return n;
}
inline int vstore_values(float * to, vf x, uint32_t bits) {
    int n = 0;
    for (int i = 0; i < 4; i++)
        if ((bits >> i) & 1u) to[n++] = x[i];
    return n;
}
inline void vsum4(vf a, vf b, vf c, vf d, float * out) {
    out[0] = vsum(a);
    out[1] = vsum(b);
    out[2] = vsum(c);
    out[3] = vsum(d);
}

}  // namespace
