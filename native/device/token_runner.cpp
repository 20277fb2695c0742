#include "token_runner.h"

#include "cpu/token_runner.h"
#include "cuda/token_runner.h"

namespace rocketdoc {

std::unique_ptr<TokenRunner> TokenRunner::make(const Model & model, Device & device) {
    if (device.cuda()) return std::make_unique<CudaTokenRunner>(model, device);
    return std::make_unique<CpuTokenRunner>(model, device);
}

void set_candidates(const std::vector<float> & logits, std::vector<Candidate> & out) {
    out.resize(logits.size());
    for (size_t i = 0; i < logits.size(); i++) out[i] = {int32_t(i), logits[i], 0.0f};
}

}  // namespace rocketdoc
