// Gemma 4 (text): gemma3 with norms of values, too, and an attention scale of 1. Layers that see every row have
// larger heads than those with a window, and may take a key, before its norm, as value. In the small models every layer
// also takes an embedding of the token that is its own, and the last layers attend to the rows of earlier ones. In the
// mixture of experts the feed-forward serves every token, and experts stand beside it.
#include <algorithm>
#include <cmath>

#include "decoder_family.h"

namespace rocketdoc {
namespace {

constexpr int64_t MOST_INPUT = 8192;  // channels of a layer's own embedding

class ArchGemma4 : public DecoderFamily {
  public:
    using DecoderFamily::DecoderFamily;

    Status read_params(const GgufFile & file, HyperParams & p) const override {
        RETURN_IF_FAILED(DecoderFamily::read_params(file, p));
        const std::string a = p.architecture + ".";
        p.embd_scale        = std::sqrt(float(p.n_embd));
        RETURN_IF_FAILED(read_logit_cap(file, p));
        p.n_layer_input = file.integer(a + "embedding_length_per_layer_input", 0);
        if (p.n_layer_input < 0 || p.n_layer_input > MOST_INPUT)
            return damaged_number(file, a + "embedding_length_per_layer_input", double(p.n_layer_input),
                                  "0 to " + std::to_string(MOST_INPUT));
        RETURN_IF_FAILED(read_windows(file, a, p));
        return read_shared(file, a, p);
    }

    void bind_tensors(TensorBinder & binder, const HyperParams & p, ModelWeights & w) const override {
        DecoderFamily::bind_tensors(binder, p, w);
        for (int64_t i = 0; i < p.n_layer; i++) {
            w.layers[size_t(i)].out_scale = binder.vector("blk." + std::to_string(i) + ".layer_output_scale.weight", 1,
                                                          TensorBinder::Need::optional);
            // Without them channels would turn that must not.
            if (p.layer(i).rope.factors) (void) binder.vector("rope_freqs.weight", p.layer(i).rope.n_rot / 2);
        }
        if (p.n_layer_input == 0) return;
        const int64_t n = p.n_layer_input, n_all = n * p.n_layer;
        w.layer_input_embd = binder.table("per_layer_token_embd.weight", n_all, p.n_vocab);
        w.layer_input_proj = binder.matrix("per_layer_model_proj.weight", p.n_embd, n_all);
        w.layer_input_norm = binder.vector("per_layer_proj_norm.weight", n);
        for (int64_t i = 0; i < p.n_layer; i++) {
            const std::string blk = "blk." + std::to_string(i) + ".";
            LayerWeights &    l   = w.layers[size_t(i)];
            l.input_gate          = binder.matrix(blk + "inp_gate.weight", p.n_embd, n);
            l.input_proj          = binder.matrix(blk + "proj.weight", n, p.n_embd);
            l.input_post_norm     = binder.vector(blk + "post_norm.weight", p.n_embd);
        }
    }

    // What a token is to each layer: of a table of its own, and of its embedding.
    ggml_tensor * build_layer_inputs(ggml_context * ctx, const HyperParams & p, const ModelWeights & w,
                                     ggml_tensor * tokens, ggml_tensor * x) const override {
        if (p.n_layer_input == 0) return nullptr;
        const int64_t n     = p.n_layer_input;
        const auto    split = [&](ggml_tensor * t) { return ggml_reshape_3d(ctx, t, n, p.n_layer, t->ne[1]); };
        ggml_tensor * own   = build_scaled(ctx, ggml_get_rows(ctx, w.layer_input_embd, tokens), std::sqrt(float(n)));
        ggml_tensor * of_x =
            ggml_scale(ctx, build_linear(ctx, w.layer_input_proj, nullptr, x), 1.0f / std::sqrt(float(p.n_embd)));
        ggml_tensor * sum = ggml_add(ctx, build_rms_norm(ctx, split(of_x), w.layer_input_norm, p.rms_eps), split(own));
        return ggml_reshape_2d(ctx, ggml_scale(ctx, sum, 1.0f / std::sqrt(2.0f)), n * p.n_layer, x->ne[1]);
    }

    ggml_tensor * build_layer_output(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                     ggml_tensor * input) const override {
        const LayerWeights & w   = layer.weights;
        ggml_tensor *        out = DecoderFamily::build_layer_output(ctx, layer, x, input);
        if (input) {
            ggml_tensor * gate  = ggml_gelu(ctx, build_linear(ctx, w.input_gate, nullptr, out));
            ggml_tensor * gated = build_linear(ctx, w.input_proj, nullptr, ggml_mul(ctx, gate, input));
            out = ggml_add(ctx, out, build_rms_norm(ctx, gated, w.input_post_norm, layer.params.rms_eps));
        }
        return w.out_scale ? ggml_mul(ctx, out, w.out_scale) : out;
    }

  private:
    // Which layers see a window, the sizes of their heads and how they turn.
    Status read_windows(const GgufFile & file, const std::string & a, HyperParams & p) const {
        std::vector<int64_t> in_window(p.layers.size(), -1);
        RETURN_IF_FAILED(read_by_layer(file, a + "attention.sliding_window_pattern", in_window));
        const int64_t window = file.integer(a + "attention.sliding_window", 0);
        if (window < 1) return damaged_number(file, a + "attention.sliding_window", double(window), "at least 1");
        int64_t head_dim = 0;
        RETURN_IF_FAILED(read_head_dim(file, a + "attention.key_length_swa", a + "attention.value_length_swa",
                                       p.layer(0).head_dim, head_dim));
        Rope rope    = p.layer(0).rope;
        rope.base    = 10000.0f;
        rope.scale   = 1.0f;   // only the layers that see every row stretch positions
        rope.factors = false;  // and leave channels as they are
        RETURN_IF_FAILED(read_rotation(file, a + "rope.dimension_count_swa", a + "rope.freq_base_swa", head_dim, rope));
        for (size_t i = 0; i < p.layers.size(); i++) {
            LayerTraits & l = p.layers[i];
            l.scale         = 1.0f;
            if (in_window[i] != 0 && in_window[i] != 1)
                return damaged_number(file, a + "attention.sliding_window_pattern", double(in_window[i]), "0 or 1");
            if (in_window[i] == 0) continue;
            l.attention = AttentionKind::window;
            l.window    = std::min(window, p.n_ctx_train);
            l.head_dim  = head_dim;
            l.rope      = rope;
        }
        return Status::good();
    }

    // The last layers attend to the rows of the last one before them that sees a window, or of the one behind that.
    Status read_shared(const GgufFile & file, const std::string & a, HyperParams & p) const {
        const int64_t n_shared = file.integer(a + "attention.shared_kv_layers", 0), n_own = p.n_layer - n_shared;
        if (n_shared < 0 || (n_shared > 0 && n_own < 2))
            return damaged_number(file, a + "attention.shared_kv_layers", double(n_shared),
                                  "0 to " + std::to_string(p.n_layer - 2));
        for (int64_t i = n_own; i < p.n_layer; i++) {
            LayerTraits & l = p.layers[size_t(i)];
            l.shared_layer  = n_own - (l.window > 0 ? 2 : 1);
            l.attention     = AttentionKind::shared;
        }
        return Status::good();
    }
};

const ArchGemma4 instance({.rope           = RopeKind::halves,
                           .attn_post_norm = true,
                           .ffn_post_norm  = true,
                           .qk_norm        = QkNorm::head,
                           .v_norm         = true,
                           .feed_forward   = FeedForwardKind::geglu,
                           .may_be_mixture = true,
                           .shared_expert  = SharedExpert::normed});

}  // namespace

const Architecture & arch_gemma4 = instance;

}  // namespace rocketdoc
