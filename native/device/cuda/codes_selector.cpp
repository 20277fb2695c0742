#include "codes_selector.h"

#include "../../rocketkv/recode_policy.h"

namespace rocketdoc {

CodesLayout::CodesLayout(const SelectorShape & s, int64_t rows, bool residual) {
    const size_t heads = size_t(s.n_cache_head), d = size_t(s.head_dim), planes = d / 32;
    order   = DeviceBytes::take(bytes, heads * d * sizeof(int32_t));
    lo      = DeviceBytes::take(bytes, heads * d * sizeof(float));
    step    = DeviceBytes::take(bytes, heads * d * sizeof(float));
    fine    = DeviceBytes::take(bytes, heads * planes * size_t(rows) * 2 * sizeof(uint32_t));
    clamped = DeviceBytes::take(bytes, heads * sizeof(int32_t));
    if (!residual) return;
    coarse   = DeviceBytes::take(bytes, heads * planes * size_t(rows) * sizeof(uint32_t));
    signs    = DeviceBytes::take(bytes, heads * planes * size_t(rows) * sizeof(uint32_t));
    v_mean   = DeviceBytes::take(bytes, heads * d * sizeof(float));
    v_spread = DeviceBytes::take(bytes, heads * d * sizeof(float));
}

CodesOnGpu::CodesOnGpu(const Parts & parts, bool residual)
    : CudaSelector(parts),
      residual_(residual),
      layout_(parts.layers.shape.layer(parts.layers.shape.first_choosing()), parts.layers.capacity(), residual),
      importance_(size_t(parts.layers.shape.n_layer), nullptr),
      heads_(size_t(parts.layers.shape.n_selecting() * parts.layers.shape.choosing_heads().n)) {}

Status CodesOnGpu::reserve_decode() {
    return DeviceBytes::allocate(cuda(), cuda().kernels().select_codes_workspace_bytes(layers_.choosing_cache()),
                                 workspace_);
}

KernelCodes CodesOnGpu::codes_of(int64_t layer) const {
    KernelCodes codes;
    codes.order   = summaries<int32_t>(layer, layout_.order);
    codes.lo      = summaries<float>(layer, layout_.lo);
    codes.step    = summaries<float>(layer, layout_.step);
    codes.fine    = summaries<uint32_t>(layer, layout_.fine);
    codes.clamped = summaries<int32_t>(layer, layout_.clamped);
    if (!residual_) return codes;
    codes.coarse   = summaries<uint32_t>(layer, layout_.coarse);
    codes.signs    = summaries<uint32_t>(layer, layout_.signs);
    codes.v_mean   = summaries<float>(layer, layout_.v_mean);
    codes.v_spread = summaries<float>(layer, layout_.v_spread);
    return codes;
}

Status CodesOnGpu::enqueue_build(const KernelCodesBuild & build) {
    RETURN_IF_FAILED(DeviceBytes::allocate(
        cuda(), cuda().kernels().codes_build_workspace_bytes(layers_.choosing_cache()), build_workspace_));
    return check(cuda().kernels().codes_build(build, build_workspace_, cuda().stream()), "coding keys");
}

Status CodesOnGpu::build(int64_t layer, int64_t n_rows, const float * importance) {
    importance_[size_t(layer)] = importance;
    n_prompt_rows_             = n_rows;
    return enqueue_build({layers_.cache(layer), int(n_rows), importance, codes_of(layer)});
}

KernelCodesBuild CodesOnGpu::head_of(int64_t layer, int head, int64_t n_rows) const {
    KernelCodesBuild out{layers_.cache(layer), int(n_rows), importance_[size_t(layer)], codes_of(layer)};
    const size_t     d = size_t(out.cache.head_dim), at = size_t(head) * d;
    const size_t     row = size_t(head) * size_t(out.cache.capacity) * d, plane = row / 32;
    out.cache.n_head = 1;
    out.cache.share  = 1;
    out.cache.k += row;
    out.cache.v += row;
    if (out.importance) out.importance += at;
    out.codes.order += at;
    out.codes.lo += at;
    out.codes.step += at;
    out.codes.fine += 2 * plane;
    out.codes.clamped += head;
    if (!residual_) return out;
    out.codes.coarse += plane;
    out.codes.signs += plane;
    out.codes.v_mean += at;
    out.codes.v_spread += at;
    return out;
}

Status CodesOnGpu::choose(int64_t layer, const KernelChoice & choice, int64_t) {
    return check(cuda().kernels().select_codes({choice, codes_of(layer)}, workspace_, cuda().stream()),
                 "choosing rows");
}

Status CodesOnGpu::token_done(int64_t n_new) { return recode_is_judged(n_new) ? look(n_new) : Status::good(); }

// All heads are coded first at the same row and judged at whole steps from there on, so every look falls on all.
Status CodesOnGpu::look(int64_t n_new) {
    const CompactShape & s      = layers_.shape;
    const CacheHeads &   heads  = s.choosing_heads();
    const size_t         n_head = size_t(heads.n), width = n_head * sizeof(int32_t);
    std::vector<int32_t> counts(heads_.size());
    RETURN_IF_FAILED(check(cuda().kernels().copy_strided({counts.data(), width, summaries_.at<int32_t>(layout_.clamped),
                                                          layout_.bytes, width, size_t(s.n_selecting())},
                                                         cuda().stream()),
                           "reading clamped codes"));
    RETURN_IF_FAILED(cuda().finish_stream());
    for (int64_t layer = 0; layer < s.n_layer; layer++) {
        if (!s.selects[size_t(layer)]) continue;
        for (int head = 0; head < heads.n; head++) {
            const size_t i    = place(layer) * n_head + size_t(head);
            Head &       mine = heads_[i];
            n_clamped_ += counts[i] - mine.clamped;
            mine.clamped = counts[i];
            if (!codes_have_drifted(counts[i], n_new - mine.coded_at, residual_ ? heads.dim : heads.dim / 2)) continue;
            RETURN_IF_FAILED(enqueue_build(head_of(layer, head, n_prompt_rows_ + n_new)));
            mine = {n_new, 0};  // codes_build clears the counter
        }
    }
    return cuda().finish_stream();
}

size_t codes_bytes_on_gpu(const SelectorShape & shape, int64_t rows) { return CodesLayout(shape, rows, false).bytes; }

std::unique_ptr<CudaSelector> make_codes_on_gpu(const CudaSelector::Parts & parts) {
    return std::make_unique<CodesOnGpu>(parts, false);
}

}  // namespace rocketdoc
