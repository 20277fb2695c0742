#include "expert_placement.h"

#include <algorithm>

#include "model.h"

namespace rocketdoc {
namespace {

// A text and a question for which there is room beside the weights: with more of it the experts would be faster on the
// device, with less only short texts could be read.
constexpr int64_t ROOM_FOR_TOKENS = 65536;

PlanRequest usual_question(const HyperParams & params, const DeviceTraits & device) {
    PlanRequest request;
    request.n_question = 32;
    request.max_new    = 256;
    request.n_prompt   = std::max<int64_t>(64, std::min(ROOM_FOR_TOKENS, params.n_ctx_train - request.max_new));
    request.home       = DocumentHome::host;
    request.segment    = device.reading_segment;
    return request;
}

bool has_room(const Model & model, const std::vector<bool> & layers, const DeviceTraits & device) {
    const PlannedModel planned{model.params(), model.weight_bytes(), device, count_experts(model, layers)};
    MemoryPlan         plan;
    return memory_plan(planned, usual_question(model.params(), device), plan).ok() &&
           fits_on_device(device, 0, plan.device_total());
}

}  // namespace

// A layer's own embedding of a token would have to visit RAM, too.
bool may_have_experts_in_ram(const HyperParams & p) { return p.expert_nodes() > 0 && p.n_layer_input == 0; }

std::vector<bool> spread_layers(int64_t n, int64_t n_layer) {
    std::vector<bool> out;
    for (int64_t i = 0; i < n_layer; i++) out.push_back((i + 1) * n / n_layer > i * n / n_layer);
    return out;
}

ExpertsInRam count_experts(const Model & model, const std::vector<bool> & layers) {
    ExpertsInRam                            out;
    std::vector<std::vector<ggml_tensor *>> matrices;
    for (int64_t layer = 0; layer < int64_t(layers.size()); layer++) {
        const Experts & experts = model.params().layer(layer).experts;
        if (!layers[size_t(layer)] || experts.count == 0) continue;
        out.n_layers++;
        matrices.push_back(model.expert_matrices(layer));
        for (const ggml_tensor * t : matrices.back()) {
            out.matrices += ggml_nbytes(t);
            out.read_per_token += ggml_nbytes(t) / size_t(experts.count) * size_t(experts.used);
        }
        for (const ggml_tensor * t : model.feed_forward_vectors(layer)) out.copies += ggml_nbytes(t);
    }
    out.buffers = 2 * expert_slots(matrices).bytes;
    return out;
}

std::vector<bool> place_experts(const Model & model, int64_t n_in_ram, const DeviceTraits & device) {
    const HyperParams & p = model.params();
    if (!device.own_memory || !may_have_experts_in_ram(p)) return {};
    const auto in_ram = [&](int64_t n) { return n == 0 ? std::vector<bool>() : spread_layers(n, p.n_layer); };
    if (n_in_ram != FEWEST_IN_RAM) return in_ram(std::min(n_in_ram, p.n_layer));
    // The fewest that there is room for, and all of them where there is not.
    int64_t least = 0, most = p.n_layer;
    while (least < most) {
        const int64_t n = (least + most) / 2;
        if (has_room(model, in_ram(n), device)) most = n;
        else least = n + 1;
    }
    const ExpertsInRam experts = count_experts(model, in_ram(least));
    return int64_t(experts.matrices + experts.copies) <= device.host_available ? in_ram(least) : std::vector<bool>();
}

}  // namespace rocketdoc
