#include "compact_cache.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>

namespace rocketdoc {
namespace {

using Clock = std::chrono::steady_clock;

int cache_heads(const HyperParams & p, const RocketOptions & o) { return int(o.grouping == Grouping::query_head ? p.n_head : p.n_head_kv); }

SelectorKind selector_kind(Mode mode, const RocketOptions & options) { return mode == Mode::exact_topk ? SelectorKind::exact : options.selector; }

SelectorShape selector_shape(const HyperParams & p, const RocketOptions & o, const RocketBudgets & b) {
    SelectorShape shape;
    shape.n_cache_head = cache_heads(p, o);
    shape.group        = int(p.n_head) / shape.n_cache_head;
    shape.head_dim     = int(p.head_dim);
    shape.capacity     = b.capacity;
    shape.page         = b.page;
    shape.r            = b.r;
    shape.k            = b.k;
    return shape;
}

KvShape rows_shape(const HyperParams & p, const RocketOptions & o) { return {p.n_layer, cache_heads(p, o), p.head_dim, GGML_TYPE_F16}; }

bool layer_selects(Mode mode, const RocketOptions & o, const RocketBudgets & b, int64_t layer) {
    return mode_selects(mode) && !b.dense && layer >= o.n_dense_layers;
}

// Runs fn(head, thread) for every head on ggml's threads: a graph of one custom node.
template <typename Fn>
struct HeadsJob {
    Fn  fn;
    int n_head;
    static void run(ggml_tensor *, int ith, int nth, void * user) {
        auto * job = static_cast<HeadsJob *>(user);
        for (int head = ith; head < job->n_head; head += nth) job->fn(head, ith);
    }
};

}  // namespace

const char * mode_name(Mode mode) {
    switch (mode) {
        case Mode::full: return "full";
        case Mode::rocketkv: return "rocketkv";
        case Mode::rocketkv_mt: return "rocketkv-mt";
        case Mode::snapkv: return "snapkv";
        case Mode::hsa: return "hsa";
        case Mode::exact_topk: return "exact-topk";
    }
    return "full";
}

Status mode_budgets(Mode mode, const RocketOptions & options, int64_t n_prompt, int64_t n_question, int64_t max_new, int head_dim, RocketBudgets & out) {
    return rocket_budgets(options, n_prompt, n_question, max_new, head_dim, mode_evicts(mode), out);
}

size_t CompactCache::rows_bytes(const HyperParams & params, Mode mode, const RocketOptions & options, const RocketBudgets & budgets) {
    if (mode == Mode::full) return 0;
    return rows_shape(params, options).bytes(budgets.capacity);
}

size_t CompactCache::summary_bytes(const HyperParams & params, Mode mode, const RocketOptions & options, const RocketBudgets & budgets) {
    size_t n = 0;
    for (int64_t layer = 0; layer < params.n_layer; layer++) n += layer_selects(mode, options, budgets, layer);
    return n ? n * selector_stored_bytes(selector_kind(mode, options), selector_shape(params, options, budgets)) : 0;
}

Status CompactCache::create(const HyperParams & params, Backend & backend, Mode mode, const RocketOptions & options,
                            const RocketBudgets & budgets, std::unique_ptr<CompactCache> & out) {
    std::unique_ptr<CompactCache> self(new CompactCache(params, backend));
    self->mode_     = mode;
    self->grouping_ = options.grouping;
    self->pooling_  = options.pooling;
    self->budgets_  = budgets;
    self->n_head_   = cache_heads(params, options);
    self->group_    = int(params.n_head) / self->n_head_;
    RETURN_IF_FAILED(KvRows::create(backend.buffer_type(), rows_shape(params, options), budgets.capacity, self->rows_));
    const size_t n_layer = size_t(params.n_layer);
    self->selectors_.resize(n_layer);
    self->ops_.resize(n_layer);
    for (size_t layer = 0; layer < n_layer; layer++) {
        self->ops_[layer] = {self.get(), int64_t(layer)};
        if (layer_selects(mode, options, budgets, int64_t(layer))) {
            self->selectors_[layer] = make_selector(selector_kind(mode, options), selector_shape(params, options, budgets));
        }
    }
    self->kept_mass_.assign(n_layer * size_t(self->n_head_), 1.0f);
    self->positions_.resize(n_layer * size_t(self->n_head_));
    self->read_counts_.resize(n_layer * size_t(self->n_head_));
    self->scratch_.resize(size_t(backend.n_threads()));
    self->stage1_scratch_.resize(size_t(backend.n_threads()));
    self->oracle_.resize(size_t(backend.n_threads()));
    self->last_chosen_.assign(size_t(backend.n_threads()), 0);
    out = std::move(self);
    return Status::good();
}

Status CompactCache::keep_layer(int64_t layer, const KvRows & history, int64_t n_rows, QueryWindow & window,
                                const std::vector<std::vector<int32_t>> * positions, const std::atomic<bool> * cancel) {
    const auto     start  = Clock::now();
    const RowsView keys   = history.k_view(layer, n_rows);
    const RowsView values = history.v_view(layer, n_rows);
    Stage1Query    query;
    query.q        = window.layer(params_, layer);
    query.n_head   = int(params_.n_head);
    query.window   = int(window.window);
    query.head_dim = int(params_.head_dim);
    const bool     evicting = mode_evicts(mode_);
    const int64_t  n_keep   = evicting ? std::min(budgets_.prompt_budget, n_rows) : n_rows;
    const CompactView k = rows_->k_compact(layer), v = rows_->v_compact(layer);

    auto keep_head = [&](int head, int thread) {
        const size_t        slot = size_t(layer * n_head_ + head);
        Stage1Kept          kept;
        std::vector<float>  importance(size_t(params_.head_dim));
        // Where nothing is evicted the scores still tell the codes which channels matter.
        stage1_keep(keys, query, head, grouping_, pooling_, budgets_.kernel, n_keep, stage1_scratch_[size_t(thread)], kept, importance.data());
        stage1_gather(keys, kv_head_of(head), kept.rows, k, head);
        stage1_gather(values, kv_head_of(head), kept.rows, v, head);
        if (selects(layer)) selectors_[size_t(layer)]->build(k, v, head, int64_t(kept.rows.size()), importance.data());
        kept_mass_[slot] = kept.mass;
        if (positions) {
            for (int32_t & row : kept.rows) row = (*positions)[slot][size_t(row)];
        }
        positions_[slot] = std::move(kept.rows);
        read_counts_[slot].assign(size_t(budgets_.capacity), 0);
    };
    HeadsJob<decltype(keep_head)> job{keep_head, n_head_};
    ggml_context * ctx   = arena_.begin();
    ggml_cgraph *  graph = arena_.new_graph();
    ggml_build_forward_expand(graph, ggml_custom_4d(ctx, GGML_TYPE_F32, 1, 1, 1, 1, nullptr, 0, HeadsJob<decltype(keep_head)>::run, GGML_N_TASKS_MAX, &job));
    RETURN_IF_FAILED(arena_.allocate(graph));
    RETURN_IF_FAILED(backend_.compute(graph, cancel));
    n_kept_ = n_live_ = n_keep;
    stage1_ms_ += std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    return Status::good();
}

ggml_tensor * CompactCache::build_attention(ggml_context * ctx, ggml_cgraph * graph, int64_t layer, const QkvTensors & qkv, ggml_tensor * indices,
                                            std::vector<ggml_tensor *> & live) {
    if (selects(layer)) {
        ggml_tensor * args[] = {qkv.q, qkv.k, qkv.v};
        return ggml_custom_4d(ctx, GGML_TYPE_F32, params_.head_dim * params_.n_head, 1, 1, 1, args, 3, attend_op, GGML_N_TASKS_MAX, &ops_[size_t(layer)]);
    }
    // Grouped by query head, every cache head has a copy of its KV head's row.
    auto per_cache_head = [&](ggml_tensor * x) {
        if (n_head_ == params_.n_head_kv) return x;
        ggml_tensor * one  = ggml_reshape_3d(ctx, x, params_.head_dim, 1, params_.n_head_kv);
        ggml_tensor * many = ggml_repeat_4d(ctx, one, params_.head_dim, params_.group(), params_.n_head_kv, 1);
        return ggml_reshape_3d(ctx, many, params_.head_dim, params_.n_head, 1);
    };
    ggml_tensor * keys   = build_append(ctx, graph, rows_->k(layer), per_cache_head(qkv.k), indices);
    ggml_tensor * values = build_append(ctx, graph, rows_->v(layer), per_cache_head(qkv.v), indices);
    return build_dense_attention(ctx, qkv.q, keys, values, n_live_ + 1, nullptr, params_.attn_scale, &live);
}

void CompactCache::attend_op(ggml_tensor * dst, int ith, int nth, void * user) {
    const LayerOp & op = *static_cast<LayerOp *>(user);
    for (int head = ith; head < op.cache->n_head_; head += nth) op.cache->attend_head(op, dst, head, ith);
}

void CompactCache::attend_head(const LayerOp & op, const ggml_tensor * dst, int head, int thread) {
    const int64_t     d        = params_.head_dim;
    const CompactView k        = rows_->k_compact(op.layer), v = rows_->v_compact(op.layer);
    Selector &        selector = *selectors_[size_t(op.layer)];
    SelectorScratch & scratch  = scratch_[size_t(thread)];
    // This head's new row goes in first: it competes like any other token.
    const int64_t kv_offset = int64_t(kv_head_of(head)) * d;
    ggml_fp32_to_fp16_row(static_cast<const float *>(dst->src[1]->data) + kv_offset, k.row(head, n_live_), d);
    ggml_fp32_to_fp16_row(static_cast<const float *>(dst->src[2]->data) + kv_offset, v.row(head, n_live_), d);
    selector.append(k, v, head, n_live_);

    const float * q   = static_cast<const float *>(dst->src[0]->data) + int64_t(head) * group_ * d;
    float *       out = static_cast<float *>(dst->data) + int64_t(head) * group_ * d;
    const int64_t n   = n_live_ + 1;
    selector.attend(k, v, head, n, q, scratch, out);
    std::vector<uint32_t> & reads = read_counts_[size_t(op.layer * n_head_ + head)];
    for (int32_t row : scratch.chosen) reads[size_t(row)]++;
    last_chosen_[size_t(thread)] = int64_t(scratch.chosen.size());

    if (measuring_) {
        const std::vector<int32_t> chosen = scratch.chosen;
        std::vector<float>         p(size_t(n), 0.0f);
        exact_probabilities(k, head, group_, n, q, scratch, p.data());
        std::vector<int32_t> best(chosen.size());
        const int64_t n_best = top_k_ascending(p.data(), n, int64_t(chosen.size()), best.data());
        std::vector<int32_t> both;
        std::set_intersection(chosen.begin(), chosen.end(), best.begin(), best.begin() + n_best, std::back_inserter(both));
        double mass = 0;
        for (int32_t row : chosen) mass += p[size_t(row)];
        OracleStats & stats = oracle_[size_t(thread)];
        stats.recall_sum += n_best ? double(both.size()) / double(n_best) : 1.0;
        stats.mass_sum += mass / group_;
        stats.n++;
    }
}

void CompactCache::rows_appended(int64_t first_position, int64_t n) {
    n_live_ += n;
    for (auto & list : positions_) {
        for (int64_t i = 0; i < n; i++) list.push_back(int32_t(first_position + i));
    }
}

void CompactCache::drop_rows(int64_t n_live) {
    n_live_ = n_live;
    for (auto & list : positions_) list.resize(size_t(n_live));
}

OracleStats CompactCache::take_oracle_stats() {
    OracleStats sum;
    for (OracleStats & stats : oracle_) {
        sum.recall_sum += stats.recall_sum;
        sum.mass_sum += stats.mass_sum;
        sum.n += stats.n;
        stats = {};
    }
    return sum;
}

size_t CompactCache::summary_bytes() const {
    size_t bytes = 0;
    for (const auto & selector : selectors_) bytes += selector ? selector->stored_bytes() : 0;
    return bytes;
}

double CompactCache::read_bytes_per_step() const {
    double sum = 0;
    for (const auto & selector : selectors_) sum += double(selector ? selector->read_bytes(n_live_) : size_t(n_live_ * params_.head_dim) * 2 * sizeof(f16_bits));
    return sum / double(selectors_.size());
}

double CompactCache::stored_bytes_per_head() const {
    const double per_head = double(params_.n_layer * n_head_);
    return (double(rows_->bytes()) + double(summary_bytes())) / per_head;
}

int64_t CompactCache::rows_read() const {
    int64_t most = 0;
    for (int64_t n : last_chosen_) most = std::max(most, n);
    return most ? most : n_live_;
}

int64_t CompactCache::clamped_codes() const {
    int64_t sum = 0;
    for (const auto & selector : selectors_) {
        for (int head = 0; selector && head < n_head_; head++) sum += selector->clamped(head);
    }
    return sum;
}

void CompactCache::count_map(std::vector<uint32_t> & kept, std::vector<uint32_t> & read) const {
    for (size_t slot = 0; slot < positions_.size(); slot++) {
        for (size_t row = 0; row < positions_[slot].size(); row++) {
            const size_t position = size_t(positions_[slot][row]);
            if (position >= kept.size()) continue;
            kept[position]++;
            if (row < read_counts_[slot].size()) read[position] += read_counts_[slot][row];
        }
    }
}

}  // namespace rocketdoc
