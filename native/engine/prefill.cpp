#include "prefill.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <string>
#include <thread>

namespace rocketdoc {
namespace {

constexpr size_t MAX_LAYER_NODES = 128;
// Of a worker: alone as fast as larger ones within 2 %, and the smaller it is the less the others wait for the last
// one.
constexpr int64_t WORKER_TILE = 64;

// A small tile asks for almost every expert, and would bring all of their weights for a few tokens each. A recurrent
// layer's tile begins from the state that the tile before leaves: workers would wait for each other.
bool reads_by_workers(const HyperParams & params, int n_workers) {
    return n_workers > 1 && params.expert_nodes() == 0 && params.count_layers(AttentionKind::recurrent) == 0;
}

// A view of `count` columns of the hidden states, from column `first` on.
ggml_tensor * columns(ggml_context * ctx, ggml_tensor * hidden, int64_t first, int64_t count) {
    return ggml_view_2d(ctx, hidden, hidden->ne[0], count, hidden->nb[1], size_t(first) * hidden->nb[1]);
}

// Entries [first, first + count) of a 1-d tensor.
ggml_tensor * entries(ggml_context * ctx, ggml_tensor * t, int64_t first, int64_t count) {
    return ggml_view_1d(ctx, t, count, size_t(first) * t->nb[0]);
}

}  // namespace

Prefill::Prefill(const Model & model, Device & device)
    : model_(model), device_(device), arena_(device, MAX_LAYER_NODES + model.params().expert_nodes()) {
    for (int64_t layer = 0; layer < model.params().n_layer; layer++) {
        const int64_t window = model.params().layer(layer).kept_window();
        if (model.params().layer(layer).keeps_rows() && !find_sight(window))
            sights_.push_back({window, layer, nullptr});
        if (!model.params().layer(layer).shares_rows()) last_kept_ = layer;
    }
    for (Device * device : model.devices()) {
        const auto same = [&](const Attending & a) { return a.device == device; };
        if (std::none_of(attending_.begin(), attending_.end(), same))
            attending_.push_back({device, device->make_prefill_attention(model.params(), device->n_threads())});
    }
    const auto is_ours   = [&](const Device * device) { return device == &device_; };
    const int  n_workers = device_.traits().n_workers;
    if (!reads_by_workers(model.params(), n_workers)) return;
    if (!std::all_of(model.devices().begin(), model.devices().end(), is_ours)) return;
    for (int i = 0; i < n_workers; i++)
        workers_.push_back({GraphArena(device_, MAX_LAYER_NODES), device_.make_prefill_attention(model.params(), 1)});
}

PrefillAttention & Prefill::attention_of(const Device & device) {
    return *std::find_if(attending_.begin(), attending_.end(), [&](const Attending & a) {
                return a.device == &device;
            })->attention;
}

Prefill::Sight * Prefill::find_sight(int64_t window) {
    for (Sight & sight : sights_)
        if (sight.window == window) return &sight;
    return nullptr;
}

Status QueryWindow::reset(const HyperParams & p, const Device & device, int64_t window_rows) {
    window = window_rows;
    buffer.reset();
    ggml_init_params params = {ggml_tensor_overhead(), nullptr, true};
    ctx.reset(ggml_init(params));
    const LayerTraits & layer = p.full_layer();
    q                         = ggml_new_tensor_3d(ctx.get(), GGML_TYPE_F32, layer.head_dim, window_rows, layer.n_head);
    buffer.reset(ggml_backend_alloc_ctx_tensors_from_buft(ctx.get(), device.buffer_type()));
    return buffer ? Status::good() : Status::fail(device.oom(), "Not enough memory for the question's queries.");
}

size_t Prefill::activation_bytes(const HyperParams & p, const DeviceTraits & device, int64_t n_rows, int64_t segment,
                                 int64_t tile) {
    segment              = std::min(segment, n_rows);
    tile                 = std::min(tile, segment);
    const bool    shared = reads_by_workers(p, device.n_workers);
    const int64_t inputs = p.n_layer_input * p.n_layer;
    const size_t  hidden = size_t(p.n_embd + inputs) * segment * sizeof(float);
    // Largest set alive at once in a layer's graph: normed input, gate, up and their product; of experts each one's
    // result, too, and that weighted.
    const int64_t values  = p.most([&](const LayerTraits & l) {
        const int64_t of_experts = l.experts.used * (3 * l.experts.n_ff + 2 * p.n_embd) + 3 * l.experts.n_ff_shared;
        return std::max({3 * l.n_ff, of_experts, l.recurrence.token_floats()}) + 2 * l.q_width();
    });
    const int64_t at_once = shared ? std::max(tile, device.n_workers * std::min(tile, WORKER_TILE)) : tile;
    // Of a recurrent layer's state once more, as it is written.
    const int64_t matrices = p.most([](const LayerTraits & l) { return l.recurrence.matrix_floats(); });
    const size_t  layer    = size_t(matrices + at_once * (std::max(values, 3 * inputs) + 3 * p.n_embd)) * sizeof(float);
    return hidden + layer + (shared ? 2 : 1) * device.sizes->prefill_attention(p, n_rows, tile, device.n_threads);
}

Status Prefill::reserve_segment(int64_t segment) {
    if (hidden_ && hidden_->ne[1] >= segment) return Status::good();
    segment_buffer_.reset();
    ggml_init_params params = {ggml_tensor_overhead() * (4 + sights_.size()), nullptr, true};
    segment_ctx_.reset(ggml_init(params));
    hidden_                = ggml_new_tensor_2d(segment_ctx_.get(), GGML_TYPE_F32, model_.params().n_embd, segment);
    const int64_t n_inputs = model_.params().n_layer_input * model_.params().n_layer;
    if (n_inputs > 0) inputs_ = ggml_new_tensor_2d(segment_ctx_.get(), GGML_TYPE_F32, n_inputs, segment);
    tokens_    = ggml_new_tensor_1d(segment_ctx_.get(), GGML_TYPE_I32, segment);
    positions_ = ggml_new_tensor_1d(segment_ctx_.get(), GGML_TYPE_I32, segment);
    for (Sight & sight : sights_) sight.indices = ggml_new_tensor_1d(segment_ctx_.get(), GGML_TYPE_I64, segment);
    segment_buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(segment_ctx_.get(), device_.buffer_type()));
    if (segment_buffer_) return Status::good();
    hidden_ = nullptr;
    return Status::fail(device_.oom(),
                        "Not enough memory for the hidden states of " + std::to_string(segment) + " tokens.");
}

Status Prefill::run(const PrefillJob & job) {
    const int64_t segment = std::min(job.segment, job.n_tokens);
    const int64_t n_rows  = job.first_row + job.n_tokens;
    RETURN_IF_FAILED(reserve_segment(segment));
    for (Attending & attending : attending_)
        RETURN_IF_FAILED(attending.attention->reserve(n_rows, std::min(job.tile, segment)));
    std::unique_ptr<LayerStream> stream;
    RETURN_IF_FAILED(device_.make_layer_stream(*job.rows, {n_rows, segment, job.drops_rows}, stream));
    std::unique_ptr<ExpertStream> experts;
    RETURN_IF_FAILED(device_.make_expert_stream(model_, experts));
    for (int64_t begin = 0; begin < job.n_tokens; begin += segment) {
        const int64_t end    = std::min(begin + segment, job.n_tokens);
        Status        status = run_segment(job, *stream, experts.get(), begin, end);
        const Status  waited = finish_devices();
        RETURN_IF_FAILED(status);
        RETURN_IF_FAILED(waited);
        RETURN_IF_FAILED(stream->finish());
        if (job.segment_done) RETURN_IF_FAILED(job.segment_done(end));
    }
    return Status::good();
}

Status Prefill::finish_devices() {
    Status   first = device_.finish();
    Device * last  = &device_;
    for (Device * device : model_.devices()) {
        if (device == last) continue;
        const Status finished = device->finish();
        if (first.ok()) first = finished;
        last = device;
    }
    return first;
}

Status Prefill::set_segment(const PrefillJob & job, int64_t begin, int64_t end) {
    const int64_t        n = end - begin;
    std::vector<int32_t> position(static_cast<size_t>(n));
    std::vector<int64_t> index(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; i++) position[size_t(i)] = int32_t(job.first_position + begin + i);
    ggml_backend_tensor_set(tokens_, job.tokens + begin, 0, size_t(n) * sizeof(int32_t));
    ggml_backend_tensor_set(positions_, position.data(), 0, size_t(n) * sizeof(int32_t));
    for (Sight & sight : sights_) {
        const int64_t first = job.rows->row_of(sight.layer, {job.first_row + begin, job.first_position + begin});
        for (int64_t i = 0; i < n; i++) index[size_t(i)] = first + i;
        ggml_backend_tensor_set(sight.indices, index.data(), 0, size_t(n) * sizeof(int64_t));
    }
    return Status::good();
}

void Prefill::cut_tiles(const PrefillJob & job, int64_t begin, int64_t end) {
    const int64_t n_workers = int64_t(workers_.size()), n = end - begin;
    const int64_t tile = std::min(job.tile, WORKER_TILE);
    with_workers_      = n_workers > 0 && n >= n_workers * tile;
    // As many tiles for each worker, of almost one size.
    const int64_t n_tiles = with_workers_ ? round_up((n + tile - 1) / tile, n_workers) : (n + job.tile - 1) / job.tile;
    tiles_.clear();
    for (int64_t i = 0; i < n_tiles; i++) {
        const int64_t first = with_workers_ ? n * i / n_tiles : job.tile * i;
        const int64_t next  = with_workers_ ? n * (i + 1) / n_tiles : std::min(n, first + job.tile);
        if (next > first) tiles_.push_back({begin + first, next - first});
    }
}

Status Prefill::run_segment(const PrefillJob & job, LayerStream & stream, ExpertStream * experts, int64_t begin,
                            int64_t end) {
    cut_tiles(job, begin, end);
    n_computed_ += end - begin;
    RETURN_IF_FAILED(set_segment(job, begin, end));
    for (const Tile & tile : tiles_) RETURN_IF_FAILED(embed(job, tile, begin));
    const int64_t n_layer = model_.params().n_layer;
    RETURN_IF_FAILED(stream.begin_pass({job.first_row + begin, job.first_position + begin}, end - begin));
    if (experts) RETURN_IF_FAILED(experts->begin_pass());
    for (int64_t layer = 0; layer < n_layer; layer++) {
        Device & device = model_.device_of(layer);
        // The device is never more than a layer ahead of us, so that a cancel is seen soon.
        if (layer >= 2) RETURN_IF_FAILED(device.wait_for_layer(layer - 2));
        LayerPass pass{job, begin, layer, {}, model_.layer(layer).weights};
        RETURN_IF_FAILED(stream.acquire(layer, pass.rows));
        if (experts) RETURN_IF_FAILED(experts->acquire(layer, pass.weights));
        RETURN_IF_FAILED(copy_shared_rows(pass, end - begin));
        RETURN_IF_FAILED(with_workers_ ? run_by_workers(pass) : run_layer(pass));
        if (job.layer_done && end == job.n_tokens && pass.rows.k) RETURN_IF_FAILED(job.layer_done(layer, pass.rows));
        RETURN_IF_FAILED(stream.release(layer));
        if (experts) RETURN_IF_FAILED(experts->release(layer));
        RETURN_IF_FAILED(device.mark_layer(layer));
        device.look_at_memory();
        if (job.progress) job.progress(begin + (end - begin) * (layer + 1) / n_layer);
    }
    if (job.logits == PrefillJob::Logits::all) {
        for (const Tile & tile : tiles_) RETURN_IF_FAILED(output(job, begin, tile.begin, tile.begin + tile.count));
    } else if (job.logits == PrefillJob::Logits::last && end == job.n_tokens) {
        RETURN_IF_FAILED(output(job, begin, end - 1, end));
    }
    return Status::good();
}

Status Prefill::embed(const PrefillJob & job, const Tile & tile, int64_t segment_begin) {
    ggml_context * ctx    = arena_.begin();
    ggml_cgraph *  graph  = arena_.new_graph();
    ggml_tensor *  tokens = entries(ctx, tokens_, tile.begin - segment_begin, tile.count);
    ggml_tensor *  x      = model_.architecture().build_embedding(ctx, model_.params(), model_.weights(), tokens);
    ggml_tensor *  inputs = model_.architecture().build_layer_inputs(ctx, model_.params(), model_.weights(), tokens, x);
    const int64_t  at     = tile.begin - segment_begin;
    ggml_build_forward_expand(graph, ggml_cpy(ctx, x, columns(ctx, hidden_, at, tile.count)));
    if (inputs) ggml_build_forward_expand(graph, ggml_cpy(ctx, inputs, columns(ctx, inputs_, at, tile.count)));
    RETURN_IF_FAILED(arena_.allocate(graph));
    return device_.compute(graph, job.cancel);
}

Status Prefill::copy_shared_rows(const LayerPass & pass, int64_t n) {
    KvRows &      rows   = *pass.job.rows;
    const int64_t source = model_.params().rows_of(pass.layer), row = pass.job.first_row + pass.segment_begin;
    if (source == pass.layer || !rows.shape().keeps(pass.layer)) return Status::good();
    Device & device = model_.device_of(pass.layer);
    RETURN_IF_FAILED(device.copy_rows({rows.k(source), row}, {rows.k(pass.layer), row}, n));
    return device.copy_rows({rows.v(source), row}, {rows.v(pass.layer), row}, n);
}

int64_t Prefill::first_attending(const PrefillJob & job, int64_t layer) const {
    if (layer < last_kept_ || job.logits == PrefillJob::Logits::all) return 0;
    const bool    votes  = job.window && layer + 1 < model_.params().n_layer;
    const int64_t wanted = job.logits == PrefillJob::Logits::last ? 1 : 0;
    return job.n_tokens - std::max(wanted, votes ? job.window->window : 0);
}

// Of `count` tokens from column `first` on; null where layers have no embeddings of their own.
ggml_tensor * Prefill::input_of(int64_t layer, int64_t first, int64_t count, ggml_context * ctx) const {
    return inputs_ ? layer_input(ctx, model_.params(), columns(ctx, inputs_, first, count), layer) : nullptr;
}

Status Prefill::run_layer(const LayerPass & pass) {
    Computing by{-1, &arena_, &attention_of(model_.device_of(pass.layer)), 0};
    for (; by.tile < tiles_.size(); by.tile++) RETURN_IF_FAILED(run_tile(pass, tiles_[by.tile], by));
    return Status::good();
}

Status Prefill::run_by_workers(const LayerPass & pass) {
    order_.begin(tiles_.size());
    std::atomic<size_t> next{0};
    std::vector<Status> ended(workers_.size());
    const auto          work = [&](int worker) noexcept {
        Status & status = ended[size_t(worker)];
        try {
            Worker &  own = workers_[size_t(worker)];
            Computing by{worker, &own.arena, own.attention.get(), next++};
            for (; by.tile < tiles_.size() && !order_.failed(); by.tile = next++) {
                status = run_tile(pass, tiles_[by.tile], by);
                if (!status.ok()) break;
                order_.set_written(by.tile);  // where nothing attends, too
            }
        } catch (const std::bad_alloc &) {
            status = Status::fail(Code::HOST_OOM, "Not enough memory for the graph of a layer. Close other programs.");
        }
        if (!status.ok()) order_.set_failed();
    };
    std::vector<std::thread> others;
    others.reserve(workers_.size());
    for (int worker = 1; worker < int(workers_.size()); worker++) {
        try {
            others.emplace_back(work, worker);
        } catch (const std::exception &) {
            break;  // no thread or no memory for one: those that there are take all tiles
        }
    }
    work(0);
    for (std::thread & other : others) other.join();
    for (const Status & status : ended) RETURN_IF_FAILED(status);
    return Status::good();
}

Status Prefill::run_recurrent_tile(const LayerPass & pass, const Tile & tile, const Computing & by) {
    const Architecture & arch = model_.architecture();
    const Layer          layer{model_.params(), model_.params().layer(pass.layer), pass.weights};
    ggml_context *       ctx   = by.arena->begin();
    ggml_cgraph *        graph = by.arena->new_graph();
    ggml_tensor *        x     = columns(ctx, hidden_, tile.begin - pass.segment_begin, tile.count);
    ggml_tensor *        mixed = arch.build_recurrence(ctx, graph, layer, x, pass.job.states->of(pass.layer));
    if (tile.begin + tile.count > first_attending(pass.job, pass.layer)) {
        ggml_tensor * input = input_of(pass.layer, tile.begin - pass.segment_begin, tile.count, ctx);
        ggml_build_forward_expand(graph, ggml_cpy(ctx, arch.build_layer_output(ctx, layer, mixed, input), x));
    }
    RETURN_IF_FAILED(by.arena->allocate(graph));
    return model_.device_of(pass.layer).compute(graph, pass.job.cancel);
}

Status Prefill::run_tile(const LayerPass & pass, const Tile & tile, const Computing & by) {
    if (model_.params().layer(pass.layer).is_recurrent()) return run_recurrent_tile(pass, tile, by);
    const auto & [job, segment_begin, layer, rows, weights] = pass;
    const HyperParams &  p                                  = model_.params();
    const Architecture & arch                               = model_.architecture();
    Device &             device                             = model_.device_of(layer);
    const Sight &        sight                              = *find_sight(p.layer(layer).kept_window());
    const int64_t start = sight.window > 0 ? job.first_position + tile.begin - rows.first : job.first_row + tile.begin;
    const int64_t at    = tile.begin - segment_begin;
    const bool    attends = tile.begin + tile.count > first_attending(job, layer);

    ggml_context * ctx       = by.arena->begin();
    ggml_cgraph *  graph     = by.arena->new_graph();
    ggml_tensor *  x         = columns(ctx, hidden_, at, tile.count);
    ggml_tensor *  positions = entries(ctx, positions_, at, tile.count);
    ggml_tensor *  indices   = entries(ctx, sight.indices, at, tile.count);
    const Layer    l{p, p.layer(layer), weights};
    QkvTensors     qkv = arch.build_qkv(ctx, l, x, positions);

    // The tile's share of the observation window, if any.
    if (job.window && sight.window == 0) {
        const int64_t window_begin = job.n_tokens - job.window->window;
        const int64_t from         = std::max(window_begin, tile.begin);
        const int64_t count        = tile.begin + tile.count - from;
        if (count > 0) {
            ggml_tensor * all  = job.window->q;
            ggml_tensor * last = ggml_view_3d(ctx, qkv.q, all->ne[0], all->ne[2], count, qkv.q->nb[1], qkv.q->nb[2],
                                              size_t(from - tile.begin) * qkv.q->nb[2]);
            ggml_tensor * part = ggml_view_3d(ctx, all, all->ne[0], count, all->ne[2], all->nb[1], all->nb[2],
                                              size_t(from - window_begin) * all->nb[1]);
            ggml_build_forward_expand(graph,
                                      ggml_cpy(ctx, ggml_permute(ctx, last, 0, 2, 1, 3), part));  // [D, count, H]
        }
    }

    ggml_tensor * keys   = qkv.k ? build_append(ctx, graph, rows.k, qkv.k, indices) : rows.k;
    ggml_tensor * values = qkv.v ? build_append(ctx, graph, rows.v, qkv.v, indices) : rows.v;
    if (attends) {
        TileOrder *   order = by.worker < 0 ? nullptr : &order_;
        ggml_tensor * attended =
            by.attention->build(ctx, {&l, qkv.q, keys, values, start, rows.first, order, by.tile, job.cancel});
        ggml_tensor * out = arch.build_attention_output(ctx, l, x, attended, qkv.gate);
        out               = arch.build_layer_output(ctx, l, out, input_of(layer, at, tile.count, ctx));
        ggml_build_forward_expand(graph, ggml_cpy(ctx, out, x));
    }
    if (ggml_graph_n_nodes(graph) == 0) return Status::good();
    RETURN_IF_FAILED(by.arena->allocate(graph));
    return by.worker < 0 ? device.compute(graph, job.cancel) : device.compute_by_worker(by.worker, graph, job.cancel);
}

Status Prefill::output(const PrefillJob & job, int64_t segment_begin, int64_t begin, int64_t end) {
    ggml_context * ctx    = arena_.begin();
    ggml_cgraph *  graph  = arena_.new_graph();
    ggml_tensor *  logits = model_.architecture().build_output(
        ctx, model_.params(), model_.weights(), columns(ctx, hidden_, begin - segment_begin, end - begin));
    ggml_set_output(logits);
    ggml_build_forward_expand(graph, logits);
    RETURN_IF_FAILED(arena_.allocate(graph));
    RETURN_IF_FAILED(device_.compute(graph, job.cancel));
    RETURN_IF_FAILED(device_.finish());
    float * out = job.logits == PrefillJob::Logits::all ? job.logits_out + size_t(begin * model_.params().n_vocab)
                                                        : job.logits_out;
    ggml_backend_tensor_get(logits, out, 0, ggml_nbytes(logits));
    return Status::good();
}

}  // namespace rocketdoc
