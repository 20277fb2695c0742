#include "compact_cache.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace rocketdoc {
namespace {

using Clock = std::chrono::steady_clock;

// Runs fn(head, thread) for every head on ggml's threads: a graph of one custom node.
template <typename Fn>
struct HeadsJob {
    Fn          fn;
    int         n_head;
    static void run(ggml_tensor *, int ith, int nth, void * user) {
        auto * job = static_cast<HeadsJob *>(user);
        for (int head = ith; head < job->n_head; head += nth) job->fn(head, ith);
    }
};

}  // namespace

Status CpuCompactCache::make(const HyperParams & params, Device & device, Mode mode, const RocketOptions & options,
                             const RocketBudgets & budgets, std::unique_ptr<CompactCache> & out) {
    std::unique_ptr<CpuCompactCache> self(new CpuCompactCache(params, device));
    self->selectors_.resize(size_t(params.n_layer));
    self->ops_.resize(size_t(params.n_layer));
    for (int64_t layer = 0; layer < params.n_layer; layer++) {
        self->ops_[size_t(layer)] = {self.get(), layer};
        if (!layer_selects(mode, options, budgets, layer)) continue;
        SelectorShape shape             = selector_shape(params, options, budgets);
        shape.scale                     = params.layer(layer).scale;
        self->selectors_[size_t(layer)] = make_selector(selector_kind(mode, options), shape);
    }
    const size_t n_threads = size_t(device.n_threads());
    self->scratch_.resize(n_threads);
    self->stage1_scratch_.resize(n_threads);
    self->oracle_.resize(n_threads);
    self->last_chosen_.assign(n_threads, 0);
    out = std::move(self);
    return Status::good();
}

Status CpuCompactCache::keep_layer(int64_t layer, const LayerRows & history, int64_t n_rows, QueryWindow & window,
                                   const std::vector<std::vector<int32_t>> * positions,
                                   const std::atomic<bool> *                 cancel) {
    const auto     start  = Clock::now();
    const RowsView keys   = KvRows::view(history.k, n_rows);
    const RowsView values = KvRows::view(history.v, n_rows);
    Stage1Query    query;
    query.q                    = static_cast<const float *>(window.q->data);
    query.n_head               = int(params_.n_head);
    query.window               = int(window.window);
    query.head_dim             = int(params_.head_dim);
    query.scale                = params_.layer(layer).scale;
    const bool        evicting = mode_evicts(mode_);
    const int64_t     n_keep   = evicting ? std::min(budgets_.prompt_budget, n_rows) : n_rows;
    const CompactView k = KvRows::compact(rows_->k(layer)), v = KvRows::compact(rows_->v(layer));

    auto keep_head = [&](int head, int thread) {
        const size_t       slot = size_t(layer * n_head_ + head);
        Stage1Kept         kept;
        std::vector<float> importance(size_t(params_.head_dim));
        // Where nothing is evicted the scores still tell the codes which channels matter.
        stage1_keep(keys, query, head, grouping_, pooling_, budgets_.kernel, n_keep, stage1_scratch_[size_t(thread)],
                    kept, importance.data());
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
    ggml_context *                ctx   = arena_.begin();
    ggml_cgraph *                 graph = arena_.new_graph();
    ggml_build_forward_expand(graph, ggml_custom_4d(ctx, GGML_TYPE_F32, 1, 1, 1, 1, nullptr, 0,
                                                    HeadsJob<decltype(keep_head)>::run, GGML_N_TASKS_MAX, &job));
    RETURN_IF_FAILED(arena_.allocate(graph));
    RETURN_IF_FAILED(device_.compute(graph, cancel));
    n_kept_ = n_live_ = n_keep;
    stage1_ms_ += std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    return Status::good();
}

ggml_tensor * CpuCompactCache::build_attention(ggml_context * ctx, ggml_cgraph * graph, int64_t layer,
                                               const QkvTensors & qkv, ggml_tensor * indices,
                                               std::vector<ggml_tensor *> & live) {
    if (selects(layer)) {
        ggml_tensor * args[] = {qkv.q, qkv.k, qkv.v};
        return ggml_custom_4d(ctx, GGML_TYPE_F32, params_.head_dim * params_.n_head, 1, 1, 1, args, 3, attend_op,
                              GGML_N_TASKS_MAX, &ops_[size_t(layer)]);
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
    return build_dense_attention(ctx, params_.layer(layer), qkv.q, keys, values, n_live_ + 1, nullptr, &live);
}

void CpuCompactCache::attend_op(ggml_tensor * dst, int ith, int nth, void * user) {
    const LayerOp & op = *static_cast<LayerOp *>(user);
    for (int head = ith; head < op.cache->n_head_; head += nth) op.cache->attend_head(op, dst, head, ith);
}

void CpuCompactCache::attend_head(const LayerOp & op, const ggml_tensor * dst, int head, int thread) {
    const int64_t     d = params_.head_dim;
    const CompactView k = KvRows::compact(rows_->k(op.layer)), v = KvRows::compact(rows_->v(op.layer));
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
        exact_probabilities(k, head, {q, group_, params_.layer(op.layer).scale}, n, scratch, p.data());
        oracle_[size_t(thread)].add_head(chosen.data(), int64_t(chosen.size()), p.data(), n, group_);
    }
}

OracleStats CpuCompactCache::take_oracle_stats() {
    OracleStats sum;
    for (OracleStats & stats : oracle_) {
        sum.recall_sum += stats.recall_sum;
        sum.mass_sum += stats.mass_sum;
        sum.n += stats.n;
        stats = {};
    }
    return sum;
}

size_t CpuCompactCache::summary_bytes() const {
    size_t bytes = 0;
    for (const auto & selector : selectors_) bytes += selector ? selector->stored_bytes() : 0;
    return bytes;
}

double CpuCompactCache::read_bytes_per_step() const {
    double sum = 0;
    for (const auto & selector : selectors_)
        sum += double(selector ? selector->read_bytes(n_live_)
                               : size_t(n_live_ * params_.head_dim) * 2 * sizeof(f16_bits));
    return sum / double(selectors_.size());
}

int64_t CpuCompactCache::rows_read() const {
    int64_t most = 0;
    for (int64_t n : last_chosen_) most = std::max(most, n);
    return most ? most : n_live_;
}

int64_t CpuCompactCache::clamped_codes() const {
    int64_t sum = 0;
    for (const auto & selector : selectors_) {
        for (int head = 0; selector && head < n_head_; head++) sum += selector->clamped(head);
    }
    return sum;
}

}  // namespace rocketdoc
