#include "expert_stream.h"

#include <algorithm>

#include "device.h"

namespace rocketdoc {
namespace {

constexpr size_t ALIGN = 256;
// ggml reads quantized rows in steps of 512 numbers, also past the last one.
constexpr size_t PAST_END = 512 * sizeof(float);

}  // namespace

ExpertSlots expert_slots(const std::vector<std::vector<ggml_tensor *>> & layers) {
    std::vector<size_t> largest;
    for (const auto & matrices : layers) {
        largest.resize(std::max(largest.size(), matrices.size()));
        for (size_t i = 0; i < matrices.size(); i++) largest[i] = std::max(largest[i], ggml_nbytes(matrices[i]));
    }
    ExpertSlots out;
    for (const size_t bytes : largest) {
        out.begin.push_back(out.bytes);
        out.bytes += size_t(round_up(int64_t(bytes + PAST_END), int64_t(ALIGN)));
    }
    return out;
}

}  // namespace rocketdoc
