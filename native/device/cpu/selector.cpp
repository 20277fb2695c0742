#include "selector.h"

#include "../../rocketkv/recode_policy.h"
#include "../../rocketkv/selector_costs.h"
#include "heads_job.h"

namespace rocketdoc {

Status CpuOracle::reserve() {
    for (Thread & thread : threads_) {
        thread.chosen.reserve(size_t(shape_.budgets.k));
        thread.best.resize(size_t(shape_.budgets.k));
        thread.p.resize(size_t(shape_.budgets.capacity));
    }
    return Status::good();
}

OracleStats CpuOracle::take_stats() {
    OracleStats sum;
    for (Thread & thread : threads_) {
        sum.add(thread.stats);
        thread.stats = {};
    }
    return sum;
}

void CpuOracle::compare(const CompactView & k, int head, const HeadQuery & query, int64_t n_live,
                        SelectorScratch & scratch, int thread) {
    Thread & mine = threads_[size_t(thread)];
    mine.chosen.assign(scratch.chosen.begin(), scratch.chosen.end());
    exact_probabilities(k, head, query, n_live, scratch, mine.p.data());
    mine.stats.add_head(mine.chosen.data(), int64_t(mine.chosen.size()), mine.p.data(), n_live, query.group,
                        mine.best.data());
}

CpuSelector::CpuSelector(const CompactShape & shape, KvRows & rows, CpuOracle & oracle, Device & device)
    : shape_(shape),
      rows_(rows),
      oracle_(oracle),
      device_(device),
      layers_(size_t(shape.n_layer)),
      scratch_(size_t(device.n_threads())),
      reads_(size_t(shape.n_slots())) {
    for (int64_t layer = 0; layer < shape.n_layer; layer++) {
        if (!shape.selects[size_t(layer)]) continue;
        layers_[size_t(layer)] = make_layer_selector(shape.selector, shape.layer(layer));
        for (int64_t slot = shape.slots[size_t(layer)]; slot < shape.slots[size_t(layer) + 1]; slot++)
            reads_[size_t(slot)].assign(size_t(shape.budgets.capacity), 0);
    }
    for (SelectorScratch & scratch : scratch_) reserve(scratch, shape.layer(shape.first_choosing()));
}

size_t CpuSelector::bytes() const {
    return size_t(shape_.n_selecting()) * selector_stored_bytes(shape_.selector, shape_.layer(shape_.first_choosing()));
}

Status CpuSelector::build(int64_t layer, int64_t n_rows, const float * importance) {
    const CompactView k = KvRows::compact(rows_.k(layer)), v = KvRows::compact(rows_.v(layer));
    return for_each_head(device_, shape_.heads_of(layer).n, nullptr, [&](int head, int) {
        layers_[size_t(layer)]->build(k, v, head, n_rows, importance + int64_t(head) * shape_.heads_of(layer).dim);
    });
}

Status CpuSelector::attend(const LayerToken & token, int64_t n_live) {
    const int n_head = shape_.heads_of(token.layer).n;
    for (int head = token.part.index; head < n_head; head += token.part.count) attend_head(token, n_live, head);
    return Status::good();
}

void CpuSelector::attend_head(const LayerToken & token, int64_t n_live, int head) {
    const CacheHeads & heads = shape_.heads_of(token.layer);
    const int64_t      d     = heads.dim;
    const CompactView  k = KvRows::compact(rows_.k(token.layer)), v = KvRows::compact(rows_.v(token.layer));
    LayerSelector &    selector = *layers_[size_t(token.layer)];
    SelectorScratch &  scratch  = scratch_[size_t(token.part.index)];
    // This head's new row goes in first: it competes like any other token.
    const int64_t from = int64_t(head / heads.share) * d;
    ggml_fp32_to_fp16_row(token.k + from, k.row(head, n_live), d);
    ggml_fp32_to_fp16_row(token.v + from, v.row(head, n_live), d);
    selector.append(k, v, head, n_live);

    const int64_t at = int64_t(head) * heads.group * d;
    selector.attend(k, v, head, n_live + 1, token.q + at, scratch, token.out + at);
    std::vector<uint32_t> & reads = reads_[size_t(shape_.slots[size_t(token.layer)] + head)];
    for (int32_t row : scratch.chosen) reads[size_t(row)]++;
    if (!oracle_.on) return;
    const SelectorShape layer = shape_.layer(token.layer);
    const HeadQuery     query{token.q + at, layer.group, layer.scale, layer.sinks_of(head)};
    oracle_.compare(k, head, query, n_live + 1, scratch, token.part.index);
}

Status CpuSelector::token_done(int64_t n_new) {
    if (!recode_is_judged(n_new)) return Status::good();
    n_clamped_ = 0;
    for (const auto & layer : layers_)
        for (int head = 0; layer && head < shape_.choosing_heads().n; head++) n_clamped_ += layer->clamped(head);
    return Status::good();
}

Status CpuSelector::read_counts(std::vector<std::vector<uint32_t>> & out) {
    out = reads_;
    return Status::good();
}

}  // namespace rocketdoc
