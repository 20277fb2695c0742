// The compute device: ggml's CPU library best suited to this machine with a thread pool of our own, or ggml's CUDA
// library with our kernels beside it. Everything that differs between the two stands here, in LayerStream, and in the
// two kinds of compact cache and decode.
#pragma once

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>

#include "../status.h"
#include "cuda/cuda_device.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"

namespace rocketdoc {

struct DeviceOptions {
    std::string cpu_dir;            // folder of libggml-cpu-*.so
    int         n_threads   = 0;    // 0: chosen for the machine
    int         cuda_device = -1;   // below 0: the CPU
    std::string cuda_library{};     // libggml-cuda.so
    std::string kernels_library{};  // librocketdoc_kernels.so
};

// What the memory plan has to know of a device; it may be asked before there is a backend.
struct DeviceTraits {
    bool    cuda           = false;
    int64_t row_step       = 1;  // rows are allocated, and views of them taken, in whole steps of this many
    int64_t available      = 0;  // bytes that can be allocated there
    int64_t host_available = 0;  // and in RAM; on the CPU the same
};

// This machine's CPU and memory.
DeviceTraits host_traits();

// "512 MiB", "1.5 GiB"
std::string bytes_text(int64_t bytes);

class Device {
  public:
    ~Device();

    // CPU: NATIVE_MISSING with the folder and what was tried when no library loads. CUDA: GPU_NONE with the reason.
    static Status open(const DeviceOptions & options, std::unique_ptr<Device> & out);

    // Runs a graph: on the CPU to its end, on CUDA it is enqueued; finish() waits. CANCELLED when `cancel` was or
    // turned true; INTERNAL when ggml reports a failure.
    Status compute(ggml_cgraph * graph, const std::atomic<bool> * cancel);
    Status finish();
    // A small product and a kernel of ours, to the end. Where the card cannot, ggml aborts the process.
    Status try_out();

    ggml_backend_t             handle() const { return backend_.get(); }
    ggml_backend_dev_t         ggml_device() const { return ggml_device_; }
    ggml_backend_buffer_type_t buffer_type() const { return ggml_backend_get_default_buffer_type(backend_.get()); }
    CudaDevice *               cuda() const { return cuda_.get(); }
    int                        n_threads() const { return n_threads_; }
    const std::string &        name() const { return name_; }

    // ggml's CUDA attention reads rows in steps of this many: rows are allocated, and views of them taken, in whole
    // steps.
    int64_t row_step() const { return cuda_ ? 256 : 1; }
    // Out of memory on this device.
    Code oom() const { return cuda_ ? Code::GPU_OOM : Code::HOST_OOM; }
    // Bytes that can be allocated on the device now, and in RAM.
    int64_t available() const;
    int64_t host_available() const;
            operator DeviceTraits() const { return {cuda_ != nullptr, row_step(), available(), host_available()}; }
    // From here on the device has no more than this available, whatever it says: for trying out a memory that is full.
    void limit_available(int64_t bytes) { available_limit_ = bytes; }

    // For measuring: from here on whoever works looks now and then at how much of the GPU's memory is in use. A look
    // asks the driver, so nobody looks unless this was called. On the CPU nothing happens.
    void watch_memory() {
        watching_        = cuda_ != nullptr;
        least_available_ = available();
    }
    void look_at_memory() {
        if (watching_) least_available_ = std::min(least_available_, available());
    }
    // The most that was in use since watch_memory(), of what was free when this backend was opened: CUDA's own context
    // is not in it, what other programs took meanwhile is. 0 on the CPU.
    int64_t peak_bytes() const { return watching_ ? available_at_open_ - least_available_ : 0; }

    // A buffer type that holds `weight` in the CPU's own packed form for matrix products, or null when there is none.
    ggml_backend_buffer_type_t packed_buffer_type(const ggml_tensor * weight) const;

  private:
    Device() = default;
    Status open_cpu(const DeviceOptions & options);
    Status open_cuda(const DeviceOptions & options);

    ggml_backend_ptr            backend_;
    ggml_backend_dev_t          ggml_device_ = nullptr;
    std::unique_ptr<CudaDevice> cuda_;
    struct ggml_threadpool *    pool_                         = nullptr;
    void (*pool_free_)(struct ggml_threadpool *)              = nullptr;
    int                                    n_threads_         = 1;
    int64_t                                available_at_open_ = 0, least_available_ = 0;
    int64_t                                available_limit_ = std::numeric_limits<int64_t>::max();
    bool                                   watching_        = false;
    std::string                            name_;
    std::atomic<const std::atomic<bool> *> cancel_{nullptr};
};

// Threads that leave a desktop usable: the physical cores when few, one less from eight on.
int default_thread_count();

inline int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

}  // namespace rocketdoc
