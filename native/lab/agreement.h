// How far the engine's logits lie from llama.cpp's on a text: every row kept (mode full), the same device, the same
// file.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/engine.h"

namespace rocketdoc {

struct Agreement {
    int64_t n_positions = 0;
    double  kl_mean = 0, kl_max = 0;  // of llama.cpp's next-token distribution from ours, in nats
    int64_t n_same_best = 0;          // positions at which both think the same token likeliest
};

// KL(p || q) of softmax(p) and softmax(q), [n_vocab] each, in double precision.
double logits_kl(const float * p, const float * q, int64_t n_vocab);

// Reads the tokens with both, a piece at a time. CTX_OVERFLOW and what either fails with.
Status measure_agreement(const EngineOptions & options, const std::vector<int32_t> & tokens, Agreement & out);

}  // namespace rocketdoc
