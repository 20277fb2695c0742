#include "layer_graph.h"

#include <algorithm>

#include "ggml_inside.h"

namespace rocketdoc {

GraphArena::GraphArena(const Device & device, size_t max_nodes)
    : max_nodes_(max_nodes),
      memory_(ggml_tensor_overhead() * max_nodes + ggml_graph_overhead_custom(max_nodes, false)),
      oom_(device.oom()),
      allocator_(ggml_gallocr_new(device.buffer_type())) {}

ggml_context * GraphArena::begin() {
    ggml_init_params params = {memory_.size(), memory_.data(), true};
    ctx_.reset(ggml_init(params));
    return ctx_.get();
}

ggml_cgraph * GraphArena::new_graph() { return ggml_new_graph_custom(ctx_.get(), max_nodes_, false); }

Status GraphArena::allocate(ggml_cgraph * graph) {
    if (!ggml_gallocr_alloc_graph(allocator_.get(), graph)) {
        return Status::fail(
            oom_, "Not enough memory for the activations of a layer. Close other programs or read in smaller tiles.");
    }
    return Status::good();
}

ggml_tensor * new_input(ggml_context * ctx, ggml_type type, int64_t ne0, int64_t ne1) {
    ggml_tensor * t = ggml_new_tensor_2d(ctx, type, ne0, ne1);
    ggml_set_input(t);
    return t;
}

ggml_tensor * layer_input(ggml_context * ctx, const HyperParams & p, ggml_tensor * inputs, int64_t layer) {
    return ggml_view_2d(ctx, inputs, p.n_layer_input, inputs->ne[1], inputs->nb[1],
                        size_t(layer * p.n_layer_input) * inputs->nb[0]);
}

ggml_tensor * build_append(ggml_context * ctx, ggml_cgraph * graph, ggml_tensor * rows, ggml_tensor * current,
                           ggml_tensor * indices) {
    // [D, G, n] -> [D, n, G]: rows of one head lie together in the cache.
    ggml_tensor * per_head = ggml_permute(ctx, current, 0, 2, 1, 3);
    ggml_tensor * written  = ggml_set_rows(ctx, rows, per_head, indices);
    ggml_build_forward_expand(graph, written);
    return written;
}

RowRange seen_rows(int64_t window, int64_t row) {
    const int64_t first = window > 0 ? std::max<int64_t>(0, row + 1 - window) : 0;
    return {first, row + 1 - first};
}

ggml_tensor * view_rows(ggml_context * ctx, ggml_tensor * t, const RowRange & rows, std::vector<ggml_tensor *> * live) {
    ggml_tensor * view =
        ggml_view_3d(ctx, t, t->ne[0], rows.count, t->ne[2], t->nb[1], t->nb[2], size_t(rows.first) * t->nb[1]);
    if (live) live->push_back(view);
    return view;
}

ggml_tensor * build_dense_attention(ggml_context * ctx, const Layer & layer, ggml_tensor * q, ggml_tensor * k,
                                    ggml_tensor * v, const RowRange & rows, ggml_tensor * mask,
                                    std::vector<ggml_tensor *> * live) {
    ggml_tensor * queries = ggml_permute(ctx, q, 0, 2, 1, 3);  // [D, n, H]
    ggml_tensor * keys    = view_rows(ctx, k, rows, live);
    ggml_tensor * values  = view_rows(ctx, v, rows, live);
    ggml_tensor * out =
        ggml_flash_attn_ext(ctx, queries, keys, values, nullptr, layer.traits.scale, 0.0f, layer.traits.softcap);
    ggml_flash_attn_ext_add_sinks(out, layer.weights.sinks);
    set_mask(out, mask);  // a window of the band
    ggml_flash_attn_ext_set_prec(out, GGML_PREC_F32);
    return ggml_reshape_2d(ctx, out, out->ne[0] * out->ne[1], out->ne[2]);
}

}  // namespace rocketdoc
