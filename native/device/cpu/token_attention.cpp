#include "token_attention.h"

#include <algorithm>

#include "../../engine/kv_rows.h"
#include "../../graph/layer_graph.h"
#include "../../rocketkv/token_attention.h"

namespace rocketdoc {
namespace {

// Of the rows that n tokens see together those that token i sees.
RowRange seen_by(int64_t n_rows, int64_t window, int64_t n, int64_t i) { return seen_rows(window, n_rows - n + i); }

RowsView some_rows(const ggml_tensor * rows, const RowRange & range) {
    RowsView out = KvRows::view(rows, range.count);
    out.data     = static_cast<const uint8_t *>(out.data) + size_t(range.first) * out.row_bytes;
    return out;
}

// Grouped by query head, the compact cache has a head for each, so that a group never is larger than this.
size_t scratch_floats(const HyperParams & params) {
    return size_t(params.most(
        [](const LayerTraits & layer) { return token_scratch_floats(int(layer.head_dim), int(layer.group())); }));
}

}  // namespace

size_t CpuTokenAttention::bytes(const HyperParams & params, int n_threads) {
    return size_t(n_threads) * scratch_floats(params) * sizeof(float);
}

CpuTokenAttention::CpuTokenAttention(const HyperParams & params, int n_threads)
    : scratch_(size_t(n_threads), std::vector<float>(scratch_floats(params))), nodes_(size_t(params.n_layer)) {}

ggml_tensor * CpuTokenAttention::build(ggml_context * ctx, int64_t index, const Layer & layer, ggml_tensor * q,
                                       ggml_tensor * k, ggml_tensor * v, std::vector<ggml_tensor *> & live) {
    Node & node = nodes_[size_t(index)];
    node        = {this, layer.traits.scale, layer.weights.sinks, layer.traits.kept_window()};
    const RowRange one{0, 1};  // until the token's place is set
    ggml_tensor *  keys = view_rows(ctx, k, one, &live), *values = view_rows(ctx, v, one, &live);
    const int64_t  D = q->ne[0], n_head = q->ne[1], n = q->ne[2];
    ggml_tensor *  from[] = {q, keys, values};
    ggml_tensor * results = ggml_custom_4d(ctx, GGML_TYPE_F32, part_floats(int(D)), MAX_TOKEN_PARTS, n_head, n, from, 3,
                                           attend, GGML_N_TASKS_MAX, &node);
    ggml_tensor * parts[] = {results, keys};
    return ggml_custom_4d(ctx, GGML_TYPE_F32, D * n_head, n, 1, 1, parts, 2, join, GGML_N_TASKS_MAX, &node);
}

void CpuTokenAttention::attend(ggml_tensor * results, int thread, int n_threads, void * user) {
    const Node &        node = *static_cast<Node *>(user);
    const ggml_tensor * q    = results->src[0];
    const ggml_tensor * k    = results->src[1];
    const ggml_tensor * v    = results->src[2];
    const int64_t       n    = q->ne[2];
    const auto          seen = [&](int64_t i) { return seen_by(k->ne[1], node.window, n, i); };
    TokenQueries        queries;
    queries.head_step = int64_t(q->nb[1] / sizeof(float));
    queries.n_head    = int(q->ne[1]);
    queries.scale     = node.scale;
    int count         = 0;  // parts of the token that has most
    for (int64_t i = 0; i < n; i++) count = std::max(count, token_parts(seen(i).count).count);
    // A thread reads rows that lie one after another, and for one token after the other: by turns both read at 0.75 of
    // that speed once the rows fill no cache.
    const int n_parts = count * int(k->ne[2]);
    const int end     = n_parts * (thread + 1) / n_threads;
    for (int at = n_parts * thread / n_threads; at < end; at++) {
        for (int64_t i = 0; i < n; i++) {
            if (at % count >= token_parts(seen(i).count).count) continue;
            queries.q = reinterpret_cast<const float *>(static_cast<const uint8_t *>(q->data) + size_t(i) * q->nb[2]);
            attend_part(some_rows(k, seen(i)), some_rows(v, seen(i)), queries, at / count, at % count,
                        node.owner->scratch_[size_t(thread)].data(),
                        reinterpret_cast<float *>(static_cast<uint8_t *>(results->data) + size_t(i) * results->nb[3]));
        }
    }
}

void CpuTokenAttention::join(ggml_tensor * out, int thread, int n_threads, void * user) {
    const Node &        node    = *static_cast<Node *>(user);
    const ggml_tensor * results = out->src[0];
    const int           n_head  = int(results->ne[2]);
    const int           D       = int(out->ne[0]) / n_head;
    const int64_t       n       = out->ne[1];
    const float *       sinks   = node.sinks ? static_cast<const float *>(node.sinks->data) : nullptr;
    for (int64_t at = thread; at < n * n_head; at += n_threads) {
        const int64_t i = at / n_head, head = at % n_head;
        const int     count = token_parts(seen_by(out->src[1]->ne[1], node.window, n, i).count).count;
        join_parts(static_cast<const float *>(results->data) + at * MAX_TOKEN_PARTS * part_floats(D), count, D,
                   sinks ? sinks + head : nullptr, static_cast<float *>(out->data) + at * D);
    }
}

}  // namespace rocketdoc
