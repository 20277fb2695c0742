#include "layer_cache.h"

#include <algorithm>

namespace rocketdoc {

KernelRows kernel_rows(const ggml_tensor * t) {
    return {t->data, t->type == GGML_TYPE_Q8_0 ? KERNEL_ROWS_Q8_0 : KERNEL_ROWS_F16, t->nb[1], t->nb[2]};
}

KernelCache LayerCache::choosing_cache() const {
    const auto first = std::find(shape.keeps_rows.begin(), shape.keeps_rows.end(), true) - shape.keeps_rows.begin();
    for (int64_t layer = first; layer < shape.n_layer; layer++)
        if (shape.keeps_rows[size_t(layer)] && shape.windows[size_t(layer)] == 0) return cache(layer);
    return cache(first);
}

KernelCache LayerCache::cache(int64_t layer) const {
    KernelCache out;
    out.k             = static_cast<uint16_t *>(rows.k(layer)->data);
    out.v             = static_cast<uint16_t *>(rows.v(layer)->data);
    const auto window = std::find(windows.begin(), windows.end(), shape.windows[size_t(layer)]);
    out.n_rows        = n_rows() + (window - windows.begin());
    out.window        = int(*window);
    out.n_head        = shape.n_head;
    out.group         = shape.group;
    out.head_dim      = shape.head_dim;
    out.capacity      = int(rows.k(layer)->ne[1]);
    out.share         = shape.share;
    return out;
}

KernelWindowScores LayerCache::window_scores(int64_t layer) const {
    KernelWindowScores out;
    out.n_head   = shape.n_head;
    out.share    = shape.share;
    out.group    = shape.group;
    out.head_dim = shape.head_dim;
    out.scale    = shape.scale[size_t(layer)];
    out.sinks    = shape.sinks[size_t(layer)];
    return out;
}

KernelAttention LayerCache::attention(const LayerToken & token) const {
    KernelAttention out;
    out.cache = cache(token.layer);
    out.q     = token.q;
    out.scale = shape.scale[size_t(token.layer)];
    out.sinks = shape.sinks[size_t(token.layer)];
    if (token.quantised) out.out = *token.quantised;
    out.out.x = token.out;
    return out;
}

}  // namespace rocketdoc
