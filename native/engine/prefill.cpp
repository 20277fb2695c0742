#include "prefill.h"

#include <algorithm>
#include <string>

namespace rocketdoc {
namespace {

constexpr size_t   MAX_LAYER_NODES = 128;
constexpr uint16_t F16_ZERO        = 0x0000;
constexpr uint16_t F16_MINUS_INF   = 0xFC00;

// A view of `count` columns of the hidden states, from column `first` on.
ggml_tensor * columns(ggml_context * ctx, ggml_tensor * hidden, int64_t first, int64_t count) {
    return ggml_view_2d(ctx, hidden, hidden->ne[0], count, hidden->nb[1], size_t(first) * hidden->nb[1]);
}

}  // namespace

Prefill::Prefill(const Model & model, Backend & backend) : model_(model), backend_(backend), arena_(backend, MAX_LAYER_NODES) {}

size_t Prefill::activation_bytes(const HyperParams & p, int64_t n_rows, int64_t segment, int64_t tile) {
    segment           = std::min(segment, n_rows);
    tile              = std::min(tile, segment);
    const size_t hidden = size_t(p.n_embd) * segment * sizeof(float);
    // A segment's masks, and the running tile's as graph input.
    const size_t masks  = size_t(n_rows) * (std::max(segment, ATTENTION_TILE) + std::max(tile, ATTENTION_TILE)) * sizeof(uint16_t);
    // Largest set alive at once in a layer's graph: normed input, gate, up and their product.
    const size_t layer  = size_t(tile) * (3 * p.n_ff + 3 * p.n_embd + 2 * p.n_head * p.head_dim) * sizeof(float);
    return hidden + masks + layer;
}

Status Prefill::reserve_hidden(int64_t segment) {
    if (hidden_ && hidden_->ne[1] >= segment) return Status::good();
    hidden_buffer_.reset();
    ggml_init_params params = {ggml_tensor_overhead(), nullptr, true};
    hidden_ctx_.reset(ggml_init(params));
    hidden_ = ggml_new_tensor_2d(hidden_ctx_.get(), GGML_TYPE_F32, model_.params().n_embd, segment);
    hidden_buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(hidden_ctx_.get(), backend_.buffer_type()));
    if (hidden_buffer_) return Status::good();
    hidden_ = nullptr;
    return Status::fail(Code::HOST_OOM, "Not enough memory for the hidden states of " + std::to_string(segment) + " tokens.");
}

Status Prefill::run(const PrefillJob & job) {
    const int64_t segment = std::min(job.segment, job.n_tokens);
    RETURN_IF_FAILED(reserve_hidden(segment));
    for (int64_t begin = 0; begin < job.n_tokens; begin += segment) {
        const int64_t end = std::min(begin + segment, job.n_tokens);
        RETURN_IF_FAILED(run_segment(job, begin, end));
        if (job.segment_done) job.segment_done(end);
    }
    return Status::good();
}

Status Prefill::run_segment(const PrefillJob & job, int64_t begin, int64_t end) {
    tiles_.clear();
    for (int64_t at = begin; at < end; at += job.tile) {
        Tile tile;
        tile.begin = at;
        tile.count = std::min(job.tile, end - at);
        fill_mask(job, tile);
        tiles_.push_back(std::move(tile));
    }
    for (const Tile & tile : tiles_) RETURN_IF_FAILED(embed(job, tile, begin));
    const int64_t n_layer = model_.params().n_layer;
    for (int64_t layer = 0; layer < n_layer; layer++) {
        for (const Tile & tile : tiles_) RETURN_IF_FAILED(run_layer(job, tile, begin, layer));
        if (job.layer_done && end == job.n_tokens) RETURN_IF_FAILED(job.layer_done(layer));
        if (job.progress) job.progress(begin + (end - begin) * (layer + 1) / n_layer);
    }
    if (job.logits == PrefillJob::Logits::all) {
        for (const Tile & tile : tiles_) RETURN_IF_FAILED(output(job, begin, tile.begin, tile.begin + tile.count));
    } else if (job.logits == PrefillJob::Logits::last && end == job.n_tokens) {
        RETURN_IF_FAILED(output(job, begin, end - 1, end));
    }
    return Status::good();
}

void Prefill::fill_mask(const PrefillJob & job, Tile & tile) const {
    const int64_t before = job.first_row + tile.begin;
    const int64_t n_rows = before + tile.count;
    tile.mask_rows       = std::max(tile.count, ATTENTION_TILE);
    tile.mask.assign(size_t(n_rows * tile.mask_rows), F16_ZERO);
    for (int64_t i = 0; i < tile.count; i++) {
        std::fill(tile.mask.begin() + size_t(i * n_rows + before + i + 1), tile.mask.begin() + size_t((i + 1) * n_rows), F16_MINUS_INF);
    }
}

Status Prefill::embed(const PrefillJob & job, const Tile & tile, int64_t segment_begin) {
    ggml_context * ctx    = arena_.begin();
    ggml_cgraph *  graph  = arena_.new_graph();
    ggml_tensor *  tokens = new_input(ctx, GGML_TYPE_I32, tile.count);
    ggml_tensor *  x      = model_.architecture().build_embedding(ctx, model_.params(), model_.weights(), tokens);
    ggml_build_forward_expand(graph, ggml_cpy(ctx, x, columns(ctx, hidden_, tile.begin - segment_begin, tile.count)));
    RETURN_IF_FAILED(arena_.allocate(graph));
    ggml_backend_tensor_set(tokens, job.tokens + tile.begin, 0, ggml_nbytes(tokens));
    return backend_.compute(graph, job.cancel);
}

Status Prefill::run_layer(const PrefillJob & job, const Tile & tile, int64_t segment_begin, int64_t layer) {
    const HyperParams &  p       = model_.params();
    const Architecture & arch    = model_.architecture();
    const LayerWeights & weights = model_.weights().layers[size_t(layer)];
    const int64_t        n_rows  = job.first_row + tile.begin + tile.count;

    ggml_context * ctx       = arena_.begin();
    ggml_cgraph *  graph     = arena_.new_graph();
    ggml_tensor *  x         = columns(ctx, hidden_, tile.begin - segment_begin, tile.count);
    ggml_tensor *  positions = new_input(ctx, GGML_TYPE_I32, tile.count);
    ggml_tensor *  indices   = new_input(ctx, GGML_TYPE_I64, tile.count);
    ggml_tensor *  mask      = new_input(ctx, GGML_TYPE_F16, n_rows, tile.mask_rows);
    QkvTensors     qkv       = arch.build_qkv(ctx, p, weights, x, positions);

    // The tile's share of the observation window, if any.
    ggml_tensor * window_q    = nullptr;
    int64_t       window_from = 0;
    if (job.window) {
        const int64_t window_begin = job.n_tokens - job.window->window;
        window_from                = std::max(window_begin, tile.begin);
        const int64_t count        = tile.begin + tile.count - window_from;
        if (count > 0) {
            ggml_tensor * last = ggml_view_3d(ctx, qkv.q, p.head_dim, p.n_head, count, qkv.q->nb[1], qkv.q->nb[2],
                                              size_t(window_from - tile.begin) * qkv.q->nb[2]);
            window_q = ggml_cont(ctx, ggml_permute(ctx, last, 0, 2, 1, 3));  // [D, count, H]
            ggml_set_output(window_q);
            ggml_build_forward_expand(graph, window_q);
        }
    }

    ggml_tensor * keys     = build_append(ctx, graph, job.rows->k(layer), qkv.k, indices);
    ggml_tensor * values   = build_append(ctx, graph, job.rows->v(layer), qkv.v, indices);
    ggml_tensor * attended = build_dense_attention(ctx, qkv.q, keys, values, n_rows, mask, p.attn_scale, nullptr);
    ggml_tensor * out      = arch.build_after_attention(ctx, p, weights, x, attended);
    ggml_build_forward_expand(graph, ggml_cpy(ctx, out, x));
    RETURN_IF_FAILED(arena_.allocate(graph));

    std::vector<int32_t> position(size_t(tile.count));
    std::vector<int64_t> index(size_t(tile.count));
    for (int64_t i = 0; i < tile.count; i++) {
        position[size_t(i)] = int32_t(job.first_position + tile.begin + i);
        index[size_t(i)]    = job.first_row + tile.begin + i;
    }
    ggml_backend_tensor_set(positions, position.data(), 0, ggml_nbytes(positions));
    ggml_backend_tensor_set(indices, index.data(), 0, ggml_nbytes(indices));
    ggml_backend_tensor_set(mask, tile.mask.data(), 0, ggml_nbytes(mask));
    RETURN_IF_FAILED(backend_.compute(graph, job.cancel));

    if (window_q) {
        const int64_t count = window_q->ne[1];
        const int64_t at    = window_from - (job.n_tokens - job.window->window);
        float *       layer_q = job.window->layer(p, layer);
        for (int64_t head = 0; head < p.n_head; head++) {
            ggml_backend_tensor_get(window_q, layer_q + size_t((head * job.window->window + at) * p.head_dim), size_t(head) * window_q->nb[2],
                                    size_t(count * p.head_dim) * sizeof(float));
        }
    }
    return Status::good();
}

Status Prefill::output(const PrefillJob & job, int64_t segment_begin, int64_t begin, int64_t end) {
    ggml_context * ctx    = arena_.begin();
    ggml_cgraph *  graph  = arena_.new_graph();
    ggml_tensor *  logits = model_.architecture().build_output(ctx, model_.params(), model_.weights(), columns(ctx, hidden_, begin - segment_begin, end - begin));
    ggml_set_output(logits);
    ggml_build_forward_expand(graph, logits);
    RETURN_IF_FAILED(arena_.allocate(graph));
    RETURN_IF_FAILED(backend_.compute(graph, job.cancel));
    float * out = job.logits == PrefillJob::Logits::all ? job.logits_out + size_t(begin * model_.params().n_vocab) : job.logits_out;
    ggml_backend_tensor_get(logits, out, 0, ggml_nbytes(logits));
    return Status::good();
}

}  // namespace rocketdoc
