// gpt-oss (20b, 120b): experts with biases, a sink in each head's softmax, every other layer attends within a window.
#include <cmath>

#include "decoder_family.h"

namespace rocketdoc {
namespace {

constexpr int64_t USUAL_PERIOD = 2;  // one layer of so many sees every row

class ArchGptOss : public DecoderFamily {
  public:
    using DecoderFamily::DecoderFamily;

    Status read_params(const GgufFile & file, HyperParams & p) const override {
        RETURN_IF_FAILED(DecoderFamily::read_params(file, p));
        const std::string a      = p.architecture + ".";
        const int64_t     window = file.integer(a + "attention.sliding_window", 0);
        const int64_t     period = file.integer(a + "attention.sliding_window_pattern", USUAL_PERIOD);
        const Rope        rope   = p.layer(0).rope;
        const double      base   = file.number(a + "rope.freq_base_swa", rope.base);
        if (window < 1) return damaged_number(file, a + "attention.sliding_window", double(window), "at least 1");
        if (period < 0)
            return damaged_number(file, a + "attention.sliding_window_pattern", double(period), "0 or more");
        if (!(base > 0) || !std::isfinite(base))
            return damaged_number(file, a + "rope.freq_base_swa", base, "a positive number");
        if (rope.n_rot != p.layer(0).head_dim)
            return damaged_number(file, a + "rope.dimension_count", rope.n_rot,
                                  "the head's " + std::to_string(p.layer(0).head_dim) + " channels");
        for (size_t i = 0; i < p.layers.size(); i++) {
            if (!in_window(i, period)) continue;
            LayerTraits & layer = p.layers[i];
            layer.attention     = AttentionKind::window;
            layer.window        = window;
            layer.rope.base     = float(base);
        }
        return Status::good();
    }
};

// Its files call the norm before the feed-forward by the name that others have for one after attention.
const ArchGptOss instance({.rope           = RopeKind::halves,
                           .ffn_norm       = "post_attention_norm",
                           .feed_forward   = FeedForwardKind::swiglu_oai,
                           .experts        = true,
                           .expert_weights = ExpertWeights::of_chosen,
                           .sinks          = true});

}  // namespace

const Architecture & arch_gpt_oss = instance;

}  // namespace rocketdoc
