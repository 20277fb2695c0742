// The angle by which a pair of channels turns (RoPE), for every op that rotates.
#pragma once

#include "cuda_common.cuh"

namespace rocketdoc {

// cos and sin of pair `pair` of the rotated channels, times the attention factor; as ggml's rope (with YaRN).
__device__ __forceinline__ float2 rotation(const KernelRope & r, int pair) {
    const float factor = r.factors ? r.factors[pair] : 1.0f;
    const float extra  = float(*r.position) * powf(powf(r.base, -2.0f / float(r.n_rot)), float(pair)) / factor;
    float       theta = extra * r.scale, size = r.attn_factor;
    if (r.ext_factor != 0.0f) {
        const float ramp = (float(pair) - r.corr_low) / fmaxf(0.001f, r.corr_high - r.corr_low);
        const float mix  = (1.0f - fminf(1.0f, fmaxf(0.0f, ramp))) * r.ext_factor;
        theta            = theta * (1.0f - mix) + extra * mix;
        size *= 1.0f + 0.1f * logf(1.0f / r.scale);
    }
    return make_float2(cosf(theta) * size, sinf(theta) * size);
}

}  // namespace rocketdoc
