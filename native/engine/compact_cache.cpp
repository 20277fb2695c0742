#include "compact_cache.h"

#include <algorithm>

#include "../rocketkv/selector_costs.h"

namespace rocketdoc {
namespace {

KvShape rows_shape(const CompactShape & s) { return {s.n_layer, s.n_head, s.head_dim, GGML_TYPE_F16}; }

// Of one head and step, the mean over layers.
double read_bytes_of(const CompactShape & s, int64_t n_live) {
    const double n = double(s.n_selecting()), all = double(n_live * compact_pair_bytes(s.head_dim));
    const double chosen = n > 0 ? double(selector_read_bytes(s.selector, s.layer(0), n_live)) : 0;
    return (n * chosen + (double(s.n_layer) - n) * all) / double(s.n_layer);
}

}  // namespace

CompactShape compact_shape(const HyperParams & p, Mode mode, const RocketOptions & options,
                           const RocketBudgets & budgets) {
    CompactShape s;
    s.selector = mode == Mode::exact_topk ? SelectorKind::exact : options.selector;
    s.pooling  = options.pooling;
    s.budgets  = budgets;
    s.n_layer  = p.n_layer;
    s.share    = options.grouping == Grouping::query_head ? int(p.group()) : 1;
    s.n_head   = int(p.n_head_kv) * s.share;
    s.group    = int(p.n_head) / s.n_head;
    s.head_dim = int(p.head_dim);
    for (int64_t layer = 0; layer < p.n_layer; layer++) {
        s.scale.push_back(p.layer(layer).scale);
        // The first layers attend to every kept row where that was asked, and so does a cache whose budget holds all.
        s.selects.push_back(mode_selects(mode) && !budgets.dense && layer >= options.n_dense_layers);
    }
    return s;
}

size_t CompactCache::rows_bytes(const HyperParams & params, const DeviceTraits & device, Mode mode,
                                const RocketOptions & options, const RocketBudgets & budgets) {
    if (mode == Mode::full) return 0;
    return rows_shape(compact_shape(params, mode, options, budgets))
        .bytes(KvRows::allocated_rows(device, budgets.capacity));
}

size_t CompactCache::summary_bytes(const HyperParams & params, const DeviceTraits & device, Mode mode,
                                   const RocketOptions & options, const RocketBudgets & budgets) {
    const CompactShape s = compact_shape(params, mode, options, budgets);
    if (s.n_selecting() == 0) return 0;
    return size_t(s.n_selecting()) * device.sizes->layer_summary(s.selector, s.layer(0));
}

double CompactCache::read_bytes(const HyperParams & params, Mode mode, const RocketOptions & options,
                                const RocketBudgets & budgets, int64_t n_live) {
    return read_bytes_of(compact_shape(params, mode, options, budgets), n_live);
}

Status CompactCache::create(const HyperParams & params, Device & device, Mode mode, const RocketOptions & options,
                            const RocketBudgets & budgets, std::unique_ptr<CompactCache> & out) {
    std::unique_ptr<CompactCache> self(new CompactCache(mode, compact_shape(params, mode, options, budgets)));
    const CompactShape &          s = self->shape_;
    RETURN_IF_FAILED(KvRows::create(LayerDevices(size_t(s.n_layer), &device), KvRows::Home::device, rows_shape(s),
                                    budgets.capacity, self->rows_));
    RETURN_IF_FAILED(device.make_compact(s, *self->rows_, self->on_device_));
    const size_t n_slots = size_t(s.n_layer * s.n_head);
    self->kept_mass_.assign(n_slots, 1.0f);
    self->positions_.resize(n_slots);
    out = std::move(self);
    return Status::good();
}

Status CompactCache::keep_layer(int64_t layer, const LayerRows & history, int64_t n_rows, const QueryWindow & window,
                                const std::vector<std::vector<int32_t>> * positions, const std::atomic<bool> * cancel) {
    Stage1Layer job;
    job.layer          = layer;
    job.history        = history;
    job.n_rows         = n_rows;
    job.n_keep         = mode_evicts(mode_) ? std::min(budgets().prompt_budget, n_rows) : n_rows;
    job.queries        = window.q;
    job.cancel         = cancel;
    history_positions_ = positions;
    RETURN_IF_FAILED(on_device_->keep_layer(job));
    n_kept_ = n_live_ = job.n_keep;
    return Status::good();
}

Status CompactCache::kept() {
    RETURN_IF_FAILED(on_device_->take_kept(positions_, kept_mass_));
    if (!history_positions_) return Status::good();
    for (size_t slot = 0; slot < positions_.size(); slot++) {
        for (int32_t & row : positions_[slot]) row = (*history_positions_)[slot][size_t(row)];
    }
    history_positions_ = nullptr;
    return Status::good();
}

Status CompactCache::token_done(int64_t position) {
    n_live_++;
    for (auto & list : positions_) list.push_back(int32_t(position));
    return on_device_->token_done();
}

Status CompactCache::rows_appended(int64_t first_position, int64_t n) {
    n_live_ += n;
    for (auto & list : positions_) {
        for (int64_t i = 0; i < n; i++) list.push_back(int32_t(first_position + i));
    }
    return on_device_->set_live(n_live_);
}

Status CompactCache::drop_rows(int64_t n_live) {
    n_live_ = n_live;
    for (auto & list : positions_) list.resize(size_t(n_live));
    return on_device_->set_live(n_live);
}

double CompactCache::read_bytes_per_step() const { return read_bytes_of(shape_, n_live_); }

double CompactCache::stored_bytes_per_head() const {
    const double per_head = double(shape_.n_layer * shape_.n_head);
    return (double(rows_->bytes()) + double(summary_bytes())) / per_head;
}

int64_t CompactCache::rows_read() const { return shape_.n_selecting() > 0 ? std::min(budgets().k, n_live_) : n_live_; }

void CompactCache::count_map(std::vector<uint32_t> & kept, std::vector<uint32_t> & read) {
    std::vector<std::vector<uint32_t>> counts;
    if (!on_device_->read_counts(counts).ok()) return;  // a map without reads is still a map of what was kept
    for (size_t slot = 0; slot < positions_.size(); slot++) {
        for (size_t row = 0; row < positions_[slot].size(); row++) {
            const size_t position = size_t(positions_[slot][row]);
            if (position >= kept.size()) continue;
            kept[position]++;
            if (slot < counts.size() && row < counts[slot].size()) read[position] += counts[slot][row];
        }
    }
}

}  // namespace rocketdoc
