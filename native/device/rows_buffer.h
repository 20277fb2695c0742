// Memory for the rows of one layer at a time: layers take turns, each with heads of its own number and size.
#pragma once

#include <vector>

#include "ggml-cpp.h"
#include "layer_stream.h"

namespace rocketdoc {

class RowsBuffer {
  public:
    enum class For { every_layer, layers_with_windows };
    // Room for `capacity` rows of any of these layers, all zero: rows that are masked must be numbers. False: there is
    // no memory for it, or ggml does not place tensors there.
    bool allocate(const Device & device, const KvShape & shape, int64_t capacity, For which);
    bool is_allocated() const { return buffer_ != nullptr; }
    // [head_dim, capacity, n_head]; where the others are.
    ggml_tensor * k(int64_t layer) const { return layers_[size_t(layer)].k; }
    ggml_tensor * v(int64_t layer) const { return layers_[size_t(layer)].v; }

  private:
    ggml_context_ptr        ctx_;
    ggml_backend_buffer_ptr buffer_;
    std::vector<LayerRows>  layers_;  // [n_layer], null where the layer has no place here
};

}  // namespace rocketdoc
