#include "rows_buffer.h"

#include <algorithm>

#include "../engine/kv_rows.h"

namespace rocketdoc {

bool RowsBuffer::allocate(const Device & device, const KvShape & shape, int64_t capacity, For which) {
    const ggml_backend_buffer_type_t type   = device.buffer_type();
    ggml_init_params                 params = {ggml_tensor_overhead() * 2 * shape.layers.size(), nullptr, true};
    ctx_.reset(ggml_init(params));
    layers_.assign(shape.layers.size(), {});
    size_t half = 0;  // of the buffer: K, then V
    for (size_t i = 0; i < layers_.size(); i++) {
        const LayerKv & layer = shape.layers[i];
        if (!layer.keeps || (which == For::layers_with_windows && layer.window == 0)) continue;
        for (ggml_tensor ** t : {&layers_[i].k, &layers_[i].v}) {
            *t   = ggml_new_tensor_3d(ctx_.get(), shape.type, layer.head_dim, capacity, layer.n_head);
            half = std::max(half, ggml_backend_buft_get_alloc_size(type, *t));
        }
    }
    half = size_t(round_up(int64_t(half), int64_t(ggml_backend_buft_get_alignment(type))));
    buffer_.reset(ggml_backend_buft_alloc_buffer(type, 2 * half));
    if (!buffer_) return false;
    uint8_t * const base   = static_cast<uint8_t *>(ggml_backend_buffer_get_base(buffer_.get()));
    const auto      placed = [&](ggml_tensor * t, size_t at) {
        return !t || ggml_backend_tensor_alloc(buffer_.get(), t, base + at) == GGML_STATUS_SUCCESS;
    };
    for (const LayerRows & layer : layers_) {
        if (placed(layer.k, 0) && placed(layer.v, half)) continue;
        buffer_.reset();
        return false;
    }
    ggml_backend_buffer_clear(buffer_.get(), 0);
    return true;
}

}  // namespace rocketdoc
