#include "blocks.h"

#include <cmath>
#include <utility>

namespace rocketdoc {
namespace {

thread_local ProductsApart::Rule apart;  // empty: no weights

// [D * heads, n] -> [D, heads, n], from a projection of its own.
ggml_tensor * by_heads(ggml_context * ctx, int64_t head_dim, ggml_tensor * x) {
    return ggml_reshape_3d(ctx, x, head_dim, x->ne[0] / head_dim, x->ne[1]);
}

// Heads [first, first + n_heads) of a projection to all of q, k and v: a view, no copy.
ggml_tensor * some_heads(ggml_context * ctx, int64_t head_dim, ggml_tensor * qkv, int64_t first, int64_t n_heads) {
    const size_t head = size_t(head_dim) * sizeof(float);
    return ggml_view_3d(ctx, qkv, head_dim, n_heads, qkv->ne[1], head, qkv->nb[1], size_t(first) * head);
}

// Queries of position p become (1 + scale * ln(1 + floor(p / step))) times as long.
ggml_tensor * build_temperature(ggml_context * ctx, const Temperature & t, ggml_tensor * q, ggml_tensor * positions) {
    const float   per_step = 1.0f / float(t.step);
    ggml_tensor * p        = ggml_cast(ctx, positions, GGML_TYPE_F32);
    // Half a position more: rounding the product never falls below a whole step.
    ggml_tensor * steps  = ggml_floor(ctx, ggml_scale_bias(ctx, p, per_step, 0.5f * per_step));
    ggml_tensor * factor = ggml_scale_bias(ctx, ggml_log(ctx, ggml_scale_bias(ctx, steps, 1.0f, 1.0f)), t.scale, 1.0f);
    return ggml_mul(ctx, q, ggml_reshape_3d(ctx, factor, 1, 1, positions->ne[0]));
}

// Constants of gpt-oss, which its files do not hold.
constexpr float OAI_ALPHA = 1.702f, OAI_LIMIT = 7.0f;

ggml_tensor * build_gate(ggml_context * ctx, FeedForwardKind kind, ggml_tensor * gate, ggml_tensor * up) {
    switch (kind) {
        case FeedForwardKind::swiglu: return ggml_swiglu_split(ctx, gate, up);
        case FeedForwardKind::geglu: return ggml_geglu_split(ctx, gate, up);
        case FeedForwardKind::swiglu_oai: return ggml_swiglu_oai(ctx, gate, up, OAI_ALPHA, OAI_LIMIT);
    }
    return nullptr;
}

// Of each token the chosen experts, i32 [used, n], and what their results are weighted by, [1, used, n].
struct Routing {
    ggml_tensor * chosen  = nullptr;
    ggml_tensor * weights = nullptr;
};

// A sum of 0 divides nothing: the least that f16 tells from 0.
constexpr float LEAST_WEIGHT_SUM = 6.103515625e-5f;

Routing build_routing(ggml_context * ctx, const Layer & layer, ggml_tensor * x) {
    const Experts & experts = layer.traits.experts;
    const int64_t   n       = x->ne[1];
    const bool      of_all  = experts.weights == ExpertWeights::of_all;
    ggml_tensor *   scores  = build_linear(ctx, layer.weights.router, layer.weights.router_b, x);  // [count, n]
    if (of_all) scores = ggml_soft_max(ctx, scores);
    Routing out;
    out.chosen            = ggml_argsort_top_k(ctx, scores, int(experts.used));
    ggml_tensor * weights = ggml_get_rows(ctx, ggml_reshape_3d(ctx, scores, 1, experts.count, n), out.chosen);
    weights               = ggml_reshape_2d(ctx, weights, experts.used, n);
    if (of_all) {
        ggml_tensor * sum = ggml_clamp(ctx, ggml_sum_rows(ctx, weights), LEAST_WEIGHT_SUM, INFINITY);
        weights           = ggml_div(ctx, weights, sum);
    } else {
        weights = ggml_soft_max(ctx, weights);
    }
    out.weights = ggml_reshape_3d(ctx, weights, 1, experts.used, n);
    if (ggml_tensor * scale = layer.weights.experts_scale) {
        scale       = ggml_repeat_4d(ctx, ggml_reshape_3d(ctx, scale, 1, experts.count, 1), 1, experts.count, n, 1);
        out.weights = ggml_mul(ctx, out.weights, ggml_get_rows(ctx, scale, out.chosen));
    }
    return out;
}

// Of each token and chosen expert, [out, used, n].
ggml_tensor * build_by_expert(ggml_context * ctx, ggml_tensor * weights, ggml_tensor * biases, ggml_tensor * x,
                              ggml_tensor * chosen) {
    ggml_tensor * y = ggml_mul_mat_id(ctx, weights, x, chosen);
    return biases ? ggml_add_id(ctx, y, biases, chosen) : y;
}

// The weighted sum of the chosen experts of x [n_embd, n]. routed [n_embd, n]: what the router reads.
ggml_tensor * build_chosen(ggml_context * ctx, const Layer & layer, ggml_tensor * x, ggml_tensor * routed) {
    const LayerWeights & w      = layer.weights;
    const int64_t        n_embd = x->ne[0], n = x->ne[1];
    const Routing        routing = build_routing(ctx, layer, routed);
    ggml_tensor * const  chosen  = routing.chosen;
    x                            = ggml_reshape_3d(ctx, x, n_embd, 1, n);
    ggml_tensor *gate, *up;
    if (w.experts_gate_up) {
        ggml_tensor * both = build_by_expert(ctx, w.experts_gate_up, nullptr, x, chosen);
        const int64_t n_ff = layer.traits.experts.n_ff;
        const auto    half = [&](int64_t first) {
            return ggml_view_3d(ctx, both, n_ff, both->ne[1], n, both->nb[1], both->nb[2], size_t(first) * both->nb[0]);
        };
        gate = half(0);
        up   = half(n_ff);
    } else {
        up   = build_by_expert(ctx, w.experts_up, w.experts_up_b, x, chosen);
        gate = build_by_expert(ctx, w.experts_gate, w.experts_gate_b, x, chosen);
    }
    ggml_tensor * hidden  = build_gate(ctx, layer.traits.feed_forward, gate, up);
    ggml_tensor * results = build_by_expert(ctx, w.experts_down, w.experts_down_b, hidden, chosen);
    results               = ggml_mul(ctx, results, routing.weights);
    // One after the other, as llama.cpp adds them up: another order rounds differently.
    ggml_tensor * sum = nullptr;
    for (int64_t i = 0; i < layer.traits.experts.used; i++) {
        ggml_tensor * one = ggml_view_2d(ctx, results, n_embd, n, results->nb[2], size_t(i) * results->nb[1]);
        sum               = sum ? ggml_add(ctx, sum, one) : one;
    }
    // Of one expert the view itself is no tensor that can be placed.
    return layer.traits.experts.used == 1 ? ggml_cont(ctx, sum) : sum;
}

// The expert that serves every token, of x [n_embd, n].
ggml_tensor * build_shared(ggml_context * ctx, const Layer & layer, ggml_tensor * x) {
    const LayerWeights & w    = layer.weights;
    ggml_tensor *        gate = build_linear(ctx, w.shared_gate, nullptr, x);
    ggml_tensor *        up   = build_linear(ctx, w.shared_up, nullptr, x);
    return build_linear(ctx, w.shared_down, nullptr, build_gate(ctx, layer.traits.feed_forward, gate, up));
}

// normed: x behind the layer's norm.
ggml_tensor * build_experts(ggml_context * ctx, const Layer & layer, ggml_tensor * x, ggml_tensor * normed) {
    const LayerWeights & w   = layer.weights;
    const float          eps = layer.params.rms_eps;
    switch (layer.traits.experts.shared) {
        case SharedExpert::none: break;
        case SharedExpert::gated: {
            ggml_tensor * sum   = build_chosen(ctx, layer, normed, normed);
            ggml_tensor * all   = build_shared(ctx, layer, normed);  // [n_embd, n]
            ggml_tensor * share = ggml_sigmoid(ctx, build_linear(ctx, w.shared_weight, nullptr, normed));  // [1, n]
            return ggml_add(ctx, sum, ggml_mul(ctx, all, share));
        }
        case SharedExpert::normed: {
            ggml_tensor * all    = build_rms_norm(ctx, build_shared(ctx, layer, normed), w.shared_post_norm, eps);
            ggml_tensor * routed = ggml_scale(ctx, ggml_rms_norm(ctx, x, eps), 1.0f / std::sqrt(float(x->ne[0])));
            ggml_tensor * sum    = build_chosen(ctx, layer, build_rms_norm(ctx, x, w.experts_norm, eps),
                                                ggml_mul(ctx, routed, w.router_scale));
            return ggml_add(ctx, all, build_rms_norm(ctx, sum, w.experts_post_norm, eps));
        }
    }
    return build_chosen(ctx, layer, normed, normed);
}

}  // namespace

ggml_tensor * build_rms_norm(ggml_context * ctx, ggml_tensor * x, ggml_tensor * weight, float eps) {
    return weight ? ggml_mul(ctx, ggml_rms_norm(ctx, x, eps), weight) : x;
}

ProductsApart::ProductsApart(Rule rule) { apart = std::move(rule); }
ProductsApart::~ProductsApart() { apart = nullptr; }

ggml_tensor * build_linear(ggml_context * ctx, ggml_tensor * weight, ggml_tensor * bias, ggml_tensor * x) {
    const int64_t n = x->ne[1];
    ggml_tensor * y;
    if (n > 1 && apart && apart(weight)) {
        // Each token is a matrix of one column, so that ggml takes the way of a single token for it.
        y = ggml_mul_mat(ctx, weight, ggml_reshape_3d(ctx, x, x->ne[0], 1, n));
        y = ggml_reshape_2d(ctx, y, y->ne[0], n);
    } else {
        y = ggml_mul_mat(ctx, weight, x);
    }
    return bias ? ggml_add(ctx, y, bias) : y;
}

ggml_tensor * build_scaled(ggml_context * ctx, ggml_tensor * x, float scale) {
    return scale == 1.0f ? x : ggml_scale(ctx, x, scale);
}

ggml_tensor * bind_rope_factors(TensorBinder & binder, const HyperParams & p, const Rope & rope) {
    if (!rope.factors) return nullptr;
    const char * name = p.rope_scaling != "longrope"               ? "rope_freqs.weight"
                        : p.n_ctx_train > int64_t(rope.n_ctx_orig) ? "rope_factors_long.weight"
                                                                   : "rope_factors_short.weight";
    return binder.vector(name, rope.n_rot / 2, TensorBinder::Need::optional);
}

ggml_tensor * build_rope(ggml_context * ctx, const Rope & r, ggml_tensor * factors, ggml_tensor * x,
                         ggml_tensor * positions) {
    if (r.kind == RopeKind::none) return x;
    const int mode = r.kind == RopeKind::halves ? GGML_ROPE_TYPE_NEOX : GGML_ROPE_TYPE_NORMAL;
    return ggml_rope_ext(ctx, x, positions, factors, r.n_rot, mode, r.n_ctx_orig, r.base, r.scale, r.ext_factor,
                         r.attn_factor, r.beta_fast, r.beta_slow);
}

QkvTensors build_attention_projection(ggml_context * ctx, const Layer & layer, ggml_tensor * normed,
                                      ggml_tensor * positions) {
    const HyperParams &  p        = layer.params;
    const LayerTraits &  traits   = layer.traits;
    const LayerWeights & w        = layer.weights;
    const int64_t        d        = traits.head_dim;
    const bool           has_rows = !traits.shares_rows();
    QkvTensors           out;
    if (w.wqkv) {
        ggml_tensor * qkv = build_linear(ctx, w.wqkv, w.bqkv, normed);
        out.q             = some_heads(ctx, d, qkv, 0, traits.n_head);
        out.k             = some_heads(ctx, d, qkv, traits.n_head, traits.n_head_kv);
        // What nothing else is made of becomes a tensor of its own: results are placed, and a view cannot be.
        out.v = ggml_cont(ctx, some_heads(ctx, d, qkv, traits.n_head + traits.n_head_kv, traits.n_head_kv));
        if (traits.rope.kind == RopeKind::none && traits.qk_norm == QkNorm::none) {
            out.q = ggml_cont(ctx, out.q);
            out.k = ggml_cont(ctx, out.k);
        }
    } else {
        out.q = build_linear(ctx, w.wq, w.bq, normed);
        if (traits.gated) {  // of each head the query's channels, then the gate's
            const int64_t heads = traits.n_head;
            ggml_tensor * both  = by_heads(ctx, d, out.q);
            const auto    half  = [&](size_t i) {
                return ggml_view_3d(ctx, both, d, heads, both->ne[2], 2 * both->nb[1], both->nb[2], i * both->nb[1]);
            };
            out.gate = ggml_cont_2d(ctx, half(1), d * heads, both->ne[2]);
            out.q    = ggml_cont_2d(ctx, half(0), d * heads, both->ne[2]);
        }
        if (has_rows) {
            out.k = build_linear(ctx, w.wk, w.bk, normed);
            out.v = w.wv ? build_linear(ctx, w.wv, w.bv, normed) : out.k;
        }
        if (traits.qk_norm == QkNorm::whole) {
            out.q = build_rms_norm(ctx, out.q, w.q_norm, p.rms_eps);
            if (has_rows) out.k = build_rms_norm(ctx, out.k, w.k_norm, p.rms_eps);
        }
        out.q = by_heads(ctx, d, out.q);
        if (has_rows) {
            out.k = by_heads(ctx, d, out.k);
            out.v = by_heads(ctx, d, out.v);
        }
    }
    if (traits.qk_norm == QkNorm::head) {
        out.q = build_rms_norm(ctx, out.q, w.q_norm, p.rms_eps);
        if (has_rows) out.k = build_rms_norm(ctx, out.k, w.k_norm, p.rms_eps);
    }
    if (traits.v_norm && has_rows) out.v = ggml_rms_norm(ctx, out.v, p.rms_eps);
    out.q = build_rope(ctx, traits.rope, w.rope_factors, out.q, positions);
    if (has_rows) out.k = build_rope(ctx, traits.rope, w.rope_factors, out.k, positions);
    if (traits.temperature.scale != 0) out.q = build_temperature(ctx, traits.temperature, out.q, positions);
    return out;
}

ggml_tensor * build_feed_forward(ggml_context * ctx, const Layer & layer, ggml_tensor * x) {
    const LayerWeights & w      = layer.weights;
    ggml_tensor *        normed = build_rms_norm(ctx, x, w.ffn_norm, layer.params.rms_eps);
    if (layer.traits.experts.count > 0) return build_experts(ctx, layer, x, normed);
    ggml_tensor * hidden;
    if (w.ffn_gate) {
        ggml_tensor * gate = build_linear(ctx, w.ffn_gate, w.ffn_gate_b, normed);
        ggml_tensor * up   = build_linear(ctx, w.ffn_up, w.ffn_up_b, normed);
        hidden             = build_gate(ctx, layer.traits.feed_forward, gate, up);
    } else {
        ggml_tensor * both = build_linear(ctx, w.ffn_up, w.ffn_up_b, normed);
        const bool    gelu = layer.traits.feed_forward == FeedForwardKind::geglu;
        hidden             = gelu ? ggml_geglu(ctx, both) : ggml_swiglu(ctx, both);
    }
    return build_linear(ctx, w.ffn_down, w.ffn_down_b, hidden);
}

}  // namespace rocketdoc
