#include "decode.h"

#include "decode_cpu.h"
#include "decode_cuda.h"

namespace rocketdoc {

std::unique_ptr<Decode> Decode::make(const Model & model, Backend & backend) {
    if (backend.cuda()) return std::make_unique<CudaDecode>(model, backend);
    return std::make_unique<CpuDecode>(model, backend);
}

void set_candidates(const std::vector<float> & logits, std::vector<Candidate> & out) {
    out.resize(logits.size());
    for (size_t i = 0; i < logits.size(); i++) out[i] = {int32_t(i), logits[i], 0.0f};
}

}  // namespace rocketdoc
