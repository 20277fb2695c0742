#include "kv_rows.h"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "../arch/architecture.h"
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

KvShape kv_shape(const HyperParams & params, ggml_type type) {
    KvShape out{type, {}};
    for (const LayerTraits & layer : params.layers)
        out.layers.push_back(
            {layer.n_head_kv, layer.head_dim, layer.kept_window(), layer.keeps_rows(), layer.shared_layer});
    return out;
}

int64_t KvShape::widest_window() const {
    int64_t widest = 0;
    for (const LayerKv & layer : layers) widest = std::max(widest, layer.window);
    return widest;
}

int64_t KvShape::n_heads() const {
    int64_t n = 0;
    for (const LayerKv & layer : layers) n += layer.n_head;
    return n;
}

size_t KvShape::most_row_bytes() const {
    size_t most = 0;
    for (int64_t i = 0; i < n_layer(); i++)
        if (keeps(i)) most = std::max(most, row_bytes(i));
    return most;
}

size_t KvShape::most_window_row_bytes() const {
    size_t most = 0;
    for (int64_t i = 0; i < n_layer(); i++)
        if (keeps(i) && window(i) > 0) most = std::max(most, row_bytes(i));
    return most;
}

size_t KvShape::bytes(const LayerCounts & rows) const {
    size_t n = 0;
    for (int64_t i = 0; i < n_layer(); i++) n += size_t(rows[size_t(i)]) * row_bytes(i);
    return n;
}

LayerCounts KvShape::kept(int64_t n_tokens) const {
    LayerCounts out;
    for (const LayerKv & layer : layers) out.push_back(layer.keeps ? rows_kept(layer.window, n_tokens) : 0);
    return out;
}

double KvShape::read_bytes(int64_t n_rows, int64_t n_tokens) const {
    LayerCounts rows;
    for (const LayerKv & layer : layers)
        rows.push_back(!layer.keeps && layer.shares < 0 ? 0
                       : layer.window > 0               ? std::min(layer.window, n_tokens)
                                                        : n_rows);
    return double(bytes(rows)) / double(n_heads());
}

LayerCounts KvShape::room(int64_t n_document, int64_t n_total) const {
    LayerCounts out;
    for (const LayerKv & layer : layers) {
        const int64_t kept = most_kept(layer.window), behind = std::max(kept, n_total - n_document);
        const int64_t rows = layer.window == 0 ? n_total : std::min(n_total, kept + behind);
        out.push_back(layer.keeps ? rows : 0);
    }
    return out;
}

LayerCounts KvRows::allocated_rows(const DeviceTraits & device, LayerCounts capacity) {
    for (int64_t & rows : capacity) rows = allocated_rows(device, rows);
    return capacity;
}

int64_t KvRows::capacity() const {
    int64_t rows = 0;
    for (int64_t layer = 0; layer < shape_.n_layer(); layer++)
        if (shape_.keeps(layer) && shape_.window(layer) == 0) rows = capacity(layer);
    return rows;
}

LayerCounts KvRows::capacities() const {
    LayerCounts out;
    for (int64_t layer = 0; layer < shape_.n_layer(); layer++) out.push_back(shape_.keeps(layer) ? capacity(layer) : 0);
    return out;
}

bool KvRows::has_room(const LayerCounts & wanted) const {
    for (size_t i = 0; i < layers_.size(); i++)
        if (wanted[i] > capacity(int64_t(i))) return false;
    return true;
}

Status KvRows::create(const LayerDevices & devices, Home home, const KvShape & shape, const LayerCounts & wanted,
                      std::unique_ptr<KvRows> & out) {
    std::unique_ptr<KvRows> self(new KvRows);
    const LayerCounts       capacity = allocated_rows(devices.front()->traits(), wanted);
    self->devices_                   = devices;
    self->home_                      = home;
    self->shape_                     = shape;
    self->layers_.resize(shape.layers.size());
    for (size_t i = 0; i < self->layers_.size(); i++)
        RETURN_IF_FAILED(self->allocate_layer(*devices[i], int64_t(i), capacity[i], self->layers_[i]));
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

Status KvRows::allocate_layer(const Device & device, int64_t i, int64_t capacity, Layer & out) const {
    if (!shape_.keeps(i)) return Status::good();
    const LayerKv &  shape  = shape_.layer(i);
    ggml_init_params params = {ggml_tensor_overhead() * 2, nullptr, true};
    out.ctx.reset(ggml_init(params));
    out.k = ggml_new_tensor_3d(out.ctx.get(), shape_.type, shape.head_dim, capacity, shape.n_head);
    out.v = ggml_new_tensor_3d(out.ctx.get(), shape_.type, shape.head_dim, capacity, shape.n_head);
    if (allocate_buffer(device, out)) return Status::good();
    const Code oom = home_ == Home::device ? device.oom() : Code::HOST_OOM;
    return Status::fail(oom, "Not enough memory for the KV cache of " + std::to_string(capacity) + " tokens (" +
                                 bytes_text(capacity * int64_t(shape_.row_bytes(i))) + " of a layer).");
}

Status KvRows::grow_layer(int64_t i, int64_t capacity, int64_t n_live) {
    Layer & layer = layers_[size_t(i)];
    Layer   next;
    RETURN_IF_FAILED(allocate_layer(*devices_[size_t(i)], i, capacity, next));
    next.first = layer.first;
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

Status KvRows::grow(const LayerCounts & wanted, const RowPlace & end) {
    if (has_room(wanted)) return Status::good();
    const LayerCounts before   = capacities();
    LayerCounts       capacity = allocated_rows(devices_.front()->traits(), wanted);
    for (size_t i = 0; i < capacity.size(); i++) capacity[i] = std::max(capacity[i], before[i]);
    size_t widest_head = 0;
    for (const LayerKv & layer : shape_.layers)
        widest_head = std::max(widest_head, ggml_row_size(shape_.type, layer.head_dim));
    std::vector<uint8_t> rows;  // taken before anything changes: the way back must not need memory
    try {
        rows.resize(size_t(std::max(end.row, end.position)) * widest_head);
    } catch (const std::bad_alloc &) {
        return Status::fail(Code::HOST_OOM, "Not enough memory to move the KV cache.");
    }
    // A layer's larger copy replaces it at once, so the peak is one layer more. Kernels take one distance between heads
    // for all layers that keep every row: either every layer grows, or none.
    for (size_t i = 0; i < layers_.size(); i++) {
        if (capacity[i] == before[i]) continue;
        Status status = grow_layer(int64_t(i), capacity[i], row_of(int64_t(i), end));
        if (status.ok()) continue;
        for (size_t grown = 0; grown < i; grown++) {
            if (capacity[grown] != before[grown])
                shrink_layer(layers_[grown], before[grown], row_of(int64_t(grown), end), rows);
        }
        return status;
    }
    return Status::good();
}

// The rows move towards the start by a number of rows that no copy is larger than: so none reads what it writes.
Status KvRows::keep_window(Device & device, int64_t layer, int64_t n_rows, int64_t end) {
    const int64_t position = first_kept(shape_.window(layer), end), kept = end - position, shift = n_rows - kept;
    for (int64_t at = 0; at < kept && shift > 0; at += shift) {
        const int64_t n = std::min(shift, kept - at);
        for (ggml_tensor * t : {k(layer), v(layer)}) RETURN_IF_FAILED(device.copy_rows({t, at + shift}, {t, at}, n));
    }
    set_first(layer, position);
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
    LayerCounts counts;
    for (const LayerKv & layer : shape_.layers) counts.push_back(layer.keeps ? to - from : 0);
    std::vector<uint8_t> bytes(shape_.bytes(counts));
    uint8_t *            cursor = bytes.data();
    for (const Layer & layer : layers_) {
        if (!layer.k) continue;
        for (const ggml_tensor * t : {layer.k, layer.v}) {
            for_each_head(t, from - layer.first, to - layer.first, [&](size_t offset, size_t n) {
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
        if (!layer.k) continue;
        for (ggml_tensor * t : {layer.k, layer.v}) {
            for_each_head(t, from - layer.first, to - layer.first, [&](size_t offset, size_t n) {
                ggml_backend_tensor_set(t, cursor, offset, n);
                cursor += n;
            });
        }
    }
}

}  // namespace rocketdoc
