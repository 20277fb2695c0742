#include "token_sizes.h"

#include <algorithm>

namespace rocketdoc {
namespace {

// What a token's experts make, or a recurrent layer, of the widest layer.
int64_t layer_values(const HyperParams & p) {
    return p.most([&](const LayerTraits & layer) {
        const Experts &    e     = layer.experts;
        const Recurrence & r     = layer.recurrence;
        const int64_t      norms = e.shared == SharedExpert::normed ? 9 * p.n_embd : 0;
        return std::max(4 * e.count + e.used * (3 * e.n_ff + 3 * p.n_embd) + 4 * e.n_ff_shared + norms,
                        (r.taps + 7) * r.channels + 6 * r.heads * r.head_dim + r.matrix_floats());
    });
}

}  // namespace

int64_t most_queries(const HyperParams & p) {
    return p.most([](const LayerTraits & layer) { return layer.q_width(); });
}

int64_t widest_input(const HyperParams & p) {
    return p.most([&](const LayerTraits & layer) {
        return std::max({p.n_embd, layer.n_ff, layer.q_width(), layer.experts.used * layer.experts.n_ff});
    });
}

int64_t token_values(const HyperParams & p) {
    int64_t rows = 0;
    for (const LayerTraits & layer : p.layers) rows += layer.keeps_rows() ? 2 * layer.kv_width() : 0;
    const int64_t n_ff   = p.most([](const LayerTraits & layer) { return layer.n_ff; });
    const int64_t heads  = p.most([](const LayerTraits & layer) { return layer.q_width() + 2 * layer.kv_width(); });
    const int64_t inputs = p.n_layer_input * p.n_layer;
    const int64_t shared = inputs + p.n_embd + 3 * most_queries(p) + p.n_vocab + rows + widest_input(p);
    return shared + 12 * p.n_embd + 4 * n_ff + 6 * heads + layer_values(p) + 4 * inputs;
}

}  // namespace rocketdoc
