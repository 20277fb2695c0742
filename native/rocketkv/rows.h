// Views of KV rows: who owns the bytes is said where a view is made; a view never outlives its owner.
#pragma once

#include <cstddef>
#include <cstdint>

#include "row_format.h"

namespace rocketdoc {

constexpr int MAX_HEAD_DIM = 512;  // rocket_budgets refuses more; per-channel work arrays live on the stack

// K or V of one layer: [n_head, n_rows, head_dim]; a row's channels are contiguous.
struct RowsView {
    const void * data       = nullptr;
    RowType      type       = RowType::f16;
    size_t       row_bytes  = 0;  // from a row to the next of the same head
    size_t       head_bytes = 0;  // from a head to the next
    int64_t      n_rows     = 0;
    int          n_head     = 0;  // KV heads
    int          head_dim   = 0;  // D, a multiple of 32, at most MAX_HEAD_DIM

    const void * row(int head, int64_t index) const {
        return static_cast<const char *>(data) + size_t(head) * head_bytes + size_t(index) * row_bytes;
    }
};

// The same, writable, always f16: the compact cache.
struct CompactView {
    f16_bits * data       = nullptr;
    size_t     row_elems  = 0;  // elements from a row to the next
    size_t     head_elems = 0;  // elements from a head to the next
    int64_t    capacity   = 0;  // rows a head
    int        n_head     = 0;  // cache heads: KV heads, or query heads with Grouping::query_head
    int        head_dim   = 0;

    f16_bits * row(int head, int64_t index) const {
        return data + size_t(head) * head_elems + size_t(index) * row_elems;
    }
};

}  // namespace rocketdoc
