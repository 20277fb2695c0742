// Granite 3 and 4 (dense): llama with a scale for the embedding, for what a layer adds, for attention and for the
// logits. Some files turn no positions at all.
#include "decoder_family.h"

namespace rocketdoc {
namespace {

class ArchGranite : public DecoderFamily {
  public:
    using DecoderFamily::DecoderFamily;

    Status read_params(const GgufFile & file, HyperParams & params) const override {
        RETURN_IF_FAILED(DecoderFamily::read_params(file, params));
        RETURN_IF_FAILED(read_scale(file, "granite.embedding_scale", params.embd_scale));
        RETURN_IF_FAILED(read_scale(file, "granite.residual_scale", params.residual_scale));
        float divisor = 1.0f;
        RETURN_IF_FAILED(read_scale(file, "granite.logit_scale", divisor));
        params.logit_scale = 1.0f / divisor;
        if (file.integer("granite.rope.scaling.finetuned", 1) == 0)
            for (LayerTraits & layer : params.layers) layer.rope.kind = RopeKind::none;
        return Status::good();
    }
};

const ArchGranite instance({.rope = RopeKind::neighbours});

}  // namespace

const Architecture & arch_granite = instance;

}  // namespace rocketdoc
