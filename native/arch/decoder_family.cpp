#include "decoder_family.h"

#include "recurrence.h"

namespace rocketdoc {
namespace {

constexpr auto OPTIONAL = TensorBinder::Need::optional, REQUIRED = TensorBinder::Need::required;

void bind_recurrence(TensorBinder & binder, const std::string & blk, int64_t n_embd, const Recurrence & r,
                     LayerWeights & l) {
    const auto matrix = [&](const char * name, int64_t in, int64_t out) {
        return binder.matrix(blk + name + ".weight", in, out);
    };
    if (r.kind == RecurrenceKind::short_convolution) {
        l.conv_in     = matrix("shortconv.in_proj", n_embd, 3 * r.channels);
        l.conv_kernel = binder.kernel(blk + "shortconv.conv.weight", r.taps, r.channels);
        l.conv_out    = matrix("shortconv.out_proj", r.channels, n_embd);
        return;
    }
    const int64_t n_values = r.heads * r.head_dim;
    l.wqkv                 = matrix("attn_qkv", n_embd, r.channels);
    l.conv_kernel          = binder.kernel(blk + "ssm_conv1d.weight", r.taps, r.channels);
    l.delta_alpha          = matrix("ssm_alpha", n_embd, r.heads);
    l.delta_beta           = matrix("ssm_beta", n_embd, r.heads);
    l.delta_a              = binder.vector(blk + "ssm_a", r.heads);
    l.delta_dt             = binder.vector(blk + "ssm_dt.bias", r.heads);
    l.delta_gate           = matrix("attn_gate", n_embd, n_values);
    l.delta_norm           = binder.vector(blk + "ssm_norm.weight", r.head_dim);
    l.delta_out            = matrix("ssm_out", n_values, n_embd);
}

// Of an expert that serves every token.
void bind_shared_expert(TensorBinder & binder, const std::string & blk, int64_t n_embd, const Experts & experts,
                        LayerWeights & l) {
    const std::string ending = experts.shared == SharedExpert::gated ? "_shexp.weight" : ".weight";
    const auto        norm   = [&](const char * name) { return binder.vector(blk + name + ".weight", n_embd); };
    switch (experts.shared) {
        case SharedExpert::none: return;
        case SharedExpert::gated: l.shared_weight = norm("ffn_gate_inp_shexp"); break;
        case SharedExpert::normed:
            l.shared_post_norm  = norm("post_ffw_norm_1");
            l.experts_norm      = norm("pre_ffw_norm_2");
            l.experts_post_norm = norm("post_ffw_norm_2");
            break;
    }
    l.shared_gate = binder.matrix(blk + "ffn_gate" + ending, n_embd, experts.n_ff_shared);
    l.shared_up   = binder.matrix(blk + "ffn_up" + ending, n_embd, experts.n_ff_shared);
    l.shared_down = binder.matrix(blk + "ffn_down" + ending, experts.n_ff_shared, n_embd);
}

void bind_experts(TensorBinder & binder, const std::string & blk, int64_t n_embd, const Experts & experts,
                  LayerWeights & l) {
    const int64_t n_ff = experts.n_ff, count = experts.count;
    if (experts.shared == SharedExpert::normed) {
        l.router_scale  = binder.scale(blk + "ffn_gate_inp", n_embd);
        l.experts_scale = binder.scale(blk + "ffn_down_exps", count, OPTIONAL);
    }
    l.router          = binder.matrix(blk + "ffn_gate_inp.weight", n_embd, count);
    l.router_b        = binder.vector(blk + "ffn_gate_inp.bias", count, OPTIONAL);
    l.experts_gate_up = binder.experts(blk + "ffn_gate_up_exps.weight", n_embd, 2 * n_ff, count, OPTIONAL);
    if (!l.experts_gate_up) {
        l.experts_gate   = binder.experts(blk + "ffn_gate_exps.weight", n_embd, n_ff, count);
        l.experts_up     = binder.experts(blk + "ffn_up_exps.weight", n_embd, n_ff, count);
        l.experts_gate_b = binder.expert_biases(blk + "ffn_gate_exps.bias", n_ff, count);
        l.experts_up_b   = binder.expert_biases(blk + "ffn_up_exps.bias", n_ff, count);
    }
    l.experts_down   = binder.experts(blk + "ffn_down_exps.weight", n_ff, n_embd, count);
    l.experts_down_b = binder.expert_biases(blk + "ffn_down_exps.bias", n_embd, count);
    bind_shared_expert(binder, blk, n_embd, experts, l);
}

}  // namespace

Status DecoderFamily::read_params(const GgufFile & file, HyperParams & params) const {
    RETURN_IF_FAILED(read_common_params(file, shape_.rope, params));
    const int64_t n_experts = file.integer(params.architecture + ".expert_count", 0);
    Experts       experts;
    experts.weights = shape_.expert_weights;
    if (shape_.experts || (shape_.may_be_mixture && n_experts > 0)) {
        experts.shared = shape_.shared_expert;
        RETURN_IF_FAILED(read_experts(file, params, experts));
    } else if (n_experts > 0) {
        return Status::fail(Code::MODEL_UNSUPPORTED, file.path() + " is a mixture of " + std::to_string(n_experts) +
                                                         " experts, which the architecture " + params.architecture +
                                                         " has not in RocketDoc.");
    }
    for (LayerTraits & layer : params.layers) {
        layer.qk_norm      = shape_.qk_norm;
        layer.v_norm       = shape_.v_norm;
        layer.feed_forward = shape_.feed_forward;
        layer.experts      = experts;
        if (experts.shared == SharedExpert::normed) layer.experts.n_ff_shared = layer.n_ff;
        layer.sinks = shape_.sinks;
        layer.gated = shape_.gated;
    }
    return Status::good();
}

void DecoderFamily::bind_tensors(TensorBinder & binder, const HyperParams & p, ModelWeights & w) const {
    w.token_embd  = binder.table("token_embd.weight", p.n_embd, p.n_vocab);
    w.output_norm = binder.vector(std::string(shape_.output_norm) + ".weight", p.n_embd);
    w.output      = binder.matrix("output.weight", p.n_embd, p.n_vocab, OPTIONAL);
    w.output_b    = binder.vector("output.bias", p.n_vocab, OPTIONAL);
    w.tied        = w.output == nullptr;
    if (w.tied) w.output = w.token_embd;
    w.layers.resize(size_t(p.n_layer));
    for (int64_t i = 0; i < p.n_layer; i++) bind_layer(binder, i, p, w.layers[size_t(i)]);
}

void DecoderFamily::bind_attention(TensorBinder & binder, const std::string & blk, const HyperParams & p,
                                   const LayerTraits & traits, LayerWeights & l) const {
    const int64_t n_q = traits.q_width(), n_kv = traits.kv_width();
    const auto    matrix = [&](const char * name, int64_t in, int64_t out) {
        return binder.matrix(blk + name + ".weight", in, out);
    };
    const auto bias = [&](const char * name, int64_t n) { return binder.vector(blk + name + ".bias", n, OPTIONAL); };

    // Converters may put q, k and v into one matrix; not where all of q is normalised at once, or has a gate beside it.
    const bool whole = shape_.qk_norm == QkNorm::whole, has_rows = !traits.shares_rows();
    if (!whole && !traits.gated && has_rows)
        l.wqkv = binder.matrix(blk + "attn_qkv.weight", p.n_embd, n_q + 2 * n_kv, OPTIONAL);
    if (l.wqkv) l.bqkv = bias("attn_qkv", n_q + 2 * n_kv);
    else {
        l.wq = matrix("attn_q", p.n_embd, traits.gated ? 2 * n_q : n_q);
        l.bq = bias("attn_q", n_q);
    }
    if (!l.wqkv && has_rows) {
        l.wk = matrix("attn_k", p.n_embd, n_kv);
        l.wv = binder.matrix(blk + "attn_v.weight", p.n_embd, n_kv, shape_.v_norm ? OPTIONAL : REQUIRED);
        l.bk = bias("attn_k", n_kv);
        l.bv = bias("attn_v", n_kv);
    }
    if (shape_.qk_norm != QkNorm::none) {
        l.q_norm = binder.vector(blk + "attn_q_norm.weight", whole ? n_q : traits.head_dim);
        if (has_rows) l.k_norm = binder.vector(blk + "attn_k_norm.weight", whole ? n_kv : traits.head_dim);
    }
    l.wo = matrix("attn_output", n_q, p.n_embd);
    l.bo = bias("attn_output", p.n_embd);
    if (shape_.sinks) l.sinks = binder.vector(blk + "attn_sinks.weight", traits.n_head);
    l.rope_factors = bind_rope_factors(binder, p, traits.rope);
}

void DecoderFamily::bind_layer(TensorBinder & binder, int64_t i, const HyperParams & p, LayerWeights & l) const {
    const LayerTraits & traits = p.layer(i);
    const std::string   blk    = "blk." + std::to_string(i) + ".";
    const auto          norm   = [&](bool is_there, const std::string & name) {
        return is_there ? binder.vector(blk + name + ".weight", p.n_embd) : nullptr;
    };
    l.attn_norm = norm(shape_.attn_norm, "attn_norm");
    if (traits.is_recurrent()) bind_recurrence(binder, blk, p.n_embd, traits.recurrence, l);
    else bind_attention(binder, blk, p, traits, l);
    l.attn_post_norm = norm(shape_.attn_post_norm, "post_attention_norm");
    l.ffn_norm       = norm(shape_.ffn_norm != nullptr, shape_.ffn_norm ? shape_.ffn_norm : "");
    bind_feed_forward(binder, blk, p, traits, l);
    l.ffn_post_norm = norm(shape_.ffn_post_norm, "post_ffw_norm");
}

void DecoderFamily::bind_feed_forward(TensorBinder & binder, const std::string & blk, const HyperParams & p,
                                      const LayerTraits & traits, LayerWeights & l) const {
    const Experts & experts = traits.experts;
    if (experts.count > 0) return bind_experts(binder, blk, p.n_embd, experts, l);
    const int64_t n_ff = traits.n_ff, n_up = shape_.gate_in_up ? 2 * n_ff : n_ff;
    if (!shape_.gate_in_up) {
        l.ffn_gate   = binder.matrix(blk + "ffn_gate.weight", p.n_embd, n_ff);
        l.ffn_gate_b = binder.vector(blk + "ffn_gate.bias", n_ff, OPTIONAL);
    }
    l.ffn_up     = binder.matrix(blk + "ffn_up.weight", p.n_embd, n_up);
    l.ffn_up_b   = binder.vector(blk + "ffn_up.bias", n_up, OPTIONAL);
    l.ffn_down   = binder.matrix(blk + "ffn_down.weight", n_ff, p.n_embd);
    l.ffn_down_b = binder.vector(blk + "ffn_down.bias", p.n_embd, OPTIONAL);
}

QkvTensors DecoderFamily::build_qkv(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                    ggml_tensor * positions) const {
    ggml_tensor * normed = build_rms_norm(ctx, x, layer.weights.attn_norm, layer.params.rms_eps);
    return build_attention_projection(ctx, layer, normed, positions);
}

ggml_tensor * DecoderFamily::build_attention_output(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                                    ggml_tensor * attended, ggml_tensor * gate) const {
    const LayerWeights & w = layer.weights;
    const HyperParams &  p = layer.params;
    if (gate) attended = ggml_mul(ctx, attended, ggml_sigmoid(ctx, gate));
    ggml_tensor * out = build_rms_norm(ctx, build_linear(ctx, w.wo, w.bo, attended), w.attn_post_norm, p.rms_eps);
    return ggml_add(ctx, build_scaled(ctx, out, p.residual_scale), x);
}

ggml_tensor * DecoderFamily::build_recurrence(ggml_context * ctx, ggml_cgraph * graph, const Layer & layer,
                                              ggml_tensor * x, const StateTensors & state) const {
    const HyperParams & p                 = layer.params;
    ggml_tensor *       normed            = build_rms_norm(ctx, x, layer.weights.attn_norm, p.rms_eps);
    const bool          short_convolution = layer.traits.recurrence.kind == RecurrenceKind::short_convolution;
    ggml_tensor *       out = short_convolution ? build_short_convolution(ctx, graph, layer, normed, state)
                                                : build_gated_delta_net(ctx, graph, layer, normed, state);
    out                     = build_rms_norm(ctx, out, layer.weights.attn_post_norm, p.rms_eps);
    return ggml_add(ctx, build_scaled(ctx, out, p.residual_scale), x);
}

ggml_tensor * DecoderFamily::build_layer_output(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                                ggml_tensor *) const {
    const LayerWeights & w      = layer.weights;
    const HyperParams &  p      = layer.params;
    ggml_tensor *        hidden = build_rms_norm(ctx, build_feed_forward(ctx, layer, x), w.ffn_post_norm, p.rms_eps);
    return ggml_add(ctx, build_scaled(ctx, hidden, p.residual_scale), x);
}

ggml_tensor * DecoderFamily::build_embedding(ggml_context * ctx, const HyperParams & p, const ModelWeights & w,
                                             ggml_tensor * tokens) const {
    return build_scaled(ctx, ggml_get_rows(ctx, w.token_embd, tokens), p.embd_scale);
}

ggml_tensor * DecoderFamily::build_output(ggml_context * ctx, const HyperParams & p, const ModelWeights & w,
                                          ggml_tensor * x) const {
    ggml_tensor * normed = build_rms_norm(ctx, x, w.output_norm, p.rms_eps);
    ggml_tensor * logits = build_scaled(ctx, build_linear(ctx, w.output, w.output_b, normed), p.logit_scale);
    if (p.logit_cap == 0) return logits;
    return ggml_scale(ctx, ggml_tanh(ctx, ggml_scale(ctx, logits, 1.0f / p.logit_cap)), p.logit_cap);
}

}  // namespace rocketdoc
