// Recorded vectors of one layer: what stage 1 and stage 2 chose and computed for given queries and rows. check_vectors()
// recomputes them with the fast kernels; make_vectors() records the scalar reference.
#pragma once

#include <cstdint>
#include <vector>

#include "../status.h"
#include "rows.h"

namespace rocketdoc {

struct Vectors {
    int     n_head = 0, n_head_kv = 0, head_dim = 0;  // H, G, D
    int64_t prompt_len = 0;                           // T
    int     window = 0, kernel = 0, page = 0, top_r = 0, steps = 0;
    int64_t top_k = 0, keep = 0;                      // keep: rows of stage 1 without the window

    std::vector<float>    q_window;                     // [H, window, D]
    std::vector<f16_bits> k, v;                         // [G, T, D]
    std::vector<int32_t>  stage1_indices;               // [G, keep] ascending
    std::vector<int32_t>  compact_order;                // [G, keep] as stored; the window's rows follow
    std::vector<float>    decode_q;                     // [steps, H, D]
    std::vector<float>    decode_k, decode_v;           // [steps, G, D]
    std::vector<int32_t>  decode_top_r, decode_top_k;   // [steps, G, top_r], [steps, G, top_k] ascending slots
    std::vector<float>    decode_out;                   // [steps, H, D]
};

struct VectorsReport {
    int64_t stage1_mismatches = 0, top_r_mismatches = 0, top_k_mismatches = 0;  // (step,) heads
    int64_t stage1_ties = 0, top_r_ties = 0, top_k_ties = 0;                    // sets that differ between equal scores only
    float   out_max_error = 0;
};

// INVALID_ARGUMENT when an array's length does not fit the shape or an index is out of range.
Status check_vectors(const Vectors & vectors, VectorsReport & report);

// Fills every array for the shape already set in `vectors` (n_head .. keep) from a seed; rows as real keys are: a few strong
// channels, neighbours alike.
Status make_vectors(uint64_t seed, Vectors & vectors);

}  // namespace rocketdoc
