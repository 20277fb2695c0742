// SmolLM3: llama; every fourth layer leaves its queries and keys as they are.
#include "decoder_family.h"

namespace rocketdoc {
namespace {

class ArchSmolLm3 : public DecoderFamily {
  public:
    using DecoderFamily::DecoderFamily;

    Status read_params(const GgufFile & file, HyperParams & params) const override {
        RETURN_IF_FAILED(DecoderFamily::read_params(file, params));
        for (size_t i = 3; i < params.layers.size(); i += 4) params.layers[i].rope.kind = RopeKind::none;
        return Status::good();
    }
};

const ArchSmolLm3 instance({.rope = RopeKind::neighbours});

}  // namespace

const Architecture & arch_smollm3 = instance;

}  // namespace rocketdoc
