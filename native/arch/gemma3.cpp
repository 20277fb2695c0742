// Gemma 3 (text): norms before and after attention and feed-forward, norms of queries and keys, a GELU gate, scaled
// embeddings. Five layers of six attend within a window and turn by a RoPE of their own.
#include <algorithm>
#include <cmath>

#include "decoder_family.h"

namespace rocketdoc {
namespace {

constexpr int64_t USUAL_PERIOD   = 6;   // one layer of so many sees every row
constexpr int64_t N_LAYER_OF_27B = 62;  // its scale goes by the width of the model, not of a head

class ArchGemma3 : public DecoderFamily {
  public:
    using DecoderFamily::DecoderFamily;

    Status read_params(const GgufFile & file, HyperParams & p) const override {
        RETURN_IF_FAILED(DecoderFamily::read_params(file, p));
        const std::string a = p.architecture + ".";
        p.embd_scale        = std::sqrt(float(p.n_embd));
        RETURN_IF_FAILED(read_logit_cap(file, p));

        const int64_t window = file.integer(a + "attention.sliding_window", 0);
        const int64_t period = file.is_array(a + "attention.sliding_window_pattern")
                                   ? USUAL_PERIOD
                                   : file.integer(a + "attention.sliding_window_pattern", USUAL_PERIOD);
        const double  base   = file.number(a + "rope.freq_base_swa", 10000.0);
        if (window < 0) return damaged_number(file, a + "attention.sliding_window", double(window), "0 or more");
        if (period < 0)
            return damaged_number(file, a + "attention.sliding_window_pattern", double(period), "0 or more");
        if (!(base > 0) || !std::isfinite(base))
            return damaged_number(file, a + "rope.freq_base_swa", base, "a positive number");
        const float width =
            p.n_layer == N_LAYER_OF_27B ? float(p.n_embd / p.layer(0).n_head) : float(p.layer(0).head_dim);
        for (size_t i = 0; i < p.layers.size(); i++) {
            LayerTraits & l = p.layers[i];
            l.scale         = 1.0f / std::sqrt(width);
            if (window == 0 || !in_window(i, period)) continue;
            l.attention  = AttentionKind::window;
            l.window     = std::min(window, p.n_ctx_train);
            l.rope.base  = float(base);
            l.rope.scale = 1.0f;  // only the layers that see every row stretch positions
        }
        return Status::good();
    }
};

const ArchGemma3 instance({.rope           = RopeKind::halves,
                           .attn_post_norm = true,
                           .ffn_post_norm  = true,
                           .qk_norm        = QkNorm::head,
                           .feed_forward   = FeedForwardKind::geglu});

}  // namespace

const Architecture & arch_gemma3 = instance;

}  // namespace rocketdoc
