#include "pre_norm_family.h"

namespace rocketdoc {

Status PreNormFamily::read_params(const GgufFile & file, HyperParams & params) const {
    return read_common_params(file, rope_, params);
}

void PreNormFamily::bind_tensors(TensorBinder & binder, const HyperParams & p, ModelWeights & w) const {
    constexpr auto optional = TensorBinder::Need::optional;
    const int64_t  n_q      = p.n_head * p.head_dim;
    const int64_t  n_kv     = p.n_head_kv * p.head_dim;
    w.token_embd            = binder.matrix("token_embd.weight", p.n_embd, p.n_vocab);
    w.output_norm           = binder.vector("output_norm.weight", p.n_embd);
    w.output                = binder.matrix("output.weight", p.n_embd, p.n_vocab, optional);
    w.output_b              = binder.vector("output.bias", p.n_vocab, optional);
    w.tied                  = w.output == nullptr;
    if (w.tied) w.output = w.token_embd;
    w.layers.resize(size_t(p.n_layer));
    for (int64_t i = 0; i < p.n_layer; i++) {
        LayerWeights &    l      = w.layers[size_t(i)];
        const std::string blk    = "blk." + std::to_string(i) + ".";
        auto              norm   = [&](const char * name) { return binder.vector(blk + name + ".weight", p.n_embd); };
        auto              matrix = [&](const char * name, int64_t in, int64_t out) {
            return binder.matrix(blk + name + ".weight", in, out);
        };
        auto bias      = [&](const char * name, int64_t n) { return binder.vector(blk + name + ".bias", n, optional); };
        l.attn_norm    = norm("attn_norm");
        l.wq           = matrix("attn_q", p.n_embd, n_q);
        l.wk           = matrix("attn_k", p.n_embd, n_kv);
        l.wv           = matrix("attn_v", p.n_embd, n_kv);
        l.wo           = matrix("attn_output", n_q, p.n_embd);
        l.bq           = bias("attn_q", n_q);
        l.bk           = bias("attn_k", n_kv);
        l.bv           = bias("attn_v", n_kv);
        l.bo           = bias("attn_output", p.n_embd);
        l.rope_factors = binder.vector("rope_freqs.weight", p.layer(i).rope.n_rot / 2, optional);
        l.ffn_norm     = norm("ffn_norm");
        l.ffn_gate     = matrix("ffn_gate", p.n_embd, p.n_ff);
        l.ffn_up       = matrix("ffn_up", p.n_embd, p.n_ff);
        l.ffn_down     = matrix("ffn_down", p.n_ff, p.n_embd);
        l.ffn_gate_b   = bias("ffn_gate", p.n_ff);
        l.ffn_up_b     = bias("ffn_up", p.n_ff);
        l.ffn_down_b   = bias("ffn_down", p.n_embd);
    }
}

QkvTensors PreNormFamily::build_qkv(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                    ggml_tensor * positions) const {
    return build_attention_projection(ctx, layer, build_rms_norm(ctx, x, layer.weights.attn_norm, layer.params.rms_eps),
                                      positions);
}

ggml_tensor * PreNormFamily::build_after_attention(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                                   ggml_tensor * attended) const {
    const LayerWeights & w      = layer.weights;
    ggml_tensor *        cur    = ggml_add(ctx, build_linear(ctx, w.wo, w.bo, attended), x);
    ggml_tensor *        normed = build_rms_norm(ctx, cur, w.ffn_norm, layer.params.rms_eps);
    return ggml_add(ctx, build_swiglu(ctx, w, normed), cur);
}

ggml_tensor * PreNormFamily::build_embedding(ggml_context * ctx, const HyperParams &, const ModelWeights & w,
                                             ggml_tensor * tokens) const {
    return ggml_get_rows(ctx, w.token_embd, tokens);
}

ggml_tensor * PreNormFamily::build_output(ggml_context * ctx, const HyperParams & p, const ModelWeights & w,
                                          ggml_tensor * x) const {
    return build_linear(ctx, w.output, w.output_b, build_rms_norm(ctx, x, w.output_norm, p.rms_eps));
}

}  // namespace rocketdoc
