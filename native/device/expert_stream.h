// One layer's experts on the computing device, for as long as a prefill job works on that layer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../status.h"
#include "ggml.h"

namespace rocketdoc {

struct LayerWeights;

class ExpertStream {
  public:
    virtual ~ExpertStream() = default;

    // A pass over all layers begins.
    virtual Status begin_pass() = 0;
    // `weights` are the layer's: of those that lie in RAM it gets others, in place for every graph that is computed
    // from here on. Layers come in order.
    virtual Status acquire(int64_t layer, LayerWeights & weights) = 0;
    // Every graph that reads them has been given to the device.
    virtual Status release(int64_t layer) = 0;
};

// A buffer that experts of several layers take by turns, and where in it their first, second, ... matrix begins: there
// is room for the largest each time.
struct ExpertSlots {
    std::vector<size_t> begin;
    size_t              bytes = 0;
};
// layers: each one's matrices, always in the same order.
ExpertSlots expert_slots(const std::vector<std::vector<ggml_tensor *>> & layers);

}  // namespace rocketdoc
