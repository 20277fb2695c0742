#include "token_runner.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "../../engine/layer_states.h"
#include "../../graph/ggml_inside.h"
#include "token_sizes.h"

namespace rocketdoc {
namespace {

constexpr size_t NODES_PER_GRAPH = 96;

}  // namespace

std::vector<CudaTokenRunner::Sight> CudaTokenRunner::sights_of(const HyperParams & p) {
    std::vector<Sight> sights;
    for (int64_t layer = 0; layer < p.n_layer; layer++) {
        const LayerTraits & traits = p.layer(layer);
        if (!traits.keeps_rows()) continue;
        const auto same = [&](const Sight & s) {
            return s.window == traits.kept_window() && s.n_head_kv == traits.n_head_kv && s.head_dim == traits.head_dim;
        };
        auto sight = std::find_if(sights.begin(), sights.end(), same);
        if (sight == sights.end()) {
            sight            = sights.emplace(sight);
            sight->window    = traits.kept_window();
            sight->n_head_kv = traits.n_head_kv;
            sight->head_dim  = traits.head_dim;
        }
        sight->layers.push_back(layer);
    }
    return sights;
}

Status CudaTokenRunner::check_layers(const HyperParams & params) {
    const size_t n = sights_of(params).size();
    if (n <= MOST_SIGHTS) return Status::good();
    return Status::fail(Code::GPU_UNSUPPORTED, "The model's layers are of " + std::to_string(n) +
                                                   " kinds by their windows and heads; on a GPU " +
                                                   std::to_string(MOST_SIGHTS) +
                                                   " are supported. Choose the CPU for it.");
}

CudaTokenRunner::CudaTokenRunner(const Model & model, CudaDevice & device)
    : model_(model), cuda_(device), sights_(sights_of(model.params())) {
    for (Sight & sight : sights_) {
        sight.at = rows_bytes_;
        rows_bytes_ += 2 * sight.layers.size() * sight.kv_bytes();
    }
}

CudaTokenRunner::Sight & CudaTokenRunner::sight_of(int64_t layer) {
    return *std::find_if(sights_.begin(), sights_.end(), [&](const Sight & s) {
        return std::find(s.layers.begin(), s.layers.end(), model_.params().rows_of(layer)) != s.layers.end();
    });
}

size_t CudaTokenRunner::rows_of(int64_t layer) {
    const Sight & sight = sight_of(layer);
    const size_t  index = size_t(std::find(sight.layers.begin(), sight.layers.end(), model_.params().rows_of(layer)) -
                                 sight.layers.begin());
    return rows_at_ + sight.at + 2 * index * sight.kv_bytes();
}

CudaTokenRunner::~CudaTokenRunner() { drop_capture(); }

size_t CudaTokenRunner::device_bytes(const HyperParams & p) { return size_t(token_values(p)) * sizeof(float); }

size_t CudaTokenRunner::dense_bytes(const KvShape & rows, int64_t n_rows) {
    constexpr int64_t WIDEST_AS_IT_IS = 256;  // ggml's kernel for one query reads rows in 8 bits up to here
    size_t            most            = 0;
    for (int64_t i = 0; ggml_is_quantized(rows.type) && i < rows.n_layer(); i++) {
        const LayerKv & layer = rows.layer(i);
        if (layer.head_dim > WIDEST_AS_IT_IS)
            most = std::max(most, 2 * size_t(n_rows * layer.n_head * layer.head_dim) * sizeof(ggml_fp16_t));
    }
    return most;
}

Status CudaTokenRunner::reserve() {
    if (pinned_.pinned()) return Status::good();  // the last to be had
    const HyperParams & p  = model_.params();
    size_t              at = 0;
    inputs_at_             = DeviceBytes::take(at, sizeof(Inputs));
    x_at_                  = DeviceBytes::take(at, size_t(p.n_embd) * sizeof(float));
    layer_inputs_at_       = DeviceBytes::take(at, size_t(p.n_layer_input * p.n_layer) * sizeof(float));
    q_at_                  = DeviceBytes::take(at, size_t(most_queries(p)) * sizeof(float));
    gate_at_               = DeviceBytes::take(at, size_t(most_queries(p)) * sizeof(float));
    attended_at_           = DeviceBytes::take(at, size_t(most_queries(p)) * sizeof(float));
    logits_at_             = DeviceBytes::take(at, size_t(p.n_vocab) * sizeof(float));
    best_at_               = DeviceBytes::take(at, LEAST_CANDIDATES * (sizeof(float) + sizeof(int32_t)));
    rows_at_               = at;  // [layers with rows][K, V][G, D] f32, one after the other, in the order of sights_
    at += DeviceBytes::aligned(rows_bytes_);
    const size_t widest = size_t(round_up(widest_input(p), 32));
    bits_at_            = DeviceBytes::take(at, widest);
    scales_at_          = DeviceBytes::take(at, widest / 32 * sizeof(float));
    sums_at_            = DeviceBytes::take(at, widest / 16 * sizeof(float));
    RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, at, memory_));
    size_t workspace = cuda_.kernels().candidates_workspace_bytes(candidates());
    for (const LayerTraits & layer : p.layers) {
        KernelChooseExperts choice;
        choice.n        = int(p.n_embd);
        choice.n_expert = int(layer.experts.count);
        choice.n_used   = int(layer.experts.used);
        workspace       = std::max(workspace, cuda_.kernels().choose_experts_workspace_bytes(choice));
    }
    RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, workspace, workspace_));
    size_t host = 0;
    DeviceBytes::take(host, sizeof(Inputs));
    best_host_ = DeviceBytes::take(host, LEAST_CANDIDATES * (sizeof(float) + sizeof(int32_t)));
    x_host_    = DeviceBytes::take(host, size_t(p.n_embd) * sizeof(float));
    made_host_ = DeviceBytes::take(host, size_t(p.n_embd) * sizeof(float));
    rows_host_ = DeviceBytes::take(host, 2 * rows_bytes_);
    RETURN_IF_FAILED(PinnedMemory::allocate(cuda_.library(), host, pinned_));
    // A captured token copies to it.
    return pinned_.pinned() ? Status::good()
                            : Status::fail(Code::GPU_FAULT, "The GPU's driver takes no memory for a token's results.");
}

KernelCandidates CudaTokenRunner::candidates() const {
    const int n_vocab = int(model_.params().n_vocab);
    return {memory_.at<float>(logits_at_), n_vocab, std::min(LEAST_CANDIDATES, n_vocab), memory_.at<float>(best_at_),
            memory_.at<int32_t>(best_at_ + LEAST_CANDIDATES * sizeof(float))};
}

KernelActivations CudaTokenRunner::activations() const {
    return {nullptr, memory_.at<signed char>(bits_at_), memory_.at<float>(scales_at_), memory_.at<float>(sums_at_)};
}

ggml_cgraph * CudaTokenRunner::new_graph() {
    parts_.push_back(
        {ggml_new_graph_custom(ctx_.get(), NODES_PER_GRAPH + model_.params().expert_nodes(), false), 0, {}});
    return parts_.back().graph;
}

ggml_tensor * CudaTokenRunner::leaf(ggml_type type, std::array<int64_t, 2> ne, size_t offset) {
    return new_leaf(ctx_.get(), type, ne[0], ne[1], memory_.buffer(), memory_.at<void>(offset));
}

Status CudaTokenRunner::place_at(ggml_tensor * result, size_t offset) {
    return place(result, memory_.buffer(), memory_.at<void>(offset));
}

Status CudaTokenRunner::build() {
    const HyperParams &  p        = model_.params();
    const Architecture & arch     = model_.architecture();
    const size_t         n_graphs = 4 * size_t(p.n_layer) + 3;
    const size_t         nodes    = NODES_PER_GRAPH + p.expert_nodes();
    ctx_memory_.resize(n_graphs * (ggml_tensor_overhead() * nodes + ggml_graph_overhead_custom(nodes, false)));
    ggml_init_params params = {ctx_memory_.size(), ctx_memory_.data(), true};
    ctx_.reset(ggml_init(params));
    parts_.clear();
    pieces_.assign(1, {});
    std::vector<ggml_tensor *> rows;
    for (size_t i = 0; i < sights_.size(); i++) {
        sights_[i].rows.clear();
        sights_[i].masks.clear();
        rows.push_back(leaf(GGML_TYPE_I64, {1, 1}, inputs_at_ + offsetof(Inputs, rows) + i * sizeof(int64_t)));
    }

    ggml_context * ctx      = ctx_.get();
    ggml_tensor *  token    = leaf(GGML_TYPE_I32, {1, 1}, inputs_at_ + offsetof(Inputs, token));
    ggml_tensor *  position = leaf(GGML_TYPE_I32, {1, 1}, inputs_at_ + offsetof(Inputs, position));

    // Parts meet in memory of their own: x, q, a layer's K and V, what was attended.
    ggml_tensor * x = arch.build_embedding(ctx, p, model_.weights(), token);
    RETURN_IF_FAILED(place_at(x, x_at_));
    ggml_build_forward_expand(new_graph(), x);
    x = leaf(GGML_TYPE_F32, {p.n_embd, 1}, x_at_);
    if (ggml_tensor * inputs = arch.build_layer_inputs(ctx, p, model_.weights(), token, x)) {
        RETURN_IF_FAILED(place_at(inputs, layer_inputs_at_));
        ggml_build_forward_expand(new_graph(), inputs);
    }
    const auto input_of = [&](int64_t layer) {
        const size_t at = layer_inputs_at_ + size_t(layer * p.n_layer_input) * sizeof(float);
        return p.n_layer_input > 0 ? leaf(GGML_TYPE_F32, {p.n_layer_input, 1}, at) : nullptr;
    };
    // A part of its own, so that what is not known in one leaves the others to our kernels.
    const auto becomes_x = [&](ggml_tensor * result) {
        ggml_build_forward_expand(new_graph(), result);
        return place_at(result, x_at_);
    };
    const auto ends_layer = [&](int64_t layer) {
        if (!model_.experts_in_ram(layer))
            return becomes_x(arch.build_layer_output(ctx, model_.layer(layer), x, input_of(layer)));
        pieces_.back().layer = layer;
        pieces_.back().count = parts_.size() - pieces_.back().first;
        pieces_.push_back({parts_.size()});
        return Status::good();
    };
    for (int64_t layer = 0; layer < p.n_layer; layer++) {
        const LayerTraits & traits = p.layer(layer);
        if (traits.is_recurrent()) {
            ggml_cgraph * graph = new_graph();
            ggml_tensor * mixed = arch.build_recurrence(ctx, graph, model_.layer(layer), x, states_->of(layer));
            ggml_build_forward_expand(graph, mixed);
            RETURN_IF_FAILED(place_at(mixed, x_at_));
            RETURN_IF_FAILED(ends_layer(layer));
            continue;
        }
        Sight &      sight = sight_of(layer);
        QkvTensors   qkv   = arch.build_qkv(ctx, model_.layer(layer), x, position);
        const size_t k_at = rows_of(layer), v_at = k_at + sight.kv_bytes();
        RETURN_IF_FAILED(place_at(qkv.q, q_at_));
        if (qkv.k) RETURN_IF_FAILED(place_at(qkv.k, k_at));
        if (qkv.v) RETURN_IF_FAILED(place_at(qkv.v, v_at));
        if (qkv.gate) RETURN_IF_FAILED(place_at(qkv.gate, gate_at_));
        ggml_cgraph * graph = new_graph();
        for (ggml_tensor * t : {qkv.q, qkv.k, qkv.v, qkv.gate})
            if (t) ggml_build_forward_expand(graph, t);
        if (compact_) parts_.push_back({nullptr, layer, {}});
        else {
            const auto heads = [&](int64_t n, size_t at) {
                return ggml_reshape_3d(ctx, leaf(GGML_TYPE_F32, {traits.head_dim, n}, at), traits.head_dim, n, 1);
            };
            graph                  = new_graph();
            const int64_t capacity = history_->capacity(layer);
            ggml_tensor * row      = rows[size_t(&sight - sights_.data())];
            ggml_tensor * keys = history_->k(layer), *values = history_->v(layer);
            if (history_->shape().keeps(layer)) {
                keys   = build_append(ctx, graph, keys, heads(traits.n_head_kv, k_at), row);
                values = build_append(ctx, graph, values, heads(traits.n_head_kv, v_at), row);
            }
            ggml_tensor * mask = new_leaf(ctx, GGML_TYPE_F16, capacity, 1, sight.mask.buffer(), sight.mask.data());
            sight.masks.push_back(mask);
            ggml_tensor * attended = build_dense_attention(ctx, model_.layer(layer), heads(traits.n_head, q_at_), keys,
                                                           values, {0, capacity}, mask, &sight.rows);
            // Rows in 8 bits of heads beyond 256 channels become f16 behind the result.
            if (keeps_more(attended, cuda_.buffer_type())) attended = ggml_cont(ctx, attended);
            RETURN_IF_FAILED(place_at(attended, attended_at_));
            ggml_build_forward_expand(graph, attended);
        }
        ggml_tensor * attended = leaf(GGML_TYPE_F32, {traits.q_width(), 1}, attended_at_);
        ggml_tensor * gate     = qkv.gate ? leaf(GGML_TYPE_F32, {traits.q_width(), 1}, gate_at_) : nullptr;
        RETURN_IF_FAILED(becomes_x(arch.build_attention_output(ctx, model_.layer(layer), x, attended, gate)));
        RETURN_IF_FAILED(ends_layer(layer));
    }
    ggml_tensor * logits = arch.build_output(ctx, p, model_.weights(), x);
    RETURN_IF_FAILED(place_at(logits, logits_at_));
    ggml_build_forward_expand(new_graph(), logits);
    pieces_.back().count = parts_.size() - pieces_.back().first;
    return in_ram_.build(model_, reinterpret_cast<float *>(pinned_.data() + x_host_),
                         reinterpret_cast<float *>(pinned_.data() + made_host_));
}

// Every node of a part has memory of its own, so that kernels may do several nodes' work at once.
Status CudaTokenRunner::give_memory() {
    size_t most = 1;
    for (const TokenPart & part : parts_) {
        if (part.graph)
            most = std::max(most, place_nodes(part.graph, cuda_.buffer_type(), nullptr, nullptr, DeviceBytes::ALIGN));
    }
    RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, most, scratch_));
    const float * held = nullptr;  // attention's kernels leave what they computed in 8 bits too
    for (TokenPart & part : parts_) {
        if (part.graph) {
            place_nodes(part.graph, cuda_.buffer_type(), scratch_.buffer(), scratch_.at<uint8_t>(0),
                        DeviceBytes::ALIGN);
            part.calls = token_kernels(part.graph, {activations(), workspace_}, held);
        }
        held = part.graph ? nullptr : memory_.at<float>(attended_at_);
    }
    return Status::good();
}

// A compact token's rows go to the history on the device at the token's end.
Status CudaTokenRunner::list_history() {
    if (!compact_ || !history_ || !history_->on_device()) return Status::good();
    std::vector<void *> lists;
    const auto          list = [&](int64_t layer) {
        lists.push_back(history_->k(layer)->data);
        lists.push_back(history_->v(layer)->data);
    };
    for (const Sight & sight : sights_)
        for (int64_t layer : sight.layers) list(layer);
    copiers_.clear();
    for (int64_t layer = 0; layer < model_.params().n_layer; layer++)
        if (model_.params().layer(layer).shares_rows() && history_->shape().keeps(layer)) copiers_.push_back(layer);
    for (int64_t layer : copiers_) list(layer);
    RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, lists.size() * sizeof(void *), lists_));
    RETURN_IF_FAILED(
        cuda_.check(cuda_.kernels().copy(lists_.data(), lists.data(), lists.size() * sizeof(void *), cuda_.stream()),
                    "listing the history"));
    return cuda_.finish_stream();
}

Status CudaTokenRunner::begin(KvRows * history, CompactCache * compact, LayerStates & states) {
    RETURN_IF_FAILED(cuda_.enter());
    RETURN_IF_FAILED(end());
    history_ = history;
    compact_ = compact;
    states_  = &states;
    if (compact && &compact->on_device().device() != &cuda_)
        return Status::fail(Code::INTERNAL, "The compact cache lies on another device.");
    if (!compact_ && (!history_ || !history_->on_device())) {
        return Status::fail(Code::INVALID_ARGUMENT, "Mode full on a GPU reads every row there: read the document with "
                                                    "its KV on the GPU, or choose mode rocketkv-mt.");
    }
    RETURN_IF_FAILED(reserve());
    for (Sight & sight : sights_) {
        sight.shown = {};
        if (compact_) continue;
        const size_t n = size_t(history_->capacity(sight.layers.front()));
        RETURN_IF_FAILED(DeviceBytes::allocate(cuda_, n * sizeof(uint16_t), sight.mask));
    }
    n_run_ = 0;
    RETURN_IF_FAILED(build());
    RETURN_IF_FAILED(list_history());
    return give_memory();
}

// ggml's attention takes whole steps of rows: the graph is captured for rows that serve up to 256 tokens, and the mask
// says what of them a token sees. From one token to the next its own row comes into sight, and where there is a window
// the oldest one leaves it.
Status CudaTokenRunner::set_dense_rows(Sight & sight, const RowPlace & place) {
    static constexpr uint16_t F16_ZERO = 0, F16_MINUS_INF = 0xFC00;
    const KernelTable &       kernels = cuda_.kernels();
    const int64_t             step    = CudaDevice::kind_traits().row_step;
    const int64_t             row     = history_->row_of(sight.layers.front(), place);
    const RowRange            seen    = seen_rows(sight.window, row);
    const int64_t             first   = seen.first / step * step;
    const RowRange            shown{first, round_up(row + 1 - first, step)};
    const auto                set = [&](int64_t at, const uint16_t * values, size_t n) {
        return cuda_.check(kernels.copy(sight.mask.at<uint16_t>(size_t(at - first) * sizeof(uint16_t)), values,
                                        n * sizeof(uint16_t), cuda_.stream()),
                           "setting the mask");
    };
    if (shown.first != sight.shown.first || shown.count != sight.shown.count) {
        drop_capture();
        sight.shown = shown;
        for (ggml_tensor * view : sight.rows) RETURN_IF_FAILED(set_row_range(view, shown.first, shown.count));
        for (ggml_tensor * mask : sight.masks)
            RETURN_IF_FAILED(set_mask_length(mask, shown.count, int64_t(sight.mask.bytes() / sizeof(uint16_t))));
        std::vector<uint16_t> mask(size_t(shown.count), F16_MINUS_INF);
        std::fill(mask.begin() + (seen.first - first), mask.begin() + (row - first), F16_ZERO);
        RETURN_IF_FAILED(set(first, mask.data(), mask.size()));
        RETURN_IF_FAILED(cuda_.finish_stream());
    }
    if (seen.first > first) RETURN_IF_FAILED(set(seen.first - 1, &F16_MINUS_INF, 1));
    return set(row, &F16_ZERO, 1);
}

Status CudaTokenRunner::enqueue_parts(const Piece & piece) {
    const KernelTable &     kernels   = cuda_.kernels();
    bool                    by_ggml   = false;  // the part before
    const KernelActivations quantised = activations();
    for (size_t i = piece.first; i < piece.first + piece.count; i++) {
        const TokenPart & part    = parts_[i];
        const bool        is_ggml = part.graph && part.calls.empty();
        if (is_ggml && !by_ggml) RETURN_IF_FAILED(cuda_.let_ggml_wait());
        if (!is_ggml && by_ggml) RETURN_IF_FAILED(cuda_.wait_for_ggml());
        by_ggml = is_ggml;
        if (!part.graph) {
            const size_t at = rows_of(part.layer);
            LayerToken   token;
            token.layer     = part.layer;
            token.q         = memory_.at<float>(q_at_);
            token.k         = memory_.at<float>(at);
            token.v         = memory_.at<float>(at + sight_of(part.layer).kv_bytes());
            token.out       = memory_.at<float>(attended_at_);
            token.quantised = &quantised;
            RETURN_IF_FAILED(compact_->on_device().attend(token));
            continue;
        }
        for (const KernelCall & call : part.calls)
            RETURN_IF_FAILED(cuda_.check(call(kernels, cuda_.stream()), "computing a layer"));
        if (is_ggml && ggml_backend_graph_compute_async(cuda_.handle(), part.graph) != GGML_STATUS_SUCCESS)
            return Status::fail(Code::GPU_FAULT, "ggml failed to compute a graph on the GPU.");
    }
    return by_ggml ? cuda_.wait_for_ggml() : Status::good();
}

// K and V of n_layers layers from `layer` on, to the rows of the history that are listed from first_list on.
Status CudaTokenRunner::append_to_history(size_t first_list, int64_t layer, size_t n_layers, const Sight & sight) {
    const ggml_tensor * rows = history_->k(layer);
    KernelHistory       to;
    to.lists            = lists_.at<void *>(2 * first_list * sizeof(void *));
    to.n_lists          = int(2 * n_layers);
    to.n_head           = int(sight.n_head_kv);
    to.head_dim         = int(sight.head_dim);
    to.type             = rows->type == GGML_TYPE_Q8_0 ? KERNEL_ROWS_Q8_0 : KERNEL_ROWS_F16;
    to.row_bytes        = rows->nb[1];
    to.head_bytes       = rows->nb[2];
    const size_t row_at = inputs_at_ + offsetof(Inputs, rows) + size_t(&sight - sights_.data()) * sizeof(int64_t);
    return cuda_.check(cuda_.kernels().append_history(to, memory_.at<float>(rows_of(layer)),
                                                      memory_.at<int64_t>(row_at), cuda_.stream()),
                       "keeping a row");
}

Status CudaTokenRunner::begin_token() {
    RETURN_IF_FAILED(
        cuda_.check(cuda_.kernels().copy(memory_.at<void>(inputs_at_), pinned_.data(), sizeof(Inputs), cuda_.stream()),
                    "giving a token"));
    return compact_ ? compact_->on_device().begin_token() : Status::good();
}

Status CudaTokenRunner::end_token() {
    const KernelTable & kernels = cuda_.kernels();
    if (compact_) RETURN_IF_FAILED(compact_->on_device().end_token());
    if (compact_ && history_ && history_->on_device()) {
        size_t n_before = 0;
        for (const Sight & sight : sights_) {
            RETURN_IF_FAILED(append_to_history(n_before, sight.layers.front(), sight.layers.size(), sight));
            n_before += sight.layers.size();
        }
        for (int64_t layer : copiers_) RETURN_IF_FAILED(append_to_history(n_before++, layer, 1, sight_of(layer)));
    }
    RETURN_IF_FAILED(cuda_.check(kernels.candidates(candidates(), workspace_, cuda_.stream()), "choosing candidates"));
    return cuda_.check(kernels.copy(pinned_.data() + best_host_, memory_.at<void>(best_at_),
                                    LEAST_CANDIDATES * (sizeof(float) + sizeof(int32_t)), cuda_.stream()),
                       "taking the candidates");
}

// A piece begins with what the feed-forward before it made, and ends with what the one behind it gets.
Status CudaTokenRunner::enqueue_piece(const Piece & piece) {
    const size_t x_bytes = size_t(model_.params().n_embd) * sizeof(float);
    const auto   move    = [&](void * to, const void * from) {
        return cuda_.check(cuda_.kernels().copy(to, from, x_bytes, cuda_.stream()), "moving a token");
    };
    if (&piece == &pieces_.front()) RETURN_IF_FAILED(begin_token());
    else RETURN_IF_FAILED(move(memory_.at<void>(x_at_), pinned_.data() + made_host_));
    RETURN_IF_FAILED(enqueue_parts(piece));
    return piece.layer < 0 ? end_token() : move(pinned_.data() + x_host_, memory_.at<void>(x_at_));
}

// ggml sorts the tokens of experts whose weights are no blocks on the host, where a matrix does not suit its kernels.
bool CudaTokenRunner::host_takes_part() const {
    const auto sorts = [](const TokenPart & part) {
        for (int i = 0; part.graph && part.calls.empty() && i < ggml_graph_n_nodes(part.graph); i++) {
            const ggml_tensor * node = ggml_graph_node(part.graph, i);
            if (node->op == GGML_OP_MUL_MAT_ID && !ggml_is_quantized(node->src[0]->type)) return true;
        }
        return false;
    };
    return std::any_of(parts_.begin(), parts_.end(), sorts) || (compact_ && compact_->on_device().host_takes_part());
}

Status CudaTokenRunner::run_captured(Piece & piece) {
    const KernelTable & kernels = cuda_.kernels();
    if (!piece.captured) {
        RETURN_IF_FAILED(cuda_.check(kernels.begin_capture(cuda_.stream()), "capturing a token"));
        const Status enqueued = enqueue_piece(piece);
        const Status captured = cuda_.check(kernels.end_capture(cuda_.stream(), piece.captured), "capturing a token");
        RETURN_IF_FAILED(enqueued);
        RETURN_IF_FAILED(captured);
    }
    return cuda_.check(kernels.launch_graph(piece.captured, cuda_.stream()), "running a token");
}

Status CudaTokenRunner::compute_token() {
    // The first token runs as it is: ggml's pools take their memory then, which a capture could not.
    const bool captured = warm_ && !host_takes_part();
    for (Piece & piece : pieces_) {
        RETURN_IF_FAILED(captured ? run_captured(piece) : enqueue_piece(piece));
        if (piece.layer < 0) continue;
        RETURN_IF_FAILED(cuda_.finish_stream());
        RETURN_IF_FAILED(in_ram_.run(piece.layer));
    }
    warm_ = true;
    return Status::good();
}

Status CudaTokenRunner::run(int32_t token, int64_t position, int64_t n_history, bool logits, NextToken & out,
                            const std::atomic<bool> * cancel) {
    if (parts_.empty()) return Status::fail(Code::INTERNAL, "decode was not begun");
    if (cancel && cancel->load()) return Status::fail(Code::CANCELLED, "Cancelled.");
    RETURN_IF_FAILED(cuda_.enter());
    const RowPlace place{n_history, position};
    Inputs         inputs{token, int32_t(position), {}};
    for (size_t i = 0; history_ && i < sights_.size(); i++)
        inputs.rows[i] = history_->row_of(sights_[i].layers.front(), place);
    std::memcpy(pinned_.data(), &inputs, sizeof(inputs));
    for (Sight & sight : sights_)
        if (!compact_) RETURN_IF_FAILED(set_dense_rows(sight, place));
    RETURN_IF_FAILED(compute_token());
    const bool stages = history_ && !history_->on_device();
    const int  set    = int(n_run_ % 2);
    if (stages) {
        RETURN_IF_FAILED(cuda_.check(cuda_.kernels().copy(pinned_.data() + rows_host_ + size_t(set) * rows_bytes_,
                                                          memory_.at<void>(rows_at_), rows_bytes_, cuda_.stream()),
                                     "taking new rows"));
        RETURN_IF_FAILED(write_staged_rows());  // the last token's, while this one computes
    }
    RETURN_IF_FAILED(cuda_.finish_stream());
    if (stages) {
        staged_     = place;
        staged_set_ = set;
    }
    n_run_++;
    return logits ? take_logits(out) : take_candidates(out);
}

Status CudaTokenRunner::take_logits(NextToken & out) {
    out.logits.resize(size_t(model_.params().n_vocab));
    RETURN_IF_FAILED(cuda_.check(cuda_.kernels().copy(out.logits.data(), memory_.at<void>(logits_at_),
                                                      out.logits.size() * sizeof(float), cuda_.stream()),
                                 "taking the logits"));
    RETURN_IF_FAILED(cuda_.finish_stream());
    set_candidates(out.logits.data(), int64_t(out.logits.size()), out.candidates);
    return Status::good();
}

Status CudaTokenRunner::take_candidates(NextToken & out) const {
    const int     n    = int(std::min<int64_t>(LEAST_CANDIDATES, model_.params().n_vocab));
    const float * best = reinterpret_cast<const float *>(pinned_.data() + best_host_);
    const auto *  ids =
        reinterpret_cast<const int32_t *>(pinned_.data() + best_host_ + LEAST_CANDIDATES * sizeof(float));
    out.logits.clear();
    out.candidates.resize(size_t(n));
    for (int i = 0; i < n; i++) out.candidates[size_t(i)] = {ids[i], best[i], 0.0f};
    return Status::good();
}

// K and V of the token before, from pinned memory into the history's rows [head_dim, capacity, n_head].
Status CudaTokenRunner::write_staged_rows() {
    if (staged_.row < 0) return Status::good();
    const float * row =
        reinterpret_cast<const float *>(pinned_.data() + rows_host_ + size_t(staged_set_) * rows_bytes_);
    const auto write = [&](ggml_tensor * t, int64_t at) {
        const int64_t d = t->ne[0];
        for (int64_t head = 0; head < t->ne[2]; head++, row += d) {
            uint8_t * to = static_cast<uint8_t *>(t->data) + size_t(head) * t->nb[2] + size_t(at) * t->nb[1];
            if (t->type == GGML_TYPE_F16) ggml_fp32_to_fp16_row(row, reinterpret_cast<ggml_fp16_t *>(to), d);
            else ggml_quantize_chunk(t->type, row, to, 0, 1, d, nullptr);
        }
    };
    for (const Sight & sight : sights_) {
        for (int64_t layer : sight.layers) {
            write(history_->k(layer), history_->row_of(layer, staged_));
            write(history_->v(layer), history_->row_of(layer, staged_));
        }
    }
    staged_ = {-1, -1};
    return Status::good();
}

void CudaTokenRunner::drop_capture() {
    for (Piece & piece : pieces_) {
        if (piece.captured) cuda_.kernels().destroy_graph(piece.captured);
        piece.captured = nullptr;
    }
    warm_ = false;
}

Status CudaTokenRunner::end() {
    const Status written = write_staged_rows();
    drop_capture();
    parts_.clear();
    history_ = nullptr;
    compact_ = nullptr;
    states_  = nullptr;
    return written;
}

}  // namespace rocketdoc
