// Building blocks of ggml graphs that prefill and decode share: memory for a graph, appending rows, dense attention.
#pragma once

#include <vector>

#include "../status.h"
#include "../arch/architecture.h"
#include "../device/device.h"
#include "../engine/kv_rows.h"

namespace rocketdoc {

// Memory of one graph at a time: begin() forgets the previous one; tensors of earlier graphs are gone then.
class GraphArena {
  public:
    GraphArena(const Device & device, size_t max_nodes);

    ggml_context * begin();
    ggml_cgraph *  new_graph();
    // Places every tensor of the graph; HOST_OOM or GPU_OOM when that fails.
    Status allocate(ggml_cgraph * graph);

  private:
    size_t               max_nodes_;
    std::vector<uint8_t> memory_;
    ggml_context_ptr     ctx_;
    Code                 oom_;
    ggml_gallocr_ptr     allocator_;
};

// A tensor that the caller fills before the graph runs.
ggml_tensor * new_input(ggml_context * ctx, ggml_type type, int64_t ne0, int64_t ne1 = 1);

// Writes current [D, G, n] f32 into rows [D, capacity, G] at the row indices i64 [n]; returns the rows as they are
// after that.
ggml_tensor * build_append(ggml_context * ctx, ggml_cgraph * graph, ggml_tensor * rows, ggml_tensor * current,
                           ggml_tensor * indices);

// Who sees what, for every tile of every prompt: one f16 tensor in which row i sees columns up to n_max + i, or of them
// the last `window`. A view of it that begins n_max - start columns in is the causal mask of tokens start, start + 1,
// ... So it is written once, not once a tile.
class CausalBand {
  public:
    explicit CausalBand(int64_t window = 0) : window_(window) {}  // 0: every column
    // Room for queries that begin at row n_max of what they are shown at the most, and tiles of `tile` queries; no-op
    // when there is room already.
    Status reserve(const Device & device, int64_t n_max, int64_t tile);
    // [n_rows, n_queries] for queries that begin at row `start`. n_rows may reach past the last query: masked.
    ggml_tensor * view(ggml_context * ctx, int64_t start, int64_t n_rows, int64_t n_queries) const;

    // The first row that a tile whose queries begin at row `start` is shown.
    int64_t first_shown(const DeviceTraits & device, int64_t start) const;
    // What `start` can be at the most, counted from there, in a text of n_rows.
    static int64_t most_before(const DeviceTraits & device, int64_t window, int64_t n_rows);
    static size_t  bytes(const DeviceTraits & device, int64_t n_max, int64_t tile);

  private:
    // Views begin at whole multiples of this many columns, for 16-byte loads: the rest of `start` is skipped rows.
    static constexpr int64_t ALIGN = 8;
    static int64_t           columns(const DeviceTraits & device, int64_t n_max, int64_t tile);

    ggml_context_ptr        ctx_;
    ggml_backend_buffer_ptr buffer_;
    ggml_tensor *           band_  = nullptr;  // [columns, ALIGN + tile] f16
    int64_t                 n_max_ = 0;
    int64_t                 window_;
};

// Rows [first, first + count) of a layer.
struct RowRange {
    int64_t first = 0;
    int64_t count = 0;
};

// What one token sees that becomes row `row`: every row up to its own, or of them the last `window`.
RowRange seen_rows(int64_t window, int64_t row);

// A layer's softmax attention of q [D, H, n] over a range of the rows of k and v [D, capacity, heads]; mask f16 [count,
// n or more] or null (every row visible); q is padded to the mask's rows. Returns [D * H, n]. `live` (may be null)
// receives the two views of that range, so that a kept graph can be run again with other rows.
ggml_tensor * build_dense_attention(ggml_context * ctx, const Layer & layer, ggml_tensor * q, ggml_tensor * k,
                                    ggml_tensor * v, const RowRange & rows, ggml_tensor * mask,
                                    std::vector<ggml_tensor *> * live);

}  // namespace rocketdoc
