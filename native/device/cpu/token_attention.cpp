#include "token_attention.h"

#include "../../engine/kv_rows.h"
#include "../../graph/layer_graph.h"
#include "../../rocketkv/token_attention.h"

namespace rocketdoc {
namespace {

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
    node        = {this, layer.traits.scale, layer.weights.sinks};
    const RowRange one{0, 1};  // until the token's place is set
    ggml_tensor *  keys = view_rows(ctx, k, one, &live), *values = view_rows(ctx, v, one, &live);
    const int64_t  D = q->ne[0], n_head = q->ne[1];
    ggml_tensor *  from[] = {q, keys, values};
    ggml_tensor * results = ggml_custom_4d(ctx, GGML_TYPE_F32, part_floats(int(D)), MAX_TOKEN_PARTS, n_head, 1, from, 3,
                                           attend, GGML_N_TASKS_MAX, &node);
    ggml_tensor * parts[] = {results, keys};
    return ggml_custom_4d(ctx, GGML_TYPE_F32, D * n_head, 1, 1, 1, parts, 2, join, GGML_N_TASKS_MAX, &node);
}

void CpuTokenAttention::attend(ggml_tensor * results, int thread, int n_threads, void * user) {
    const Node &        node = *static_cast<Node *>(user);
    const ggml_tensor * q    = results->src[0];
    const RowsView      k    = KvRows::view(results->src[1], results->src[1]->ne[1]);
    const RowsView      v    = KvRows::view(results->src[2], results->src[2]->ne[1]);
    TokenQueries        queries;
    queries.q         = static_cast<const float *>(q->data);
    queries.head_step = int64_t(q->nb[1] / sizeof(float));
    queries.n_head    = int(q->ne[1]);
    queries.scale     = node.scale;
    const int count   = token_parts(k.n_rows).count;
    // A thread reads rows that lie one after another: by turns both read at 0.75 of that speed once the rows fill no
    // cache.
    const int n_parts = count * k.n_head;
    const int end     = n_parts * (thread + 1) / n_threads;
    for (int i = n_parts * thread / n_threads; i < end; i++)
        attend_part(k, v, queries, i / count, i % count, node.owner->scratch_[size_t(thread)].data(),
                    static_cast<float *>(results->data));
}

void CpuTokenAttention::join(ggml_tensor * out, int thread, int n_threads, void * user) {
    const Node &        node    = *static_cast<Node *>(user);
    const ggml_tensor * results = out->src[0];
    const int           n_head  = int(results->ne[2]);
    const int           D       = int(out->ne[0]) / n_head;
    const int           count   = token_parts(out->src[1]->ne[1]).count;
    const float *       sinks   = node.sinks ? static_cast<const float *>(node.sinks->data) : nullptr;
    for (int head = thread; head < n_head; head += n_threads)
        join_parts(static_cast<const float *>(results->data) + int64_t(head) * MAX_TOKEN_PARTS * part_floats(D), count,
                   D, sinks ? sinks + head : nullptr, static_cast<float *>(out->data) + int64_t(head) * D);
}

}  // namespace rocketdoc
