#include "layer_stream.h"

#include <string>

namespace rocketdoc {

size_t CudaLayerStream::bytes(const KvShape & shape, int64_t capacity) {
    KvShape layer = shape;
    layer.n_layer = 2;
    return layer.bytes(capacity);
}

Status CudaLayerStream::create(CudaDevice & device, KvRows & home, int64_t n_rows, std::unique_ptr<LayerStream> & out) {
    std::unique_ptr<CudaLayerStream> self(new CudaLayerStream(device, home));
    const int64_t                    capacity = KvRows::allocated_rows(device, n_rows);
    for (Slot & slot : self->slots_) RETURN_IF_FAILED(self->allocate(slot, capacity));
    out = std::move(self);
    return Status::good();
}

Status CudaLayerStream::allocate(Slot & slot, int64_t capacity) {
    const KvShape &  shape  = home_.shape();
    ggml_init_params params = {ggml_tensor_overhead() * 2, nullptr, true};
    slot.ctx.reset(ggml_init(params));
    slot.rows.k = ggml_new_tensor_3d(slot.ctx.get(), shape.type, shape.head_dim, capacity, shape.n_head);
    slot.rows.v = ggml_new_tensor_3d(slot.ctx.get(), shape.type, shape.head_dim, capacity, shape.n_head);
    slot.buffer.reset(ggml_backend_alloc_ctx_tensors_from_buft(slot.ctx.get(), device_.buffer_type()));
    if (!slot.buffer) {
        return Status::fail(Code::GPU_OOM, "Not enough GPU memory for two layers of " + std::to_string(capacity) +
                                               " tokens (" + bytes_text(int64_t(bytes(shape, capacity))) + ", " +
                                               bytes_text(device_.available()) + " are free).");
    }
    ggml_backend_buffer_clear(slot.buffer.get(), 0);  // masked rows must be numbers
    slot.used = device_.new_ggml_event();
    return device_.check(device_.kernels().create_event(slot.loaded, false), "making an event");
}

CudaLayerStream::~CudaLayerStream() {
    (void) finish();  // or copies would outlive their buffers
    for (Slot & slot : slots_) {
        if (slot.loaded) device_.kernels().destroy_event(slot.loaded);
    }
}

Status CudaLayerStream::copy_rows(const ggml_tensor * from, ggml_tensor * to, int64_t first, int64_t n) {
    const size_t offset = size_t(first) * from->nb[1];
    return device_.check(device_.kernels().copy_strided({static_cast<uint8_t *>(to->data) + offset, to->nb[2],
                                                         static_cast<const uint8_t *>(from->data) + offset, from->nb[2],
                                                         size_t(n) * from->nb[1], size_t(from->ne[2])},
                                                        device_.copy_stream()),
                         "moving rows");
}

// On the copy stream, behind the layer that used the slot before went home: the order of that stream is all it takes.
Status CudaLayerStream::load(int64_t layer) {
    Slot & slot = slots_[layer % 2];
    if (n_before_ > 0) {
        RETURN_IF_FAILED(copy_rows(home_.k(layer), slot.rows.k, 0, n_before_));
        RETURN_IF_FAILED(copy_rows(home_.v(layer), slot.rows.v, 0, n_before_));
    }
    return device_.check(device_.kernels().record_event(slot.loaded, device_.copy_stream()), "moving rows");
}

Status CudaLayerStream::begin_pass(int64_t n_before, int64_t n_new) {
    n_before_ = n_before;
    n_new_    = n_new;
    RETURN_IF_FAILED(load(0));
    return home_.shape().n_layer > 1 ? load(1) : Status::good();
}

Status CudaLayerStream::acquire(int64_t layer, LayerRows & out) {
    Slot & slot = slots_[layer % 2];
    // ggml waits for an event of its own kind: our stream waits for the load, ggml for our stream.
    RETURN_IF_FAILED(
        device_.check(device_.kernels().wait_event(device_.stream(), slot.loaded), "ordering the streams"));
    RETURN_IF_FAILED(device_.let_ggml_wait());
    out = slot.rows;
    return Status::good();
}

Status CudaLayerStream::release(int64_t layer) {
    Slot & slot = slots_[layer % 2];
    RETURN_IF_FAILED(device_.enter());
    ggml_backend_event_record(slot.used.get(), device_.handle());
    RETURN_IF_FAILED(device_.check(device_.kernels().wait_event(device_.copy_stream(), kernel_event(slot.used.get())),
                                   "ordering the streams"));
    RETURN_IF_FAILED(copy_rows(slot.rows.k, home_.k(layer), n_before_, n_new_));
    RETURN_IF_FAILED(copy_rows(slot.rows.v, home_.v(layer), n_before_, n_new_));
    return layer + 2 < home_.shape().n_layer ? load(layer + 2) : Status::good();
}

Status CudaLayerStream::finish() {
    return device_.check(device_.kernels().synchronize(device_.copy_stream()), "moving rows");
}

}  // namespace rocketdoc
