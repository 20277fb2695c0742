#include "product_bits.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "../../graph/ggml_inside.h"
#include "../../graph/layer_graph.h"

namespace rocketdoc {
namespace {

// Rows of the weights that are multiplied. A round number: with others ggml may leave out the way that is in question.
constexpr int64_t ROWS = 64;

}  // namespace

bool ProductBits::are_same(const ggml_tensor * weight) {
    const auto kind = std::make_tuple(int(weight->type), ggml_backend_buffer_get_type(weight->buffer), weight->ne[0]);
    const auto [at, is_new] = known_.emplace(kind, false);
    if (is_new) at->second = try_out(weight);
    return at->second;
}

bool ProductBits::try_out(const ggml_tensor * weight) {
    const int64_t      columns = weight->ne[0], rows = std::min(ROWS, weight->ne[1]);
    std::vector<float> x(size_t(columns * most_));
    std::mt19937       random(1);
    for (float & value : x) value = float(random()) / float(random.max()) - 0.5f;

    // Of the first n tokens, from the token `first` on.
    const auto product = [&](int first, int n, std::vector<float> & out) {
        GraphArena     arena(device_, 8);
        ggml_context * ctx   = arena.begin();
        ggml_cgraph *  graph = arena.new_graph();
        ggml_tensor *  some  = first_rows(ctx, weight, rows);
        ggml_tensor *  input = new_input(ctx, GGML_TYPE_F32, columns, n);
        ggml_tensor *  y     = ggml_mul_mat(ctx, some, input);
        ggml_set_output(y);
        ggml_build_forward_expand(graph, y);
        if (!arena.allocate(graph).ok()) return false;
        ggml_backend_tensor_set(input, x.data() + first * columns, 0, ggml_nbytes(input));
        // Not by Device::compute: it says nothing about the speed of a token.
        if (ggml_backend_graph_compute(device_.handle(), graph) != GGML_STATUS_SUCCESS) return false;
        const size_t at = out.size();
        out.resize(at + size_t(rows * n));
        ggml_backend_tensor_get(y, out.data() + at, 0, ggml_nbytes(y));
        return true;
    };
    std::vector<float> alone;
    for (int i = 0; i < most_; i++)
        if (!product(i, 1, alone)) return false;
    for (int n = 2; n <= most_; n++) {
        std::vector<float> together;
        if (!product(0, n, together)) return false;
        if (std::memcmp(together.data(), alone.data(), together.size() * sizeof(float)) != 0) return false;
    }
    return true;
}

}  // namespace rocketdoc
