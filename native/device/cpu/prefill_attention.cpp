#include "prefill_attention.h"

#include "../../engine/kv_rows.h"
#include "../../rocketkv/cpu/kernels.h"

namespace rocketdoc {
namespace {

size_t scratch_floats(const HyperParams & params) {
    return size_t(params.most(
        [](const LayerTraits & layer) { return tile_scratch_floats(int(layer.head_dim), int(layer.group())); }));
}

}  // namespace

size_t CpuPrefillAttention::bytes(const HyperParams & params, int n_threads) {
    return size_t(n_threads) * scratch_floats(params) * sizeof(float);
}

CpuPrefillAttention::CpuPrefillAttention(const HyperParams & params, int n_threads) : scratch_(size_t(n_threads)) {
    for (TileScratch & scratch : scratch_) scratch.memory.resize(scratch_floats(params));
}

ggml_tensor * CpuPrefillAttention::build(ggml_context * ctx, const AttendingTile & tile) {
    tile_                = tile;
    next_part_           = 0;
    ggml_tensor * from[] = {tile.q, tile.k, tile.v};
    return ggml_custom_4d(ctx, GGML_TYPE_F32, tile.q->ne[0] * tile.q->ne[1], tile.q->ne[2], 1, 1, from, 3, run,
                          GGML_N_TASKS_MAX, this);
}

void CpuPrefillAttention::run(ggml_tensor * out, int thread, int n_threads, void * user) {
    auto &                self = *static_cast<CpuPrefillAttention *>(user);
    const AttendingTile & tile = self.tile_;
    if (tile.order) {  // the nodes that wrote this tile's rows come before this one
        tile.order->set_written(tile.index);
        if (!tile.order->wait_for_earlier(tile.index)) return;
    }
    const ggml_tensor * q = out->src[0];
    TileQueries         queries;
    queries.q          = static_cast<const float *>(q->data);
    queries.token_step = int64_t(q->nb[2] / sizeof(float));
    queries.head_step  = int64_t(q->nb[1] / sizeof(float));
    queries.n          = q->ne[2];
    queries.n_head     = int(q->ne[1]);
    queries.scale      = tile.layer->traits.scale;
    queries.sinks = tile.layer->weights.sinks ? static_cast<const float *>(tile.layer->weights.sinks->data) : nullptr;
    queries.first_row = tile.start;
    queries.window    = tile.layer->traits.kept_window();
    // Blocks begin at the same positions, whichever rows were let go of.
    queries.first_block = (KEY_BLOCK - tile.first_position % KEY_BLOCK) % KEY_BLOCK;

    const int64_t   n_rows = tile.start + queries.n;
    const RowsView  k = KvRows::view(out->src[1], n_rows), v = KvRows::view(out->src[2], n_rows);
    const TileParts parts = tile_parts(queries, k.n_head, n_threads);
    for (int64_t part = self.next_part_++; part < parts.count; part = self.next_part_++) {
        if (tile.cancel && tile.cancel->load(std::memory_order_relaxed)) return;
        tile_attention(k, v, queries, parts, part, self.scratch_[size_t(thread)], static_cast<float *>(out->data));
    }
}

}  // namespace rocketdoc
