// A GPU of NVIDIA's: ggml's CUDA library with our kernels beside it, a stream of ours beside ggml's, and the events
// that order the two.
#pragma once

#include <memory>
#include <string>

#include "../device.h"
#include "kernel_library.h"

namespace rocketdoc {

class CudaDevice : public Device {
  public:
    static DeviceTraits kind_traits();
    // GPU_NONE with the reason. index: as CUDA counts the devices that it sees.
    static Status open(const DeviceOptions & options, std::unique_ptr<CudaDevice> & out);
    // ggml would start captures of its own inside ours, unless the environment says otherwise. Of prepare_process().
    static void prepare_environment();
    ~CudaDevice() override;

    Status compute(ggml_cgraph * graph, const std::atomic<bool> * cancel) override;
    Status copy_rows(const RowsAt & from, const RowsAt & to, int64_t n) override;
    Status finish() override;
    Status mark_layer(int64_t layer) override;
    Status wait_for_layer(int64_t layer) override;

    Status                            make_host_memory(size_t bytes, std::unique_ptr<HostMemory> & out) const override;
    Status                            check_layers(const HyperParams & params) const override;
    std::unique_ptr<TokenRunner>      make_token_runner(const Model & model) override;
    std::unique_ptr<PrefillAttention> make_prefill_attention(const HyperParams & params, int) const override;
    Status make_layer_stream(KvRows & home, const StreamJob & job, std::unique_ptr<LayerStream> & out) override;
    Status make_expert_stream(const Model & model, std::unique_ptr<ExpertStream> & out) override;
    Status make_compact(const CompactShape & shape, KvRows & rows, std::unique_ptr<CompactOnDevice> & out) override;

    int64_t total_bytes() const override { return int64_t(library_.total_bytes()); }

    // For what computes on this device. Whoever takes the kernels' table is on the device from there on.
    const KernelTable &   kernels() const { return library_.table(); }
    const KernelLibrary & library() const { return library_; }
    KernelStream          stream() const { return stream_; }
    KernelStream          copy_stream() const { return copy_stream_; }
    Status                enter() const { return library_.enter(); }
    Status                check(KernelStatus status, const char * what) const { return library_.check(status, what); }
    // An event of ggml's for work that ggml is given.
    ggml_backend_event_ptr new_ggml_event() const;

    // What our stream is given from here on waits for all that ggml was given so far, and the other way about.
    Status wait_for_ggml() const;
    Status let_ggml_wait() const;
    // copy_rows() on a stream of ours, in its order.
    Status enqueue_rows(const RowsAt & from, const RowsAt & to, int64_t n, KernelStream stream) const;
    // Waits for our stream alone.
    Status finish_stream() const { return check(kernels().synchronize(stream_), "waiting for the GPU"); }

  protected:
    int64_t free_bytes() const override { return int64_t(library_.free_bytes()); }
    Status  try_kernel(void * memory, size_t bytes) override;

  private:
    CudaDevice() : Device(kind_traits()) {}
    Status start(const DeviceOptions & options);

    KernelLibrary          library_;
    KernelStream           stream_ = nullptr, copy_stream_ = nullptr;
    ggml_backend_event_ptr from_ggml_, to_ggml_;
    ggml_backend_event_ptr layer_ends_[2];  // the ends of the last even and the last odd layer
};

// The cudaEvent_t inside an event of ggml's CUDA backend.
KernelEvent kernel_event(ggml_backend_event_t event);

}  // namespace rocketdoc
