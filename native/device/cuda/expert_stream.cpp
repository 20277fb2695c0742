#include "expert_stream.h"

#include <algorithm>

namespace rocketdoc {

Status CudaExpertStream::create(CudaDevice & device, const Model & model, std::unique_ptr<ExpertStream> & out) {
    std::unique_ptr<CudaExpertStream> self(new CudaExpertStream(device));
    RETURN_IF_FAILED(self->allocate(model));
    out = std::move(self);
    return Status::good();
}

Status CudaExpertStream::allocate(const Model & model) {
    std::vector<std::vector<ggml_tensor *>> layers;
    size_t                                  n_tensors = 0;
    for (int64_t layer = 0; layer < model.params().n_layer; layer++) {
        if (!model.experts_in_ram(layer)) continue;
        visitors_.push_back({layer, model.expert_matrices(layer), {}});
        layers.push_back(visitors_.back().home);
        n_tensors += layers.back().size();
    }
    const ExpertSlots slots = expert_slots(layers);
    for (Slot & slot : slots_) {
        RETURN_IF_FAILED(DeviceBytes::allocate(device_, slots.bytes, slot.bytes));
        slot.used = device_.new_ggml_event();
        if (!slot.used) return Status::fail(Code::GPU_FAULT, "The CUDA backend gives no events.");
        RETURN_IF_FAILED(device_.check(device_.kernels().create_event(slot.loaded, false), "making an event"));
    }
    ggml_init_params params = {ggml_tensor_overhead() * n_tensors, nullptr, true};
    ctx_.reset(ggml_init(params));
    for (size_t i = 0; i < visitors_.size(); i++) {
        Visitor & visitor = visitors_[i];
        for (size_t at = 0; at < visitor.home.size(); at++) {
            ggml_tensor * there = ggml_dup_tensor(ctx_.get(), visitor.home[at]);
            if (ggml_backend_tensor_alloc(slot_of(i).bytes.buffer(), there,
                                          slot_of(i).bytes.at<void>(slots.begin[at])) != GGML_STATUS_SUCCESS)
                return Status::fail(Code::INTERNAL, std::string("ggml could not place a copy of ") +
                                                        ggml_get_name(visitor.home[at]) + ".");
            visitor.there.push_back(there);
        }
    }
    return Status::good();
}

CudaExpertStream::~CudaExpertStream() {
    // Or copies would outlive their buffers.
    (void) device_.check(device_.kernels().synchronize(device_.copy_stream()), "moving experts");
    for (Slot & slot : slots_) {
        if (slot.loaded) device_.kernels().destroy_event(slot.loaded);
    }
}

const CudaExpertStream::Visitor * CudaExpertStream::find(int64_t layer) const {
    const auto found =
        std::find_if(visitors_.begin(), visitors_.end(), [&](const Visitor & v) { return v.layer == layer; });
    return found == visitors_.end() ? nullptr : &*found;
}

Status CudaExpertStream::load(size_t index) {
    if (index >= visitors_.size()) return Status::good();
    const Visitor &     visitor = visitors_[index];
    const KernelTable & kernels = device_.kernels();
    for (size_t i = 0; i < visitor.home.size(); i++) {
        ggml_tensor * to    = visitor.there[i];
        const size_t  bytes = ggml_nbytes(to);
        RETURN_IF_FAILED(device_.check(kernels.copy(to->data, visitor.home[i]->data, bytes, device_.copy_stream()),
                                       "moving experts"));
        // What ggml reads past the end must be numbers, and another layer's may have lain there.
        const size_t more = ggml_backend_buft_get_alloc_size(device_.buffer_type(), to) - bytes;
        if (more > 0)
            RETURN_IF_FAILED(
                device_.check(kernels.fill(static_cast<uint8_t *>(to->data) + bytes, 0, more, device_.copy_stream()),
                              "moving experts"));
    }
    return device_.check(kernels.record_event(slot_of(index).loaded, device_.copy_stream()), "moving experts");
}

Status CudaExpertStream::begin_pass() {
    RETURN_IF_FAILED(load(0));
    return load(1);
}

Status CudaExpertStream::acquire(int64_t layer, LayerWeights & weights) {
    const Visitor * visitor = find(layer);
    if (!visitor) return Status::good();
    // ggml waits for an event of its own kind: our stream waits for the load, ggml for our stream.
    const Slot & slot = slot_of(size_t(visitor - visitors_.data()));
    RETURN_IF_FAILED(
        device_.check(device_.kernels().wait_event(device_.stream(), slot.loaded), "ordering the streams"));
    RETURN_IF_FAILED(device_.let_ggml_wait());
    weights = with_others(weights, [&](ggml_tensor * t) {
        const auto at = std::find(visitor->home.begin(), visitor->home.end(), t) - visitor->home.begin();
        return size_t(at) < visitor->home.size() ? visitor->there[size_t(at)] : t;
    });
    return Status::good();
}

Status CudaExpertStream::release(int64_t layer) {
    const Visitor * visitor = find(layer);
    if (!visitor) return Status::good();
    const size_t index = size_t(visitor - visitors_.data());
    RETURN_IF_FAILED(device_.enter());
    ggml_backend_event_record(slot_of(index).used.get(), device_.handle());
    RETURN_IF_FAILED(
        device_.check(device_.kernels().wait_event(device_.copy_stream(), kernel_event(slot_of(index).used.get())),
                      "ordering the streams"));
    return load(index + 2);
}

}  // namespace rocketdoc
