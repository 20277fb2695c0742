// RAM that the GPU copies from and to while it computes: pages of ours, given to the driver. Asking CUDA for such
// memory takes eight times as long (16.6 GB: 8.5 s against 1.1 on 16 cores), for it writes to every small page from one
// thread.
#pragma once

#include <utility>

#include "../device.h"
#include "../host_memory.h"
#include "kernel_library.h"

namespace rocketdoc {

class PinnedMemory : public HostMemory {
  public:
    PinnedMemory() = default;
    ~PinnedMemory() override;
    PinnedMemory(PinnedMemory && other) noexcept
        : pages_(std::move(other.pages_)), kernels_(std::exchange(other.kernels_, nullptr)) {}
    PinnedMemory & operator=(PinnedMemory && other) noexcept {
        std::swap(pages_, other.pages_);
        std::swap(kernels_, other.kernels_);
        return *this;
    }

    // HOST_OOM when the system has not so many bytes. Where it has them and the driver takes no more (some let it have
    // half of the RAM), pinned() is false: copies are correct and slower then. kernels: outlives the memory.
    static Status allocate(const KernelLibrary & kernels, size_t bytes, PinnedMemory & out);

    uint8_t * data() const override { return pages_.data(); }
    size_t    bytes() const override { return pages_.bytes(); }
    bool      pinned() const { return kernels_ != nullptr; }

  private:
    HostPages             pages_;
    const KernelLibrary * kernels_ = nullptr;  // when the pages are pinned
};

}  // namespace rocketdoc
