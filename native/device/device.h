// What computes, and what the engine may know of it: memory, copies, the order of work, its traits, and what it makes
// for a model. One folder a kind of device implements this; the engine includes this header and no folder's.
#pragma once

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "../rocketkv/method.h"
#include "../rocketkv/params.h"
#include "../rocketkv/selector_shape.h"
#include "../status.h"
#include "ggml-backend.h"
#include "ggml-cpp.h"
#include "compact.h"
#include "expert_stream.h"
#include "layer_stream.h"
#include "prefill_attention.h"
#include "token_runner.h"

namespace rocketdoc {

struct HyperParams;
struct KvShape;

struct DeviceOptions {
    std::string cpu_dir;            // folder of libggml-cpu-*.so
    int         n_threads = 0;      // of the CPU; 0: chosen for the machine, and fewer while others use it
    std::string name      = "cpu";  // or "cuda:0", "cuda:1", ...
    std::string library{};          // ggml's library of a GPU
    std::string kernels_library{};  // and ours

    // "cuda:1" -> "cuda" and 1; without a number the first of its kind; index below 0: no number.
    std::string kind() const { return name.substr(0, name.find(':')); }
    int         index() const;
};

// Bytes that a kind of device takes for a model. Known before there is a device, so that a plan can be refused before
// anything is allocated.
class DeviceSizes {
  public:
    virtual ~DeviceSizes() = default;
    // TokenRunner: what the graphs of a token share, where n_threads of the CPU compute them.
    virtual size_t token_runner(const HyperParams & params, int n_threads) const = 0;
    // And what it takes beside that where a token reads all of n_rows rows.
    virtual size_t dense_attention(const KvShape & /*rows*/, int64_t /*n_rows*/) const { return 0; }
    // PrefillAttention, where n_threads of the CPU compute it.
    virtual size_t prefill_attention(const HyperParams & params, int64_t n_rows, int64_t tile, int n_threads) const = 0;
    // LayerStream over rows that lie in RAM; window_buffer_bytes() are those of a stream over rows that lie on the
    // device.
    virtual size_t layer_stream(const KvShape & shape, int64_t n_rows) const = 0;
    // Stage 1 over a history of n_prompt rows, by n_threads threads of the CPU where the CPU computes it.
    virtual size_t stage1(const HyperParams & params, const RocketOptions & options, const RocketBudgets & budgets,
                          int64_t n_prompt, int n_threads) const = 0;
    // What a layer that selects keeps beside its rows.
    virtual size_t layer_summary(SelectorKind kind, const SelectorShape & shape) const = 0;
    // GPU_UNSUPPORTED or INVALID_ARGUMENT, with what to do, where the kind of device makes no such compact cache.
    virtual Status check_compact(const CompactShape &) const { return Status::good(); }
};

struct DeviceTraits {
    const DeviceSizes * sizes           = nullptr;
    bool                own_memory      = false;  // apart from RAM: a GPU's
    int64_t             row_step        = 1;      // rows are allocated, and views of them taken, in steps of this many
    int64_t             reading_segment = 1024;   // tokens of a segment that suit it
    int                 n_threads       = 1;      // of the CPU that compute for it, at the most
    int                 n_workers       = 1;  // graphs that it can compute at once, each by a thread of its caller's
    int64_t             available       = 0;  // bytes that can be allocated there
    int64_t             host_available  = 0;  // and in RAM; without memory of its own the same
};

// Of a kind of device ("cpu", "cuda"), with nothing available: no memory is asked. Of an unknown kind the CPU's.
DeviceTraits traits_of(const std::string & kind);

// Matrix products of a token.
struct TokenProducts {
    int64_t all = 0, ours = 0;  // ours: done by kernels of ours, the others by ggml's
};
// On a GPU, whether there is one here or not, of a model whose header is open.
TokenProducts gpu_token_products(const Model & model);
// This machine's CPU and memory.
DeviceTraits host_traits();

// Rows of every head of a tensor [head_dim, capacity, n_head], from `row` on.
struct RowsAt {
    ggml_tensor * rows = nullptr;
    int64_t       row  = 0;
};

// Device::copy_rows, where both lie in RAM.
void copy_host_rows(const RowsAt & from, const RowsAt & to, int64_t n);

// RAM that the device copies from and to.
class HostMemory {
  public:
    virtual ~HostMemory()           = default;
    virtual uint8_t * data() const  = 0;
    virtual size_t    bytes() const = 0;
};

// To be called by the thread that loads the module, before another thread works: sets what GPU libraries read from the
// environment, and has ggml's errors reach stderr. Opening a GPU without it is INTERNAL.
void prepare_process();

class Device {
  public:
    // GPU_NONE or NATIVE_MISSING with the reason; INVALID_ARGUMENT for a name that no kind of device has.
    static Status open(const DeviceOptions & options, std::unique_ptr<Device> & out);
    virtual ~Device() = default;

    // For a person: the library of the CPU, or a GPU's name.
    const std::string & name() const { return name_; }
    // Of its kind; what is available is not asked.
    const DeviceTraits & traits() const { return traits_; }
    // With what is available now.
    DeviceTraits               traits_now() const;
                               operator DeviceTraits() const { return traits_now(); }
    Code                       oom() const { return traits_.own_memory ? Code::GPU_OOM : Code::HOST_OOM; }
    int                        n_threads() const { return traits_.n_threads; }
    ggml_backend_t             handle() const { return backend_.get(); }
    ggml_backend_buffer_type_t buffer_type() const { return ggml_backend_get_default_buffer_type(backend_.get()); }

    // A buffer type that holds `weight` in the device's own packed form for products, or null when there is none.
    virtual ggml_backend_buffer_type_t packed_buffer_type(const ggml_tensor *) const { return nullptr; }
    // Whether it multiplies by such weights, and looks up their rows when `looked_up`.
    virtual bool multiplies(const ggml_tensor * weight, bool looked_up) const;
    // GPU_UNSUPPORTED, with what to do, where it does not compute layers such as these, in whatever mode.
    virtual Status check_layers(const HyperParams &) const { return Status::good(); }

    // Runs a graph, or enqueues it where work is enqueued; finish() waits. CANCELLED when `cancel` was or turned true;
    // INTERNAL when ggml reports a failure.
    virtual Status compute(ggml_cgraph * graph, const std::atomic<bool> * cancel) = 0;
    virtual Status finish() { return Status::good(); }
    // The same on the calling thread alone, as worker 0 .. traits().n_workers - 1; one graph of a worker at a time.
    virtual Status compute_by_worker(int, ggml_cgraph * graph, const std::atomic<bool> * cancel) {
        return compute(graph, cancel);
    }
    // n rows of each head, of one type and one number of heads; in the order of compute(). They do not overlap.
    virtual Status copy_rows(const RowsAt & from, const RowsAt & to, int64_t n) = 0;
    // Keeps who gives work close to the device: marks the end of a layer's work, and waits for such a mark. Two marks
    // are held, of even and of odd layers.
    virtual Status mark_layer(int64_t) { return Status::good(); }
    virtual Status wait_for_layer(int64_t) { return Status::good(); }
    // A small product and a kernel of ours, to the end. Where the card cannot, ggml aborts the process.
    Status try_out();

    virtual Status                       make_host_memory(size_t bytes, std::unique_ptr<HostMemory> & out) const = 0;
    virtual std::unique_ptr<TokenRunner> make_token_runner(const Model & model)                                  = 0;
    // For graphs that this many of its threads compute.
    virtual std::unique_ptr<PrefillAttention> make_prefill_attention(const HyperParams & params,
                                                                     int                 n_threads) const      = 0;
    virtual Status make_layer_stream(KvRows & home, const StreamJob & job, std::unique_ptr<LayerStream> & out) = 0;
    // Null where no experts lie apart from the device.
    virtual Status make_expert_stream(const Model & model, std::unique_ptr<ExpertStream> & out) = 0;
    // The device's side of a compact cache whose rows are `rows`, which outlive it.
    virtual Status make_compact(const CompactShape & shape, KvRows & rows, std::unique_ptr<CompactOnDevice> & out) = 0;

    // Bytes that can be allocated on the device now, and in RAM.
    int64_t         available() const { return std::min(available_limit_.load(), free_bytes()); }
    int64_t         host_available() const;
    virtual int64_t total_bytes() const = 0;
    // From here on the device has no more than this available, whatever it says: for trying out a memory that is full.
    void limit_available(int64_t bytes) { available_limit_ = bytes; }

    // For measuring: from here on whoever works looks now and then at how much memory of the device's own is in use. A
    // look asks the driver, so nobody looks unless this was called. Without memory of its own nothing happens.
    void watch_memory() {
        watching_        = traits_.own_memory;
        least_available_ = available();
    }
    void look_at_memory() {
        if (watching_) least_available_ = std::min(least_available_.load(), available());
    }
    // The most that was in use since watch_memory(), of what was free when the device was opened: the driver's own
    // context is not in it, what other programs took meanwhile is. 0 without memory of its own.
    int64_t peak_bytes() const { return watching_ ? available_at_open_ - least_available_ : 0; }

  protected:
    explicit Device(const DeviceTraits & traits) : traits_(traits) {}
    virtual int64_t free_bytes() const = 0;
    // The product of a weight, a matrix or one for each expert, and n tokens: to ask ggml whether it computes it.
    static ggml_tensor * any_product(ggml_context * ctx, ggml_tensor * weight, int64_t n);
    // Of try_out(): a kernel of ours on this memory.
    virtual Status try_kernel(void *, size_t) { return Status::good(); }

    const DeviceTraits traits_;
    ggml_backend_dev_t ggml_device_ = nullptr;
    ggml_backend_ptr   backend_;
    std::string        name_;
    int64_t            available_at_open_ = 0;

  private:
    // Set and asked by one thread while another computes.
    std::atomic<int64_t> available_limit_{std::numeric_limits<int64_t>::max()}, least_available_{0};
    std::atomic<bool>    watching_{false};
};

// The device of each layer, [n_layer].
using LayerDevices = std::vector<Device *>;

// "512 MiB", "1.5 GiB"
std::string bytes_text(int64_t bytes);

inline int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

}  // namespace rocketdoc
