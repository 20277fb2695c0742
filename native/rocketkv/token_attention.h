// Exact attention of one token over every row that it sees: what decode does in mode full, and in layers that choose
// nothing. A KV head's rows are cut into parts, which threads take as they like, and the parts' sums are put together
// in their order. The cut follows from the number of rows alone: how many threads there are changes no bit of an
// answer.
#pragma once

#include <cstdint>

#include "rows.h"

namespace rocketdoc {

struct TokenQueries {
    const float * q         = nullptr;  // D contiguous floats a head
    int64_t       head_step = 0;        // floats from a head's to the next
    int           n_head    = 0;        // query heads, a multiple of the KV heads
    float         scale     = 0;        // of every score
};

constexpr int MAX_TOKEN_PARTS = 16;  // of a KV head

struct TokenParts {
    int64_t rows  = 0;  // of a part, except the last
    int     count = 0;  // of a KV head
};
TokenParts token_parts(int64_t n_rows);

// Floats of a part's result for one query head: the weighted values' sum [D], the greatest logit, and the sum of
// exp(logit - it).
constexpr int64_t part_floats(int head_dim) { return head_dim + 2; }

// Floats that a thread needs for heads of this many channels of which `group` share a KV head.
int64_t token_scratch_floats(int head_dim, int group);

// One part of one KV head over all rows of k and v. results [n_head][MAX_TOKEN_PARTS][part_floats]: of the head's group
// and of this part. Allocates nothing.
void attend_part(const RowsView & k, const RowsView & v, const TokenQueries & queries, int kv_head, int part,
                 float * scratch, float * results);

// One query head's parts become out [D]. results: the head's [MAX_TOKEN_PARTS][part_floats], of which `count` were
// computed. sink: the head's logit that is of no row; null: none.
void join_parts(const float * results, int count, int head_dim, const float * sink, float * out);

}  // namespace rocketdoc
