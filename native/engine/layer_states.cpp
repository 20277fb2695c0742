#include "layer_states.h"

#include <new>
#include <utility>

#include "../arch/recurrence.h"

namespace rocketdoc {

Status LayerStates::create(const LayerDevices & devices, const HyperParams & params,
                           std::unique_ptr<LayerStates> & out) {
    std::unique_ptr<LayerStates> self(new LayerStates);
    self->bytes_ = state_bytes(params);
    self->layers_.resize(size_t(params.n_layer));
    for (size_t i = 0; i < self->layers_.size(); i++) {
        const Recurrence & r = params.layers[i].recurrence;
        if (r.taps == 0) continue;
        Layer &          layer = self->layers_[i];
        ggml_init_params init  = {ggml_tensor_overhead() * 2, nullptr, true};
        layer.ctx.reset(ggml_init(init));
        layer.state.convolution = ggml_new_tensor_2d(layer.ctx.get(), GGML_TYPE_F32, r.taps - 1, r.channels);
        if (r.heads > 0)
            layer.state.matrices = ggml_new_tensor_3d(layer.ctx.get(), GGML_TYPE_F32, r.head_dim, r.head_dim, r.heads);
        layer.buffer.reset(ggml_backend_alloc_ctx_tensors_from_buft(layer.ctx.get(), devices[i]->buffer_type()));
        if (!layer.buffer)
            return Status::fail(devices[i]->oom(), "Not enough memory for the states of the recurrent layers (" +
                                                       bytes_text(int64_t(self->bytes_)) + ").");
    }
    out = std::move(self);
    return Status::good();
}

template <typename Visit>
void LayerStates::for_each(Visit visit) const {
    size_t at = 0;
    for (const Layer & layer : layers_) {
        for (ggml_tensor * t : {layer.state.convolution, layer.state.matrices}) {
            if (!t) continue;
            visit(t, at);
            at += ggml_nbytes(t);
        }
    }
}

void LayerStates::begin(const StateSnapshot & from) {
    const bool is_there = !is_changed_ && saved_ == from;
    is_changed_         = true;
    saved_              = nullptr;
    if (is_there) return;
    for_each([&](ggml_tensor * t, size_t at) {
        if (from) ggml_backend_tensor_set(t, from->data() + at, 0, ggml_nbytes(t));
        else ggml_backend_tensor_memset(t, 0, 0, ggml_nbytes(t));
    });
}

Status LayerStates::save(StateSnapshot & out) {
    out = nullptr;
    if (bytes_ == 0) return Status::good();
    try {
        auto snapshot = std::make_shared<std::vector<uint8_t>>(bytes_);
        for_each(
            [&](ggml_tensor * t, size_t at) { ggml_backend_tensor_get(t, snapshot->data() + at, 0, ggml_nbytes(t)); });
        out         = std::move(snapshot);
        saved_      = out;
        is_changed_ = false;
    } catch (const std::bad_alloc &) {
        return Status::fail(Code::HOST_OOM, "Not enough memory to keep the states of the recurrent layers (" +
                                                bytes_text(int64_t(bytes_)) + ").");
    }
    return Status::good();
}

}  // namespace rocketdoc
