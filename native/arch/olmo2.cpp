// OLMo 2: norms after attention and feed-forward instead of before, and of all of q and of all of k. OLMo 3, which
// files call the same, has windowed layers.
#include "decoder_family.h"

namespace rocketdoc {
namespace {

class ArchOlmo2 : public DecoderFamily {
  public:
    using DecoderFamily::DecoderFamily;

    Status read_params(const GgufFile & file, HyperParams & params) const override {
        RETURN_IF_FAILED(DecoderFamily::read_params(file, params));
        // Three layers of four attend within the window; there positions are not stretched.
        const int64_t period = file.integer("olmo2.attention.sliding_window_pattern", 4);
        const int64_t window = file.integer("olmo2.attention.sliding_window", 0);
        for (size_t i = 0; window > 0 && i < params.layers.size(); i++) {
            if (!in_window(i, period)) continue;
            LayerTraits & layer = params.layers[i];
            layer.attention     = AttentionKind::window;
            layer.window        = window;
            layer.rope.scale = 1.0f, layer.rope.ext_factor = 0.0f, layer.rope.attn_factor = 1.0f;
        }
        return Status::good();
    }
};

const ArchOlmo2 instance({.rope           = RopeKind::halves,
                          .attn_norm      = false,
                          .attn_post_norm = true,
                          .ffn_norm       = nullptr,
                          .ffn_post_norm  = true,
                          .qk_norm        = QkNorm::whole});

}  // namespace

const Architecture & arch_olmo2 = instance;

}  // namespace rocketdoc
