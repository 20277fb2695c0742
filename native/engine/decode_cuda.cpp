#include "decode_cuda.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace rocketdoc {
namespace {

constexpr size_t NODES_PER_GRAPH = 96;
constexpr int    N_CANDIDATES    = 256;

}  // namespace

CudaDecode::CudaDecode(const Model & model, Backend & backend) : model_(model), backend_(backend), cuda_(*backend.cuda()) {}

CudaDecode::~CudaDecode() {
    drop_capture();
    if (pinned_) cuda_.kernels().free_host(pinned_);
}

size_t CudaDecode::device_bytes(const HyperParams & p) {
    return size_t(p.n_embd + 2 * p.n_head * p.head_dim + p.n_vocab + 2 * p.n_layer * p.n_head_kv * p.head_dim) * sizeof(float);
}

Status CudaDecode::reserve() {
    if (memory_.data()) return Status::good();
    const HyperParams & p = model_.params();
    size_t              at = 0;
    inputs_at_   = DeviceBytes::take(at, sizeof(Inputs));
    x_at_        = DeviceBytes::take(at, size_t(p.n_embd) * sizeof(float));
    q_at_        = DeviceBytes::take(at, size_t(p.n_head * p.head_dim) * sizeof(float));
    attended_at_ = DeviceBytes::take(at, size_t(p.n_head * p.head_dim) * sizeof(float));
    logits_at_   = DeviceBytes::take(at, size_t(p.n_vocab) * sizeof(float));
    best_at_     = DeviceBytes::take(at, N_CANDIDATES * (sizeof(float) + sizeof(int32_t)));
    rows_at_     = at;  // [n_layer][K, V][G, D] f32, one after the other
    rows_bytes_  = size_t(2 * p.n_layer * p.n_head_kv * p.head_dim) * sizeof(float);
    at += rows_bytes_;
    RETURN_IF_FAILED(DeviceBytes::allocate(backend_, at, memory_));
    RETURN_IF_FAILED(DeviceBytes::allocate(backend_, cuda_.kernels().candidates_workspace_bytes(int(p.n_vocab), int(std::min<int64_t>(N_CANDIDATES, p.n_vocab))),
                                           candidates_workspace_));
    size_t host = 0;
    DeviceBytes::take(host, sizeof(Inputs));
    best_host_ = DeviceBytes::take(host, N_CANDIDATES * (sizeof(float) + sizeof(int32_t)));
    rows_host_ = DeviceBytes::take(host, 2 * rows_bytes_);
    void * pinned = nullptr;
    RETURN_IF_FAILED(cuda_.check(cuda_.kernels().allocate_host(host, &pinned), "pinning memory"));
    pinned_ = static_cast<uint8_t *>(pinned);
    return Status::good();
}

ggml_tensor * CudaDecode::leaf(ggml_type type, int64_t ne0, size_t offset) {
    ggml_tensor * t = ggml_new_tensor_1d(ctx_.get(), type, ne0);
    t->buffer       = memory_.buffer();
    t->data         = memory_.at<void>(offset);
    return t;
}

// Has a graph write a result where the next graph, or a kernel, looks for it.
void CudaDecode::place(ggml_tensor * result, size_t offset) {
    ggml_tensor * root = result->view_src ? result->view_src : result;
    root->buffer       = memory_.buffer();
    root->data         = memory_.at<void>(offset);
    // Views of it that were made before it had a place.
    for (ggml_tensor * t = result; t != root; t = t->src[0]) {
        t->buffer = root->buffer;
        t->data   = static_cast<uint8_t *>(root->data) + t->view_offs;
    }
}

void CudaDecode::build() {
    const HyperParams &  p    = model_.params();
    const Architecture & arch = model_.architecture();
    const size_t n_graphs     = compact_ ? size_t(p.n_layer) + 1 : 1;
    const size_t n_nodes      = compact_ ? NODES_PER_GRAPH : NODES_PER_GRAPH * size_t(p.n_layer + 1);
    ctx_memory_.resize(n_graphs * (ggml_tensor_overhead() * n_nodes + ggml_graph_overhead_custom(n_nodes, false)) + ggml_tensor_overhead() * 64);
    ggml_init_params params = {ctx_memory_.size(), ctx_memory_.data(), true};
    ctx_.reset(ggml_init(params));
    graphs_.clear();
    live_rows_.clear();
    live_mask_.clear();

    ggml_context * ctx      = ctx_.get();
    ggml_tensor *  token    = leaf(GGML_TYPE_I32, 1, inputs_at_ + offsetof(Inputs, token));
    ggml_tensor *  position = leaf(GGML_TYPE_I32, 1, inputs_at_ + offsetof(Inputs, position));
    ggml_tensor *  row      = leaf(GGML_TYPE_I64, 1, inputs_at_ + offsetof(Inputs, row));
    const bool     appends  = history_ && history_->on_device();
    auto new_graph = [&] { return graphs_.emplace_back(ggml_new_graph_custom(ctx, n_nodes, false)); };

    ggml_cgraph * graph = new_graph();
    ggml_tensor * x     = arch.build_embedding(ctx, p, model_.weights(), token);
    for (int64_t layer = 0; layer < p.n_layer; layer++) {
        const LayerWeights & weights = model_.weights().layers[size_t(layer)];
        if (compact_) place(x, x_at_);
        QkvTensors qkv = arch.build_qkv(ctx, p, weights, x, position);
        if (compact_) {
            const size_t kv = size_t(p.n_head_kv * p.head_dim) * sizeof(float);
            place(qkv.q, q_at_);
            place(qkv.k, rows_at_ + size_t(2 * layer) * kv);
            place(qkv.v, rows_at_ + size_t(2 * layer + 1) * kv);
        }
        ggml_build_forward_expand(graph, qkv.q);
        ggml_build_forward_expand(graph, qkv.k);
        ggml_build_forward_expand(graph, qkv.v);
        ggml_tensor * keys   = appends ? build_append(ctx, graph, history_->k(layer), qkv.k, row) : nullptr;
        ggml_tensor * values = appends ? build_append(ctx, graph, history_->v(layer), qkv.v, row) : nullptr;
        ggml_tensor * attended = nullptr;
        if (compact_) {
            graph    = new_graph();
            attended = leaf(GGML_TYPE_F32, p.n_head * p.head_dim, attended_at_);
            x        = leaf(GGML_TYPE_F32, p.n_embd, x_at_);
        } else {
            ggml_tensor * mask = ggml_new_tensor_2d(ctx, GGML_TYPE_F16, history_->capacity(), 1);
            mask->buffer       = mask_.buffer();
            mask->data         = mask_.data();
            live_mask_.push_back(mask);
            attended = build_dense_attention(ctx, qkv.q, keys, values, history_->capacity(), mask, p.attn_scale, &live_rows_);
        }
        x = arch.build_after_attention(ctx, p, weights, x, attended);
    }
    ggml_tensor * logits = arch.build_output(ctx, p, model_.weights(), x);
    place(logits, logits_at_);
    ggml_build_forward_expand(graph, logits);
}

// The graphs run one after the other, so they share one workspace; first its size, then their places in it.
Status CudaDecode::allocate_graphs() {
    allocator_.reset(ggml_gallocr_new(backend_.buffer_type()));
    for (int pass = 0; pass < 2; pass++) {
        for (ggml_cgraph * graph : graphs_) {
            const bool done = pass == 0 ? ggml_gallocr_reserve(allocator_.get(), graph) : ggml_gallocr_alloc_graph(allocator_.get(), graph);
            if (!done) return Status::fail(Code::GPU_OOM, "Not enough GPU memory for a token's activations.");
        }
    }
    return Status::good();
}

Status CudaDecode::begin(KvRows * history, CompactCache * compact) {
    RETURN_IF_FAILED(cuda_.enter());
    RETURN_IF_FAILED(end());
    history_ = history;
    compact_ = static_cast<CudaCompactCache *>(compact);
    if (!compact_ && (!history_ || !history_->on_device())) {
        return Status::fail(Code::INVALID_ARGUMENT, "Mode full on a GPU reads every row there: read the document with its KV on the GPU, or choose mode rocketkv-mt.");
    }
    RETURN_IF_FAILED(reserve());
    if (!compact_) {
        const size_t n = size_t(history_->capacity());
        RETURN_IF_FAILED(DeviceBytes::allocate(backend_, n * sizeof(uint16_t), mask_));
    }
    dense_rows_ = 0;
    n_run_      = 0;
    build();
    return allocate_graphs();
}

// ggml's attention takes whole steps of rows: the graph is captured for a length that serves the next 256 tokens, and the mask
// says how far they reach.
Status CudaDecode::set_dense_length(int64_t n_history) {
    constexpr uint16_t F16_MINUS_INF = 0xFC00;
    const int64_t      n_rows        = round_up(n_history + 1, backend_.row_step());
    if (n_rows != dense_rows_) {
        drop_capture();
        dense_rows_ = n_rows;
        for (ggml_tensor * view : live_rows_) view->ne[1] = n_rows;
        for (ggml_tensor * mask : live_mask_) {
            mask->ne[0] = n_rows;
            mask->nb[1] = mask->nb[2] = mask->nb[3] = size_t(n_rows) * sizeof(uint16_t);
        }
        std::vector<uint16_t> mask(size_t(n_rows), 0);
        std::fill(mask.begin() + n_history, mask.end(), F16_MINUS_INF);
        RETURN_IF_FAILED(cuda_.check(cuda_.kernels().copy(mask_.data(), mask.data(), mask.size() * sizeof(uint16_t), cuda_.stream()), "setting the mask"));
        RETURN_IF_FAILED(cuda_.finish());
    }
    return cuda_.check(cuda_.kernels().fill(mask_.at<uint8_t>(size_t(n_history) * sizeof(uint16_t)), 0, sizeof(uint16_t), cuda_.stream()), "setting the mask");
}

Status CudaDecode::enqueue_token() {
    const KernelTable & kernels = cuda_.kernels();
    const HyperParams & p       = model_.params();
    RETURN_IF_FAILED(cuda_.check(kernels.copy(memory_.at<void>(inputs_at_), pinned_, sizeof(Inputs), cuda_.stream()), "giving a token"));
    if (compact_) RETURN_IF_FAILED(compact_->enqueue_token_start());
    for (size_t i = 0; i < graphs_.size(); i++) {
        RETURN_IF_FAILED(cuda_.let_ggml_wait());
        if (ggml_backend_graph_compute_async(backend_.handle(), graphs_[i]) != GGML_STATUS_SUCCESS) return Status::fail(Code::GPU_FAULT, "ggml failed to compute a graph on the GPU.");
        RETURN_IF_FAILED(cuda_.wait_for_ggml());
        if (i + 1 == graphs_.size()) break;
        const size_t kv = size_t(p.n_head_kv * p.head_dim) * sizeof(float);
        RETURN_IF_FAILED(compact_->enqueue_attention(int64_t(i), memory_.at<float>(q_at_), memory_.at<float>(rows_at_ + 2 * i * kv),
                                                     memory_.at<float>(rows_at_ + (2 * i + 1) * kv), memory_.at<float>(attended_at_)));
    }
    if (compact_) RETURN_IF_FAILED(compact_->enqueue_token_end());
    const int n = int(std::min<int64_t>(N_CANDIDATES, p.n_vocab));
    RETURN_IF_FAILED(cuda_.check(kernels.candidates(memory_.at<float>(logits_at_), int(p.n_vocab), n, memory_.at<float>(best_at_),
                                                    memory_.at<int32_t>(best_at_ + N_CANDIDATES * sizeof(float)), candidates_workspace_.data(), candidates_workspace_.bytes(),
                                                    cuda_.stream()),
                                 "choosing candidates"));
    return cuda_.check(kernels.copy(pinned_ + best_host_, memory_.at<void>(best_at_), N_CANDIDATES * (sizeof(float) + sizeof(int32_t)), cuda_.stream()), "taking the candidates");
}

Status CudaDecode::compute_token() {
    const KernelTable & kernels = cuda_.kernels();
    if (captured_) return cuda_.check(kernels.launch_graph(captured_, cuda_.stream()), "running a token");
    // The first token runs as it is: ggml's pools take their memory then, which a capture could not.
    if (!warm_) {
        warm_ = true;
        return enqueue_token();
    }
    RETURN_IF_FAILED(cuda_.check(kernels.begin_capture(cuda_.stream()), "capturing a token"));
    const Status enqueued = enqueue_token();
    const Status captured = cuda_.check(kernels.end_capture(cuda_.stream(), &captured_), "capturing a token");
    RETURN_IF_FAILED(enqueued);
    RETURN_IF_FAILED(captured);
    return cuda_.check(kernels.launch_graph(captured_, cuda_.stream()), "running a token");
}

Status CudaDecode::run(int32_t token, int64_t position, int64_t n_history, bool logits, NextToken & out, const std::atomic<bool> * cancel) {
    if (graphs_.empty()) return Status::fail(Code::INTERNAL, "decode was not begun");
    if (cancel && cancel->load()) return Status::fail(Code::CANCELLED, "Cancelled.");
    RETURN_IF_FAILED(cuda_.enter());
    const Inputs inputs{token, int32_t(position), n_history};
    std::memcpy(pinned_, &inputs, sizeof(inputs));
    if (!compact_) RETURN_IF_FAILED(set_dense_length(n_history));
    RETURN_IF_FAILED(compute_token());
    const bool stages = history_ && !history_->on_device();
    const int  set    = int(n_run_ % 2);
    if (stages) {
        RETURN_IF_FAILED(cuda_.check(cuda_.kernels().copy(pinned_ + rows_host_ + size_t(set) * rows_bytes_, memory_.at<void>(rows_at_), rows_bytes_, cuda_.stream()), "taking new rows"));
        RETURN_IF_FAILED(write_staged_rows());  // the last token's, while this one computes
    }
    RETURN_IF_FAILED(cuda_.finish());
    if (stages) {
        staged_row_ = n_history;
        staged_set_ = set;
    }
    n_run_++;
    const int     n    = int(std::min<int64_t>(N_CANDIDATES, model_.params().n_vocab));
    const float * best = reinterpret_cast<const float *>(pinned_ + best_host_);
    const auto *  ids  = reinterpret_cast<const int32_t *>(pinned_ + best_host_ + N_CANDIDATES * sizeof(float));
    out.candidates.resize(size_t(n));
    for (int i = 0; i < n; i++) out.candidates[size_t(i)] = {ids[i], best[i], 0.0f};
    if (!logits) return Status::good();
    out.logits.resize(size_t(model_.params().n_vocab));
    RETURN_IF_FAILED(cuda_.check(cuda_.kernels().copy(out.logits.data(), memory_.at<void>(logits_at_), out.logits.size() * sizeof(float), cuda_.stream()), "taking the logits"));
    return cuda_.finish();
}

// K and V of the token before, from pinned memory into the history's rows [head_dim, capacity, n_head].
Status CudaDecode::write_staged_rows() {
    if (staged_row_ < 0) return Status::good();
    const HyperParams & p   = model_.params();
    const float *       row = reinterpret_cast<const float *>(pinned_ + rows_host_ + size_t(staged_set_) * rows_bytes_);
    for (int64_t layer = 0; layer < p.n_layer; layer++) {
        for (ggml_tensor * t : {history_->k(layer), history_->v(layer)}) {
            for (int64_t head = 0; head < p.n_head_kv; head++, row += p.head_dim) {
                uint8_t * to = static_cast<uint8_t *>(t->data) + size_t(head) * t->nb[2] + size_t(staged_row_) * t->nb[1];
                if (t->type == GGML_TYPE_F16) ggml_fp32_to_fp16_row(row, reinterpret_cast<ggml_fp16_t *>(to), p.head_dim);
                else ggml_quantize_chunk(t->type, row, to, 0, 1, p.head_dim, nullptr);
            }
        }
    }
    staged_row_ = -1;
    return Status::good();
}

void CudaDecode::drop_capture() {
    if (captured_) cuda_.kernels().destroy_graph(captured_);
    captured_ = nullptr;
    warm_     = false;
}

Status CudaDecode::end() {
    const Status written = write_staged_rows();
    drop_capture();
    graphs_.clear();
    allocator_.reset();
    history_ = nullptr;
    compact_ = nullptr;
    return written;
}

}  // namespace rocketdoc
