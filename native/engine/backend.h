// The compute device: ggml's CPU library best suited to this machine, with a thread pool of our own.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "../status.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"

namespace rocketdoc {

class Backend {
  public:
    ~Backend();

    // backend_dir: folder of libggml-cpu-*.so. n_threads 0: chosen for the machine. NATIVE_MISSING with the folder and what
    // was tried when none loads.
    static Status open(const std::string & backend_dir, int n_threads, std::unique_ptr<Backend> & out);

    // Runs a graph to its end. CANCELLED when `cancel` turned true meanwhile; INTERNAL when ggml reports a failure.
    Status compute(ggml_cgraph * graph, const std::atomic<bool> * cancel);

    ggml_backend_t             handle() const { return backend_.get(); }
    ggml_backend_dev_t         device() const { return device_; }
    ggml_backend_buffer_type_t buffer_type() const { return ggml_backend_get_default_buffer_type(backend_.get()); }
    int                        n_threads() const { return n_threads_; }
    const std::string &        name() const { return name_; }

    // A buffer type that holds `weight` in the CPU's own packed form for matrix products, or null when there is none.
    ggml_backend_buffer_type_t packed_buffer_type(const ggml_tensor * weight) const;

  private:
    Backend() = default;

    ggml_backend_ptr      backend_;
    ggml_backend_dev_t    device_     = nullptr;
    struct ggml_threadpool * pool_    = nullptr;
    void (*pool_free_)(struct ggml_threadpool *) = nullptr;
    int                   n_threads_  = 1;
    std::string           name_;
    std::atomic<const std::atomic<bool> *> cancel_{nullptr};
};

// Threads that leave a desktop usable: the physical cores when few, one less from eight on.
int default_thread_count();

}  // namespace rocketdoc
