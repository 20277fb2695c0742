#include "token_products.h"

#include <initializer_list>

#include "../../engine/model.h"
#include "token_kernels.h"

namespace rocketdoc {
namespace {

constexpr size_t NODES_PER_PART = 96;

void count_part(ggml_cgraph * graph, TokenProducts & out) {
    int64_t n = 0;
    for (int i = 0; i < ggml_graph_n_nodes(graph); i++) {
        const ggml_op op = ggml_graph_node(graph, i)->op;
        n += op == GGML_OP_MUL_MAT || op == GGML_OP_MUL_MAT_ID;
    }
    out.all += n;
    if (!token_kernels(graph, {}, nullptr).empty()) out.ours += n;
}

}  // namespace

// The parts are those of CudaTokenRunner::build: what each layer takes of the token itself; before attention,
// its end, the feed-forward; and the output.
TokenProducts cuda_token_products(const Model & model) {
    const HyperParams &  p       = model.params();
    const Architecture & arch    = model.architecture();
    const size_t         n_parts = 3 * size_t(p.n_layer) + 2;
    const size_t         nodes   = NODES_PER_PART + p.expert_nodes();
    ggml_init_params params = {n_parts * (ggml_tensor_overhead() * nodes + ggml_graph_overhead_custom(nodes, false)),
                               nullptr, true};
    ggml_context_ptr owner(ggml_init(params));
    ggml_context *   ctx      = owner.get();
    const auto       vector   = [&](int64_t n) { return ggml_new_tensor_2d(ctx, GGML_TYPE_F32, n, 1); };
    ggml_tensor *    position = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, 1);
    ggml_tensor *    x        = vector(p.n_embd);
    TokenProducts    out;
    const auto       count = [&](std::initializer_list<ggml_tensor *> results) {
        ggml_cgraph * graph = ggml_new_graph_custom(ctx, nodes, false);
        for (ggml_tensor * t : results)
            if (t) ggml_build_forward_expand(graph, t);
        count_part(graph, out);
    };
    ggml_tensor * input = p.n_layer_input > 0 ? vector(p.n_layer_input) : nullptr;
    if (input) count({arch.build_layer_inputs(ctx, p, model.weights(), ggml_new_tensor_1d(ctx, GGML_TYPE_I32, 1), x)});
    for (int64_t layer = 0; layer < p.n_layer; layer++) {
        if (p.layer(layer).is_recurrent()) {
            const Recurrence & r = p.layer(layer).recurrence;
            StateTensors       state;
            state.convolution = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, r.taps - 1, r.channels);
            if (r.heads > 0) state.matrices = ggml_new_tensor_3d(ctx, GGML_TYPE_F32, r.head_dim, r.head_dim, r.heads);
            ggml_cgraph * graph = ggml_new_graph_custom(ctx, nodes, false);
            ggml_build_forward_expand(graph, arch.build_recurrence(ctx, graph, model.layer(layer), x, state));
            count_part(graph, out);
            count({arch.build_layer_output(ctx, model.layer(layer), x, input)});
            continue;
        }
        const QkvTensors qkv = arch.build_qkv(ctx, model.layer(layer), x, position);
        const int64_t    n_q = p.layer(layer).q_width();
        count({qkv.q, qkv.k, qkv.v});
        count({arch.build_attention_output(ctx, model.layer(layer), x, vector(n_q), qkv.gate ? vector(n_q) : nullptr)});
        count({arch.build_layer_output(ctx, model.layer(layer), x, input)});
    }
    count({arch.build_output(ctx, p, model.weights(), x)});
    return out;
}

}  // namespace rocketdoc
