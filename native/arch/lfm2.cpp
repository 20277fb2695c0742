// LFM2 (Liquid): gated short convolutions, and between them layers with attention, to which the header gives KV heads.
#include "decoder_family.h"
#include "recurrence.h"

namespace rocketdoc {
namespace {

class ArchLfm2 : public DecoderFamily {
  public:
    using DecoderFamily::DecoderFamily;

    Status read_params(const GgufFile & file, HyperParams & params) const override {
        RETURN_IF_FAILED(DecoderFamily::read_params(file, params));
        const std::vector<int64_t> kv_heads = file.integers("lfm2.attention.head_count_kv");
        const int64_t              window   = file.integer("lfm2.attention.sliding_window", 0);
        Recurrence                 recurrence;
        recurrence.kind     = RecurrenceKind::short_convolution;
        recurrence.taps     = file.integer("lfm2.shortconv.l_cache", 0);
        recurrence.channels = params.n_embd;
        RETURN_IF_FAILED(check_recurrence(file, recurrence));
        for (size_t i = 0; i < params.layers.size(); i++) {
            LayerTraits & layer = params.layers[i];
            if (!kv_heads.empty() && kv_heads[i] == 0)
                layer.attention = AttentionKind::recurrent, layer.recurrence = recurrence;
            else if (window > 0) layer.attention = AttentionKind::window, layer.window = window;
        }
        return Status::good();
    }
};

const ArchLfm2 instance({.rope = RopeKind::halves, .qk_norm = QkNorm::head, .output_norm = "token_embd_norm"});

}  // namespace

const Architecture & arch_lfm2 = instance;

}  // namespace rocketdoc
