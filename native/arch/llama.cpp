// Llama and everything that files call "llama": Llama 1 to 3, Mistral, SmolLM, TinyLlama, Yi, DeepSeek-LLM.
#include "architecture.h"

namespace rocketdoc {
namespace {

ggml_tensor * build_norm(ggml_context * ctx, const HyperParams & p, ggml_tensor * x, ggml_tensor * weight) {
    return ggml_mul(ctx, ggml_rms_norm(ctx, x, p.rms_eps), weight);
}

ggml_tensor * build_linear(ggml_context * ctx, ggml_tensor * weight, ggml_tensor * bias, ggml_tensor * x) {
    ggml_tensor * y = ggml_mul_mat(ctx, weight, x);
    return bias ? ggml_add(ctx, y, bias) : y;
}

class ArchLlama : public Architecture {
  public:
    Status read_params(const GgufFile & file, HyperParams & params) const override {
        params.rope_type = GGML_ROPE_TYPE_NORMAL;
        return read_common_params(file, params);
    }

    void bind_tensors(TensorBinder & binder, const HyperParams & p, ModelWeights & w) const override {
        using Need         = TensorBinder::Need;
        const int64_t n_q  = p.n_head * p.head_dim;
        const int64_t n_kv = p.n_head_kv * p.head_dim;
        w.token_embd       = binder.bind("token_embd.weight", p.n_embd, p.n_vocab, Need::required, true);
        w.output_norm      = binder.bind("output_norm.weight", p.n_embd, 0, Need::required, false);
        w.output           = binder.bind("output.weight", p.n_embd, p.n_vocab, Need::optional, true);
        w.tied             = w.output == nullptr;
        if (w.tied) w.output = w.token_embd;
        ggml_tensor * factors = binder.bind("rope_freqs.weight", p.n_rot / 2, 0, Need::optional, false);
        w.layers.resize(size_t(p.n_layer));
        for (int64_t i = 0; i < p.n_layer; i++) {
            LayerWeights &    l      = w.layers[size_t(i)];
            const std::string blk    = "blk." + std::to_string(i) + ".";
            auto              matrix = [&](const char * name, int64_t in, int64_t out) {
                return binder.bind(blk + name + ".weight", in, out, Need::required, true);
            };
            auto bias = [&](const char * name, int64_t n) {
                return binder.bind(blk + name + ".bias", n, 0, Need::optional, false);
            };
            l.attn_norm    = binder.bind(blk + "attn_norm.weight", p.n_embd, 0, Need::required, false);
            l.wq           = matrix("attn_q", p.n_embd, n_q);
            l.wk           = matrix("attn_k", p.n_embd, n_kv);
            l.wv           = matrix("attn_v", p.n_embd, n_kv);
            l.wo           = matrix("attn_output", n_q, p.n_embd);
            l.bq           = bias("attn_q", n_q);
            l.bk           = bias("attn_k", n_kv);
            l.bv           = bias("attn_v", n_kv);
            l.bo           = bias("attn_output", p.n_embd);
            l.rope_factors = factors;
            l.ffn_norm     = binder.bind(blk + "ffn_norm.weight", p.n_embd, 0, Need::required, false);
            l.ffn_gate     = matrix("ffn_gate", p.n_embd, p.n_ff);
            l.ffn_up       = matrix("ffn_up", p.n_embd, p.n_ff);
            l.ffn_down     = matrix("ffn_down", p.n_ff, p.n_embd);
            l.ffn_gate_b   = bias("ffn_gate", p.n_ff);
            l.ffn_up_b     = bias("ffn_up", p.n_ff);
            l.ffn_down_b   = bias("ffn_down", p.n_embd);
        }
    }

    QkvTensors build_qkv(ggml_context * ctx, const HyperParams & p, const LayerWeights & l, ggml_tensor * x,
                         ggml_tensor * positions) const override {
        const int64_t n   = x->ne[1];
        ggml_tensor * cur = build_norm(ctx, p, x, l.attn_norm);
        QkvTensors    out;
        out.q = ggml_reshape_3d(ctx, build_linear(ctx, l.wq, l.bq, cur), p.head_dim, p.n_head, n);
        out.k = ggml_reshape_3d(ctx, build_linear(ctx, l.wk, l.bk, cur), p.head_dim, p.n_head_kv, n);
        out.v = ggml_reshape_3d(ctx, build_linear(ctx, l.wv, l.bv, cur), p.head_dim, p.n_head_kv, n);
        out.q = rotate(ctx, p, l, out.q, positions);
        out.k = rotate(ctx, p, l, out.k, positions);
        return out;
    }

    ggml_tensor * build_after_attention(ggml_context * ctx, const HyperParams & p, const LayerWeights & l,
                                        ggml_tensor * x, ggml_tensor * attended) const override {
        ggml_tensor * cur    = ggml_add(ctx, build_linear(ctx, l.wo, l.bo, attended), x);
        ggml_tensor * normed = build_norm(ctx, p, cur, l.ffn_norm);
        ggml_tensor * gate   = build_linear(ctx, l.ffn_gate, l.ffn_gate_b, normed);
        ggml_tensor * up     = build_linear(ctx, l.ffn_up, l.ffn_up_b, normed);
        ggml_tensor * hidden = ggml_swiglu_split(ctx, gate, up);
        return ggml_add(ctx, build_linear(ctx, l.ffn_down, l.ffn_down_b, hidden), cur);
    }

    ggml_tensor * build_embedding(ggml_context * ctx, const HyperParams &, const ModelWeights & w,
                                  ggml_tensor * tokens) const override {
        return ggml_get_rows(ctx, w.token_embd, tokens);
    }

    ggml_tensor * build_output(ggml_context * ctx, const HyperParams & p, const ModelWeights & w,
                               ggml_tensor * x) const override {
        return ggml_mul_mat(ctx, w.output, build_norm(ctx, p, x, w.output_norm));
    }

  private:
    static ggml_tensor * rotate(ggml_context * ctx, const HyperParams & p, const LayerWeights & l, ggml_tensor * x,
                                ggml_tensor * positions) {
        return ggml_rope_ext(ctx, x, positions, l.rope_factors, p.n_rot, p.rope_type, p.n_ctx_orig, p.rope_base,
                             p.rope_scale, p.ext_factor, p.attn_factor, p.beta_fast, p.beta_slow);
    }
};

const ArchLlama instance;

}  // namespace

const Architecture & arch_llama = instance;

}  // namespace rocketdoc
