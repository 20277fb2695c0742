#include "token_runner.h"

#include "../../arch/blocks.h"
#include "../../engine/layer_states.h"
#include "../../graph/ggml_inside.h"

namespace rocketdoc {
namespace {

constexpr size_t NODES_PER_LAYER = 64;
// Products of weights whose tokens are multiplied one by one have two nodes more.
constexpr size_t MORE_NODES_PER_LAYER = 24;
constexpr size_t EXTRA_NODES          = 64;

size_t most_nodes(const HyperParams & p, int n_tokens) {
    const size_t of_layer = NODES_PER_LAYER + (n_tokens > 1 ? MORE_NODES_PER_LAYER : 0) + p.expert_nodes();
    return size_t(p.n_layer) * of_layer + EXTRA_NODES;
}

}  // namespace

CpuTokenRunner::Pass::Pass(const Model & model, Device & device, int n)
    : n(n), arena(device, most_nodes(model.params(), n)), dense(model.params(), device.n_threads()) {}

CpuTokenRunner::CpuTokenRunner(const Model & model, Device & device)
    : model_(model), device_(device), bits_(device, MOST_TOKENS) {
    passes_[1] = std::make_unique<Pass>(model, device, 1);
}

void CpuTokenRunner::add_inputs(ggml_context * ctx, KvRows * rows, int n, Appended & out) const {
    const HyperParams & p = model_.params();
    out                   = {rows, {}, std::vector<Views>(size_t(p.n_layer))};
    for (int64_t layer = 0; rows && layer < p.n_layer; layer++) {
        ggml_tensor * index = nullptr;
        for (int64_t before = 0; before < layer && !index; before++) {
            if (p.layer(before).kept_window() == p.layer(layer).kept_window()) index = out.index[size_t(before)];
        }
        const bool keeps = rows->shape().keeps(layer);
        if (!index && keeps) index = new_input(ctx, GGML_TYPE_I64, n);
        out.index.push_back(keeps ? index : nullptr);
    }
}

Status CpuTokenRunner::set_place(const Appended & appended, int n, const RowPlace & place) const {
    if (!appended.rows) return Status::good();
    for (int64_t layer = 0; layer < model_.params().n_layer; layer++) {
        ggml_tensor * index = appended.index[size_t(layer)];
        if (!appended.rows->k(layer)) continue;
        const int64_t                    row = appended.rows->row_of(layer, place);
        std::array<int64_t, MOST_TOKENS> rows{};
        for (int i = 0; i < n; i++) rows[size_t(i)] = row + i;
        // Of a compact cache whose layers all select no graph uses the index, nor does it allocate what it does not
        // hold.
        if (index && index->data) ggml_backend_tensor_set(index, rows.data(), 0, ggml_nbytes(index));
        const int64_t first = seen_rows(model_.params().layer(layer).kept_window(), row).first;
        for (ggml_tensor * view : appended.views[size_t(layer)])
            RETURN_IF_FAILED(set_row_range(view, first, row + n - first));
    }
    return Status::good();
}

Status CpuTokenRunner::begin(KvRows * history, CompactCache * compact, LayerStates & states) {
    RETURN_IF_FAILED(end());
    if (compact && &compact->on_device().device() != &device_)
        return Status::fail(Code::INTERNAL, "The compact cache lies on another device.");
    history_ = history;
    compact_ = compact;
    states_  = &states;
    for (int64_t layer = 0; compact && layer < model_.params().n_layer; layer++)
        compact_nodes_.push_back({&compact->on_device(), layer});
    begun_ = true;
    return build(*passes_[1]);
}

Status CpuTokenRunner::end() {
    for (auto & pass : passes_)
        if (pass) pass->graph = nullptr;
    compact_nodes_.clear();
    begun_ = false;
    return Status::good();
}

Status CpuTokenRunner::build(Pass & pass) {
    const HyperParams &  p     = model_.params();
    const Architecture & arch  = model_.architecture();
    ggml_context *       ctx   = pass.arena.begin();
    ggml_cgraph *        graph = pass.arena.new_graph();
    pass.tokens                = new_input(ctx, GGML_TYPE_I32, pass.n);
    pass.position              = new_input(ctx, GGML_TYPE_I32, pass.n);
    add_inputs(ctx, history_, pass.n, pass.history);
    add_inputs(ctx, compact_ ? &compact_->rows() : nullptr, pass.n, pass.kept);

    const ProductsApart     apart([this](const ggml_tensor * weight) { return !bits_.are_same(weight); });
    ggml_tensor *           x      = arch.build_embedding(ctx, p, model_.weights(), pass.tokens);
    ggml_tensor *           inputs = arch.build_layer_inputs(ctx, p, model_.weights(), pass.tokens, x);
    std::vector<QkvTensors> made;
    for (int64_t layer = 0; layer < p.n_layer; layer++) {
        ggml_tensor * input = inputs ? layer_input(ctx, p, inputs, layer) : nullptr;
        if (p.layer(layer).is_recurrent()) {
            x = arch.build_recurrence(ctx, graph, model_.layer(layer), x, states_->of(layer));
            x = arch.build_layer_output(ctx, model_.layer(layer), x, input);
            made.push_back({});
            continue;
        }
        const size_t at  = size_t(layer);
        QkvTensors   qkv = arch.build_qkv(ctx, model_.layer(layer), x, pass.position);
        if (p.layer(layer).shares_rows()) {
            qkv.k = made[size_t(p.rows_of(layer))].k;
            qkv.v = made[size_t(p.rows_of(layer))].v;
        }
        made.push_back(qkv);
        ggml_build_forward_expand(graph, qkv.q);
        ggml_build_forward_expand(graph, qkv.k);
        ggml_build_forward_expand(graph, qkv.v);
        ggml_tensor *keys = nullptr, *values = nullptr;
        if (history_) {
            const bool keeps = history_->shape().keeps(layer);
            keys             = history_->k(layer);
            values           = history_->v(layer);
            if (keeps) keys = build_append(ctx, graph, keys, qkv.k, pass.history.index[at]);
            if (keeps) values = build_append(ctx, graph, values, qkv.v, pass.history.index[at]);
        }
        ggml_tensor * attended =
            compact_ ? build_compact_attention(ctx, graph, compact_nodes_[at], compact_->rows(), model_.layer(layer),
                                               qkv, pass.kept.index[at], pass.dense, pass.kept.views[at])
                     : pass.dense.build(ctx, layer, model_.layer(layer), qkv.q, keys, values, pass.history.views[at]);
        x = arch.build_attention_output(ctx, model_.layer(layer), x, attended, qkv.gate);
        x = arch.build_layer_output(ctx, model_.layer(layer), x, input);
    }
    pass.logits = arch.build_output(ctx, p, model_.weights(), x);
    ggml_set_output(pass.logits);
    ggml_build_forward_expand(graph, pass.logits);
    RETURN_IF_FAILED(pass.arena.allocate(graph));
    // Nor does a model that turns no positions take one.
    if (!pass.position->buffer) pass.position = nullptr;
    pass.graph = graph;
    return Status::good();
}

Status CpuTokenRunner::pass_of(int n, Pass *& out) {
    if (!begun_) return Status::fail(Code::INTERNAL, "decode was not begun");
    std::unique_ptr<Pass> & pass = passes_[size_t(n)];
    if (!pass) pass = std::make_unique<Pass>(model_, device_, n);
    if (!pass->graph && n > 1 && compact_) RETURN_IF_FAILED(compact_->on_device().reserve_tokens(MOST_TOKENS));
    if (!pass->graph) RETURN_IF_FAILED(build(*pass));
    out = pass.get();
    return Status::good();
}

// What a recurrent layer remembers cannot be taken back.
int CpuTokenRunner::most_tokens() const {
    for (const LayerTraits & layer : model_.params().layers)
        if (layer.is_recurrent()) return 1;
    return compact_ ? int(compact_->on_device().most_tokens(MOST_TOKENS)) : MOST_TOKENS;
}

Status CpuTokenRunner::compute(int n, const int32_t * tokens, int64_t position, int64_t n_history,
                               std::vector<float> & logits, const std::atomic<bool> * cancel) {
    Pass * pass = nullptr;
    RETURN_IF_FAILED(pass_of(n, pass));
    std::array<int32_t, MOST_TOKENS> positions{};
    for (int i = 0; i < n; i++) positions[size_t(i)] = int32_t(position + i);
    ggml_backend_tensor_set(pass->tokens, tokens, 0, ggml_nbytes(pass->tokens));
    if (pass->position) ggml_backend_tensor_set(pass->position, positions.data(), 0, ggml_nbytes(pass->position));
    RETURN_IF_FAILED(set_place(pass->history, n, {n_history, position}));
    if (compact_) RETURN_IF_FAILED(set_place(pass->kept, n, {compact_->n_live(), position}));
    RETURN_IF_FAILED(device_.compute(pass->graph, cancel));
    logits.resize(size_t(model_.params().n_vocab) * size_t(n));
    ggml_backend_tensor_get(pass->logits, logits.data(), 0, ggml_nbytes(pass->logits));
    return Status::good();
}

Status CpuTokenRunner::run(int32_t token, int64_t position, int64_t n_history, bool, NextToken & out,
                           const std::atomic<bool> * cancel) {
    RETURN_IF_FAILED(compute(1, &token, position, n_history, out.logits, cancel));
    set_candidates(out.logits.data(), int64_t(out.logits.size()), out.candidates);
    return Status::good();
}

Status CpuTokenRunner::run_several(const int32_t * tokens, int n, int64_t position, int64_t n_history,
                                   std::vector<float> & logits, const std::atomic<bool> * cancel) {
    if (n < 1 || n > most_tokens())
        return Status::fail(Code::INTERNAL, "No pass takes " + std::to_string(n) + " tokens here.");
    return compute(n, tokens, position, n_history, logits, cancel);
}

}  // namespace rocketdoc
