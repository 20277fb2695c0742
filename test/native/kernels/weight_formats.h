// Weight formats as the tests of products take them: random bits, decoded by the format's definition, one value at a
// time.
#pragma once

#include <cmath>
#include <cstring>
#include <vector>

#include "kernel_test.h"

namespace kernel_test {

// Largest difference over the largest magnitude of what is expected.
// `least`: what the error is measured against where everything wanted is smaller, the rest of larger terms.
inline double relative_error(const float * got, const std::vector<double> & want, double least = 1e-6) {
    double most = least, worst = 0;
    for (double x : want) most = std::fmax(most, std::fabs(x));
    for (size_t i = 0; i < want.size(); i++) {
        const double e = std::fabs(got[i] - want[i]);
        worst          = e <= worst ? worst : e;  // NaN counts
    }
    return worst / most;
}

struct Format {
    KernelWeightType type;
    const char *     name;
    int              block, bytes;
    bool             quantised;
};

inline const Format FORMATS[] = {
    {KERNEL_WEIGHTS_F16, "f16", 1, 2, false},      {KERNEL_WEIGHTS_BF16, "bf16", 1, 2, false},
    {KERNEL_WEIGHTS_Q8_0, "q8_0", 32, 34, true},   {KERNEL_WEIGHTS_Q4_0, "q4_0", 32, 18, true},
    {KERNEL_WEIGHTS_Q4_1, "q4_1", 32, 20, true},   {KERNEL_WEIGHTS_Q4_K, "q4_K", 256, 144, true},
    {KERNEL_WEIGHTS_Q5_K, "q5_K", 256, 176, true}, {KERNEL_WEIGHTS_Q6_K, "q6_K", 256, 210, true},
    {KERNEL_WEIGHTS_F32, "f32", 1, 4, false},
};

inline float half_of(const unsigned char * p) {
    uint16_t bits;
    std::memcpy(&bits, p, 2);
    return to_float(bits);
}

// Sub-block i's 6-bit scale and minimum out of 12 bytes.
inline void scale_k(const unsigned char * s, int i, int & scale, int & minimum) {
    if (i < 4) {
        scale = s[i] & 63, minimum = s[i + 4] & 63;
    } else {
        scale = (s[i + 4] & 15) | (s[i - 4] >> 6) << 4, minimum = s[i + 4] >> 4 | (s[i] >> 6) << 4;
    }
}

inline double decode(const Format & f, const unsigned char * row, int column) {
    const unsigned char * b = row + size_t(column / f.block) * f.bytes;
    const int             i = column % f.block;
    switch (f.type) {
        case KERNEL_WEIGHTS_F16: return half_of(b);
        case KERNEL_WEIGHTS_F32: {
            float x;
            std::memcpy(&x, b, 4);
            return x;
        }
        case KERNEL_WEIGHTS_BF16: {
            const uint32_t bits = (uint32_t(b[0]) | uint32_t(b[1]) << 8) << 16;
            float          x;
            std::memcpy(&x, &bits, 4);
            return x;
        }
        case KERNEL_WEIGHTS_Q8_0: return double(half_of(b)) * static_cast<signed char>(b[2 + i]);
        case KERNEL_WEIGHTS_Q4_0: return double(half_of(b)) * ((i < 16 ? b[2 + i] & 15 : b[2 + i - 16] >> 4) - 8);
        case KERNEL_WEIGHTS_Q4_1:
            return double(half_of(b)) * (i < 16 ? b[4 + i] & 15 : b[4 + i - 16] >> 4) + half_of(b + 2);
        case KERNEL_WEIGHTS_Q4_K:
        case KERNEL_WEIGHTS_Q5_K: {
            const bool            five = f.type == KERNEL_WEIGHTS_Q5_K;
            const unsigned char * qs   = b + (five ? 48 : 16) + i / 64 * 32;
            int                   scale, minimum;
            scale_k(b + 4, i / 32, scale, minimum);
            int q = i % 64 < 32 ? qs[i % 32] & 15 : qs[i % 32] >> 4;
            if (five) q += (b[16 + i % 32] >> (i / 32) & 1) * 16;
            return double(half_of(b)) * scale * q - double(half_of(b + 2)) * minimum;
        }
        case KERNEL_WEIGHTS_Q6_K: {
            const int             half = i / 128, at = i % 128, run = at / 32, l = at % 32;
            const unsigned char * ql = b + half * 64 + (run % 2) * 32 + l;
            const int             q  = (run < 2 ? *ql & 15 : *ql >> 4) | (b[128 + half * 32 + l] >> (2 * run) & 3) << 4;
            return double(half_of(b + 208)) * static_cast<signed char>(b[192 + half * 8 + run * 2 + l / 16]) * (q - 32);
        }
    }
    return NAN;
}

// Random bits with sane f16 factors.
inline std::vector<unsigned char> random_weights(Rng & rng, const Format & f, int rows, int columns) {
    std::vector<unsigned char> out(size_t(rows) * (columns / f.block) * f.bytes);
    for (unsigned char & b : out) b = static_cast<unsigned char>(rng.next() >> 24);
    const auto set = [&](unsigned char * at, float x) {
        const uint16_t bits = to_half(x);
        std::memcpy(at, &bits, 2);
    };
    for (size_t b = 0; b < out.size() / f.bytes; b++) {
        unsigned char * block = &out[b * f.bytes];
        switch (f.type) {
            case KERNEL_WEIGHTS_F16: set(block, 0.1f * rng.normal()); break;
            case KERNEL_WEIGHTS_F32: {
                const float x = 0.1f * rng.normal();
                std::memcpy(block, &x, 4);
                break;
            }
            case KERNEL_WEIGHTS_BF16: {
                const float x = 0.1f * rng.normal();
                uint32_t    bits;
                std::memcpy(&bits, &x, 4);
                block[0] = static_cast<unsigned char>(bits >> 16), block[1] = static_cast<unsigned char>(bits >> 24);
                break;
            }
            case KERNEL_WEIGHTS_Q4_1:
            case KERNEL_WEIGHTS_Q4_K:
            case KERNEL_WEIGHTS_Q5_K: set(block, 0.01f * rng.normal()), set(block + 2, 0.01f * rng.normal()); break;
            case KERNEL_WEIGHTS_Q6_K: set(block + 208, 0.001f * rng.normal()); break;
            default: set(block, 0.01f * rng.normal());
        }
    }
    return out;
}

struct Activations {
    int                 n;
    Buffer<float>       x, scale, sum;
    Buffer<signed char> q;
    explicit Activations(int n_) : n(n_), x(size_t(n_)), scale(size_t(n_) / 32), sum(size_t(n_) / 16), q(size_t(n_)) {}
    KernelActivations view() const { return {x.data, q.data, scale.data, sum.data}; }
};

// The eight bits must say what the f32 say, to half a step.
inline void check_bits(const Activations & a, const char * op) {
    const std::vector<float>       x = a.x.download(), scale = a.scale.download(), sum = a.sum.download();
    const std::vector<signed char> q  = a.q.download();
    bool                           ok = true;
    for (int i = 0; i < a.n; i++) ok = ok && std::fabs(x[i] - scale[i / 32] * q[i]) <= 0.5001f * scale[i / 32] + 1e-12f;
    for (int b = 0; b < a.n / 16; b++) {
        int total = 0;
        for (int i = 0; i < 16; i++) total += q[size_t(b) * 16 + i];
        ok = ok && std::fabs(sum[b] - scale[b / 2] * float(total)) <= 1e-5f * std::fabs(sum[b]) + 1e-12f;
    }
    said(ok, "%s: %d activations in 8 bits", op, a.n);
}

// What the weights meet: the 8 bits themselves where the format is quantised.
inline std::vector<double> met(const Activations & a, bool quantised) {
    const std::vector<float>       x = a.x.download(), scale = a.scale.download();
    const std::vector<signed char> q = a.q.download();
    std::vector<double>            y(static_cast<size_t>(a.n));
    for (int i = 0; i < a.n; i++) y[i] = quantised ? double(scale[i / 32]) * q[i] : double(x[i]);
    return y;
}

}  // namespace kernel_test
