// Chooses the next token from candidates: repetition penalty, temperature, top-k, top-p, min-p, in that order; greedy
// at temperature 0.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "../device/device.h"

namespace rocketdoc {

struct SamplerOptions {
    float    temperature        = 0.0f;   // 0: greedy
    int      top_k              = 40;     // 0: off
    float    top_p              = 0.95f;  // 1: off
    float    min_p              = 0.05f;  // 0: off
    float    repetition_penalty = 1.0f;   // 1: off
    int      repetition_window  = 64;     // generated tokens looked back at
    uint64_t seed               = 0;
};

class Sampler {
  public:
    static Status check(const SamplerOptions & options);
    // Whether the choice may fall on, or depend on, a token beyond the LEAST_CANDIDATES best: then all of the
    // vocabulary is wanted of every device, so that the same options mean the same everywhere.
    bool needs_vocabulary() const;
    explicit Sampler(const SamplerOptions & options) : options_(options), random_(options.seed) {}

    // One of the candidates, which are changed in place. Equal logits: the lower id. The choice is remembered for the
    // penalty.
    int32_t sample(std::vector<Candidate> & candidates);

  private:
    SamplerOptions       options_;
    std::mt19937_64      random_;
    std::vector<int32_t> recent_;
};

}  // namespace rocketdoc
