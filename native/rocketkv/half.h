// IEEE half precision to and from f32 in plain integer arithmetic: exact, round to nearest even.
// `static` on purpose: cpu/ compiles this file under several ISA flags, and a shared inline function could be linked
// from the wrong one.
#pragma once

#include <stdint.h>
#include <string.h>

namespace rocketdoc {

static inline float f32_from_f16(uint16_t half) {
    const uint32_t sign     = uint32_t(half & 0x8000u) << 16;
    const uint32_t exponent = half & 0x7c00u;
    uint32_t       bits     = uint32_t(half & 0x7fffu) << 13;
    float          value;
    if (exponent == 0x7c00u) {
        bits |= 0x7f800000u;  // infinity or NaN
        memcpy(&value, &bits, 4);
    } else {
        memcpy(&value, &bits, 4);
        value *= 0x1p112f;  // moves the exponent's bias; also right for subnormals
    }
    memcpy(&bits, &value, 4);
    bits |= sign;
    memcpy(&value, &bits, 4);
    return value;
}

static inline uint16_t f16_from_f32(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    const uint16_t sign = uint16_t((bits >> 16) & 0x8000u);
    bits &= 0x7fffffffu;
    if (bits > 0x7f800000u) return uint16_t(sign | 0x7e00u);   // NaN
    if (bits >= 0x477ff000u) return uint16_t(sign | 0x7c00u);  // 65520 and above round to infinity
    if (bits < 0x38800000u) {                                  // below 2^-14: subnormal, counted in units of 2^-24
        float magnitude;
        memcpy(&magnitude, &bits, 4);
        magnitude += 0.5f;  // an ulp of 0.5f is 2^-24: the addition rounds
        memcpy(&bits, &magnitude, 4);
        return uint16_t(sign | (bits - 0x3f000000u));
    }
    bits += 0xfffu + ((bits >> 13) & 1u);
    return uint16_t(sign | ((bits - 0x38000000u) >> 13));
}

}  // namespace rocketdoc
