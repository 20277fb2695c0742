#include "layer_cache.h"

#include <algorithm>

namespace rocketdoc {

KernelRows kernel_rows(const ggml_tensor * t) {
    return {t->data, t->type == GGML_TYPE_Q8_0 ? KERNEL_ROWS_Q8_0 : KERNEL_ROWS_F16, t->nb[1], t->nb[2]};
}

KernelCache LayerCache::choosing_cache() const { return cache(shape.first_choosing()); }

KernelCache LayerCache::cache(int64_t layer) const {
    const CacheHeads & heads = shape.heads_of(layer);
    KernelCache        out;
    out.k             = static_cast<uint16_t *>(rows.k(layer)->data);
    out.v             = static_cast<uint16_t *>(rows.v(layer)->data);
    const auto window = std::find(windows.begin(), windows.end(), shape.windows[size_t(layer)]);
    out.n_rows        = n_rows() + (window - windows.begin());
    out.window        = int(*window);
    out.n_head        = heads.n;
    out.group         = heads.group;
    out.head_dim      = heads.dim;
    out.capacity      = int(rows.k(layer)->ne[1]);
    out.share         = heads.share;
    return out;
}

KernelWindowScores LayerCache::window_scores(int64_t layer) const {
    const CacheHeads & heads = shape.heads_of(layer);
    KernelWindowScores out;
    out.n_head   = heads.n;
    out.share    = heads.share;
    out.group    = heads.group;
    out.head_dim = heads.dim;
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
