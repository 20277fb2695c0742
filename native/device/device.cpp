#include "device.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

#include "dynamic_library.h"
#include "host_memory.h"

namespace rocketdoc {
namespace {

namespace fs = std::filesystem;

bool is_cpu_library(const fs::path & path) {
    std::string name   = path.filename().string();
    std::string ending = path.extension().string();
    if (name.rfind("lib", 0) == 0) name = name.substr(3);
    return name.rfind("ggml-cpu", 0) == 0 && (ending == ".so" || ending == ".dll" || ending == ".dylib");
}

// The registry of the CPU library whose score for this machine is highest (0: cannot run here). A library built for one
// level only has no score function; it counts as 1.
ggml_backend_reg_t load_best_cpu(const std::string & dir, std::string & chosen, std::string & tried) {
    std::vector<fs::path> candidates;
    std::error_code       ec;
    for (const auto & entry : fs::directory_iterator(dir, ec)) {
        if (is_cpu_library(entry.path())) candidates.push_back(entry.path());
    }
    std::sort(candidates.begin(), candidates.end());
    int      best_score = 0;
    fs::path best;
    for (const auto & path : candidates) {
        std::string error;
        void *      handle = open_library(path.string(), error);
        if (!handle) {
            tried += (tried.empty() ? "" : "; ") + path.filename().string() + ": " + error;
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
    if (best.empty()) return nullptr;
    std::string error;
    void *      handle = open_library(best.string(), error);  // stays open for the life of the process
    auto init = handle ? reinterpret_cast<ggml_backend_reg_t (*)()>(find_symbol(handle, "ggml_backend_init")) : nullptr;
    chosen    = best.stem().string();
    if (chosen.rfind("lib", 0) == 0) chosen = chosen.substr(3);
    return init ? init() : nullptr;
}

}  // namespace

int default_thread_count() {
    int cores = int(std::max(1u, std::thread::hardware_concurrency()));
    return cores >= 8 ? cores - 1 : cores;
}

Status Device::open(const DeviceOptions & options, std::unique_ptr<Device> & out) {
    std::unique_ptr<Device> self(new Device);
    RETURN_IF_FAILED(options.cuda_device < 0 ? self->open_cpu(options) : self->open_cuda(options));
    out = std::move(self);
    return Status::good();
}

Status Device::open_cpu(const DeviceOptions & options) {
    std::string        chosen, tried;
    ggml_backend_reg_t reg = load_best_cpu(options.cpu_dir, chosen, tried);
    if (!reg || ggml_backend_reg_dev_count(reg) == 0) {
        return Status::fail(Code::NATIVE_MISSING, "No CPU library of ggml that runs on this machine was found in " +
                                                      options.cpu_dir + (tried.empty() ? "." : " (" + tried + ").") +
                                                      " Run npm ci again.");
    }
    ggml_device_ = ggml_backend_reg_dev_get(reg, 0);
    backend_.reset(ggml_backend_dev_init(ggml_device_, nullptr));
    if (!backend_) return Status::fail(Code::INTERNAL, "ggml could not start its CPU backend (" + chosen + ").");
    name_      = chosen;
    n_threads_ = options.n_threads > 0 ? std::min(options.n_threads, int(GGML_MAX_N_THREADS)) : default_thread_count();

    auto * address       = ggml_backend_reg_get_proc_address;
    auto   set_n_threads = reinterpret_cast<ggml_backend_set_n_threads_t>(address(reg, "ggml_backend_set_n_threads"));
    auto   set_abort =
        reinterpret_cast<ggml_backend_set_abort_callback_t>(address(reg, "ggml_backend_set_abort_callback"));
    auto pool_new = reinterpret_cast<struct ggml_threadpool * (*) (struct ggml_threadpool_params *)>(
        address(reg, "ggml_threadpool_new"));
    auto set_pool = reinterpret_cast<void (*)(ggml_backend_t, struct ggml_threadpool *)>(
        address(reg, "ggml_backend_cpu_set_threadpool"));
    pool_free_ = reinterpret_cast<void (*)(struct ggml_threadpool *)>(address(reg, "ggml_threadpool_free"));
    if (set_n_threads) set_n_threads(backend_.get(), n_threads_);
    if (pool_new && set_pool && pool_free_) {
        // A desktop shares its cores: threads sleep between graphs instead of spinning.
        struct ggml_threadpool_params params = ggml_threadpool_params_default(n_threads_);
        params.poll                          = 0;
        pool_                                = pool_new(&params);
        if (pool_) set_pool(backend_.get(), pool_);
    }
    if (set_abort) {
        set_abort(
            backend_.get(),
            [](void * data) {
                const std::atomic<bool> * cancel = static_cast<Device *>(data)->cancel_.load(std::memory_order_relaxed);
                return cancel && cancel->load(std::memory_order_relaxed);
            },
            this);
    }
    return Status::good();
}

Status Device::open_cuda(const DeviceOptions & options) {
    // ggml would start a capture of its own inside ours; read once, when its library loads.
#ifdef _WIN32
    _putenv_s("GGML_CUDA_DISABLE_GRAPHS", "1");
#else
    setenv("GGML_CUDA_DISABLE_GRAPHS", "1", 1);
#endif
    std::string error;
    void *      library = open_library(options.cuda_library, error);
    auto        init =
        library ? reinterpret_cast<ggml_backend_reg_t (*)()>(find_symbol(library, "ggml_backend_init")) : nullptr;
    if (!init)
        return Status::fail(Code::GPU_NONE,
                            "ggml's CUDA library does not load (" + (library ? "not a backend" : error) + ").");
    ggml_backend_reg_t reg   = init();
    const size_t       count = reg ? ggml_backend_reg_dev_count(reg) : 0;
    if (size_t(options.cuda_device) >= count) {
        return Status::fail(Code::GPU_NONE, "There is no CUDA device " + std::to_string(options.cuda_device) + "; " +
                                                std::to_string(count) + " are seen.");
    }
    ggml_device_ = ggml_backend_reg_dev_get(reg, size_t(options.cuda_device));
    backend_.reset(ggml_backend_dev_init(ggml_device_, nullptr));
    if (!backend_)
        return Status::fail(Code::GPU_NONE,
                            "ggml could not start CUDA device " + std::to_string(options.cuda_device) + ".");
    RETURN_IF_FAILED(
        CudaDevice::open(options.kernels_library, options.cuda_device, ggml_device_, backend_.get(), cuda_));
    name_      = "cuda:" + std::to_string(options.cuda_device) + " " + ggml_backend_dev_description(ggml_device_);
    n_threads_ = 1;
    available_at_open_ = available();
    return Status::good();
}

Device::~Device() {
    cuda_.reset();
    backend_.reset();  // uses the pool
    if (pool_) pool_free_(pool_);
}

Status Device::compute(ggml_cgraph * graph, const std::atomic<bool> * cancel) {
    if (cancel && cancel->load()) return Status::fail(Code::CANCELLED, "Cancelled.");
    cancel_.store(cancel);
    ggml_status result = cuda_ ? ggml_backend_graph_compute_async(backend_.get(), graph)
                               : ggml_backend_graph_compute(backend_.get(), graph);
    cancel_.store(nullptr);
    switch (result) {
        case GGML_STATUS_SUCCESS: return Status::good();
        case GGML_STATUS_ABORTED: return Status::fail(Code::CANCELLED, "Cancelled.");
        case GGML_STATUS_ALLOC_FAILED:
            return Status::fail(Code::HOST_OOM, "Not enough memory for the work buffer of a layer.");
        default: return Status::fail(Code::INTERNAL, "ggml failed to compute a graph.");
    }
}

Status Device::finish() {
    if (!cuda_) return Status::good();
    ggml_backend_synchronize(backend_.get());
    return cuda_->finish();
}

Status Device::try_out() {
    constexpr int64_t SIZE   = 64;
    ggml_init_params  params = {ggml_tensor_overhead() * 8 + ggml_graph_overhead(), nullptr, true};
    ggml_context_ptr  ctx(ggml_init(params));
    ggml_tensor *     a     = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, SIZE, SIZE);
    ggml_tensor *     out   = ggml_mul_mat(ctx.get(), a, a);
    ggml_cgraph *     graph = ggml_new_graph(ctx.get());
    ggml_build_forward_expand(graph, out);
    ggml_backend_buffer_ptr buffer(ggml_backend_alloc_ctx_tensors_from_buft(ctx.get(), buffer_type()));
    if (!buffer) return Status::fail(oom(), "Not even a small matrix fits into the device's memory.");
    const std::vector<float> ones(SIZE * SIZE, 1.0f);
    ggml_backend_tensor_set(a, ones.data(), 0, ggml_nbytes(a));
    RETURN_IF_FAILED(compute(graph, nullptr));
    if (cuda_)
        RETURN_IF_FAILED(
            cuda_->check(cuda_->kernels().fill(a->data, 0, ggml_nbytes(a), cuda_->stream()), "trying the GPU"));
    RETURN_IF_FAILED(finish());
    float product = 0;
    ggml_backend_tensor_get(out, &product, 0, sizeof(product));
    return product == float(SIZE) ? Status::good() : Status::fail(Code::GPU_FAULT, "The GPU multiplies wrongly.");
}

DeviceTraits host_traits() {
    const int64_t available = host_memory_available();
    return {false, 1, available, available};
}

std::string bytes_text(int64_t bytes) {
    char         text[32];
    const double mib = double(bytes) / (1 << 20);
    if (mib >= 1024) std::snprintf(text, sizeof(text), "%.1f GiB", mib / 1024);
    else std::snprintf(text, sizeof(text), "%.0f MiB", mib);
    return text;
}

int64_t Device::available() const {
    return std::min(available_limit_, cuda_ ? int64_t(cuda_->free_bytes()) : host_memory_available());
}

int64_t Device::host_available() const { return cuda_ ? host_memory_available() : available(); }

ggml_backend_buffer_type_t Device::packed_buffer_type(const ggml_tensor * weight) const {
    if (cuda_) return nullptr;
    auto get_extra = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(ggml_backend_reg_get_proc_address(
        ggml_backend_dev_backend_reg(ggml_device_), "ggml_backend_dev_get_extra_bufts"));
    if (!get_extra || weight->ne[2] != 1 || weight->ne[3] != 1) return nullptr;
    for (ggml_backend_buffer_type_t * type = get_extra(ggml_device_); type && *type; type++) {
        // The device says whether it multiplies by such a tensor; an empty buffer stands in for the real one.
        ggml_init_params        params = {ggml_tensor_overhead() * 4, nullptr, true};
        ggml_context_ptr        ctx(ggml_init(params));
        ggml_tensor *           w = ggml_new_tensor_2d(ctx.get(), weight->type, weight->ne[0], weight->ne[1]);
        ggml_tensor *           x = ggml_new_tensor_2d(ctx.get(), GGML_TYPE_F32, weight->ne[0], 512);
        ggml_tensor *           y = ggml_mul_mat(ctx.get(), w, x);
        ggml_backend_buffer_ptr empty(ggml_backend_buft_alloc_buffer(*type, 0));
        w->buffer      = empty.get();
        bool supported = empty && ggml_backend_dev_supports_op(ggml_device_, y);
        w->buffer      = nullptr;
        if (supported) return *type;
    }
    return nullptr;
}

}  // namespace rocketdoc
