#include "layer_graph.h"

#include <string>

namespace rocketdoc {

GraphArena::GraphArena(const Backend & backend, size_t max_nodes)
    : max_nodes_(max_nodes),
      memory_(ggml_tensor_overhead() * max_nodes + ggml_graph_overhead_custom(max_nodes, false)),
      allocator_(ggml_gallocr_new(backend.buffer_type())) {}

ggml_context * GraphArena::begin() {
    ggml_init_params params = {memory_.size(), memory_.data(), true};
    ctx_.reset(ggml_init(params));
    return ctx_.get();
}

ggml_cgraph * GraphArena::new_graph() { return ggml_new_graph_custom(ctx_.get(), max_nodes_, false); }

Status GraphArena::allocate(ggml_cgraph * graph) {
    if (!ggml_gallocr_alloc_graph(allocator_.get(), graph)) {
        return Status::fail(Code::HOST_OOM, "Not enough memory for the activations of a layer. Close other programs or read in smaller tiles.");
    }
    return Status::good();
}

ggml_tensor * new_input(ggml_context * ctx, ggml_type type, int64_t ne0, int64_t ne1) {
    ggml_tensor * t = ggml_new_tensor_2d(ctx, type, ne0, ne1);
    ggml_set_input(t);
    return t;
}

ggml_tensor * build_append(ggml_context * ctx, ggml_cgraph * graph, ggml_tensor * rows, ggml_tensor * current, ggml_tensor * indices) {
    // [D, G, n] -> [D, n, G]: rows of one head lie together in the cache.
    ggml_tensor * per_head = ggml_permute(ctx, current, 0, 2, 1, 3);
    ggml_tensor * written  = ggml_set_rows(ctx, rows, per_head, indices);
    ggml_build_forward_expand(graph, written);
    return written;
}

ggml_tensor * build_dense_attention(ggml_context * ctx, ggml_tensor * q, ggml_tensor * k, ggml_tensor * v, int64_t n_rows,
                                    ggml_tensor * mask, float scale, std::vector<ggml_tensor *> * live) {
    const int64_t n       = q->ne[2];
    const int64_t missing = mask ? mask->ne[1] - n : 0;
    if (missing > 0) q = ggml_pad(ctx, q, 0, 0, int(missing), 0);
    ggml_tensor * queries = ggml_permute(ctx, q, 0, 2, 1, 3);  // [D, n, H]
    ggml_tensor * keys    = ggml_view_3d(ctx, k, k->ne[0], n_rows, k->ne[2], k->nb[1], k->nb[2], 0);
    ggml_tensor * values  = ggml_view_3d(ctx, v, v->ne[0], n_rows, v->ne[2], v->nb[1], v->nb[2], 0);
    if (live) {
        live->push_back(keys);
        live->push_back(values);
    }
    ggml_tensor * out = ggml_flash_attn_ext(ctx, queries, keys, values, mask, scale, 0.0f, 0.0f);
    ggml_flash_attn_ext_set_prec(out, GGML_PREC_F32);
    // Padding queries come last: the first n columns are the answer.
    const int64_t width = out->ne[0] * out->ne[1];
    return ggml_view_2d(ctx, out, width, n, size_t(width) * sizeof(float), 0);
}

}  // namespace rocketdoc
