#include "cuda_device.h"

#include "../dynamic_library.h"
#include "ggml-backend-impl.h"

namespace rocketdoc {

KernelEvent kernel_event(ggml_backend_event_t event) { return static_cast<KernelEvent>(event->context); }

Status CudaDevice::open(const std::string & kernels_path, int index, ggml_backend_dev_t device, ggml_backend_t backend,
                        std::unique_ptr<CudaDevice> & out) {
    std::string error;
    void *      library = open_library(kernels_path, error);
    if (!library)
        return Status::fail(Code::GPU_NONE, "RocketDoc's CUDA kernels are not there (" + error +
                                                "). Build them where nvcc is, or use the CPU.");
    auto table_of = reinterpret_cast<const KernelTable * (*) ()>(find_symbol(library, "rocketdoc_kernels_table"));
    const KernelTable * table = table_of ? table_of() : nullptr;
    if (!table || table->abi != KERNELS_ABI)
        return Status::fail(Code::GPU_NONE, "RocketDoc's CUDA kernels are another build's. Build the project anew.");

    std::unique_ptr<CudaDevice> self(new CudaDevice);
    self->kernels_ = table;
    self->index_   = index;
    self->backend_ = backend;
    RETURN_IF_FAILED(self->enter());
    RETURN_IF_FAILED(self->check(table->create_stream(&self->stream_), "making a stream"));
    RETURN_IF_FAILED(self->check(table->create_stream(&self->copy_stream_), "making a stream"));
    self->from_ggml_.reset(ggml_backend_event_new(device));
    self->to_ggml_.reset(ggml_backend_event_new(device));
    if (!self->from_ggml_ || !self->to_ggml_) return Status::fail(Code::GPU_FAULT, "The CUDA backend gives no events.");
    out = std::move(self);
    return Status::good();
}

CudaDevice::~CudaDevice() {
    if (stream_) kernels_->destroy_stream(stream_);
    if (copy_stream_) kernels_->destroy_stream(copy_stream_);
}

Status CudaDevice::check(KernelStatus status, const char * what) const {
    constexpr int CUDA_OUT_OF_MEMORY = 2;
    if (status == KERNEL_OK) return Status::good();
    const std::string reason = std::string(what) + " failed: " + kernels_->status_name(status) + ".";
    if (int(status) == CUDA_OUT_OF_MEMORY) return Status::fail(Code::GPU_OOM, "Not enough GPU memory: " + reason);
    return Status::fail(status > 0 ? Code::GPU_FAULT : Code::INTERNAL, "On the GPU " + reason);
}

Status CudaDevice::wait_for_ggml() const {
    ggml_backend_event_record(from_ggml_.get(), backend_);
    return check(kernels_->wait_event(stream_, kernel_event(from_ggml_.get())), "ordering the streams");
}

Status CudaDevice::let_ggml_wait() const {
    RETURN_IF_FAILED(check(kernels_->record_event(kernel_event(to_ggml_.get()), stream_), "ordering the streams"));
    ggml_backend_event_wait(backend_, to_ggml_.get());
    return Status::good();
}

size_t CudaDevice::free_bytes() const {
    size_t free = 0, total = 0;
    return kernels_->memory_info(&free, &total) == KERNEL_OK ? free : 0;
}

size_t CudaDevice::total_bytes() const {
    size_t free = 0, total = 0;
    return kernels_->memory_info(&free, &total) == KERNEL_OK ? total : 0;
}

Status PinnedMemory::allocate(const CudaDevice & cuda, size_t bytes, PinnedMemory & out) {
    out = {};
    if (!HostPages::allocate(bytes, out.pages_))
        return Status::fail(Code::HOST_OOM,
                            "The system has no " + std::to_string(bytes >> 20) + " MiB of memory left.");
    RETURN_IF_FAILED(cuda.enter());  // else CUDA would open the thread's current device as well
    if (bytes > 0 && cuda.kernels().pin_host(out.data(), bytes) == KERNEL_OK) out.cuda_ = &cuda;
    return Status::good();
}

PinnedMemory::~PinnedMemory() {
    if (cuda_ && cuda_->enter().ok()) cuda_->kernels().unpin_host(pages_.data());
}

}  // namespace rocketdoc
