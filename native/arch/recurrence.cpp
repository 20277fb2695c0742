#include "recurrence.h"

#include "blocks.h"

namespace rocketdoc {
namespace {

// Rows [first, first + count) of x [rows, n]: a view, no copy.
ggml_tensor * some_rows(ggml_context * ctx, ggml_tensor * x, int64_t first, int64_t count) {
    return ggml_view_2d(ctx, x, count, x->ne[1], x->nb[1], size_t(first) * sizeof(float));
}

// A causal convolution of each channel of x [channels, n] over its last tokens, the state's in front: [channels, n].
// The state becomes the last of them.
ggml_tensor * build_convolution(ggml_context * ctx, ggml_cgraph * graph, ggml_tensor * kernel, ggml_tensor * x,
                                ggml_tensor * state) {
    const int64_t n = x->ne[1], channels = x->ne[0], kept = kernel->ne[0] - 1;
    ggml_tensor * tokens = ggml_concat(ctx, state, ggml_transpose(ctx, x), 0);  // [kept + n, channels]
    ggml_tensor * last   = ggml_view_2d(ctx, tokens, kept, channels, tokens->nb[1], size_t(n) * sizeof(float));
    ggml_build_forward_expand(graph, ggml_cpy(ctx, last, state));
    return ggml_reshape_2d(ctx, ggml_ssm_conv(ctx, tokens, kernel), channels, n);
}

}  // namespace

Status check_recurrence(const GgufFile & file, const Recurrence & r) {
    const auto refuse = [&](const char * what, int64_t value, const char * range) {
        return damaged_number(file, what, double(value), range);
    };
    if (r.taps < 2 || r.taps > 64) return refuse("the length of a recurrent layer's convolution", r.taps, "2 to 64");
    if (r.channels < 1 || r.channels > (1 << 20))
        return refuse("the width of a recurrent layer's convolution", r.channels, "1 to 1,048,576");
    if (r.heads == 0) return Status::good();
    if (r.heads < 1 || r.heads > 1024) return refuse("the number of a recurrent layer's heads", r.heads, "1 to 1,024");
    if (r.key_heads < 1 || r.heads % r.key_heads != 0)
        return refuse("the number of a recurrent layer's key heads", r.key_heads, "a divisor of its heads");
    if (r.head_dim < 16 || r.head_dim > 512 || r.head_dim % 16 != 0)
        return refuse("the size of a recurrent layer's heads", r.head_dim, "a multiple of 16 up to 512");
    return Status::good();
}

size_t state_bytes(const HyperParams & params) {
    int64_t floats = 0;
    for (const LayerTraits & layer : params.layers)
        floats += layer.recurrence.conv_floats() + layer.recurrence.matrix_floats();
    return size_t(floats) * sizeof(float);
}

ggml_tensor * build_short_convolution(ggml_context * ctx, ggml_cgraph * graph, const Layer & layer,
                                      ggml_tensor * normed, const StateTensors & state) {
    const LayerWeights & w   = layer.weights;
    const int64_t        n   = layer.traits.recurrence.channels;
    ggml_tensor *        bcx = build_linear(ctx, w.conv_in, nullptr, normed);  // [3 * n, tokens]
    ggml_tensor *        b = some_rows(ctx, bcx, 0, n), *c = some_rows(ctx, bcx, n, n);
    ggml_tensor *        gated = ggml_mul(ctx, b, some_rows(ctx, bcx, 2 * n, n));
    ggml_tensor *        mixed = build_convolution(ctx, graph, w.conv_kernel, gated, state.convolution);
    return build_linear(ctx, w.conv_out, nullptr, ggml_mul(ctx, c, mixed));
}

ggml_tensor * build_gated_delta_net(ggml_context * ctx, ggml_cgraph * graph, const Layer & layer, ggml_tensor * normed,
                                    const StateTensors & state) {
    const LayerWeights & w = layer.weights;
    const Recurrence &   r = layer.traits.recurrence;
    const int64_t        n = normed->ne[1], dim = r.head_dim, heads = r.heads;
    ggml_tensor *        mixed =
        build_convolution(ctx, graph, w.conv_kernel, build_linear(ctx, w.wqkv, nullptr, normed), state.convolution);
    mixed = ggml_silu(ctx, mixed);
    // Heads [first, first + count) of q, k and v, which lie one after the other.
    const auto some_heads = [&](int64_t first, int64_t count) {
        const size_t head = size_t(dim) * sizeof(float);
        return ggml_view_4d(ctx, mixed, dim, count, n, 1, head, mixed->nb[1], mixed->nb[1] * size_t(n),
                            size_t(first) * head);
    };
    ggml_tensor * q = ggml_l2_norm(ctx, some_heads(0, r.key_heads), layer.params.rms_eps);
    ggml_tensor * k = ggml_l2_norm(ctx, some_heads(r.key_heads, r.key_heads), layer.params.rms_eps);
    ggml_tensor * v = some_heads(2 * r.key_heads, heads);

    const auto    a_head = [&](ggml_tensor * x) { return ggml_reshape_4d(ctx, x, 1, heads, n, 1); };
    ggml_tensor * beta   = ggml_sigmoid(ctx, a_head(build_linear(ctx, w.delta_beta, nullptr, normed)));
    ggml_tensor * pace   = ggml_add(ctx, build_linear(ctx, w.delta_alpha, nullptr, normed), w.delta_dt);
    ggml_tensor * gate   = a_head(ggml_mul(ctx, ggml_softplus(ctx, pace), w.delta_a));

    ggml_tensor * before = ggml_reshape_4d(ctx, state.matrices, dim, dim, heads, 1);
    // What was read, [dim, heads, n], and behind it the matrices as they are now.
    ggml_tensor * both = ggml_gated_delta_net(ctx, q, k, v, gate, beta, before, 1);
    const size_t  row = size_t(dim) * sizeof(float), all = row * size_t(heads * n);
    ggml_tensor * read  = ggml_view_3d(ctx, both, dim, heads, n, row, row * size_t(heads), 0);
    ggml_tensor * after = ggml_view_1d(ctx, both, dim * dim * heads, all);
    ggml_build_forward_expand(graph, ggml_cpy(ctx, after, ggml_reshape_1d(ctx, state.matrices, dim * dim * heads)));

    ggml_tensor * z      = ggml_reshape_3d(ctx, build_linear(ctx, w.delta_gate, nullptr, normed), dim, heads, n);
    ggml_tensor * normal = build_rms_norm(ctx, read, w.delta_norm, layer.params.rms_eps);
    ggml_tensor * out    = ggml_reshape_2d(ctx, ggml_mul(ctx, normal, ggml_silu(ctx, z)), dim * heads, n);
    return build_linear(ctx, w.delta_out, nullptr, out);
}

}  // namespace rocketdoc
