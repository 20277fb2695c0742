// A token's feed-forward in the layers whose experts lie in RAM, computed there: RAM is read faster than it is copied
// to a device, and a token reads few of a layer's experts.
#pragma once

#include <vector>

#include "device.h"

namespace rocketdoc {

class FeedForwardInRam {
  public:
    // A graph for each such layer. x: [n_embd] f32 in RAM, what a layer's feed-forward gets; out: and what it makes of
    // it. Both outlive this, and begin at multiples of 64 bytes. HOST_OOM.
    Status build(const Model & model, float * x, float * out);
    // To the end.
    Status run(int64_t layer) const;

  private:
    Device *                   device_ = nullptr;
    ggml_backend_buffer_ptr    ends_;     // x
    ggml_backend_buffer_ptr    results_;  // out
    ggml_context_ptr           ctx_;
    ggml_backend_buffer_ptr    scratch_;  // what a layer's nodes need, each its own; layers take turns
    std::vector<ggml_cgraph *> graphs_;   // [n_layer]; null: the layer's experts lie elsewhere
};

}  // namespace rocketdoc
