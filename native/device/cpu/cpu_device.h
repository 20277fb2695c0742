// This machine's CPU: ggml's CPU library that suits it best, with a thread pool of our own.
#pragma once

#include "../device.h"
#include "ggml-cpu.h"
#include "graph_threads.h"

namespace rocketdoc {

class CpuDevice : public Device {
  public:
    static DeviceTraits kind_traits();
    // NATIVE_MISSING with the folder and what was tried when no library loads.
    static Status open(const DeviceOptions & options, std::unique_ptr<CpuDevice> & out);
    ~CpuDevice() override;

    ggml_backend_buffer_type_t packed_buffer_type(const ggml_tensor * weight) const override;
    bool                       multiplies(const ggml_tensor * weight, bool looked_up) const override;

    // To the end of the graph.
    Status compute(ggml_cgraph * graph, const std::atomic<bool> * cancel) override;
    Status compute_by_worker(int worker, ggml_cgraph * graph, const std::atomic<bool> * cancel) override;
    Status copy_rows(const RowsAt & from, const RowsAt & to, int64_t n) override;

    Status                            make_host_memory(size_t bytes, std::unique_ptr<HostMemory> & out) const override;
    std::unique_ptr<TokenRunner>      make_token_runner(const Model & model) override;
    std::unique_ptr<PrefillAttention> make_prefill_attention(const HyperParams & params, int n_threads) const override;
    Status make_layer_stream(KvRows & home, const StreamJob & job, std::unique_ptr<LayerStream> & out) override;
    Status make_expert_stream(const Model & model, std::unique_ptr<ExpertStream> & out) override;
    Status make_compact(const CompactShape & shape, KvRows & rows, std::unique_ptr<CompactOnDevice> & out) override;

    int64_t total_bytes() const override { return 0; }

  protected:
    int64_t free_bytes() const override;

  private:
    explicit CpuDevice(const DeviceTraits & traits) : Device(traits) {}
    Status start(const DeviceOptions & options, ggml_backend_reg_t library);

    using PoolPtr         = std::unique_ptr<struct ggml_threadpool, void (*)(struct ggml_threadpool *)>;
    using CancelOfRunning = std::atomic<const std::atomic<bool> *>;  // null: no graph runs
    // A thread of its caller's.
    struct Worker {
        CancelOfRunning  cancel{nullptr};
        PoolPtr          pool{nullptr, nullptr};
        ggml_backend_ptr backend;  // uses the pool, and goes first
    };
    // Null: ggml could not start it.
    ggml_backend_ptr start_backend(ggml_backend_reg_t library, int n_threads, CancelOfRunning & cancel,
                                   PoolPtr & pool) const;
    static Status    compute_on(ggml_backend_t backend, CancelOfRunning & running, ggml_cgraph * graph,
                                const std::atomic<bool> * cancel);

    PoolPtr pool_{nullptr, nullptr};
    const ggml_type_traits_cpu * (*type_traits_)(enum ggml_type type) = nullptr;
    ggml_backend_set_n_threads_t         set_n_threads_               = nullptr;
    std::unique_ptr<GraphThreads>        graph_threads_;  // null: as many as was asked for, always
    CancelOfRunning                      cancel_{nullptr};
    std::vector<std::unique_ptr<Worker>> workers_;
};

// A tile of reading by each thread of so many: of more, the memory for their tiles would be more than one tile of them
// all takes.
constexpr int MOST_WORKERS = 8;

// Threads that leave a desktop usable: the physical cores when few, one less from eight on.
int default_thread_count();

}  // namespace rocketdoc
