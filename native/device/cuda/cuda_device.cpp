#include "cuda_device.h"

#include <cstdlib>

#include "../../engine/kv_rows.h"
#include "../../graph/ggml_inside.h"
#include "../dynamic_library.h"
#include "compact.h"
#include "expert_stream.h"
#include "layer_stream.h"
#include "pinned_memory.h"
#include "prefill_attention.h"
#include "selector.h"
#include "stage1.h"
#include "token_runner.h"

namespace rocketdoc {
namespace {

constexpr char NO_CAPTURES[] = "GGML_CUDA_DISABLE_GRAPHS";  // read once, when ggml's library loads

constexpr int64_t ROW_STEP = 256;  // ggml's CUDA attention reads rows in steps of this many

// What ggml's kernels are compiled for: of anything else they end the process.
bool ggml_computes(const Recurrence & r) {
    const auto one_of = [](int64_t n, std::initializer_list<int64_t> list) {
        return std::find(list.begin(), list.end(), n) != list.end();
    };
    return one_of(r.taps, {3, 4, 5, 9, 15}) && r.channels % 128 == 0 &&
           (r.heads == 0 || one_of(r.head_dim, {16, 32, 64, 128}));
}

class CudaSizes : public DeviceSizes {
  public:
    size_t token_runner(const HyperParams & params, int) const override {
        return CudaTokenRunner::device_bytes(params);
    }
    size_t dense_attention(const KvShape & rows, int64_t n_rows) const override {
        return CudaTokenRunner::dense_bytes(rows, round_up(n_rows, ROW_STEP));
    }
    size_t prefill_attention(const HyperParams & params, int64_t n_rows, int64_t tile, int) const override {
        return CudaPrefillAttention::bytes(params, CudaDevice::kind_traits(), n_rows, tile);
    }
    size_t layer_stream(const KvShape & shape, int64_t n_rows) const override {
        return CudaLayerStream::bytes(shape, round_up(n_rows, ROW_STEP));
    }
    size_t stage1(const HyperParams & params, const RocketOptions & options, const RocketBudgets & budgets,
                  int64_t n_prompt, int) const override {
        const LayerTraits & layer = params.full_layer();
        const int64_t       heads = options.grouping == Grouping::query_head ? layer.n_head : layer.n_head_kv;
        return CudaStage1::bytes(params.n_layer, int(heads), n_prompt, std::min(budgets.prompt_budget, n_prompt));
    }
    size_t layer_summary(SelectorKind kind, const SelectorShape & shape) const override {
        return summary_bytes_on_gpu(kind, shape, round_up(shape.capacity, ROW_STEP));
    }
    Status check_compact(const CompactShape & shape) const override { return CudaCompact::check(shape); }
};

}  // namespace

KernelEvent kernel_event(ggml_backend_event_t event) { return static_cast<KernelEvent>(event_of(event)); }

DeviceTraits CudaDevice::kind_traits() {
    static const CudaSizes sizes;
    DeviceTraits           traits;
    traits.sizes           = &sizes;
    traits.own_memory      = true;
    traits.row_step        = ROW_STEP;
    traits.reading_segment = 8192;
    return traits;
}

// Changing the environment while another thread reads it is undefined: so it is not done when a device is opened.
void CudaDevice::prepare_environment() {
#ifdef _WIN32
    _putenv_s(NO_CAPTURES, "1");
#else
    setenv(NO_CAPTURES, "1", 1);
#endif
}

Status CudaDevice::open(const DeviceOptions & options, std::unique_ptr<CudaDevice> & out) {
    std::unique_ptr<CudaDevice> self(new CudaDevice);
    RETURN_IF_FAILED(self->start(options));
    out = std::move(self);
    return Status::good();
}

Status CudaDevice::start(const DeviceOptions & options) {
    const int    index       = options.index();
    const char * no_captures = std::getenv(NO_CAPTURES);
    if (!no_captures || std::string(no_captures) != "1")
        return Status::fail(Code::INTERNAL, std::string(NO_CAPTURES) + " is not set; prepare_process() sets it.");
    std::string error;
    void *      library = open_library(options.library, error);
    auto        init =
        library ? reinterpret_cast<ggml_backend_reg_t (*)()>(find_symbol(library, "ggml_backend_init")) : nullptr;
    if (!init)
        return Status::fail(Code::GPU_NONE,
                            "ggml's CUDA library does not load (" + (library ? "not a backend" : error) + ").");
    ggml_backend_reg_t reg   = init();
    const size_t       count = reg ? ggml_backend_reg_dev_count(reg) : 0;
    if (size_t(index) >= count) {
        return Status::fail(Code::GPU_NONE, "There is no CUDA device " + std::to_string(index) + "; " +
                                                std::to_string(count) + " are seen.");
    }
    ggml_device_ = ggml_backend_reg_dev_get(reg, size_t(index));
    backend_.reset(ggml_backend_dev_init(ggml_device_, nullptr));
    if (!backend_)
        return Status::fail(Code::GPU_NONE, "ggml could not start CUDA device " + std::to_string(index) + ".");
    name_ = "cuda:" + std::to_string(index) + " " + ggml_backend_dev_description(ggml_device_);

    RETURN_IF_FAILED(KernelLibrary::load(options.kernels_library, index, library_));
    RETURN_IF_FAILED(enter());
    RETURN_IF_FAILED(check(kernels().create_stream(stream_), "making a stream"));
    RETURN_IF_FAILED(check(kernels().create_stream(copy_stream_), "making a stream"));
    for (ggml_backend_event_ptr * event : {&from_ggml_, &to_ggml_, &layer_ends_[0], &layer_ends_[1]}) {
        *event = new_ggml_event();
        if (!*event) return Status::fail(Code::GPU_FAULT, "The CUDA backend gives no events.");
    }
    return Status::good();
}

CudaDevice::~CudaDevice() {
    if (stream_) kernels().destroy_stream(stream_);
    if (copy_stream_) kernels().destroy_stream(copy_stream_);
}

ggml_backend_event_ptr CudaDevice::new_ggml_event() const {
    return ggml_backend_event_ptr(ggml_backend_event_new(ggml_device_));
}

Status CudaDevice::compute(ggml_cgraph * graph, const std::atomic<bool> * cancel) {
    if (cancel && cancel->load()) return Status::fail(Code::CANCELLED, "Cancelled.");
    RETURN_IF_FAILED(enter());
    return ggml_backend_graph_compute_async(backend_.get(), graph) == GGML_STATUS_SUCCESS
               ? Status::good()
               : Status::fail(Code::INTERNAL, "ggml failed to compute a graph.");
}

Status CudaDevice::finish() {
    RETURN_IF_FAILED(enter());
    ggml_backend_synchronize(backend_.get());
    return finish_stream();
}

Status CudaDevice::mark_layer(int64_t layer) {
    RETURN_IF_FAILED(enter());
    ggml_backend_event_record(layer_ends_[layer % 2].get(), backend_.get());
    return Status::good();
}

Status CudaDevice::wait_for_layer(int64_t layer) {
    RETURN_IF_FAILED(enter());
    ggml_backend_event_synchronize(layer_ends_[layer % 2].get());
    return Status::good();
}

Status CudaDevice::wait_for_ggml() const {
    RETURN_IF_FAILED(enter());
    ggml_backend_event_record(from_ggml_.get(), backend_.get());
    return check(kernels().wait_event(stream_, kernel_event(from_ggml_.get())), "ordering the streams");
}

Status CudaDevice::let_ggml_wait() const {
    RETURN_IF_FAILED(check(kernels().record_event(kernel_event(to_ggml_.get()), stream_), "ordering the streams"));
    ggml_backend_event_wait(backend_.get(), to_ggml_.get());
    return Status::good();
}

Status CudaDevice::try_kernel(void * memory, size_t bytes) {
    return check(kernels().fill(memory, 0, bytes, stream_), "trying the GPU");
}

Status CudaDevice::make_host_memory(size_t bytes, std::unique_ptr<HostMemory> & out) const {
    auto memory = std::make_unique<PinnedMemory>();
    RETURN_IF_FAILED(PinnedMemory::allocate(library_, bytes, *memory));
    out = std::move(memory);
    return Status::good();
}

Status CudaDevice::check_layers(const HyperParams & params) const {
    for (const LayerTraits & layer : params.layers) {
        if (!layer.is_recurrent() || ggml_computes(layer.recurrence)) continue;
        return Status::fail(Code::GPU_UNSUPPORTED, "This model has recurrent layers of sizes that " + name() +
                                                       " has no kernels for (a convolution of " +
                                                       std::to_string(layer.recurrence.taps) + " tokens over " +
                                                       std::to_string(layer.recurrence.channels) +
                                                       " channels). Choose the CPU for it.");
    }
    RETURN_IF_FAILED(CudaTokenRunner::check_layers(params));
    return CudaPrefillAttention::check_heads(params, *this);
}

std::unique_ptr<TokenRunner> CudaDevice::make_token_runner(const Model & model) {
    return std::make_unique<CudaTokenRunner>(model, *this);
}

Status CudaDevice::copy_rows(const RowsAt & from, const RowsAt & to, int64_t n) {
    if (n < 1) return Status::good();
    if (ggml_backend_buffer_is_host(from.rows->buffer) && ggml_backend_buffer_is_host(to.rows->buffer)) {
        copy_host_rows(from, to, n);
        return Status::good();
    }
    RETURN_IF_FAILED(wait_for_ggml());
    RETURN_IF_FAILED(enqueue_rows(from, to, n, stream_));
    return let_ggml_wait();
}

Status CudaDevice::enqueue_rows(const RowsAt & from, const RowsAt & to, int64_t n, KernelStream stream) const {
    const auto at = [](const RowsAt & place) {
        return static_cast<uint8_t *>(place.rows->data) + size_t(place.row) * place.rows->nb[1];
    };
    return check(kernels().copy_strided({at(to), to.rows->nb[2], at(from), from.rows->nb[2],
                                         size_t(n) * from.rows->nb[1], size_t(from.rows->ne[2])},
                                        stream),
                 "moving rows");
}

std::unique_ptr<PrefillAttention> CudaDevice::make_prefill_attention(const HyperParams & params, int) const {
    return std::make_unique<CudaPrefillAttention>(params, *this);
}

Status CudaDevice::make_layer_stream(KvRows & home, const StreamJob & job, std::unique_ptr<LayerStream> & out) {
    return home.on_device() ? rows_in_place(home, *this, job, out) : CudaLayerStream::create(*this, home, job, out);
}

Status CudaDevice::make_expert_stream(const Model & model, std::unique_ptr<ExpertStream> & out) {
    out = nullptr;
    return model.ram_device() ? CudaExpertStream::create(*this, model, out) : Status::good();
}

Status CudaDevice::make_compact(const CompactShape & shape, KvRows & rows, std::unique_ptr<CompactOnDevice> & out) {
    return CudaCompact::make(shape, rows, *this, out);
}

}  // namespace rocketdoc
