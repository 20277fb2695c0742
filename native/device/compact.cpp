#include "compact.h"

#include <algorithm>

#include "../arch/layer_traits.h"

namespace rocketdoc {

int64_t CompactShape::n_selecting() const { return std::count(selects.begin(), selects.end(), true); }

int64_t CompactShape::first_choosing() const {
    for (int64_t layer = 0; layer < n_layer; layer++)
        if (keeps_rows[size_t(layer)] && windows[size_t(layer)] == 0) return layer;
    return std::find(keeps_rows.begin(), keeps_rows.end(), true) - keeps_rows.begin();
}

size_t CompactShape::most_width() const {
    size_t most = 0;
    for (const CacheHeads & layer : heads) most = std::max(most, layer.width());
    return most;
}

int64_t CompactShape::capacity(int64_t layer) const {
    if (!keeps_rows[size_t(layer)]) return 0;
    const int64_t window = windows[size_t(layer)];
    return window > 0 ? most_kept(window) + budgets.capacity - budgets.prompt_budget : budgets.capacity;
}

SelectorShape CompactShape::layer(int64_t i) const {
    const CacheHeads & h = heads_of(i);
    return {h.n,
            h.group,
            h.dim,
            budgets.capacity,
            budgets.page,
            budgets.r,
            budgets.k,
            scale[size_t(i)],
            has_sinks[size_t(i)],
            sinks[size_t(i)]};
}

Status CompactOnDevice::keep_layer(const Stage1Layer & layer) {
    Stage1Layer job = layer;
    job.importance  = importance(layer.layer);
    RETURN_IF_FAILED(start_clock());
    if (shape_.windows[size_t(layer.layer)] > 0) {
        RETURN_IF_FAILED(stage1_->keep_last(job));
        last_kept_[size_t(layer.layer)] = job.n_keep;
        return stop_clock();
    }
    RETURN_IF_FAILED(stage1_->keep(job));
    if (shape_.selects[size_t(layer.layer)])
        RETURN_IF_FAILED(selector_->build(layer.layer, job.n_keep, job.importance));
    return stop_clock();
}

Status CompactOnDevice::take_kept(int64_t n_kept, std::vector<std::vector<int32_t>> & rows, std::vector<float> & mass) {
    n_kept_ = n_live_ = n_kept;
    RETURN_IF_FAILED(stage1_->take(rows, mass));
    RETURN_IF_FAILED(read_clock(stage1_ms_));
    RETURN_IF_FAILED(set_live(n_kept_));
    if (selector_) RETURN_IF_FAILED(selector_->reserve_decode());
    return reserve_decode();
}

Status CompactOnDevice::set_live(int64_t n_live) {
    n_live_ = n_live;
    return Status::good();
}

Status CompactOnDevice::end_token() { return selector_ ? selector_->end_token() : Status::good(); }

Status CompactOnDevice::tokens_done(int n, int n_kept) {
    if (selector_ && n > 1) selector_->take_back(n, n_kept);
    for (int i = 0; i < n_kept; i++) {
        n_live_++;
        if (selector_) RETURN_IF_FAILED(selector_->token_done(n_live_ - n_kept_));
    }
    return Status::good();
}

Status CompactOnDevice::measure(bool on) {
    oracle_->on = on && selector_ != nullptr;
    return oracle_->on ? oracle_->reserve() : Status::good();
}

}  // namespace rocketdoc
