// EXAONE 4: norms after attention and feed-forward, and of each head of q and k. The 32B model has windowed layers, and
// only those turn positions.
#include "decoder_family.h"

namespace rocketdoc {
namespace {

class ArchExaone4 : public DecoderFamily {
  public:
    using DecoderFamily::DecoderFamily;

    Status read_params(const GgufFile & file, HyperParams & params) const override {
        RETURN_IF_FAILED(DecoderFamily::read_params(file, params));
        if (params.n_layer != 64) return Status::good();  // the 32B model alone, by its layers, as llama.cpp tells it
        const int64_t period = file.integer("exaone4.attention.sliding_window_pattern", 4);
        const int64_t window = file.integer("exaone4.attention.sliding_window", 4096);
        for (size_t i = 0; i < params.layers.size(); i++) {
            LayerTraits & layer = params.layers[i];
            if (in_window(i, period)) layer.attention = AttentionKind::window, layer.window = window;
            else layer.rope.kind = RopeKind::none;
        }
        return Status::good();
    }
};

const ArchExaone4 instance({.rope           = RopeKind::halves,
                            .attn_norm      = false,
                            .attn_post_norm = true,
                            .ffn_norm       = nullptr,
                            .ffn_post_norm  = true,
                            .qk_norm        = QkNorm::head});

}  // namespace

const Architecture & arch_exaone4 = instance;

}  // namespace rocketdoc
