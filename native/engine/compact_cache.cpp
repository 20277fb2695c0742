#include "compact_cache.h"

#include <algorithm>
#include <numeric>

#include "../rocketkv/selector_costs.h"

namespace rocketdoc {
namespace {

KvShape rows_shape(const CompactShape & s) {
    KvShape out{GGML_TYPE_F16, {}};
    for (size_t layer = 0; layer < s.heads.size(); layer++)
        out.layers.push_back({s.heads[layer].n, s.heads[layer].dim, s.windows[layer], s.keeps_rows[layer],
                              s.keeps_rows[layer] ? -1 : s.rows_of[layer]});
    return out;
}

LayerCounts capacities(const CompactShape & s) {
    LayerCounts out;
    for (int64_t layer = 0; layer < s.n_layer; layer++) out.push_back(s.capacity(layer));
    return out;
}

// Of one head and step, the mean over the layers' heads.
double read_bytes_of(const CompactShape & s, int64_t n_live, int64_t n_tokens) {
    double sum = 0;
    for (int64_t layer = 0; layer < s.n_layer; layer++) {
        if (s.rows_of[size_t(layer)] < 0) continue;
        const int64_t window  = s.windows[size_t(layer)];
        const int64_t n       = window > 0 ? std::min(window, n_tokens) : n_live;
        const double  of_head = s.selects[size_t(layer)]
                                    ? double(selector_read_bytes(s.selector, s.layer(layer), n_live))
                                    : double(n * compact_pair_bytes(s.heads_of(layer).dim));
        sum += of_head * double(s.heads_of(layer).n);
    }
    return sum / double(s.n_slots());
}

}  // namespace

CompactShape compact_shape(const HyperParams & p, Mode mode, const RocketOptions & options,
                           const RocketBudgets & budgets) {
    CompactShape s;
    s.selector         = mode == Mode::exact_topk ? SelectorKind::exact : options.selector;
    s.pooling          = options.pooling;
    s.budgets          = budgets;
    s.n_layer          = p.n_layer;
    s.slots            = {0};
    int64_t n_choosing = 0;
    for (int64_t layer = 0; layer < p.n_layer; layer++) {
        const LayerTraits & traits = p.layer(layer);
        const int64_t       window = traits.kept_window();
        // A layer that shares rows and sees all of them chooses for itself; one with a window reads what is there.
        const bool chooses = traits.chooses_rows(), keeps = chooses || traits.keeps_rows();
        const int  share = options.grouping == Grouping::query_head ? int(traits.group()) : 1;
        s.heads.push_back({int(traits.n_head_kv) * share, share, int(traits.group()) / share, int(traits.head_dim)});
        s.slots.push_back(s.slots.back() + s.heads.back().n);
        s.scale.push_back(traits.scale);
        s.has_sinks.push_back(traits.sinks);
        s.sinks.push_back(nullptr);
        s.windows.push_back(window);
        s.keeps_rows.push_back(keeps);
        s.rows_of.push_back(keeps ? layer : traits.shared_layer);
        // The first layers attend to every kept row where that was asked, and so does a cache whose budget holds all.
        s.selects.push_back(chooses && mode_selects(mode) && !budgets.dense && n_choosing >= options.n_dense_layers);
        n_choosing += chooses;
    }
    return s;
}

size_t CompactCache::rows_bytes(const HyperParams & params, const DeviceTraits & device, Mode mode,
                                const RocketOptions & options, const RocketBudgets & budgets) {
    if (mode == Mode::full) return 0;
    const CompactShape s = compact_shape(params, mode, options, budgets);
    return rows_shape(s).bytes(KvRows::allocated_rows(device, capacities(s)));
}

size_t CompactCache::summary_bytes(const HyperParams & params, const DeviceTraits & device, Mode mode,
                                   const RocketOptions & options, const RocketBudgets & budgets) {
    const CompactShape s = compact_shape(params, mode, options, budgets);
    if (s.n_selecting() == 0) return 0;
    return size_t(s.n_selecting()) * device.sizes->layer_summary(s.selector, s.layer(s.first_choosing()));
}

Status CompactCache::check(const HyperParams & params, const DeviceTraits & device, Mode mode,
                           const RocketOptions & options, const RocketBudgets & budgets) {
    return device.sizes->check_compact(compact_shape(params, mode, options, budgets));
}

double CompactCache::read_bytes(const HyperParams & params, Mode mode, const RocketOptions & options,
                                const RocketBudgets & budgets, int64_t n_live, int64_t n_tokens) {
    return read_bytes_of(compact_shape(params, mode, options, budgets), n_live, n_tokens);
}

Status CompactCache::create(const HyperParams & params, const ModelWeights & weights, Device & device, Mode mode,
                            const RocketOptions & options, const RocketBudgets & budgets,
                            std::unique_ptr<CompactCache> & out) {
    CompactShape shape = compact_shape(params, mode, options, budgets);
    for (size_t layer = 0; layer < weights.layers.size(); layer++) {
        const ggml_tensor * sinks = weights.layers[layer].sinks;
        shape.sinks[layer]        = sinks ? static_cast<const float *>(sinks->data) : nullptr;
    }
    std::unique_ptr<CompactCache> self(new CompactCache(mode, std::move(shape)));
    const CompactShape &          s = self->shape_;
    RETURN_IF_FAILED(KvRows::create(LayerDevices(size_t(s.n_layer), &device), KvRows::Home::device, rows_shape(s),
                                    capacities(s), self->rows_));
    RETURN_IF_FAILED(device.make_compact(s, *self->rows_, self->on_device_));
    self->positions_.resize(size_t(s.n_slots()));
    out = std::move(self);
    return Status::good();
}

bool CompactCache::repeats_rows() const {
    return std::any_of(shape_.heads.begin(), shape_.heads.end(), [](const CacheHeads & h) { return h.share > 1; });
}

int64_t CompactCache::layer_of(size_t slot) const {
    return std::upper_bound(shape_.slots.begin(), shape_.slots.end(), int64_t(slot)) - shape_.slots.begin() - 1;
}

Status CompactCache::keep_layer(int64_t layer, const LayerRows & history, const RowPlace & end,
                                const QueryWindow & window, const std::vector<std::vector<int32_t>> * positions,
                                const std::atomic<bool> * cancel) {
    const int64_t sees = shape_.windows[size_t(layer)];
    if (!shape_.keeps_rows[size_t(layer)]) return Status::good();
    n_kept_ = n_live_ = mode_evicts(mode_) ? std::min(budgets().prompt_budget, end.row) : end.row;
    n_tokens_         = end.position;
    Stage1Layer job;
    job.layer          = layer;
    job.history        = history;
    job.n_rows         = sees > 0 ? end.position - history.first : end.row;
    job.n_keep         = sees > 0 ? rows_kept(sees, end.position) : n_kept_;
    job.queries        = window.q;
    job.cancel         = cancel;
    history_positions_ = positions;
    rows_->set_first(layer, first_kept(sees, end.position));
    return on_device_->keep_layer(job);
}

Status CompactCache::kept() {
    std::vector<float> mass;
    RETURN_IF_FAILED(on_device_->take_kept(n_kept_, positions_, mass));
    kept_mass_.clear();
    for (size_t slot = 0; slot < positions_.size(); slot++) {
        std::vector<int32_t> & list  = positions_[slot];
        const int64_t          layer = layer_of(slot);
        if (shape_.windows[size_t(layer)] > 0) {
            list.resize(size_t(on_device_->live(layer)));
            std::iota(list.begin(), list.end(), int32_t(rows_->first(layer)));
            continue;
        }
        kept_mass_.push_back(mass[slot]);
        for (int32_t & row : list) row = history_positions_ ? (*history_positions_)[slot][size_t(row)] : row;
    }
    history_positions_ = nullptr;
    return Status::good();
}

Status CompactCache::make_room(const RowPlace & end, int64_t n) {
    LayerCounts wanted;
    for (int64_t layer = 0; layer < shape_.n_layer; layer++)
        wanted.push_back(shape_.keeps_rows[size_t(layer)] ? rows_->row_of(layer, end) + n : 0);
    return rows_->grow(wanted, end);
}

Status CompactCache::tokens_done(int64_t position, int n, int n_kept) {
    n_live_ += n_kept;
    n_tokens_ = position + n_kept;
    append_positions(position, n_kept);
    return on_device_->tokens_done(n, n_kept);
}

Status CompactCache::rows_appended(int64_t first_position, int64_t n) {
    n_live_ += n;
    n_tokens_ = first_position + n;
    append_positions(first_position, n);
    return on_device_->set_live(n_live_);
}

void CompactCache::append_positions(int64_t first, int64_t n) {
    for (size_t slot = 0; slot < positions_.size(); slot++) {
        if (!shape_.keeps_rows[size_t(layer_of(slot))]) continue;
        for (int64_t i = 0; i < n; i++) positions_[slot].push_back(int32_t(first + i));
    }
}

Status CompactCache::drop_rows(int64_t n_live) {
    const int64_t n = n_live_ - n_live;
    for (auto & list : positions_)
        if (!list.empty()) list.resize(list.size() - size_t(n));
    n_live_ = n_live;
    n_tokens_ -= n;
    return on_device_->set_live(n_live);
}

double CompactCache::read_bytes_per_step() const { return read_bytes_of(shape_, n_live_, n_tokens_); }

double CompactCache::stored_bytes_per_head() const {
    return (double(rows_->bytes()) + double(summary_bytes())) / double(shape_.n_slots());
}

int64_t CompactCache::rows_read() const { return shape_.n_selecting() > 0 ? std::min(budgets().k, n_live_) : n_live_; }

void CompactCache::count_map(std::vector<uint32_t> & kept, std::vector<uint32_t> & read) {
    std::vector<std::vector<uint32_t>> counts;
    if (!on_device_->read_counts(counts).ok()) return;  // a map without reads is still a map of what was kept
    for (size_t slot = 0; slot < positions_.size(); slot++) {
        if (shape_.windows[size_t(layer_of(slot))] > 0) continue;
        for (size_t row = 0; row < positions_[slot].size(); row++) {
            const size_t position = size_t(positions_[slot][row]);
            if (position >= kept.size()) continue;
            kept[position]++;
            if (slot < counts.size() && row < counts[slot].size()) read[position] += counts[slot][row];
        }
    }
}

}  // namespace rocketdoc
