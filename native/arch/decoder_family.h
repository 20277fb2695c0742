// What families share: a stream of hidden states to which every layer adds attention and a gated feed-forward, with
// norms before or after each. A family says which norms and projections its files have (DecoderShape), what its header
// says beside the common sizes (read_params), and overrides nothing else.
#pragma once

#include "blocks.h"

namespace rocketdoc {

struct DecoderShape {
    RopeKind        rope           = RopeKind::neighbours;
    bool            attn_norm      = true;        // before attention: attn_norm
    bool            attn_post_norm = false;       // of attention's result, before it is added: post_attention_norm
    const char *    ffn_norm       = "ffn_norm";  // before the feed-forward, as the file calls it; null: none
    bool            ffn_post_norm  = false;       // of the feed-forward's result: post_ffw_norm
    QkNorm          qk_norm        = QkNorm::none;
    bool            v_norm         = false;  // and where a file has no attn_v, keys before their norm are the values
    FeedForwardKind feed_forward   = FeedForwardKind::swiglu;
    bool            gate_in_up     = false;  // ffn_up holds the gate's rows and then its own: [n_embd, 2 * n_ff]
    bool            experts        = false;  // instead of one feed-forward
    bool            may_be_mixture = false;  // experts where a file counts some
    ExpertWeights   expert_weights = ExpertWeights::of_all;
    SharedExpert    shared_expert  = SharedExpert::none;
    bool            sinks          = false;  // attn_sinks
    bool            gated          = false;  // attn_q makes a gate beside each query
    const char *    output_norm    = "output_norm";
};

class DecoderFamily : public Architecture {
  public:
    explicit DecoderFamily(const DecoderShape & shape) : shape_(shape) {}

    Status read_params(const GgufFile & file, HyperParams & params) const override;
    void   bind_tensors(TensorBinder & binder, const HyperParams & params, ModelWeights & weights) const override;

    QkvTensors    build_qkv(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                            ggml_tensor * positions) const override;
    ggml_tensor * build_attention_output(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                         ggml_tensor * attended, ggml_tensor * gate) const override;
    ggml_tensor * build_recurrence(ggml_context * ctx, ggml_cgraph * graph, const Layer & layer, ggml_tensor * x,
                                   const StateTensors & state) const override;
    ggml_tensor * build_layer_output(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                     ggml_tensor * input) const override;
    ggml_tensor * build_embedding(ggml_context * ctx, const HyperParams & params, const ModelWeights & weights,
                                  ggml_tensor * tokens) const override;
    ggml_tensor * build_output(ggml_context * ctx, const HyperParams & params, const ModelWeights & weights,
                               ggml_tensor * x) const override;

  private:
    void bind_feed_forward(TensorBinder & binder, const std::string & blk, const HyperParams & p,
                           const LayerTraits & traits, LayerWeights & l) const;
    void bind_attention(TensorBinder & binder, const std::string & blk, const HyperParams & p,
                        const LayerTraits & traits, LayerWeights & l) const;
    void bind_layer(TensorBinder & binder, int64_t i, const HyperParams & p, LayerWeights & l) const;

    DecoderShape shape_;
};

}  // namespace rocketdoc
