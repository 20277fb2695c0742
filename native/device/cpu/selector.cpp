#include "selector.h"

#include <algorithm>
#include <limits>
#include <new>

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
    // A head's rows and what is kept of them are one thread's: a token finds those of the tokens before it.
    for (int head = token.part.index; head < n_head; head += token.part.count)
        for (int index = 0; index < token.n; index++) attend_head(token, index, n_live + index, head);
    return Status::good();
}

CpuSelector::Read CpuSelector::read_by(int64_t slot, int token) {
    int32_t * at = later_reads_.data() + (slot * most_later_ + token - 1) * (1 + shape_.budgets.k);
    return {at + 1, *at};
}

void CpuSelector::attend_head(const LayerToken & token, int index, int64_t n_live, int head) {
    const CacheHeads & heads = shape_.heads_of(token.layer);
    const int64_t      d     = heads.dim;
    const CompactView  k = KvRows::compact(rows_.k(token.layer)), v = KvRows::compact(rows_.v(token.layer));
    LayerSelector &    selector = *layers_[size_t(token.layer)];
    SelectorScratch &  scratch  = scratch_[size_t(token.part.index)];
    // This head's new row goes in first: it competes like any other token.
    const int64_t from = (int64_t(index) * (heads.n / heads.share) + head / heads.share) * d;
    ggml_fp32_to_fp16_row(token.k + from, k.row(head, n_live), d);
    ggml_fp32_to_fp16_row(token.v + from, v.row(head, n_live), d);
    selector.append(k, v, head, n_live);

    const int64_t at = (int64_t(index) * heads.n + head) * heads.group * d;
    selector.attend(k, v, head, n_live + 1, token.q + at, scratch, token.out + at);
    const int64_t slot = shape_.slots[size_t(token.layer)] + head;
    if (index == 0) {
        for (int32_t row : scratch.chosen) reads_[size_t(slot)][size_t(row)]++;
    } else {
        const Read read = read_by(slot, index);
        read.n          = int32_t(scratch.chosen.size());
        std::copy(scratch.chosen.begin(), scratch.chosen.end(), read.rows);
    }
    if (!oracle_.on) return;
    const SelectorShape layer = shape_.layer(token.layer);
    const HeadQuery     query{token.q + at, layer.group, layer.scale, layer.sinks_of(head)};
    oracle_.compare(k, head, query, n_live + 1, scratch, token.part.index);
}

int64_t CpuSelector::most_tokens(int64_t n_new) const {
    int64_t most = std::numeric_limits<int64_t>::max();
    for (const auto & layer : layers_)
        if (layer) most = std::min(most, layer->most_tokens(n_new));
    return most;
}

Status CpuSelector::reserve_tokens(int n) {
    if (n - 1 <= most_later_) return Status::good();
    try {
        later_reads_.resize(size_t(shape_.n_slots()) * size_t(n - 1) * size_t(1 + shape_.budgets.k));
    } catch (const std::bad_alloc &) {
        return Status::fail(Code::HOST_OOM, "Not enough memory for drafts.");
    }
    most_later_ = n - 1;
    return Status::good();
}

void CpuSelector::take_back(int n, int n_kept) {
    for (int64_t layer = 0; layer < shape_.n_layer; layer++) {
        if (!layers_[size_t(layer)]) continue;
        for (int head = 0; head < shape_.heads_of(layer).n; head++) {
            const int64_t slot = shape_.slots[size_t(layer)] + head;
            for (int token = 1; token < n_kept; token++) {
                const Read read = read_by(slot, token);
                for (int32_t i = 0; i < read.n; i++) reads_[size_t(slot)][size_t(read.rows[i])]++;
            }
            layers_[size_t(layer)]->take_back(head, n - n_kept);
        }
    }
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
