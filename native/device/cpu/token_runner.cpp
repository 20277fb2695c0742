#include "token_runner.h"

#include "../../engine/layer_states.h"
#include "../../graph/ggml_inside.h"

namespace rocketdoc {
namespace {

constexpr size_t NODES_PER_LAYER = 64;
constexpr size_t EXTRA_NODES     = 64;

}  // namespace

CpuTokenRunner::CpuTokenRunner(const Model & model, Device & device)
    : model_(model),
      device_(device),
      arena_(device, size_t(model.params().n_layer) * (NODES_PER_LAYER + model.params().expert_nodes()) + EXTRA_NODES),
      dense_(model.params(), device.n_threads()) {}

void CpuTokenRunner::add_inputs(ggml_context * ctx, KvRows * rows, Appended & out) {
    const HyperParams & p = model_.params();
    out                   = {rows, {}, std::vector<Views>(size_t(p.n_layer))};
    for (int64_t layer = 0; rows && layer < p.n_layer; layer++) {
        ggml_tensor * index = nullptr;
        for (int64_t before = 0; before < layer && !index; before++) {
            if (p.layer(before).kept_window() == p.layer(layer).kept_window()) index = out.index[size_t(before)];
        }
        const bool keeps = rows->shape().keeps(layer);
        if (!index && keeps) index = new_input(ctx, GGML_TYPE_I64, 1);
        out.index.push_back(keeps ? index : nullptr);
    }
}

Status CpuTokenRunner::set_place(const Appended & appended, const RowPlace & place) {
    if (!appended.rows) return Status::good();
    for (int64_t layer = 0; layer < model_.params().n_layer; layer++) {
        ggml_tensor * index = appended.index[size_t(layer)];
        if (!appended.rows->k(layer)) continue;
        const int64_t row = appended.rows->row_of(layer, place);
        // Of a compact cache whose layers all select no graph uses the index, nor does it allocate what it does not
        // hold.
        if (index && index->data) ggml_backend_tensor_set(index, &row, 0, sizeof(row));
        const RowRange seen = seen_rows(model_.params().layer(layer).kept_window(), row);
        for (ggml_tensor * view : appended.views[size_t(layer)])
            RETURN_IF_FAILED(set_row_range(view, seen.first, seen.count));
    }
    return Status::good();
}

Status CpuTokenRunner::begin(KvRows * history, CompactCache * compact, LayerStates & states) {
    const HyperParams &  p    = model_.params();
    const Architecture & arch = model_.architecture();
    compact_                  = compact;
    if (compact && &compact->on_device().device() != &device_)
        return Status::fail(Code::INTERNAL, "The compact cache lies on another device.");
    compact_nodes_.clear();
    for (int64_t layer = 0; compact && layer < p.n_layer; layer++)
        compact_nodes_.push_back({&compact->on_device(), layer});

    ggml_context * ctx   = arena_.begin();
    ggml_cgraph *  graph = arena_.new_graph();
    token_               = new_input(ctx, GGML_TYPE_I32, 1);
    position_            = new_input(ctx, GGML_TYPE_I32, 1);
    add_inputs(ctx, history, history_);
    add_inputs(ctx, compact ? &compact->rows() : nullptr, kept_);

    ggml_tensor *           x      = arch.build_embedding(ctx, p, model_.weights(), token_);
    ggml_tensor *           inputs = arch.build_layer_inputs(ctx, p, model_.weights(), token_, x);
    std::vector<QkvTensors> made;
    for (int64_t layer = 0; layer < p.n_layer; layer++) {
        ggml_tensor * input = inputs ? layer_input(ctx, p, inputs, layer) : nullptr;
        if (p.layer(layer).is_recurrent()) {
            x = arch.build_recurrence(ctx, graph, model_.layer(layer), x, states.of(layer));
            x = arch.build_layer_output(ctx, model_.layer(layer), x, input);
            made.push_back({});
            continue;
        }
        const size_t at  = size_t(layer);
        QkvTensors   qkv = arch.build_qkv(ctx, model_.layer(layer), x, position_);
        if (p.layer(layer).shares_rows()) {
            qkv.k = made[size_t(p.rows_of(layer))].k;
            qkv.v = made[size_t(p.rows_of(layer))].v;
        }
        made.push_back(qkv);
        ggml_build_forward_expand(graph, qkv.q);
        ggml_build_forward_expand(graph, qkv.k);
        ggml_build_forward_expand(graph, qkv.v);
        ggml_tensor *keys = nullptr, *values = nullptr;
        if (history) {
            const bool keeps = history->shape().keeps(layer);
            keys             = history->k(layer);
            values           = history->v(layer);
            if (keeps) keys = build_append(ctx, graph, keys, qkv.k, history_.index[at]);
            if (keeps) values = build_append(ctx, graph, values, qkv.v, history_.index[at]);
        }
        ggml_tensor * attended =
            compact_ ? build_compact_attention(ctx, graph, compact_nodes_[at], compact_->rows(), model_.layer(layer),
                                               qkv, kept_.index[at], dense_, kept_.views[at])
                     : dense_.build(ctx, layer, model_.layer(layer), qkv.q, keys, values, history_.views[at]);
        x = arch.build_attention_output(ctx, model_.layer(layer), x, attended, qkv.gate);
        x = arch.build_layer_output(ctx, model_.layer(layer), x, input);
    }
    logits_ = arch.build_output(ctx, p, model_.weights(), x);
    ggml_set_output(logits_);
    ggml_build_forward_expand(graph, logits_);
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
    RETURN_IF_FAILED(set_place(history_, {n_history, position}));
    if (compact_) RETURN_IF_FAILED(set_place(kept_, {compact_->n_live(), position}));
    RETURN_IF_FAILED(device_.compute(graph_, cancel));
    out.logits.resize(size_t(model_.params().n_vocab));
    ggml_backend_tensor_get(logits_, out.logits.data(), 0, ggml_nbytes(logits_));
    set_candidates(out.logits, out.candidates);
    return Status::good();
}

}  // namespace rocketdoc
