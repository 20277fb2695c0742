// Stage 1 (ALGORITHM "which prompt rows stay"): SnapKV with grouped-query attention. One call serves one cache head of
// one layer; calls for different heads may run on different threads.
#pragma once

#include <cstdint>
#include <vector>

#include "params.h"
#include "rows.h"

namespace rocketdoc {

struct Stage1Query {
    const float * q = nullptr;   // [n_head, window, head_dim] f32, rotated; the last `window` prompt queries of a layer
    int           n_head   = 0;  // query heads
    int           window   = 0;
    int           head_dim = 0;
    float         scale    = 0;        // of every score
    const float * sinks    = nullptr;  // [n_head]: a logit of each head that is of no row; null: none
};

struct Stage1Kept {
    std::vector<int32_t> rows;  // ascending row indices, the window's rows last; prompt_budget of them (all when fewer)
    float                mass = 1;  // share of the question's attention mass on `rows`, 0..1 (step 6)
};

// How many rows stay, and by what.
struct Stage1Choice {
    Pooling pooling = Pooling::max;
    int     kernel  = 0;
    int64_t n_keep  = 0;  // prompt_budget
};

// Memory of one thread, used again; it grows where a call needs more than was reserved.
struct Stage1Scratch {
    std::vector<float>  terms;   // of a round of panels: exp terms, and the tops that they are relative to
    std::vector<float>  keys;    // a block of keys as f32, then the panels and their sums
    std::vector<float>  scores;  // [n_rows]
    std::vector<float>  pooled;  // [2, n_rows - window]: pooled and raw
    std::vector<float>  suffix;  // [kernel] of max pooling
    std::vector<double> sums;    // [n_rows - window + 15] of the triangle
};
// How long each of its lists gets in one call.
struct Stage1Sizes {
    int64_t terms = 0, keys = 0, scores = 0, pooled = 0, suffix = 0, sums = 0;

    size_t bytes() const {
        return size_t(terms + keys + scores + pooled + suffix) * sizeof(float) + size_t(sums) * sizeof(double);
    }
};
// n_rows of the history, window of the question, n_query heads that vote for a cache head.
Stage1Sizes stage1_sizes(int64_t n_rows, int window, int n_query, int head_dim, int kernel);
// After it stage1_keep does not allocate, given room in Stage1Kept::rows.
void reserve(Stage1Scratch & scratch, const Stage1Sizes & sizes);

// A cache head: a KV head, or a query head with Grouping::query_head.
struct Stage1Head {
    int      index    = 0;
    Grouping grouping = Grouping::kv_group;
};

// keys: every row of the history, this question's rows included. importance (may be null): out [head_dim], mean over
// the window's queries of the group of q_c^2, for the codes selector.
void stage1_keep(const RowsView & keys, const Stage1Query & query, const Stage1Head & head, const Stage1Choice & choice,
                 Stage1Scratch & scratch, Stage1Kept & out, float * importance);

// Copies the kept rows of `head` (its KV head in K and V) into the compact cache, ascending, as f16.
void stage1_gather(const RowsView & rows, int kv_head, const std::vector<int32_t> & kept, const CompactView & compact,
                   int cache_head);

// The steps, each replaceable and tested by itself.
// scores: out [n_rows - window]; window_mass: the attention mass on the window's own columns; all rows and heads
// summed.
void stage1_scores(const RowsView & keys, const Stage1Query & query, const Stage1Head & head, Stage1Scratch & scratch,
                   float * scores, float & window_mass);
void pool_max(const float * scores, int64_t n, int kernel, Stage1Scratch & scratch, float * out);
constexpr int TRIANGLE_BOX = 15;  // the triangle is a mean over this many, twice
void          pool_triangle(const float * scores, int64_t n, Stage1Scratch & scratch, float * out);
void          pool_random(int64_t n, int head, float * out);
// The k highest scores, higher first and on ties the lower index; written ascending. Returns how many (min(k, n)).
int64_t top_k_ascending(const float * scores, int64_t n, int64_t k, int32_t * out);

}  // namespace rocketdoc
