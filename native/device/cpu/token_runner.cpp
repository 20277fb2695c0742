#include "token_runner.h"

#include "../../graph/ggml_inside.h"

namespace rocketdoc {
namespace {

constexpr size_t NODES_PER_LAYER = 64;
constexpr size_t EXTRA_NODES     = 64;

Status set_row_counts(const std::vector<ggml_tensor *> & views, int64_t n_rows) {
    for (ggml_tensor * view : views) RETURN_IF_FAILED(set_row_count(view, n_rows));
    return Status::good();
}

}  // namespace

CpuTokenRunner::CpuTokenRunner(const Model & model, Device & device)
    : model_(model), device_(device), arena_(device, size_t(model.params().n_layer) * NODES_PER_LAYER + EXTRA_NODES) {}

Status CpuTokenRunner::begin(KvRows * history, CompactCache * compact) {
    const HyperParams &  p    = model_.params();
    const Architecture & arch = model_.architecture();
    compact_                  = compact;
    if (compact && &compact->on_device().device() != &device_)
        return Status::fail(Code::INTERNAL, "The compact cache lies on another device.");
    history_views_.clear();
    compact_views_.clear();
    compact_nodes_.clear();
    for (int64_t layer = 0; compact && layer < p.n_layer; layer++)
        compact_nodes_.push_back({&compact->on_device(), layer});

    ggml_context * ctx   = arena_.begin();
    ggml_cgraph *  graph = arena_.new_graph();
    token_               = new_input(ctx, GGML_TYPE_I32, 1);
    position_            = new_input(ctx, GGML_TYPE_I32, 1);
    history_row_         = history ? new_input(ctx, GGML_TYPE_I64, 1) : nullptr;
    compact_row_         = compact ? new_input(ctx, GGML_TYPE_I64, 1) : nullptr;

    ggml_tensor * x = arch.build_embedding(ctx, p, model_.weights(), token_);
    for (int64_t layer = 0; layer < p.n_layer; layer++) {
        QkvTensors qkv = arch.build_qkv(ctx, model_.layer(layer), x, position_);
        ggml_build_forward_expand(graph, qkv.q);
        ggml_build_forward_expand(graph, qkv.k);
        ggml_build_forward_expand(graph, qkv.v);
        ggml_tensor * keys   = history ? build_append(ctx, graph, history->k(layer), qkv.k, history_row_) : nullptr;
        ggml_tensor * values = history ? build_append(ctx, graph, history->v(layer), qkv.v, history_row_) : nullptr;
        ggml_tensor * attended =
            compact_ ? build_compact_attention(ctx, graph, compact_nodes_[size_t(layer)], compact_->rows(),
                                               p.layer(layer), qkv, compact_row_, compact_views_)
                     : build_dense_attention(ctx, p.layer(layer), qkv.q, keys, values, 1, nullptr, &history_views_);
        x = arch.build_after_attention(ctx, model_.layer(layer), x, attended);
    }
    logits_ = arch.build_output(ctx, p, model_.weights(), x);
    ggml_set_output(logits_);
    ggml_build_forward_expand(graph, logits_);
    // A compact cache whose every layer selects never uses its row input, nor does a graph allocate what it does not
    // hold.
    if (compact_views_.empty()) compact_row_ = nullptr;
    RETURN_IF_FAILED(arena_.allocate(graph));
    // Nor does a model that turns no positions take one.
    if (!position_->buffer) position_ = nullptr;
    graph_ = graph;
    return Status::good();
}

Status CpuTokenRunner::run(int32_t token, int64_t position, int64_t n_history, bool, NextToken & out,
                           const std::atomic<bool> * cancel) {
    if (!graph_) return Status::fail(Code::INTERNAL, "decode was not begun");
    const int32_t position32 = int32_t(position);
    ggml_backend_tensor_set(token_, &token, 0, sizeof(token));
    if (position_) ggml_backend_tensor_set(position_, &position32, 0, sizeof(position32));
    if (history_row_) ggml_backend_tensor_set(history_row_, &n_history, 0, sizeof(n_history));
    if (compact_row_) {
        const int64_t n_compact = compact_->n_live();
        ggml_backend_tensor_set(compact_row_, &n_compact, 0, sizeof(n_compact));
        RETURN_IF_FAILED(set_row_counts(compact_views_, n_compact + 1));
    }
    RETURN_IF_FAILED(set_row_counts(history_views_, n_history + 1));
    RETURN_IF_FAILED(device_.compute(graph_, cancel));
    out.logits.resize(size_t(model_.params().n_vocab));
    ggml_backend_tensor_get(logits_, out.logits.data(), 0, ggml_nbytes(logits_));
    set_candidates(out.logits, out.candidates);
    return Status::good();
}

}  // namespace rocketdoc
