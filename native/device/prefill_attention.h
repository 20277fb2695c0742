// How a device attends while it reads: a tile of queries over a layer's rows, of which each query sees those up to its
// own.
#pragma once

#include <atomic>
#include <cstdint>

#include "../status.h"
#include "ggml.h"
#include "tile_order.h"

namespace rocketdoc {

struct Layer;

struct AttendingTile {
    const Layer * layer          = nullptr;
    ggml_tensor * q              = nullptr;  // [D, H, n] f32
    ggml_tensor * k              = nullptr;  // [D, capacity, n_kv_head], with the tile's own rows
    ggml_tensor * v              = nullptr;
    int64_t       start          = 0;  // row of the tile's first token
    int64_t       first_position = 0;  // of row 0
    // Where tiles of a layer are computed at once: who waits for whom, and which of them this is. Null: one after
    // another.
    TileOrder * order = nullptr;
    size_t      index = 0;
    // Turns true when nobody wants the result any more.
    const std::atomic<bool> * cancel = nullptr;
};

// Made for one model, used for one graph at a time.
class PrefillAttention {
  public:
    virtual ~PrefillAttention() = default;
    // Room for tiles of `tile` tokens in a text of n_rows; no-op when there is room.
    virtual Status reserve(int64_t n_rows, int64_t tile) = 0;
    // The tile's attention, [D * H, n] f32. The graph is computed once, before the next is built.
    virtual ggml_tensor * build(ggml_context * ctx, const AttendingTile & tile) = 0;
};

}  // namespace rocketdoc
