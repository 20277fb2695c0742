#include "compact_cache.h"

#include <algorithm>
#include <iterator>

namespace rocketdoc {
namespace {

int cache_heads(const HyperParams & p, const RocketOptions & o) {
    return int(o.grouping == Grouping::query_head ? p.n_head : p.n_head_kv);
}

KvShape rows_shape(const HyperParams & p, const RocketOptions & o) {
    return {p.n_layer, cache_heads(p, o), p.head_dim, GGML_TYPE_F16};
}

}  // namespace

void OracleStats::add_head(const int32_t * chosen, int64_t n_chosen, const float * p, int64_t n_live, int group) {
    std::vector<int32_t> best(static_cast<size_t>(n_chosen)), both;
    best.resize(size_t(top_k_ascending(p, n_live, n_chosen, best.data())));
    std::set_intersection(chosen, chosen + n_chosen, best.begin(), best.end(), std::back_inserter(both));
    double mass = 0;
    for (int64_t i = 0; i < n_chosen; i++) mass += p[chosen[i]];
    recall_sum += best.empty() ? 1.0 : double(both.size()) / double(best.size());
    mass_sum += mass / group;
    n++;
}

SelectorKind selector_kind(Mode mode, const RocketOptions & options) {
    return mode == Mode::exact_topk ? SelectorKind::exact : options.selector;
}

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

bool layer_selects(Mode mode, const RocketOptions & o, const RocketBudgets & b, int64_t layer) {
    return mode_selects(mode) && !b.dense && layer >= o.n_dense_layers;
}

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

Status mode_budgets(Mode mode, const RocketOptions & options, int64_t n_prompt, int64_t n_question, int64_t max_new,
                    int head_dim, RocketBudgets & out) {
    RocketOptions used = options;
    if (!mode_selects(mode) || mode == Mode::exact_topk)
        used.selector = SelectorKind::exact;  // no codes, so none to fit the budget
    return rocket_budgets(used, n_prompt, n_question, max_new, head_dim, mode_evicts(mode), out);
}

size_t CompactCache::rows_bytes(const HyperParams & params, const DeviceTraits & device, Mode mode,
                                const RocketOptions & options, const RocketBudgets & budgets) {
    if (mode == Mode::full) return 0;
    return rows_shape(params, options).bytes(KvRows::allocated_rows(device, budgets.capacity));
}

size_t CompactCache::summary_bytes(const HyperParams & params, const DeviceTraits & device, Mode mode,
                                   const RocketOptions & options, const RocketBudgets & budgets) {
    size_t n = 0;
    for (int64_t layer = 0; layer < params.n_layer; layer++) n += layer_selects(mode, options, budgets, layer);
    if (n == 0) return 0;
    const SelectorKind  kind  = selector_kind(mode, options);
    const SelectorShape shape = selector_shape(params, options, budgets);
    return n * device.sizes->layer_summary(kind, shape);
}

double CompactCache::read_bytes(const HyperParams & params, Mode mode, const RocketOptions & options,
                                const RocketBudgets & budgets, int64_t n_live) {
    const double all    = double(n_live * params.head_dim) * 2 * sizeof(f16_bits);
    const auto selector = budgets.dense
                              ? nullptr
                              : selector_costs(selector_kind(mode, options), selector_shape(params, options, budgets));
    double     sum      = 0;
    for (int64_t layer = 0; layer < params.n_layer; layer++)
        sum += layer_selects(mode, options, budgets, layer) ? double(selector->read_bytes(n_live)) : all;
    return sum / double(params.n_layer);
}

Status CompactCache::create(const HyperParams & params, Device & device, Mode mode, const RocketOptions & options,
                            const RocketBudgets & budgets, std::unique_ptr<CompactCache> & out) {
    std::unique_ptr<CompactCache> self;
    RETURN_IF_FAILED(device.make_compact_cache(params, mode, options, budgets, self));
    self->mode_     = mode;
    self->grouping_ = options.grouping;
    self->pooling_  = options.pooling;
    self->budgets_  = budgets;
    self->n_head_   = cache_heads(params, options);
    self->group_    = int(params.n_head) / self->n_head_;
    RETURN_IF_FAILED(KvRows::create(LayerDevices(size_t(params.n_layer), &device), KvRows::Home::device,
                                    rows_shape(params, options), budgets.capacity, self->rows_));
    const size_t n_slots = size_t(params.n_layer * self->n_head_);
    self->kept_mass_.assign(n_slots, 1.0f);
    self->positions_.resize(n_slots);
    self->read_counts_.resize(n_slots);
    out = std::move(self);
    return Status::good();
}

Status CompactCache::rows_appended(int64_t first_position, int64_t n) {
    n_live_ += n;
    for (auto & list : positions_) {
        for (int64_t i = 0; i < n; i++) list.push_back(int32_t(first_position + i));
    }
    return Status::good();
}

Status CompactCache::drop_rows(int64_t n_live) {
    n_live_ = n_live;
    for (auto & list : positions_) list.resize(size_t(n_live));
    return Status::good();
}

double CompactCache::stored_bytes_per_head() const {
    const double per_head = double(params_.n_layer * n_head_);
    return (double(rows_->bytes()) + double(summary_bytes())) / per_head;
}

void CompactCache::count_map(std::vector<uint32_t> & kept, std::vector<uint32_t> & read) {
    if (!read_counts_now().ok()) return;  // a map without reads is still a map of what was kept
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
