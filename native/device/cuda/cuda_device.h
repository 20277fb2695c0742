// The CUDA side of a backend: our kernels' library, a stream of ours beside ggml's, and the events that order the two.
// The engine compiles without CUDA headers; everything goes through the kernels' table.
#pragma once

#include <memory>
#include <string>

#include "../../kernels/kernels.h"
#include "../../status.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "../host_memory.h"

namespace rocketdoc {

class CudaDevice {
  public:
    ~CudaDevice();

    // kernels_path: librocketdoc_kernels. backend: ggml's CUDA backend of device `index`. GPU_NONE when the library is
    // missing, does not load or is another build's.
    static Status open(const std::string & kernels_path, int index, ggml_backend_dev_t device, ggml_backend_t backend,
                       std::unique_ptr<CudaDevice> & out);

    const KernelTable & kernels() const { return *kernels_; }
    KernelStream        stream() const { return stream_; }
    KernelStream        copy_stream() const { return copy_stream_; }

    // To be called by whichever thread works for the engine now: CUDA's current device belongs to the thread.
    Status enter() const { return check(kernels_->use_device(index_), "choosing the device"); }
    // GPU_OOM for memory, GPU_FAULT for anything else, with the operation's name.
    Status check(KernelStatus status, const char * what) const;

    // What our stream is given from here on waits for all that ggml was given so far, and the other way about.
    Status wait_for_ggml() const;
    Status let_ggml_wait() const;
    Status finish() const { return check(kernels_->synchronize(stream_), "waiting for the GPU"); }

    size_t free_bytes() const;
    size_t total_bytes() const;

  private:
    CudaDevice() = default;

    const KernelTable *    kernels_ = nullptr;
    int                    index_   = 0;
    ggml_backend_t         backend_ = nullptr;
    KernelStream           stream_ = nullptr, copy_stream_ = nullptr;
    ggml_backend_event_ptr from_ggml_, to_ggml_;
};

// RAM that the GPU copies from and to while it computes: pages of ours, given to the driver. Asking CUDA for such
// memory takes eight times as long (16.6 GB: 8.5 s against 1.1 on 16 cores), for it writes to every small page from one
// thread.
class PinnedMemory {
  public:
    PinnedMemory() = default;
    ~PinnedMemory();
    PinnedMemory(PinnedMemory && other) noexcept
        : pages_(std::move(other.pages_)), cuda_(std::exchange(other.cuda_, nullptr)) {}
    PinnedMemory & operator=(PinnedMemory && other) noexcept {
        std::swap(pages_, other.pages_);
        std::swap(cuda_, other.cuda_);
        return *this;
    }

    // HOST_OOM when the system has not so many bytes. Where it has them and the driver takes no more (some let it have
    // half of the RAM), pinned() is false: copies are correct and slower then.
    static Status allocate(const CudaDevice & cuda, size_t bytes, PinnedMemory & out);

    uint8_t * data() const { return pages_.data(); }
    size_t    bytes() const { return pages_.bytes(); }
    bool      pinned() const { return cuda_ != nullptr; }

  private:
    HostPages          pages_;
    const CudaDevice * cuda_ = nullptr;  // when the pages are pinned
};

// Heads that every kernel serves: D, and query heads a KV head.
inline bool kernels_serve(int head_dim, int group) {
    return (head_dim == 64 || head_dim == 96 || head_dim == 128 || head_dim == 256) && group <= 16;
}

// The cudaEvent_t inside an event of ggml's CUDA backend.
KernelEvent kernel_event(ggml_backend_event_t event);

}  // namespace rocketdoc
