// The method once more, slowly: scalar loops over plain f32 arrays in the order of ALGORITHM.md, double accumulators,
// no shared code with the fast paths. The oracle of every test, native and CUDA, and of recorded vectors. All arrays
// are contiguous; the caller owns them.
#pragma once

#include <cstdint>
#include <vector>

namespace rocketdoc::reference {

using Floats = std::vector<float>;
using Rows   = std::vector<int32_t>;

// K and V of one cache head.
struct Head {
    const float * keys   = nullptr;  // [n, D]
    const float * values = nullptr;  // [n, D]; null where only keys matter
    int64_t       n      = 0;
    int           D      = 0;
};
// The query heads that share it, and what a score is multiplied by.
struct Query {
    const float * q     = nullptr;  // [g, D]; of stage 1 [g, window, D]
    int           g     = 1;
    double        scale = 0;
    const float * sinks = nullptr;  // [g]: a logit of each head that is of no row; null: none
};

// ---- stage 1 ----
// Returns s [n - window]; window_mass: the mass on the window's own columns.
Floats stage1_scores(const Head & head, const Query & query, int window, float & window_mass);
Floats pool_max(const Floats & s, int kernel);
Floats pool_triangle(const Floats & s);
Rows   top_k(const Floats & s, int64_t k);  // ascending; ties: lower index; NaN last
// kept prefix rows of pooled scores and the window, ascending; n_keep rows in all.
Rows  keep(const Floats & pooled, int window, int64_t n_keep);
float kept_mass(const Floats & s, float window_mass, const Rows & kept);

// ---- stage 2: token scores [n], the sum over the group of b[h,:] ----
// The r channels that the group's queries weigh most.
Rows   top_channels(const Query & query, int D, int r);
Floats page_scores(const Head & head, const Query & query, int page, const Rows & channels);
Floats page_scores(const Head & head, const Query & query, int page, int r);
Floats exact_scores(const Head & head, const Query & query);
// out [g, D]: exact attention on the chosen rows.
Floats attention(const Head & head, const Query & query, const Rows & chosen);

// Codes of one head. codes [n, n_coded], signs [n, D] (+1 or -1).
struct Coded {
    int                  D = 0, n4 = 0, n2 = 0;
    std::vector<int>     order;
    Floats               low, step;         // in that order
    Floats               rest;              // [D]: the mean of a channel without codes, 0 of others
    Floats               v_mean, v_spread;  // [D]
    std::vector<uint8_t> codes;
    std::vector<int8_t>  signs;
    int64_t              n = 0, n_clamped = 0;
};
Coded code(const Head & head, const float * importance, bool residual);
void  code_append(Coded & coded, const float * key, const float * value);
// Logits [g, n] of the coded keys, q.lo included, and of the channels without codes their mean.
Floats coded_logits(const Coded & coded, const Query & query);
Floats code_scores(const Coded & coded, const Query & query);
// out [g, D]: the chosen rows exactly, the others by their code.
Floats residual_attention(const Coded & coded, const Head & head, const Query & query, const Rows & chosen);

}  // namespace rocketdoc::reference
