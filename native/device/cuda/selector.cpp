#include "selector.h"

#include <vector>

namespace rocketdoc {

std::unique_ptr<CudaSelector> make_cuda_selector(SelectorKind kind, const CudaSelector::Parts & parts) {
    switch (kind) {
#define SELECTOR(name, text) \
    case SelectorKind::name: return make_##name##_on_gpu(parts);
#include "../../rocketkv/method.def"
    }
    return nullptr;
}

size_t summary_bytes_on_gpu(SelectorKind kind, const SelectorShape & shape, int64_t rows) {
    switch (kind) {
#define SELECTOR(name, text) \
    case SelectorKind::name: return name##_bytes_on_gpu(shape, rows);
#include "../../rocketkv/method.def"
    }
    return 0;
}

CudaSelector::CudaSelector(const Parts & parts)
    : layers_(parts.layers), oracle_(parts.oracle), attention_(parts.attention) {
    int n = 0;
    for (const bool selects : layers_.shape.selects) index_.push_back(selects ? n++ : -1);
}

Status CudaSelector::reserve() {
    const CompactShape & s = layers_.shape;
    const size_t         n = size_t(s.n_selecting()), heads = size_t(s.choosing_heads().n);
    RETURN_IF_FAILED(DeviceBytes::allocate(cuda(), n * layer_bytes(), summaries_));
    RETURN_IF_FAILED(DeviceBytes::allocate(cuda(), n * heads * size_t(s.budgets.k) * sizeof(int32_t), ids_));
    return DeviceBytes::allocate(cuda(), n * heads * size_t(layers_.capacity()) * sizeof(uint32_t), reads_);
}

Status CudaSelector::attend(const LayerToken & token, int64_t n_live) {
    const CompactShape & s = layers_.shape;
    const int            k = int(s.budgets.k);
    int32_t * const      ids =
        ids_.at<int32_t>(place(token.layer) * size_t(s.choosing_heads().n) * size_t(k) * sizeof(int32_t));
    KernelAttention attention = layers_.attention(token);
    RETURN_IF_FAILED(choose(token.layer,
                            {attention.cache, {token.k, token.v}, token.q, attention.scale, k, ids, attention.sinks},
                            n_live + 1));
    attention.ids = ids;
    attention.k   = k;
    add_residual(token.layer, attention);
    RETURN_IF_FAILED(check(cuda().kernels().sparse_attention(attention, attention_, cuda().stream()), "attention"));
    return oracle_.on ? oracle_.compare(token.layer, token.q, ids, n_live + 1) : Status::good();
}

Status CudaSelector::end_token() {
    const CompactShape & s = layers_.shape;
    return check(cuda().kernels().count_reads({ids_.at<int32_t>(0), int(s.n_selecting()) * s.choosing_heads().n,
                                               int(s.budgets.k), layers_.n_rows(), int(layers_.capacity()),
                                               reads_.at<uint32_t>(0)},
                                              cuda().stream()),
                 "counting reads");
}

Status CudaSelector::read_counts(std::vector<std::vector<uint32_t>> & out) {
    const CompactShape &  s = layers_.shape;
    std::vector<uint32_t> all(reads_.bytes() / sizeof(uint32_t));
    RETURN_IF_FAILED(
        check(cuda().kernels().copy(all.data(), reads_.data(), reads_.bytes(), cuda().stream()), "reading the map"));
    RETURN_IF_FAILED(cuda().finish_stream());
    const size_t n_head = size_t(s.choosing_heads().n), rows = all.size() / (size_t(s.n_selecting()) * n_head);
    out.assign(size_t(s.n_slots()), {});
    for (int64_t layer = 0; layer < s.n_layer; layer++) {
        if (!s.selects[size_t(layer)]) continue;
        for (size_t head = 0; head < n_head; head++) {
            const uint32_t * first = &all[(place(layer) * n_head + head) * rows];
            out[size_t(s.slots[size_t(layer)]) + head].assign(first, first + rows);
        }
    }
    return Status::good();
}

}  // namespace rocketdoc
