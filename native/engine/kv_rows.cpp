#include "kv_rows.h"

#include <new>
#include <string>
#include <utility>

#include "../graph/ggml_inside.h"

namespace rocketdoc {
namespace {

// Calls visit(offset, bytes) for rows [from, to) of every head of a tensor [head_dim, capacity, n_head].
template <typename Visit>
void for_each_head(const ggml_tensor * t, int64_t from, int64_t to, Visit visit) {
    for (int64_t head = 0; head < t->ne[2]; head++)
        visit(size_t(head) * t->nb[2] + size_t(from) * t->nb[1], size_t(to - from) * t->nb[1]);
}

}  // namespace

Status KvRows::create(const LayerDevices & devices, Home home, const KvShape & shape, int64_t capacity,
                      std::unique_ptr<KvRows> & out) {
    std::unique_ptr<KvRows> self(new KvRows);
    capacity        = allocated_rows(devices.front()->traits(), capacity);
    self->devices_  = devices;
    self->home_     = home;
    self->shape_    = shape;
    self->capacity_ = capacity;
    self->layers_.resize(size_t(shape.n_layer));
    for (size_t i = 0; i < self->layers_.size(); i++)
        RETURN_IF_FAILED(self->allocate_layer(*devices[i], capacity, self->layers_[i]));
    out = std::move(self);
    return Status::good();
}

bool KvRows::allocate_buffer(const Device & device, Layer & layer) const {
    if (home_ == Home::device) {
        layer.buffer.reset(ggml_backend_alloc_ctx_tensors_from_buft(layer.ctx.get(), device.buffer_type()));
        // Attention that reads whole steps also reads rows nobody wrote; what it masks must still be a number.
        if (layer.buffer && device.traits().row_step > 1) ggml_backend_buffer_clear(layer.buffer.get(), 0);
        return layer.buffer != nullptr;
    }
    const size_t k_bytes = ggml_nbytes(layer.k), bytes = k_bytes + ggml_nbytes(layer.v);
    if (!device.make_host_memory(bytes, layer.host).ok()) return false;
    layer.buffer.reset(ggml_backend_cpu_buffer_from_ptr(layer.host->data(), bytes));
    return layer.buffer &&
           ggml_backend_tensor_alloc(layer.buffer.get(), layer.k, layer.host->data()) == GGML_STATUS_SUCCESS &&
           ggml_backend_tensor_alloc(layer.buffer.get(), layer.v, layer.host->data() + k_bytes) == GGML_STATUS_SUCCESS;
}

Status KvRows::allocate_layer(const Device & device, int64_t capacity, Layer & out) const {
    ggml_init_params params = {ggml_tensor_overhead() * 2, nullptr, true};
    out.ctx.reset(ggml_init(params));
    out.k = ggml_new_tensor_3d(out.ctx.get(), shape_.type, shape_.head_dim, capacity, shape_.n_head);
    out.v = ggml_new_tensor_3d(out.ctx.get(), shape_.type, shape_.head_dim, capacity, shape_.n_head);
    if (allocate_buffer(device, out)) return Status::good();
    const Code oom = home_ == Home::device ? device.oom() : Code::HOST_OOM;
    return Status::fail(oom, "Not enough memory for the KV cache of " + std::to_string(capacity) + " tokens (" +
                                 bytes_text(int64_t(shape_.bytes(capacity))) + ").");
}

Status KvRows::grow_layer(const Device & device, int64_t capacity, int64_t n_live, Layer & layer) const {
    Layer next;
    RETURN_IF_FAILED(allocate_layer(device, capacity, next));
    for (auto [from, to] : {std::pair{layer.k, next.k}, std::pair{layer.v, next.v}}) {
        for (int64_t head = 0; head < from->ne[2] && n_live > 0; head++) {
            RETURN_IF_FAILED(copy_bytes(from, size_t(head) * from->nb[2], to, size_t(head) * to->nb[2],
                                        size_t(n_live) * from->nb[1]));
        }
    }
    layer = std::move(next);
    return Status::good();
}

// In place, so that nothing need be allocated: every head moves towards the start, where only heads lie that have moved
// already. rows: room for n_live rows of a head.
void KvRows::shrink_layer(Layer & layer, int64_t capacity, int64_t n_live, std::vector<uint8_t> & rows) const {
    for (ggml_tensor * t : {layer.k, layer.v}) {
        const size_t wide = t->nb[2], narrow = size_t(capacity) * t->nb[1], bytes = size_t(n_live) * t->nb[1];
        for (int64_t head = 1; head < t->ne[2] && n_live > 0; head++) {
            ggml_backend_tensor_get(t, rows.data(), size_t(head) * wide, bytes);
            ggml_backend_tensor_set(t, rows.data(), size_t(head) * narrow, bytes);
        }
        (void) set_row_capacity(t, capacity);  // it had that many before
    }
}

Status KvRows::grow(int64_t capacity, int64_t n_live) {
    if (capacity <= capacity_) return Status::good();
    capacity = allocated_rows(devices_.front()->traits(), capacity);
    std::vector<uint8_t> rows;  // taken before anything changes: the way back must not need memory
    try {
        rows.resize(size_t(n_live) * ggml_row_size(shape_.type, shape_.head_dim));
    } catch (const std::bad_alloc &) {
        return Status::fail(Code::HOST_OOM, "Not enough memory to move the KV cache.");
    }
    // A layer's larger copy replaces it at once, so the peak is one layer more. Kernels take one distance between heads
    // for all layers: either every layer grows, or none.
    for (size_t i = 0; i < layers_.size(); i++) {
        Status status = grow_layer(*devices_[i], capacity, n_live, layers_[i]);
        if (status.ok()) continue;
        for (size_t grown = 0; grown < i; grown++) shrink_layer(layers_[grown], capacity_, n_live, rows);
        return status;
    }
    capacity_ = capacity;
    return Status::good();
}

RowsView KvRows::view(const ggml_tensor * t, int64_t n_rows) {
    RowsView out;
    out.data       = t->data;
    out.type       = t->type == GGML_TYPE_Q8_0 ? RowType::q8_0 : RowType::f16;
    out.row_bytes  = t->nb[1];
    out.head_bytes = t->nb[2];
    out.n_rows     = n_rows;
    out.n_head     = int(t->ne[2]);
    out.head_dim   = int(t->ne[0]);
    return out;
}

CompactView KvRows::compact(const ggml_tensor * t) {
    CompactView out;
    out.data       = static_cast<f16_bits *>(t->data);
    out.row_elems  = t->nb[1] / sizeof(f16_bits);
    out.head_elems = t->nb[2] / sizeof(f16_bits);
    out.capacity   = t->ne[1];
    out.n_head     = int(t->ne[2]);
    out.head_dim   = int(t->ne[0]);
    return out;
}

std::vector<uint8_t> KvRows::copy_out(int64_t from, int64_t to) const {
    std::vector<uint8_t> bytes(shape_.bytes(to - from));
    uint8_t *            cursor = bytes.data();
    for (const Layer & layer : layers_) {
        for (const ggml_tensor * t : {layer.k, layer.v}) {
            for_each_head(t, from, to, [&](size_t offset, size_t n) {
                ggml_backend_tensor_get(t, cursor, offset, n);
                cursor += n;
            });
        }
    }
    return bytes;
}

void KvRows::copy_in(const std::vector<uint8_t> & bytes, int64_t from, int64_t to) {
    const uint8_t * cursor = bytes.data();
    for (const Layer & layer : layers_) {
        for (ggml_tensor * t : {layer.k, layer.v}) {
            for_each_head(t, from, to, [&](size_t offset, size_t n) {
                ggml_backend_tensor_set(t, cursor, offset, n);
                cursor += n;
            });
        }
    }
}

}  // namespace rocketdoc
