#include "compact.h"

#include "selector.h"
#include "stage1.h"

namespace rocketdoc {

CpuCompact::CpuCompact(const CompactShape & shape, KvRows & rows, Device & device)
    : CompactOnDevice(shape, device), importance_(shape.most_width()) {
    auto oracle = std::make_unique<CpuOracle>(shape_, device.n_threads());
    if (shape_.n_selecting() > 0) selector_ = std::make_unique<CpuSelector>(shape_, rows, *oracle, device);
    oracle_ = std::move(oracle);
    stage1_ = std::make_unique<CpuStage1>(shape_, rows, device);
}

Status CpuCompact::attend(const LayerToken & token) { return selector_->attend(token, n_live_); }

Status CpuCompact::start_clock() {
    started_ = std::chrono::steady_clock::now();
    return Status::good();
}

Status CpuCompact::stop_clock() {
    ms_ += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started_).count();
    return Status::good();
}

Status CpuCompact::read_clock(double & ms) {
    ms = ms_;
    return Status::good();
}

namespace {

void attend_node(ggml_tensor * dst, int ith, int nth, void * user) {
    const CompactNode & node = *static_cast<CompactNode *>(user);
    LayerToken          token;
    token.layer = node.layer;
    token.n     = int(dst->ne[1]);
    token.q     = static_cast<const float *>(dst->src[0]->data);
    token.k     = static_cast<const float *>(dst->src[1]->data);
    token.v     = static_cast<const float *>(dst->src[2]->data);
    token.out   = static_cast<float *>(dst->data);
    token.part  = {ith, nth};
    (void) node.compact->attend(token);  // in host memory nothing of it fails
}

}  // namespace

ggml_tensor * build_compact_attention(ggml_context * ctx, ggml_cgraph * graph, CompactNode & node, KvRows & rows,
                                      const Layer & layer, const QkvTensors & qkv, ggml_tensor * indices,
                                      CpuTokenAttention & dense, std::vector<ggml_tensor *> & live) {
    const CompactShape & shape = node.compact->shape();
    const CacheHeads &   heads = shape.heads_of(node.layer);
    if (shape.selects[size_t(node.layer)]) {
        ggml_tensor * args[] = {qkv.q, qkv.k, qkv.v};
        return ggml_custom_4d(ctx, GGML_TYPE_F32, int64_t(heads.width()) * heads.group, qkv.q->ne[2], 1, 1, args, 3,
                              attend_node, GGML_N_TASKS_MAX, &node);
    }
    ggml_tensor *keys = rows.k(node.layer), *values = rows.v(node.layer);
    // The layer whose rows it sees has appended the token's.
    if (!rows.shape().keeps(node.layer)) return dense.build(ctx, node.layer, layer, qkv.q, keys, values, live);
    // Grouped by query head, every cache head has a copy of its KV head's row.
    auto per_cache_head = [&](ggml_tensor * x) {
        if (heads.share == 1) return x;
        const int64_t d = heads.dim, n_kv = heads.n / heads.share, n = x->ne[2];
        ggml_tensor * one  = ggml_reshape_4d(ctx, x, d, 1, n_kv, n);
        ggml_tensor * many = ggml_repeat_4d(ctx, one, d, heads.share, n_kv, n);
        return ggml_reshape_3d(ctx, many, d, heads.n, n);
    };
    keys   = build_append(ctx, graph, keys, per_cache_head(qkv.k), indices);
    values = build_append(ctx, graph, values, per_cache_head(qkv.v), indices);
    return dense.build(ctx, node.layer, layer, qkv.q, keys, values, live);
}

}  // namespace rocketdoc
