// How K and V rows lie in memory, by type: the one place that knows a row's bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rocketdoc {

using f16_bits = uint16_t;  // IEEE half precision, as stored

enum class RowType { f32, f16, q8_0 };  // q8_0: ggml's block of 32 int8 with one f16 scale

constexpr int Q8_0_BLOCK       = 32;
constexpr int Q8_0_BLOCK_BYTES = 34;

constexpr int64_t row_bytes(RowType type, int64_t head_dim) {
    switch (type) {
        case RowType::f32: return head_dim * int64_t(sizeof(float));
        case RowType::f16: return head_dim * int64_t(sizeof(f16_bits));
        case RowType::q8_0: return head_dim / Q8_0_BLOCK * Q8_0_BLOCK_BYTES;
    }
    return 0;
}

// K and V of one token of one cache head in the compact cache.
constexpr RowType COMPACT_ROWS = RowType::f16;
constexpr int64_t compact_pair_bytes(int64_t head_dim) { return 2 * row_bytes(COMPACT_ROWS, head_dim); }

}  // namespace rocketdoc
