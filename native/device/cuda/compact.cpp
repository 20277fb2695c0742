#include "compact.h"

#include <algorithm>
#include <string>

#include "selector.h"
#include "stage1.h"

namespace rocketdoc {

Status CudaCompact::check(const CompactShape & shape) {
    if (shape.pooling == Pooling::random)
        return Status::fail(Code::INVALID_ARGUMENT, "Random rows are a control that runs on the CPU: choose the CPU.");
    for (size_t layer = 0; layer < shape.heads.size(); layer++) {
        const CacheHeads & heads = shape.heads[layer];
        if (shape.rows_of[layer] < 0 || kernels_serve_head(heads.dim, heads.group)) continue;
        return Status::fail(Code::GPU_UNSUPPORTED,
                            "The GPU kernels serve heads of " + kernel_head_dims() + " channels and up to " +
                                std::to_string(KERNEL_MAX_GROUP) + " query heads a KV head; this model has " +
                                std::to_string(heads.dim) + " and " + std::to_string(heads.group) +
                                ". Mode full is computed there, the others on the CPU.");
    }
    return Status::good();
}

Status CudaCompact::make(const CompactShape & shape, KvRows & rows, CudaDevice & cuda,
                         std::unique_ptr<CompactOnDevice> & out) {
    RETURN_IF_FAILED(check(shape));
    std::unique_ptr<CudaCompact> self(new CudaCompact(shape, rows, cuda));
    RETURN_IF_FAILED(self->reserve());
    out = std::move(self);
    return Status::good();
}

Status CudaCompact::reserve() {
    CudaDevice & cuda = layers_.cuda;
    for (size_t layer = 0; layer < shape_.windows.size(); layer++) {
        const int64_t window = shape_.windows[layer];
        if (!shape_.keeps_rows[layer]) continue;
        if (std::find(layers_.windows.begin(), layers_.windows.end(), window) == layers_.windows.end())
            layers_.windows.push_back(window);
    }
    RETURN_IF_FAILED(DeviceBytes::allocate(cuda, 2 * layers_.windows.size() * sizeof(int32_t), layers_.lengths));
    RETURN_IF_FAILED(
        DeviceBytes::allocate(cuda, size_t(shape_.n_layer) * shape_.most_width() * sizeof(float), importance_));
    auto oracle = std::make_unique<CudaOracle>(layers_);
    if (shape_.n_selecting() > 0) {
        auto selector = make_cuda_selector(shape_.selector, {layers_, *oracle, attention_workspace_});
        RETURN_IF_FAILED(selector->reserve());
        selector_ = std::move(selector);
    }
    oracle_ = std::move(oracle);
    stage1_ = std::make_unique<CudaStage1>(layers_);
    return Status::good();
}

CudaCompact::~CudaCompact() {
    const KernelTable & kernels = layers_.cuda.kernels();
    for (const Timed & timed : timed_) {
        if (timed.from) kernels.destroy_event(timed.from);
        if (timed.to) kernels.destroy_event(timed.to);
    }
}

float * CudaCompact::importance(int64_t layer) {
    return importance_.at<float>(size_t(layer) * shape_.most_width() * sizeof(float));
}

Status CudaCompact::start_clock() {
    CudaDevice & cuda = layers_.cuda;
    RETURN_IF_FAILED(cuda.wait_for_ggml());
    timed_.emplace_back();
    RETURN_IF_FAILED(cuda.check(cuda.kernels().create_event(timed_.back().from, true), "making an event"));
    RETURN_IF_FAILED(cuda.check(cuda.kernels().create_event(timed_.back().to, true), "making an event"));
    return cuda.check(cuda.kernels().record_event(timed_.back().from, cuda.stream()), "timing stage 1");
}

Status CudaCompact::stop_clock() {
    CudaDevice & cuda = layers_.cuda;
    RETURN_IF_FAILED(cuda.check(cuda.kernels().record_event(timed_.back().to, cuda.stream()), "timing stage 1"));
    return cuda.let_ggml_wait();
}

Status CudaCompact::read_clock(double & ms) {
    ms = 0;
    for (const Timed & timed : timed_) {
        float one = 0;
        RETURN_IF_FAILED(
            layers_.cuda.check(layers_.cuda.kernels().elapsed_ms({timed.from, timed.to}, one), "timing stage 1"));
        ms += one;
    }
    return Status::good();
}

Status CudaCompact::reserve_decode() {
    size_t most = 0;
    for (int64_t layer = 0; layer < shape_.n_layer; layer++) {
        if (shape_.rows_of[size_t(layer)] < 0) continue;
        const KernelCache cache = layers_.cache(layer);
        most = std::max(most, layers_.cuda.kernels().sparse_attention_workspace_bytes(cache, cache.capacity));
    }
    return DeviceBytes::allocate(layers_.cuda, most, attention_workspace_);
}

Status CudaCompact::set_live(int64_t n_live) {
    CudaDevice &         cuda = layers_.cuda;
    const size_t         n    = layers_.windows.size();
    std::vector<int32_t> lengths(2 * n);
    RETURN_IF_FAILED(CompactOnDevice::set_live(n_live));
    for (int64_t layer = 0; layer < shape_.n_layer; layer++) {
        if (!shape_.keeps_rows[size_t(layer)]) continue;
        const size_t at =
            size_t(std::find(layers_.windows.begin(), layers_.windows.end(), shape_.windows[size_t(layer)]) -
                   layers_.windows.begin());
        lengths[at]     = int32_t(live(layer));
        lengths[n + at] = int32_t(layers_.rows.capacity(layer));
    }
    RETURN_IF_FAILED(cuda.check(
        cuda.kernels().copy(layers_.lengths.data(), lengths.data(), lengths.size() * sizeof(int32_t), cuda.stream()),
        "setting the length"));
    return cuda.finish_stream();
}

Status CudaCompact::begin_token() {
    CudaDevice & cuda = layers_.cuda;
    const size_t n    = layers_.windows.size();
    return cuda.check(
        cuda.kernels().advance_rows(
            {layers_.lengths.at<int32_t>(0), layers_.lengths.at<int32_t>(n * sizeof(int32_t)), int(n)}, cuda.stream()),
        "counting the row");
}

Status CudaCompact::attend(const LayerToken & token) {
    if (shape_.selects[size_t(token.layer)]) return selector_->attend(token, n_live_);
    CudaDevice &          cuda = layers_.cuda;
    const KernelAttention all  = layers_.attention(token);
    // The layer whose rows it sees has appended the token's.
    if (shape_.keeps_rows[size_t(token.layer)])
        RETURN_IF_FAILED(
            cuda.check(cuda.kernels().append_kv(all.cache, {token.k, token.v}, nullptr, nullptr, cuda.stream()),
                       "appending a row"));
    return cuda.check(cuda.kernels().sparse_attention(all, attention_workspace_, cuda.stream()), "attention");
}

}  // namespace rocketdoc
