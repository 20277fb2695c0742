// What recurrent layers remember of the tokens so far. One set of states is computed with, on the layers' devices; what
// they were at a border lies in RAM as a snapshot that never changes, so that a document and each turn of its chats can
// be gone on from.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "../arch/architecture.h"
#include "../device/device.h"

namespace rocketdoc {

// The states of all layers, one after the other; null: those of no token.
using StateSnapshot = std::shared_ptr<const std::vector<uint8_t>>;

class LayerStates {
  public:
    // devices: of each layer. GPU_OOM or HOST_OOM with the bytes needed. Where no layer is recurrent nothing is
    // allocated, and the snapshots are null.
    static Status create(const LayerDevices & devices, const HyperParams & params, std::unique_ptr<LayerStates> & out);

    size_t               bytes() const { return bytes_; }  // 0: no layer is recurrent
    const StateTensors & of(int64_t layer) const { return layers_[size_t(layer)].state; }

    // The states are those of `from`, and whoever computes with them changes them from now on.
    void begin(const StateSnapshot & from);
    // As they are now; who computed has finished. HOST_OOM.
    Status save(StateSnapshot & out);

  private:
    struct Layer {
        ggml_context_ptr        ctx;
        ggml_backend_buffer_ptr buffer;
        StateTensors            state;
    };
    // Calls visit(tensor, offset in a snapshot) for every state.
    template <typename Visit>
    void for_each(Visit visit) const;

    std::vector<Layer> layers_;  // [n_layer]
    size_t             bytes_ = 0;
    StateSnapshot      saved_;              // what the states are, where nobody computed since
    bool               is_changed_ = true;  // somebody may have
};

}  // namespace rocketdoc
