// The sizes of one layer's selector.
#pragma once

#include <cstdint>

namespace rocketdoc {

struct SelectorShape {
    int     n_cache_head = 0;  // heads of the compact cache
    int     group        = 1;  // g: query heads that share a cache head
    int     head_dim     = 0;  // D
    int64_t capacity     = 0;  // rows a head, prompt and answer
    int     page         = 1;
    int     r            = 0;
    int64_t k            = 0;
    float   scale        = 0;  // of every score, the layer's
    bool    has_sinks    = false;
    // [n_cache_head * group], where the device computes: a logit of each query head that is of no row; null: none.
    const float * sinks = nullptr;

    const float * sinks_of(int head) const { return sinks ? sinks + int64_t(head) * group : nullptr; }
};

}  // namespace rocketdoc
