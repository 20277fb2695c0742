// Exact attention of a tile of queries over the rows that each sees: what prefill does in every layer. The queries of
// all heads that share a KV head meet a block of rows together, so that a row is made f32 once for hundreds of queries;
// the softmax is carried from block to block. A query's result depends on its own rows alone, not on the tile around
// it.
#pragma once

#include <cstdint>
#include <vector>

#include "rows.h"

namespace rocketdoc {

struct TileQueries {
    const float * q           = nullptr;  // D contiguous floats a query and head
    int64_t       token_step  = 0;        // floats from a token's queries to the next token's
    int64_t       head_step   = 0;        // and from a head to the next
    int64_t       n           = 0;        // tokens
    int           n_head      = 0;        // query heads, a multiple of the KV heads
    float         scale       = 0;        // of every score
    const float * sinks       = nullptr;  // [n_head]: a logit of each head that is of no row; null: none
    int64_t       first_row   = 0;        // token i becomes row first_row + i, and sees rows up to its own,
    int64_t       window      = 0;        // or of them the last `window`; 0: all
    int64_t       first_block = 0;        // rows of block 0: blocks begin at first_block, then every KEY_BLOCK rows
};

// A tile is computed in parts that threads take one by one: each is some tokens of all heads of one KV head.
struct TileParts {
    int64_t tokens = 0;  // of a part
    int64_t parts  = 0;  // of a KV head
    int64_t count  = 0;  // of all heads
};
TileParts tile_parts(const TileQueries & queries, int n_kv_head, int n_threads);

// Memory of one thread.
struct TileScratch {
    std::vector<float> memory;
};
// Floats for any tile of heads of this many channels that share a KV head by `group`.
int64_t tile_scratch_floats(int head_dim, int group);

// One part. k and v hold every row that its tokens see. out [n][n_head][D]: of the part's tokens and heads. Allocates
// nothing when the scratch has tile_scratch_floats.
void tile_attention(const RowsView & k, const RowsView & v, const TileQueries & queries, const TileParts & parts,
                    int64_t part, TileScratch & scratch, float * out);

}  // namespace rocketdoc
