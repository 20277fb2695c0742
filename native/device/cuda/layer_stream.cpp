#include "layer_stream.h"

#include <string>

namespace rocketdoc {

size_t LayerStream::bytes(const DeviceTraits & device, KvRows::Home home, const KvShape & shape, int64_t n_rows) {
    if (home == KvRows::Home::device || !device.cuda) return 0;
    KvShape layer = shape;
    layer.n_layer = 2;
    return layer.bytes(KvRows::allocated_rows(device, n_rows));
}

Status LayerStream::create(Device & device, KvRows & home, int64_t n_rows, std::unique_ptr<LayerStream> & out) {
    std::unique_ptr<LayerStream> self(new LayerStream(device, home));
    if (!home.on_device()) {
        const KvShape & shape    = home.shape();
        const int64_t   capacity = KvRows::allocated_rows(device, n_rows);
        for (Slot & slot : self->slots_) {
            ggml_init_params params = {ggml_tensor_overhead() * 2, nullptr, true};
            slot.ctx.reset(ggml_init(params));
            slot.rows.k = ggml_new_tensor_3d(slot.ctx.get(), shape.type, shape.head_dim, capacity, shape.n_head);
            slot.rows.v = ggml_new_tensor_3d(slot.ctx.get(), shape.type, shape.head_dim, capacity, shape.n_head);
            slot.buffer.reset(ggml_backend_alloc_ctx_tensors_from_buft(slot.ctx.get(), device.buffer_type()));
            if (!slot.buffer) {
                return Status::fail(Code::GPU_OOM,
                                    "Not enough GPU memory for two layers of " + std::to_string(n_rows) + " tokens (" +
                                        bytes_text(int64_t(bytes(device, KvRows::Home::host, shape, n_rows))) + ", " +
                                        bytes_text(device.available()) + " are free).");
            }
            ggml_backend_buffer_clear(slot.buffer.get(), 0);  // masked rows must be numbers
            slot.used.reset(ggml_backend_event_new(device.ggml_device()));
            RETURN_IF_FAILED(
                device.cuda()->check(device.cuda()->kernels().create_event(&slot.loaded, false), "making an event"));
        }
    }
    out = std::move(self);
    return Status::good();
}

LayerStream::~LayerStream() {
    if (home_.on_device()) return;
    (void) finish();  // or copies would outlive their buffers
    for (Slot & slot : slots_) {
        if (slot.loaded) device_.cuda()->kernels().destroy_event(slot.loaded);
    }
}

Status LayerStream::copy_rows(const ggml_tensor * from, ggml_tensor * to, int64_t first, int64_t n) {
    const CudaDevice & cuda   = *device_.cuda();
    const size_t       offset = size_t(first) * from->nb[1];
    return cuda.check(cuda.kernels().copy_strided(static_cast<uint8_t *>(to->data) + offset, to->nb[2],
                                                  static_cast<const uint8_t *>(from->data) + offset, from->nb[2],
                                                  size_t(n) * from->nb[1], size_t(from->ne[2]), cuda.copy_stream()),
                      "moving rows");
}

// On the copy stream, behind the layer that used the slot before went home: the order of that stream is all it takes.
Status LayerStream::load(int64_t layer) {
    Slot & slot = slots_[layer % 2];
    if (n_before_ > 0) {
        RETURN_IF_FAILED(copy_rows(home_.k(layer), slot.rows.k, 0, n_before_));
        RETURN_IF_FAILED(copy_rows(home_.v(layer), slot.rows.v, 0, n_before_));
    }
    const CudaDevice & cuda = *device_.cuda();
    return cuda.check(cuda.kernels().record_event(slot.loaded, cuda.copy_stream()), "moving rows");
}

Status LayerStream::begin_pass(int64_t n_before, int64_t n_new) {
    n_before_ = n_before;
    n_new_    = n_new;
    if (home_.on_device()) return Status::good();
    RETURN_IF_FAILED(load(0));
    return home_.shape().n_layer > 1 ? load(1) : Status::good();
}

Status LayerStream::acquire(int64_t layer, LayerRows & out) {
    if (home_.on_device()) {
        out = {home_.k(layer), home_.v(layer)};
        return Status::good();
    }
    Slot &             slot = slots_[layer % 2];
    const CudaDevice & cuda = *device_.cuda();
    // ggml waits for an event of its own kind: our stream waits for the load, ggml for our stream.
    RETURN_IF_FAILED(cuda.check(cuda.kernels().wait_event(cuda.stream(), slot.loaded), "ordering the streams"));
    RETURN_IF_FAILED(cuda.let_ggml_wait());
    out = slot.rows;
    return Status::good();
}

Status LayerStream::release(int64_t layer) {
    if (home_.on_device()) return Status::good();
    Slot &             slot = slots_[layer % 2];
    const CudaDevice & cuda = *device_.cuda();
    ggml_backend_event_record(slot.used.get(), device_.handle());
    RETURN_IF_FAILED(cuda.check(cuda.kernels().wait_event(cuda.copy_stream(), kernel_event(slot.used.get())),
                                "ordering the streams"));
    RETURN_IF_FAILED(copy_rows(slot.rows.k, home_.k(layer), n_before_, n_new_));
    RETURN_IF_FAILED(copy_rows(slot.rows.v, home_.v(layer), n_before_, n_new_));
    return layer + 2 < home_.shape().n_layer ? load(layer + 2) : Status::good();
}

Status LayerStream::finish() {
    if (home_.on_device()) return Status::good();
    return device_.cuda()->check(device_.cuda()->kernels().synchronize(device_.cuda()->copy_stream()), "moving rows");
}

}  // namespace rocketdoc
