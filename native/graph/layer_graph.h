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

// Of all layers' inputs [n_layer_input * n_layer, n] those of one layer, [n_layer_input, n].
ggml_tensor * layer_input(ggml_context * ctx, const HyperParams & params, ggml_tensor * inputs, int64_t layer);

// Writes current [D, G, n] f32 into rows [D, capacity, G] at the row indices i64 [n]; returns the rows as they are
// after that.
ggml_tensor * build_append(ggml_context * ctx, ggml_cgraph * graph, ggml_tensor * rows, ggml_tensor * current,
                           ggml_tensor * indices);

// Rows [first, first + count) of a layer.
struct RowRange {
    int64_t first = 0;
    int64_t count = 0;
};

// What one token sees that becomes row `row`: every row up to its own, or of them the last `window`.
RowRange seen_rows(int64_t window, int64_t row);

// A range of the rows of K or V [D, capacity, heads]. `live` (may be null) receives the view, so that a kept graph can
// be run again with other rows.
ggml_tensor * view_rows(ggml_context * ctx, ggml_tensor * t, const RowRange & rows, std::vector<ggml_tensor *> * live);

// A layer's softmax attention of q [D, H, n] over a range of the rows of k and v [D, capacity, heads]; mask f16 [count,
// n] or null (every row visible). Returns [D * H, n]. `live`: of view_rows, for both.
ggml_tensor * build_dense_attention(ggml_context * ctx, const Layer & layer, ggml_tensor * q, ggml_tensor * k,
                                    ggml_tensor * v, const RowRange & rows, ggml_tensor * mask,
                                    std::vector<ggml_tensor *> * live);

}  // namespace rocketdoc
