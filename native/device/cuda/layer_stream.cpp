#include "layer_stream.h"

#include <algorithm>
#include <string>

namespace rocketdoc {

size_t CudaLayerStream::bytes(const KvShape & shape, int64_t capacity) {
    return 2 * size_t(capacity) * shape.most_row_bytes();
}

Status CudaLayerStream::create(CudaDevice & device, KvRows & home, const StreamJob & job,
                               std::unique_ptr<LayerStream> & out) {
    std::unique_ptr<CudaLayerStream> self(new CudaLayerStream(device, home, job.drops_rows));
    const int64_t                    capacity = KvRows::allocated_rows(device, job.n_rows);
    for (Slot & slot : self->slots_) RETURN_IF_FAILED(self->allocate(slot, capacity));
    out = std::move(self);
    return Status::good();
}

Status CudaLayerStream::allocate(Slot & slot, int64_t capacity) {
    const KvShape & shape = home_.shape();
    if (!slot.rows.allocate(device_, shape, capacity, RowsBuffer::For::every_layer)) {
        return Status::fail(Code::GPU_OOM, "Not enough GPU memory for two layers of " + std::to_string(capacity) +
                                               " tokens (" + bytes_text(int64_t(bytes(shape, capacity))) + ", " +
                                               bytes_text(device_.available()) + " are free).");
    }
    slot.used = device_.new_ggml_event();
    return device_.check(device_.kernels().create_event(slot.loaded, false), "making an event");
}

CudaLayerStream::~CudaLayerStream() {
    (void) wait();  // or copies would outlive their buffers
    for (Slot & slot : slots_) {
        if (slot.loaded) device_.kernels().destroy_event(slot.loaded);
    }
}

int64_t CudaLayerStream::n_added(int64_t layer) const {
    return drops(layer) ? std::min(n_new_, rows_kept(home_.shape().window(layer), before_.position + n_new_)) : n_new_;
}

// Of the layer that keeps the rows which this one sees.
size_t CudaLayerStream::keeper_of(int64_t layer) const {
    return size_t(std::find(keepers_.begin(), keepers_.end(), home_.holder(layer)) - keepers_.begin());
}

// On the copy stream, behind the layer that used the slot before went home: the order of that stream is all it takes.
Status CudaLayerStream::load(size_t keeper) {
    if (keeper >= keepers_.size()) return Status::good();
    const int64_t layer = keepers_[keeper], n = n_before(layer);
    Slot &        slot = slots_[keeper % 2];
    if (n > 0) {
        RETURN_IF_FAILED(device_.enqueue_rows({home_.k(layer), 0}, {slot.rows.k(layer), 0}, n, device_.copy_stream()));
        RETURN_IF_FAILED(device_.enqueue_rows({home_.v(layer), 0}, {slot.rows.v(layer), 0}, n, device_.copy_stream()));
    }
    return device_.check(device_.kernels().record_event(slot.loaded, device_.copy_stream()), "moving rows");
}

Status CudaLayerStream::begin_pass(const RowPlace & before, int64_t n_new) {
    before_ = before;
    n_new_  = n_new;
    RETURN_IF_FAILED(load(0));
    return load(1);
}

Status CudaLayerStream::acquire(int64_t layer, LayerRows & out) {
    out = {};
    if (!home_.k(layer)) return Status::good();
    const int64_t holder = home_.holder(layer);
    Slot &        slot   = slot_of(layer);
    // Those of another layer have not left their slot: check_traits.
    if (holder == layer) {
        // ggml waits for an event of its own kind: our stream waits for the load, ggml for our stream.
        RETURN_IF_FAILED(
            device_.check(device_.kernels().wait_event(device_.stream(), slot.loaded), "ordering the streams"));
        RETURN_IF_FAILED(device_.let_ggml_wait());
    }
    out = {slot.rows.k(holder), slot.rows.v(holder), home_.first(layer)};
    return Status::good();
}

Status CudaLayerStream::release(int64_t layer) {
    if (!home_.shape().keeps(layer)) return Status::good();
    Slot & slot = slot_of(layer);
    RETURN_IF_FAILED(device_.enter());
    ggml_backend_event_record(slot.used.get(), device_.handle());
    RETURN_IF_FAILED(device_.check(device_.kernels().wait_event(device_.copy_stream(), kernel_event(slot.used.get())),
                                   "ordering the streams"));
    // Behind the rows that the layer has: until the pass counts, those are what is valid.
    const int64_t to = n_before(layer), n = n_added(layer), from = to + n_new_ - n;
    RETURN_IF_FAILED(device_.enqueue_rows({slot.rows.k(layer), from}, {home_.k(layer), to}, n, device_.copy_stream()));
    RETURN_IF_FAILED(device_.enqueue_rows({slot.rows.v(layer), from}, {home_.v(layer), to}, n, device_.copy_stream()));
    return load(keeper_of(layer) + 2);
}

Status CudaLayerStream::wait() {
    return device_.check(device_.kernels().synchronize(device_.copy_stream()), "moving rows");
}

Status CudaLayerStream::finish() {
    RETURN_IF_FAILED(wait());
    for (const int64_t layer : keepers_) {
        if (drops(layer))
            RETURN_IF_FAILED(
                home_.keep_window(device_, layer, n_before(layer) + n_added(layer), before_.position + n_new_));
    }
    return Status::good();
}

}  // namespace rocketdoc
