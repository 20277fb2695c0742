#include "cpu_device.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "../../engine/draft_policy.h"
#include "../../engine/kv_rows.h"
#include "../../open_file.h"
#include "../dynamic_library.h"
#include "../../rocketkv/selector_costs.h"
#include "../../rocketkv/stage1.h"
#include "../host_memory.h"
#include "compact.h"
#include "cpu_clock.h"
#include "ggml-cpu.h"
#include "prefill_attention.h"
#include "token_runner.h"

namespace rocketdoc {
namespace {

namespace fs = std::filesystem;

class CpuSizes : public DeviceSizes {
  public:
    size_t token_runner(const HyperParams & params, int n_threads) const override {
        // A graph for each number of tokens that a pass may have.
        size_t bytes = 0;
        for (int n : DraftPolicy::WIDTHS)
            bytes += size_t(params.n_vocab) * size_t(n) * sizeof(float) + CpuTokenAttention::bytes(params, n_threads);
        return bytes;
    }
    size_t prefill_attention(const HyperParams & params, int64_t, int64_t, int n_threads) const override {
        return CpuPrefillAttention::bytes(params, n_threads);
    }
    size_t layer_stream(const KvShape &, int64_t) const override { return 0; }  // rows are read where they are
    size_t stage1(const HyperParams & p, const RocketOptions & options, const RocketBudgets & budgets, int64_t n_prompt,
                  int n_threads) const override {
        const LayerTraits & layer  = p.full_layer();
        const int           voters = options.grouping == Grouping::query_head ? 1 : int(layer.group());
        const int           window = int(std::min<int64_t>(budgets.window, n_prompt));
        return size_t(n_threads) * stage1_sizes(n_prompt, window, voters, int(layer.head_dim), budgets.kernel).bytes();
    }
    size_t layer_summary(SelectorKind kind, const SelectorShape & shape) const override {
        return selector_stored_bytes(kind, shape);
    }
};

bool is_cpu_library(const fs::path & path) {
    std::string name   = utf8_from_path(path.filename());
    std::string ending = utf8_from_path(path.extension());
    if (name.rfind("lib", 0) == 0) name = name.substr(3);
    return name.rfind("ggml-cpu", 0) == 0 && (ending == ".so" || ending == ".dll" || ending == ".dylib");
}

struct CpuLibrary {
    void *             handle  = nullptr;  // stays open for the life of the process
    ggml_backend_reg_t backend = nullptr;
    std::string        name;
};

// The CPU library whose score for this machine is highest (0: cannot run here). A library built for one level only has
// no score function; it counts as 1. tried: why others did not load.
CpuLibrary load_best(const std::string & dir, std::string & tried) {
    std::vector<fs::path> candidates;
    std::error_code       ec;
    for (const auto & entry : fs::directory_iterator(path_from_utf8(dir), ec)) {
        if (is_cpu_library(entry.path())) candidates.push_back(entry.path());
    }
    std::sort(candidates.begin(), candidates.end());
    int      best_score = 0;
    fs::path best;
    for (const auto & path : candidates) {
        std::string error;
        void *      handle = open_library(utf8_from_path(path), error);
        if (!handle) {
            tried += (tried.empty() ? "" : "; ") + utf8_from_path(path.filename()) + ": " + error;
            continue;
        }
        auto score_of = reinterpret_cast<int (*)()>(find_symbol(handle, "ggml_backend_score"));
        int  score    = score_of ? score_of() : 1;
        if (score > best_score) {
            best_score = score;
            best       = path;
        }
        close_library(handle);
    }
    CpuLibrary out;
    if (best.empty()) return out;
    std::string error;
    out.handle = open_library(utf8_from_path(best), error);
    auto init =
        out.handle ? reinterpret_cast<ggml_backend_reg_t (*)()>(find_symbol(out.handle, "ggml_backend_init")) : nullptr;
    out.name = utf8_from_path(best.stem());
    if (out.name.rfind("lib", 0) == 0) out.name = out.name.substr(3);
    out.backend = init ? init() : nullptr;
    return out;
}

class Pages : public HostMemory {
  public:
    explicit Pages(HostPages pages) : pages_(std::move(pages)) {}
    uint8_t * data() const override { return pages_.data(); }
    size_t    bytes() const override { return pages_.bytes(); }

  private:
    HostPages pages_;
};

int workers_of(int n_threads) { return n_threads <= MOST_WORKERS ? n_threads : 1; }
}  // namespace

int default_thread_count() {
    const int cores = usable_cores();
    return cores >= 8 ? cores - 1 : cores;
}

DeviceTraits CpuDevice::kind_traits() {
    static const CpuSizes sizes;
    DeviceTraits          traits;
    traits.sizes     = &sizes;
    traits.n_threads = default_thread_count();
    traits.n_workers = workers_of(traits.n_threads);
    return traits;
}

Status CpuDevice::open(const DeviceOptions & options, std::unique_ptr<CpuDevice> & out) {
    if (options.index() != 0) return Status::fail(Code::INVALID_ARGUMENT, "There is one CPU: its name is cpu.");
    std::string      tried;
    const CpuLibrary library = load_best(options.cpu_dir, tried);
    if (!library.backend || ggml_backend_reg_dev_count(library.backend) == 0) {
        return Status::fail(Code::NATIVE_MISSING, "No CPU library of ggml that runs on this machine was found in " +
                                                      options.cpu_dir + (tried.empty() ? "." : " (" + tried + ")."));
    }
    DeviceTraits traits = kind_traits();
    if (options.n_threads > 0) traits.n_threads = std::min(options.n_threads, int(GGML_MAX_N_THREADS));
    traits.n_workers = workers_of(traits.n_threads);
    std::unique_ptr<CpuDevice> self(new CpuDevice(traits));
    self->name_        = library.name;
    self->type_traits_ = reinterpret_cast<const ggml_type_traits_cpu * (*) (enum ggml_type)>(
        find_symbol(library.handle, "ggml_get_type_traits_cpu"));
    RETURN_IF_FAILED(self->start(options, library.backend));
    out = std::move(self);
    return Status::good();
}

ggml_backend_ptr CpuDevice::start_backend(ggml_backend_reg_t library, int n_threads, CancelOfRunning & cancel,
                                          PoolPtr & pool) const {
    ggml_backend_ptr backend(ggml_backend_dev_init(ggml_device_, nullptr));
    if (!backend) return backend;
    auto * address = ggml_backend_reg_get_proc_address;
    auto   set_abort =
        reinterpret_cast<ggml_backend_set_abort_callback_t>(address(library, "ggml_backend_set_abort_callback"));
    auto pool_new = reinterpret_cast<struct ggml_threadpool * (*) (struct ggml_threadpool_params *)>(
        address(library, "ggml_threadpool_new"));
    auto set_pool = reinterpret_cast<void (*)(ggml_backend_t, struct ggml_threadpool *)>(
        address(library, "ggml_backend_cpu_set_threadpool"));
    auto pool_free = reinterpret_cast<void (*)(struct ggml_threadpool *)>(address(library, "ggml_threadpool_free"));
    if (set_n_threads_) set_n_threads_(backend.get(), n_threads);
    if (pool_new && set_pool && pool_free) {
        // A desktop shares its cores: threads sleep between graphs instead of spinning.
        struct ggml_threadpool_params params = ggml_threadpool_params_default(n_threads);
        params.poll                          = 0;
        pool                                 = PoolPtr(pool_new(&params), pool_free);
        if (pool) set_pool(backend.get(), pool.get());
    }
    if (set_abort) {
        set_abort(
            backend.get(),
            [](void * data) {
                const std::atomic<bool> * cancel =
                    static_cast<CancelOfRunning *>(data)->load(std::memory_order_relaxed);
                return cancel && cancel->load(std::memory_order_relaxed);
            },
            &cancel);
    }
    return backend;
}

Status CpuDevice::start(const DeviceOptions & options, ggml_backend_reg_t library) {
    ggml_device_   = ggml_backend_reg_dev_get(library, 0);
    set_n_threads_ = reinterpret_cast<ggml_backend_set_n_threads_t>(
        ggml_backend_reg_get_proc_address(library, "ggml_backend_set_n_threads"));
    const Status failed = Status::fail(Code::INTERNAL, "ggml could not start its CPU backend (" + name_ + ").");
    backend_            = start_backend(library, n_threads(), cancel_, pool_);
    if (!backend_) return failed;
    if (set_n_threads_ && options.n_threads == 0) graph_threads_ = std::make_unique<GraphThreads>(n_threads());
    for (int i = 0; i < traits_.n_workers && traits_.n_workers > 1; i++) {
        auto worker     = std::make_unique<Worker>();
        worker->backend = start_backend(library, 1, worker->cancel, worker->pool);
        if (!worker->backend) return failed;
        workers_.push_back(std::move(worker));
    }
    return Status::good();
}

CpuDevice::~CpuDevice() {
    backend_.reset();  // uses the pool
}

Status CpuDevice::compute_on(ggml_backend_t backend, CancelOfRunning & running, ggml_cgraph * graph,
                             const std::atomic<bool> * cancel) {
    if (cancel && cancel->load()) return Status::fail(Code::CANCELLED, "Cancelled.");
    running.store(cancel);
    const ggml_status result = ggml_backend_graph_compute(backend, graph);
    running.store(nullptr);
    switch (result) {
        case GGML_STATUS_SUCCESS: return Status::good();
        case GGML_STATUS_ABORTED: return Status::fail(Code::CANCELLED, "Cancelled.");
        case GGML_STATUS_ALLOC_FAILED:
            return Status::fail(Code::HOST_OOM, "Not enough memory for the work buffer of a layer.");
        default: return Status::fail(Code::INTERNAL, "ggml failed to compute a graph.");
    }
}

Status CpuDevice::compute(ggml_cgraph * graph, const std::atomic<bool> * cancel) {
    if (graph_threads_) set_n_threads_(backend_.get(), graph_threads_->begin(graph));
    RETURN_IF_FAILED(compute_on(backend_.get(), cancel_, graph, cancel));
    if (graph_threads_) graph_threads_->end();
    return Status::good();
}

Status CpuDevice::compute_by_worker(int worker, ggml_cgraph * graph, const std::atomic<bool> * cancel) {
    if (workers_.empty()) return compute(graph, cancel);
    Worker & mine = *workers_[size_t(worker)];
    return compute_on(mine.backend.get(), mine.cancel, graph, cancel);
}

// ggml's answer to supports_op leaves out whether there is a dot product for the type: it would call a null one.
bool CpuDevice::multiplies(const ggml_tensor * weight, bool looked_up) const {
    const ggml_type_traits_cpu * traits = type_traits_ ? type_traits_(weight->type) : nullptr;
    return traits && traits->vec_dot && Device::multiplies(weight, looked_up);
}

ggml_backend_buffer_type_t CpuDevice::packed_buffer_type(const ggml_tensor * weight) const {
    auto get_extra = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(ggml_backend_reg_get_proc_address(
        ggml_backend_dev_backend_reg(ggml_device_), "ggml_backend_dev_get_extra_bufts"));
    if (!get_extra || weight->ne[3] != 1) return nullptr;
    for (ggml_backend_buffer_type_t * type = get_extra(ggml_device_); type && *type; type++) {
        // The device says whether it multiplies by such a tensor; an empty buffer stands in for the real one.
        ggml_init_params        params = {ggml_tensor_overhead() * 5, nullptr, true};
        ggml_context_ptr        ctx(ggml_init(params));
        ggml_tensor *           w = ggml_dup_tensor(ctx.get(), weight);
        ggml_tensor *           y = any_product(ctx.get(), w, 512);
        ggml_backend_buffer_ptr empty(ggml_backend_buft_alloc_buffer(*type, 0));
        w->buffer      = empty.get();
        bool supported = empty && ggml_backend_dev_supports_op(ggml_device_, y);
        w->buffer      = nullptr;
        if (supported) return *type;
    }
    return nullptr;
}

Status CpuDevice::make_host_memory(size_t bytes, std::unique_ptr<HostMemory> & out) const {
    HostPages pages;
    if (!HostPages::allocate(bytes, pages))
        return Status::fail(Code::HOST_OOM, "The system has no " + bytes_text(int64_t(bytes)) + " of memory left.");
    out = std::make_unique<Pages>(std::move(pages));
    return Status::good();
}

std::unique_ptr<TokenRunner> CpuDevice::make_token_runner(const Model & model) {
    return std::make_unique<CpuTokenRunner>(model, *this);
}

std::unique_ptr<PrefillAttention> CpuDevice::make_prefill_attention(const HyperParams & params, int n_threads) const {
    return std::make_unique<CpuPrefillAttention>(params, n_threads);
}

Status CpuDevice::copy_rows(const RowsAt & from, const RowsAt & to, int64_t n) {
    copy_host_rows(from, to, n);
    return Status::good();
}

Status CpuDevice::make_layer_stream(KvRows & home, const StreamJob & job, std::unique_ptr<LayerStream> & out) {
    return rows_in_place(home, *this, job, out);
}

Status CpuDevice::make_expert_stream(const Model &, std::unique_ptr<ExpertStream> & out) {
    out = nullptr;
    return Status::good();
}

Status CpuDevice::make_compact(const CompactShape & shape, KvRows & rows, std::unique_ptr<CompactOnDevice> & out) {
    out = std::make_unique<CpuCompact>(shape, rows, *this);
    return Status::good();
}

int64_t CpuDevice::free_bytes() const { return host_memory_available(); }

}  // namespace rocketdoc
