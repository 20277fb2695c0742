// Mistral Small 3.1 and later, Ministral 3: llama; queries may grow with their position (attention.temperature_scale).
#include <cmath>

#include "decoder_family.h"

namespace rocketdoc {
namespace {

class ArchMistral3 : public DecoderFamily {
  public:
    using DecoderFamily::DecoderFamily;

    Status read_params(const GgufFile & file, HyperParams & params) const override {
        RETURN_IF_FAILED(DecoderFamily::read_params(file, params));
        const double scale = file.number("mistral3.attention.temperature_scale", 0);
        const int    step  = params.layer(0).rope.n_ctx_orig;
        if (!std::isfinite(scale) || (scale != 0 && step < 1))
            return Status::fail(Code::MODEL_FORMAT, file.path() + ": attention.temperature_scale is " +
                                                        std::to_string(scale) + " a step of " + std::to_string(step) +
                                                        " tokens: the header is damaged.");
        for (LayerTraits & layer : params.layers) layer.temperature = {float(scale), step};
        return Status::good();
    }
};

const ArchMistral3 instance({.rope = RopeKind::neighbours});

}  // namespace

const Architecture & arch_mistral3 = instance;

}  // namespace rocketdoc
