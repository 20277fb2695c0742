// How far the engine's logits lie from llama.cpp's on a text: every row kept (mode full), the same device, the same
// file.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/engine.h"

namespace rocketdoc {

struct Distance {
    double  kl_mean = 0, kl_max = 0;  // of a next-token distribution from another, in nats
    int64_t n_same_best = 0;          // positions at which both think the same token likeliest
};

struct Agreement {
    int64_t  n_positions = 0;
    Distance ours;         // llama.cpp from here
    Distance llama_plain;  // llama.cpp from llama.cpp without flash attention, where that was asked for
};

// KL(p || q) of softmax(p) and softmax(q), [n_vocab] each, in double precision.
double logits_kl(const float * p, const float * q, int64_t n_vocab);

// Reads the tokens with both, a piece at a time, and with `itself` once more with llama.cpp's other attention: how far
// apart two right computations of this model lie. CTX_OVERFLOW and what either fails with.
Status measure_agreement(const EngineOptions & options, const std::vector<int32_t> & tokens, bool itself,
                         Agreement & out);

}  // namespace rocketdoc
