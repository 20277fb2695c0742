#include "blocks.h"

namespace rocketdoc {

ggml_tensor * build_rms_norm(ggml_context * ctx, ggml_tensor * x, ggml_tensor * weight, float eps) {
    return ggml_mul(ctx, ggml_rms_norm(ctx, x, eps), weight);
}

ggml_tensor * build_linear(ggml_context * ctx, ggml_tensor * weight, ggml_tensor * bias, ggml_tensor * x) {
    ggml_tensor * y = ggml_mul_mat(ctx, weight, x);
    return bias ? ggml_add(ctx, y, bias) : y;
}

ggml_tensor * build_rope(ggml_context * ctx, const Rope & r, ggml_tensor * factors, ggml_tensor * x,
                         ggml_tensor * positions) {
    const int mode = r.kind == RopeKind::halves ? GGML_ROPE_TYPE_NEOX : GGML_ROPE_TYPE_NORMAL;
    return ggml_rope_ext(ctx, x, positions, factors, r.n_rot, mode, r.n_ctx_orig, r.base, r.scale, r.ext_factor,
                         r.attn_factor, r.beta_fast, r.beta_slow);
}

QkvTensors build_attention_projection(ggml_context * ctx, const Layer & layer, ggml_tensor * normed,
                                      ggml_tensor * positions) {
    const HyperParams &  p = layer.params;
    const LayerWeights & w = layer.weights;
    const int64_t        n = normed->ne[1];
    QkvTensors           out;
    out.q = ggml_reshape_3d(ctx, build_linear(ctx, w.wq, w.bq, normed), p.head_dim, p.n_head, n);
    out.k = ggml_reshape_3d(ctx, build_linear(ctx, w.wk, w.bk, normed), p.head_dim, p.n_head_kv, n);
    out.v = ggml_reshape_3d(ctx, build_linear(ctx, w.wv, w.bv, normed), p.head_dim, p.n_head_kv, n);
    out.q = build_rope(ctx, layer.traits.rope, w.rope_factors, out.q, positions);
    out.k = build_rope(ctx, layer.traits.rope, w.rope_factors, out.k, positions);
    return out;
}

ggml_tensor * build_swiglu(ggml_context * ctx, const LayerWeights & w, ggml_tensor * normed) {
    ggml_tensor * gate   = build_linear(ctx, w.ffn_gate, w.ffn_gate_b, normed);
    ggml_tensor * up     = build_linear(ctx, w.ffn_up, w.ffn_up_b, normed);
    ggml_tensor * hidden = ggml_swiglu_split(ctx, gate, up);
    return build_linear(ctx, w.ffn_down, w.ffn_down_b, hidden);
}

}  // namespace rocketdoc
