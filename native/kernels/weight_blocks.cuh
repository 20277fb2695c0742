// How a lane reads its share of one row of weights and multiplies it with its share of the activations: one struct for
// each weight format (ggml's block layouts). A warp goes over a row in steps of STEP columns; every lane takes COLUMNS
// of them.
//   Raw   what a lane holds of one row's step, as it came from memory: loaded early, before the activations exist
//   Act   the activations that belong to it, shared by all rows a warp works on
// Quantised weights meet activations in 8 bits (KernelActivations), as ggml's do; the others meet them in f32.
#pragma once

#include <cuda_bf16.h>

#include "cuda_common.cuh"

namespace rocketdoc {

__device__ __forceinline__ float2 half2_bits(uint32_t bits) {
    return __half22float2(*reinterpret_cast<const __half2 *>(&bits));
}

__device__ __forceinline__ float half_at(const char * p) { return __half2float(*reinterpret_cast<const __half *>(p)); }

// sm_75 has it too: four signed 8-bit products added to c.
__device__ __forceinline__ int dot4(uint32_t a, uint32_t b, int c) { return __dp4a(int(a), int(b), c); }

// Weights are read once and never again: past the L1 cache, and first to leave the L2.
__device__ __forceinline__ uint4    stream16(const char * p) { return __ldcs(reinterpret_cast<const uint4 *>(p)); }
__device__ __forceinline__ uint32_t stream4(const char * p) { return __ldcs(reinterpret_cast<const uint32_t *>(p)); }

// N words from an address that is even but may lie between two words: the words around it, moved into place.
template <int N>
struct Unaligned {
    uint32_t word[N + 1];
    bool     between;

    __device__ __forceinline__ void load(const char * p) {
        between           = reinterpret_cast<uintptr_t>(p) & 2;
        const char * base = p - (between ? 2 : 0);
#pragma unroll
        for (int i = 0; i < N; i++) word[i] = __ldg(reinterpret_cast<const uint32_t *>(base + 4 * i));
        word[N] = between ? __ldg(reinterpret_cast<const uint32_t *>(base + 4 * N)) : 0;
    }
    __device__ __forceinline__ uint32_t operator[](int i) const {
        return between ? __funnelshift_r(word[i], word[i + 1], 16) : word[i];
    }
};

// Sixteen 8-bit activations of one block of 32, its scale, and the sum of the sixteen times that scale.
struct Act16 {
    uint32_t q[4];
    float    scale, sum;

    __device__ __forceinline__ void load(const KernelActivations & a, int column) {
        const uint4 x = *reinterpret_cast<const uint4 *>(a.q + column);
        q[0] = x.x, q[1] = x.y, q[2] = x.z, q[3] = x.w;
        scale = a.scale[column / 32];
        sum   = a.sum[column / 16];
    }
    __device__ __forceinline__ int dot(const uint32_t (&w)[4]) const {
        return dot4(w[3], q[3], dot4(w[2], q[2], dot4(w[1], q[1], dot4(w[0], q[0], 0))));
    }
};

// The two halves of a block of 32.
struct Act32 {
    Act16                           half[2];
    __device__ __forceinline__ void load(const KernelActivations & a, int column) {
        half[0].load(a, column);
        half[1].load(a, column + 16);
    }
};

template <KernelWeightType TYPE>
struct Weights;

// 8 values of 16 bits, of which Pair makes two f32.
template <class Pair>
struct SixteenBits {
    static constexpr int  COLUMNS = 8, STEP = 256, GRANULE = 8;
    static constexpr bool QUANTISED = false;
    struct Raw {
        uint4 w;
    };
    struct Act {
        float x[8];
    };
    static __device__ __forceinline__ void load(Raw & raw, const char * row, int column) {
        raw.w = stream16(row + size_t(column) * 2);
    }
    static __device__ __forceinline__ void load(Act & act, const KernelActivations & a, int column) {
#pragma unroll
        for (int i = 0; i < 8; i += 4) {
            const float4 four = *reinterpret_cast<const float4 *>(a.x + column + i);
            act.x[i] = four.x, act.x[i + 1] = four.y, act.x[i + 2] = four.z, act.x[i + 3] = four.w;
        }
    }
    static __device__ __forceinline__ float dot(const Raw & raw, const Act & act) {
        const uint32_t word[4] = {raw.w.x, raw.w.y, raw.w.z, raw.w.w};
        float          sum     = 0;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float2 w = Pair::of(word[i]);
            sum += w.x * act.x[2 * i];
            sum += w.y * act.x[2 * i + 1];
        }
        return sum;
    }
};

struct HalfPair {
    static __device__ __forceinline__ float2 of(uint32_t bits) { return half2_bits(bits); }
};
struct BrainPair {
    static __device__ __forceinline__ float2 of(uint32_t bits) {
        return make_float2(__uint_as_float(bits << 16), __uint_as_float(bits & 0xffff0000u));
    }
};
template <>
struct Weights<KERNEL_WEIGHTS_F16> : SixteenBits<HalfPair> {};
template <>
struct Weights<KERNEL_WEIGHTS_BF16> : SixteenBits<BrainPair> {};

// As they are: of routers.
template <>
struct Weights<KERNEL_WEIGHTS_F32> {
    static constexpr int  COLUMNS = 4, STEP = 128, GRANULE = 4;
    static constexpr bool QUANTISED = false;
    struct Raw {
        float4 w;
    };
    using Act = Raw;
    static __device__ __forceinline__ void load(Raw & raw, const char * row, int column) {
        raw.w = __ldcs(reinterpret_cast<const float4 *>(row) + column / 4);
    }
    static __device__ __forceinline__ void load(Act & act, const KernelActivations & a, int column) {
        act.w = *reinterpret_cast<const float4 *>(a.x + column);
    }
    static __device__ __forceinline__ float dot(const Raw & raw, const Act & act) {
        return raw.w.x * act.w.x + raw.w.y * act.w.y + raw.w.z * act.w.z + raw.w.w * act.w.w;
    }
};

// 34 bytes: f16 scale, 32 signed bytes. A lane takes half a block.
template <>
struct Weights<KERNEL_WEIGHTS_Q8_0> {
    static constexpr int  COLUMNS = 16, STEP = 512, GRANULE = 32;
    static constexpr bool QUANTISED = true;
    struct Raw {
        Unaligned<4> w;
        float        d;
    };
    using Act = Act16;
    static __device__ __forceinline__ void load(Raw & raw, const char * row, int column) {
        const char * block = row + size_t(column / 32) * 34;
        raw.d              = half_at(block);
        raw.w.load(block + 2 + column % 32);
    }
    static __device__ __forceinline__ void load(Act & act, const KernelActivations & a, int column) {
        act.load(a, column);
    }
    static __device__ __forceinline__ float dot(const Raw & raw, const Act & act) {
        const uint32_t w[4] = {raw.w[0], raw.w[1], raw.w[2], raw.w[3]};
        return raw.d * act.scale * float(act.dot(w));
    }
};

// 16 bytes of two 4-bit values each: byte i holds columns i (low) and i + 16 (high) of a block of 32.
__device__ __forceinline__ float2 nibble_dots(const uint32_t (&word)[4], const Act32 & act) {
    uint32_t low[4], high[4];
#pragma unroll
    for (int i = 0; i < 4; i++) low[i] = word[i] & 0x0f0f0f0fu, high[i] = word[i] >> 4 & 0x0f0f0f0fu;
    return make_float2(float(act.half[0].dot(low)), float(act.half[1].dot(high)));
}

// 18 bytes: f16 scale, 16 bytes; a value is nibble - 8. A lane takes a block.
template <>
struct Weights<KERNEL_WEIGHTS_Q4_0> {
    static constexpr int  COLUMNS = 32, STEP = 1024, GRANULE = 32;
    static constexpr bool QUANTISED = true;
    struct Raw {
        Unaligned<4> w;
        float        d;
    };
    using Act = Act32;
    static __device__ __forceinline__ void load(Raw & raw, const char * row, int column) {
        const char * block = row + size_t(column / 32) * 18;
        raw.d              = half_at(block);
        raw.w.load(block + 2);
    }
    static __device__ __forceinline__ void load(Act & act, const KernelActivations & a, int column) {
        act.load(a, column);
    }
    static __device__ __forceinline__ float dot(const Raw & raw, const Act & act) {
        const uint32_t w[4] = {raw.w[0], raw.w[1], raw.w[2], raw.w[3]};
        const float2   dots = nibble_dots(w, act);
        return raw.d * (act.half[0].scale * (dots.x + dots.y) - 8.0f * (act.half[0].sum + act.half[1].sum));
    }
};

// 20 bytes: f16 scale and least value, 16 bytes. A lane takes a block.
template <>
struct Weights<KERNEL_WEIGHTS_Q4_1> {
    static constexpr int  COLUMNS = 32, STEP = 1024, GRANULE = 32;
    static constexpr bool QUANTISED = true;
    struct Raw {
        uint32_t dm, w[4];
    };
    using Act = Act32;
    static __device__ __forceinline__ void load(Raw & raw, const char * row, int column) {
        const char * block = row + size_t(column / 32) * 20;
        raw.dm             = __ldg(reinterpret_cast<const uint32_t *>(block));
#pragma unroll
        for (int i = 0; i < 4; i++) raw.w[i] = __ldg(reinterpret_cast<const uint32_t *>(block + 4 + 4 * i));
    }
    static __device__ __forceinline__ void load(Act & act, const KernelActivations & a, int column) {
        act.load(a, column);
    }
    static __device__ __forceinline__ float dot(const Raw & raw, const Act & act) {
        const float2 dots = nibble_dots(raw.w, act), dm = half2_bits(raw.dm);
        return dm.x * act.half[0].scale * (dots.x + dots.y) + dm.y * (act.half[0].sum + act.half[1].sum);
    }
};

// q4_K and q5_K: superblocks of 256 = 8 blocks of 32, each with a 6-bit scale and a 6-bit minimum in 12 bytes behind
// two f16 factors; chunk j of 32 bytes holds blocks 2j (low nibbles) and 2j + 1 (high). A lane takes half a chunk: 16
// columns of either.
struct ActK {
    Act16                           low, high;
    __device__ __forceinline__ void load(const KernelActivations & a,
                                         int                       column) {  // column: 32 * lane's place, of a step
        const int first = column / 64 * 64 + column % 64 / 2;  // superblock and chunk, then which half of the chunk
        low.load(a, first);
        high.load(a, first + 32);
    }
};

// Scales and minima of blocks 2j and 2j + 1 out of the superblock's first 16 bytes.
struct ScalesK {
    float                      scale[2], minimum[2];
    __device__ __forceinline__ ScalesK(const uint4 & head, int chunk) {
        const float2 factors = half2_bits(head.x);
        // 16 bits = the pair's bytes: scales in words y, minima in z, upper bits of the last four of both in w and on
        // top of y, z.
        const int      shift = chunk % 2 * 16;
        const uint32_t y = head.y >> shift, z = head.z >> shift, w = head.w >> shift;
        const uint32_t scales = chunk < 2 ? y & 0x3f3fu : (w & 0x0f0fu) | (y & 0xc0c0u) >> 2;
        const uint32_t minima = chunk < 2 ? z & 0x3f3fu : (w >> 4 & 0x0f0fu) | (z & 0xc0c0u) >> 2;
        scale[0]              = factors.x * float(scales & 0xffu);
        scale[1]              = factors.x * float(scales >> 8 & 0xffu);
        minimum[0]            = factors.y * float(minima & 0xffu);
        minimum[1]            = factors.y * float(minima >> 8 & 0xffu);
    }
};

__device__ __forceinline__ float dot_k(const ScalesK & s, const ActK & act, const uint32_t (&low)[4],
                                       const uint32_t (&high)[4]) {
    return s.scale[0] * act.low.scale * float(act.low.dot(low)) +
           s.scale[1] * act.high.scale * float(act.high.dot(high)) - s.minimum[0] * act.low.sum -
           s.minimum[1] * act.high.sum;
}

template <>
struct Weights<KERNEL_WEIGHTS_Q4_K> {
    static constexpr int  COLUMNS = 32, STEP = 1024, GRANULE = 256;
    static constexpr bool QUANTISED = true;
    struct Raw {
        uint4 head, w;
    };
    using Act = ActK;
    static __device__ __forceinline__ void load(Raw & raw, const char * row, int column) {
        const char * block = row + size_t(column / 256) * 144;
        raw.head           = __ldg(reinterpret_cast<const uint4 *>(block));  // eight lanes share it
        raw.w              = stream16(block + 16 + column % 256 / 2);
    }
    static __device__ __forceinline__ void load(Act & act, const KernelActivations & a, int column) {
        act.load(a, column);
    }
    static __device__ __forceinline__ float dot(const Raw & raw, const Act & act) {
        const uint32_t word[4] = {raw.w.x, raw.w.y, raw.w.z, raw.w.w};
        uint32_t       low[4], high[4];
#pragma unroll
        for (int i = 0; i < 4; i++) low[i] = word[i] & 0x0f0f0f0fu, high[i] = word[i] >> 4 & 0x0f0f0f0fu;
        return dot_k(ScalesK(raw.head, (threadIdx.x & 7) / 2), act, low, high);
    }
};

// As q4_K, with the fifth bits of block b in bit b of 32 bytes between head and nibbles: 176 bytes.
template <>
struct Weights<KERNEL_WEIGHTS_Q5_K> {
    static constexpr int  COLUMNS = 32, STEP = 1024, GRANULE = 256;
    static constexpr bool QUANTISED = true;
    struct Raw {
        uint4 head, fifth, w;
    };
    using Act = ActK;
    static __device__ __forceinline__ void load(Raw & raw, const char * row, int column) {
        const char * block = row + size_t(column / 256) * 176;
        raw.head           = __ldg(reinterpret_cast<const uint4 *>(block));
        raw.fifth = __ldg(reinterpret_cast<const uint4 *>(block + 16 + column % 64 / 2));  // four lanes share it
        raw.w     = stream16(block + 48 + column % 256 / 2);
    }
    static __device__ __forceinline__ void load(Act & act, const KernelActivations & a, int column) {
        act.load(a, column);
    }
    static __device__ __forceinline__ float dot(const Raw & raw, const Act & act) {
        const int      chunk   = (threadIdx.x & 7) / 2;
        const uint32_t word[4] = {raw.w.x, raw.w.y, raw.w.z, raw.w.w},
                       bits[4] = {raw.fifth.x, raw.fifth.y, raw.fifth.z, raw.fifth.w};
        uint32_t       low[4], high[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            low[i]  = (word[i] & 0x0f0f0f0fu) | (bits[i] >> (2 * chunk) & 0x01010101u) << 4;
            high[i] = (word[i] >> 4 & 0x0f0f0f0fu) | (bits[i] >> (2 * chunk + 1) & 0x01010101u) << 4;
        }
        return dot_k(ScalesK(raw.head, chunk), act, low, high);
    }
};

// 210 bytes: 128 of low nibbles, 64 of two upper bits, 16 signed scales of 16 columns each, an f16 factor; a value is
// the six bits - 32. A lane takes 8 columns out of each 32 of one half: ql bytes l and l + 32, qh byte l, l = its first
// column.
template <>
struct Weights<KERNEL_WEIGHTS_Q6_K> {
    static constexpr int  COLUMNS = 32, STEP = 1024, GRANULE = 256;
    static constexpr bool QUANTISED = true;
    struct Raw {
        Unaligned<2> low, high, upper;  // nibble bytes l.., l + 32.., upper bits l..
        uint32_t     scales;            // signed bytes of the four runs of 32
        float        d;
    };
    struct Act {
        uint32_t q[4][2];
        float    scale[4], sum[4];  // sum of the eight, times the scale
    };
    static __device__ __forceinline__ int  first_of(int column) { return column / 128 * 128 + column % 128 / 4; }
    static __device__ __forceinline__ void load(Raw & raw, const char * row, int column) {
        const char * block = row + size_t(column / 256) * 210;
        const int    half = column % 256 / 128, l = column % 128 / 4;
        raw.low.load(block + half * 64 + l);
        raw.high.load(block + half * 64 + 32 + l);
        raw.upper.load(block + 128 + half * 32 + l);
        const signed char * scales = reinterpret_cast<const signed char *>(block + 192 + half * 8 + l / 16);
        raw.scales                 = 0;
#pragma unroll
        for (int i = 0; i < 4; i++) raw.scales |= uint32_t(uint8_t(scales[2 * i])) << (8 * i);
        raw.d = half_at(block + 208);
    }
    static __device__ __forceinline__ void load(Act & act, const KernelActivations & a, int column) {
        const int first = first_of(column);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const uint2 x = *reinterpret_cast<const uint2 *>(a.q + first + 32 * i);
            act.q[i][0] = x.x, act.q[i][1] = x.y;
            act.scale[i] = a.scale[(first + 32 * i) / 32];
            act.sum[i]   = act.scale[i] * float(dot4(0x01010101u, x.x, dot4(0x01010101u, x.y, 0)));
        }
    }
    static __device__ __forceinline__ float dot(const Raw & raw, const Act & act) {
        float sum = 0;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int dot = 0;
#pragma unroll
            for (int w = 0; w < 2; w++) {
                const uint32_t nibbles = (i % 2 == 0 ? raw.low[w] : raw.high[w]) >> (i / 2 * 4) & 0x0f0f0f0fu;
                const uint32_t upper   = raw.upper[w] >> (2 * i) & 0x03030303u;
                dot                    = dot4(nibbles | upper << 4, act.q[i][w], dot);
            }
            const float scale = float(static_cast<signed char>(raw.scales >> (8 * i) & 0xffu));
            sum += scale * (act.scale[i] * float(dot) - 32.0f * act.sum[i]);
        }
        return raw.d * sum;
    }
};

}  // namespace rocketdoc
