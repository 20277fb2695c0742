// GLM-4 (0414) and GLM-Z1: norms before and after attention and feed-forward, the gate and what it gates in one matrix,
// half of a head's channels turn. GLM-OCR's text positions have four parts, which are not computed.
#include "decoder_family.h"

namespace rocketdoc {
namespace {

class ArchGlm4 : public DecoderFamily {
  public:
    using DecoderFamily::DecoderFamily;

    Status read_params(const GgufFile & file, HyperParams & params) const override {
        RETURN_IF_FAILED(DecoderFamily::read_params(file, params));
        if (file.is_array("glm4.rope.dimension_sections"))
            return Status::fail(Code::MODEL_UNSUPPORTED,
                                file.path() + " turns positions in sections (rope.dimension_sections), as models for "
                                              "pictures do; RocketDoc does not compute that.");
        return Status::good();
    }
};

const ArchGlm4 instance({.attn_post_norm = true, .ffn_post_norm = true, .gate_in_up = true});

}  // namespace

const Architecture & arch_glm4 = instance;

}  // namespace rocketdoc
