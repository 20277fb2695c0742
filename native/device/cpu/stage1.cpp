#include "stage1.h"

#include <algorithm>
#include <numeric>

#include "heads_job.h"

namespace rocketdoc {

CpuStage1::CpuStage1(const CompactShape & shape, KvRows & rows, Device & device)
    : shape_(shape),
      rows_(rows),
      device_(device),
      scratch_(size_t(device.n_threads())),
      kept_(size_t(shape.n_slots())) {}

Status CpuStage1::keep(const Stage1Layer & layer) {
    const RowsView     keys   = KvRows::view(layer.history.k, layer.n_rows),
                       values = KvRows::view(layer.history.v, layer.n_rows);
    const CacheHeads & heads  = shape_.heads_of(layer.layer);
    Stage1Query        query;
    query.q                     = static_cast<const float *>(layer.queries->data);
    query.n_head                = heads.n * heads.group;
    query.window                = int(layer.queries->ne[1]);
    query.head_dim              = heads.dim;
    query.scale                 = shape_.scale[size_t(layer.layer)];
    query.sinks                 = shape_.sinks[size_t(layer.layer)];
    const Grouping     grouping = heads.share > 1 ? Grouping::query_head : Grouping::kv_group;
    const CompactView  k = KvRows::compact(rows_.k(layer.layer)), v = KvRows::compact(rows_.v(layer.layer));
    const Stage1Choice choice{shape_.pooling, shape_.budgets.kernel, layer.n_keep};

    // What the threads write is there before they are.
    for (Stage1Scratch & scratch : scratch_)
        reserve(scratch, stage1_sizes(layer.n_rows, query.window, heads.group, heads.dim, choice.kernel));
    Stage1Kept * const kept = kept_.data() + shape_.slots[size_t(layer.layer)];
    for (int head = 0; head < heads.n; head++) kept[head].rows.reserve(size_t(std::min(layer.n_keep, layer.n_rows)));

    return for_each_head(device_, heads.n, layer.cancel, [&](int head, int thread) {
        // Where nothing is evicted the scores still tell the codes which channels matter.
        stage1_keep(keys, query, {head, grouping}, choice, scratch_[size_t(thread)], kept[head],
                    layer.importance + int64_t(head) * heads.dim);
        stage1_gather(keys, head / heads.share, kept[head].rows, k, head);
        stage1_gather(values, head / heads.share, kept[head].rows, v, head);
    });
}

Status CpuStage1::keep_last(const Stage1Layer & layer) {
    const RowsView       keys   = KvRows::view(layer.history.k, layer.n_rows),
                         values = KvRows::view(layer.history.v, layer.n_rows);
    const CompactView    k = KvRows::compact(rows_.k(layer.layer)), v = KvRows::compact(rows_.v(layer.layer));
    const CacheHeads &   heads = shape_.heads_of(layer.layer);
    std::vector<int32_t> last(size_t(layer.n_keep));
    std::iota(last.begin(), last.end(), int32_t(layer.n_rows - layer.n_keep));
    return for_each_head(device_, heads.n, layer.cancel, [&](int head, int) {
        stage1_gather(keys, head / heads.share, last, k, head);
        stage1_gather(values, head / heads.share, last, v, head);
    });
}

Status CpuStage1::take(std::vector<std::vector<int32_t>> & rows, std::vector<float> & mass) {
    rows.clear();
    mass.clear();
    for (Stage1Kept & kept : kept_) {
        rows.push_back(std::move(kept.rows));
        mass.push_back(kept.mass);
    }
    kept_ = {};
    for (Stage1Scratch & scratch : scratch_) scratch = {};
    return Status::good();
}

}  // namespace rocketdoc
