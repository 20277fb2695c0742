#include "pinned_memory.h"

namespace rocketdoc {

Status PinnedMemory::allocate(const KernelLibrary & kernels, size_t bytes, PinnedMemory & out) {
    out = {};
    if (!HostPages::allocate(bytes, out.pages_))
        return Status::fail(Code::HOST_OOM,
                            "The system has no " + std::to_string(bytes >> 20) + " MiB of memory left.");
    RETURN_IF_FAILED(kernels.enter());
    if (bytes > 0 && kernels.table().pin_host(out.data(), bytes) == KERNEL_OK) out.kernels_ = &kernels;
    return Status::good();
}

PinnedMemory::~PinnedMemory() {
    if (kernels_ && kernels_->enter().ok()) kernels_->table().unpin_host(pages_.data());
}

}  // namespace rocketdoc
