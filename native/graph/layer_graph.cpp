#include "layer_graph.h"

#include <algorithm>
#include <string>

#include "ggml_inside.h"

namespace rocketdoc {
namespace {

constexpr uint16_t F16_ZERO      = 0x0000;
constexpr uint16_t F16_MINUS_INF = 0xFC00;

}  // namespace

GraphArena::GraphArena(const Device & device, size_t max_nodes)
    : max_nodes_(max_nodes),
      memory_(ggml_tensor_overhead() * max_nodes + ggml_graph_overhead_custom(max_nodes, false)),
      oom_(device.oom()),
      allocator_(ggml_gallocr_new(device.buffer_type())) {}

ggml_context * GraphArena::begin() {
    ggml_init_params params = {memory_.size(), memory_.data(), true};
    ctx_.reset(ggml_init(params));
    return ctx_.get();
}

ggml_cgraph * GraphArena::new_graph() { return ggml_new_graph_custom(ctx_.get(), max_nodes_, false); }

Status GraphArena::allocate(ggml_cgraph * graph) {
    if (!ggml_gallocr_alloc_graph(allocator_.get(), graph)) {
        return Status::fail(
            oom_, "Not enough memory for the activations of a layer. Close other programs or read in smaller tiles.");
    }
    return Status::good();
}

ggml_tensor * new_input(ggml_context * ctx, ggml_type type, int64_t ne0, int64_t ne1) {
    ggml_tensor * t = ggml_new_tensor_2d(ctx, type, ne0, ne1);
    ggml_set_input(t);
    return t;
}

ggml_tensor * build_append(ggml_context * ctx, ggml_cgraph * graph, ggml_tensor * rows, ggml_tensor * current,
                           ggml_tensor * indices) {
    // [D, G, n] -> [D, n, G]: rows of one head lie together in the cache.
    ggml_tensor * per_head = ggml_permute(ctx, current, 0, 2, 1, 3);
    ggml_tensor * written  = ggml_set_rows(ctx, rows, per_head, indices);
    ggml_build_forward_expand(graph, written);
    return written;
}

int64_t CausalBand::columns(const DeviceTraits & device, int64_t n_max, int64_t tile) {
    return round_up(round_up(n_max, ALIGN) + tile + 2 * ALIGN + device.row_step, ALIGN);
}

size_t CausalBand::bytes(const DeviceTraits & device, int64_t n_max, int64_t tile) {
    tile = std::max(tile, device.least_queries);
    return size_t(columns(device, n_max, tile)) * size_t(tile + ALIGN) * sizeof(uint16_t);
}

Status CausalBand::reserve(const Device & device, int64_t n_max, int64_t tile) {
    tile  = std::max(tile, device.traits().least_queries);
    n_max = round_up(n_max, ALIGN);
    if (band_ && n_max <= n_max_ && tile + ALIGN <= band_->ne[1]) return Status::good();
    buffer_.reset();
    ggml_init_params params = {ggml_tensor_overhead(), nullptr, true};
    ctx_.reset(ggml_init(params));
    band_ = ggml_new_tensor_2d(ctx_.get(), GGML_TYPE_F16, columns(device.traits(), n_max, tile), tile + ALIGN);
    buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(ctx_.get(), device.buffer_type()));
    if (!buffer_) {
        band_ = nullptr;
        return Status::fail(device.oom(), "Not enough memory for the attention mask of " + std::to_string(n_max) +
                                              " tokens. Read in smaller tiles.");
    }
    n_max_ = n_max;
    std::vector<uint16_t> row(size_t(band_->ne[0]));
    for (int64_t i = 0; i < band_->ne[1]; i++) {
        const int64_t end = n_max + i + 1, begin = window_ > 0 ? std::max<int64_t>(0, end - window_) : 0;
        std::fill(row.begin(), row.begin() + begin, F16_MINUS_INF);
        std::fill(row.begin() + begin, row.begin() + end, F16_ZERO);
        std::fill(row.begin() + end, row.end(), F16_MINUS_INF);
        ggml_backend_tensor_set(band_, row.data(), size_t(i) * band_->nb[1], band_->nb[1]);
    }
    return Status::good();
}

ggml_tensor * CausalBand::view(ggml_context * ctx, int64_t start, int64_t n_rows, int64_t n_queries) const {
    // Row i + skipped of the band, from column n_max - (start - skipped) on: j is visible when j <= start + i.
    const int64_t skipped = start % ALIGN;
    const size_t  offset  = size_t(skipped) * band_->nb[1] + size_t(n_max_ - (start - skipped)) * sizeof(uint16_t);
    return ggml_view_2d(ctx, band_, n_rows, n_queries, band_->nb[1], offset);
}

// A whole step before what the first query sees: so rows come in the same groups wherever a tile begins.
int64_t CausalBand::first_shown(const DeviceTraits & device, int64_t start) const {
    if (window_ == 0) return 0;
    return std::max<int64_t>(0, start - window_ + 1) / std::max(WINDOW_STEP, device.row_step) *
           std::max(WINDOW_STEP, device.row_step);
}

int64_t CausalBand::most_before(const DeviceTraits & device, int64_t window, int64_t n_rows) {
    return window > 0 ? std::min(n_rows, window + std::max(WINDOW_STEP, device.row_step)) : n_rows;
}

RowRange seen_rows(int64_t window, int64_t row) {
    const int64_t first = window > 0 ? std::max<int64_t>(0, row + 1 - window) : 0;
    return {first, row + 1 - first};
}

ggml_tensor * build_dense_attention(ggml_context * ctx, const Layer & layer, ggml_tensor * q, ggml_tensor * k,
                                    ggml_tensor * v, const RowRange & rows, ggml_tensor * mask,
                                    std::vector<ggml_tensor *> * live) {
    const int64_t n       = q->ne[2];
    const int64_t missing = mask ? mask->ne[1] - n : 0;
    if (missing > 0) q = ggml_pad(ctx, q, 0, 0, int(missing), 0);
    ggml_tensor * queries = ggml_permute(ctx, q, 0, 2, 1, 3);  // [D, n, H]
    const auto    view    = [&](ggml_tensor * t) {
        return ggml_view_3d(ctx, t, t->ne[0], rows.count, t->ne[2], t->nb[1], t->nb[2], size_t(rows.first) * t->nb[1]);
    };
    ggml_tensor * keys   = view(k);
    ggml_tensor * values = view(v);
    if (live) {
        live->push_back(keys);
        live->push_back(values);
    }
    ggml_tensor * out =
        ggml_flash_attn_ext(ctx, queries, keys, values, nullptr, layer.traits.scale, 0.0f, layer.traits.softcap);
    ggml_flash_attn_ext_add_sinks(out, layer.weights.sinks);
    set_mask(out, mask);  // a window of the band
    ggml_flash_attn_ext_set_prec(out, GGML_PREC_F32);
    // Padding queries come last: the first n columns are the answer.
    const int64_t width = out->ne[0] * out->ne[1];
    return ggml_view_2d(ctx, out, width, n, size_t(width) * sizeof(float), 0);
}

}  // namespace rocketdoc
