#include "prefill_attention.h"

#include <algorithm>
#include <string>

#include "../../graph/layer_graph.h"

namespace rocketdoc {
namespace {

constexpr uint16_t F16_ZERO      = 0x0000;
constexpr uint16_t F16_MINUS_INF = 0xFC00;

int64_t window_step(const DeviceTraits & device) { return std::max(WINDOW_STEP, device.row_step); }

}  // namespace

int64_t CausalBand::columns(const DeviceTraits & device, int64_t n_max, int64_t tile) {
    return round_up(round_up(n_max, ALIGN) + tile + 2 * ALIGN + device.row_step, ALIGN);
}

int64_t CausalBand::most_before(const DeviceTraits & device, int64_t window, int64_t n_rows) {
    return window > 0 ? std::min(n_rows, window + window_step(device)) : n_rows;
}

size_t CausalBand::bytes(const DeviceTraits & device, int64_t window, int64_t n_rows, int64_t tile) {
    return size_t(columns(device, most_before(device, window, n_rows), tile)) * size_t(tile + ALIGN) * sizeof(uint16_t);
}

Status CausalBand::reserve(const Device & device, int64_t n_rows, int64_t tile) {
    const int64_t n_max = round_up(most_before(device.traits(), window_, n_rows), ALIGN);
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
    return std::max<int64_t>(0, start - window_ + 1) / window_step(device) * window_step(device);
}

size_t CudaPrefillAttention::bytes(const HyperParams & params, const DeviceTraits & device, int64_t n_rows,
                                   int64_t tile) {
    size_t out = 0;
    for (int64_t window : params.windows()) out += CausalBand::bytes(device, window, n_rows, tile);
    return out;
}

CudaPrefillAttention::CudaPrefillAttention(const HyperParams & params, const Device & device) : device_(device) {
    for (int64_t window : params.windows()) bands_.emplace_back(window);
}

Status CudaPrefillAttention::check_heads(const HyperParams & params, const Device & device) {
    const int64_t      step = device.traits().row_step;
    const LayerWeights no_weights;
    for (const LayerTraits & l : params.layers) {
        if (!l.keeps_rows() && !l.shares_rows()) continue;
        ggml_init_params memory = {ggml_tensor_overhead() * 16, nullptr, true};
        ggml_context_ptr owner(ggml_init(memory));
        ggml_context *   ctx  = owner.get();
        ggml_tensor *    q    = ggml_new_tensor_3d(ctx, GGML_TYPE_F32, l.head_dim, l.n_head, 1);
        ggml_tensor *    k    = ggml_new_tensor_3d(ctx, GGML_TYPE_F16, l.head_dim, step, l.n_head_kv);
        ggml_tensor *    v    = ggml_new_tensor_3d(ctx, GGML_TYPE_F16, l.head_dim, step, l.n_head_kv);
        ggml_tensor *    mask = ggml_new_tensor_2d(ctx, GGML_TYPE_F16, step, 1);
        ggml_tensor *    out  = build_dense_attention(ctx, {params, l, no_weights}, q, k, v, {0, step}, mask, nullptr);
        if (ggml_backend_supports_op(device.handle(), out->src[0])) continue;
        return Status::fail(Code::GPU_UNSUPPORTED, "On a GPU there is no attention for " + std::to_string(l.n_head) +
                                                       " query heads and " + std::to_string(l.n_head_kv) +
                                                       " KV heads of " + std::to_string(l.head_dim) +
                                                       " channels, which this model has. Use the CPU.");
    }
    return Status::good();
}

Status CudaPrefillAttention::reserve(int64_t n_rows, int64_t tile) {
    for (CausalBand & band : bands_) RETURN_IF_FAILED(band.reserve(device_, n_rows, tile));
    return Status::good();
}

ggml_tensor * CudaPrefillAttention::build(ggml_context * ctx, const AttendingTile & tile) {
    const DeviceTraits & traits = device_.traits();
    const int64_t        n      = tile.q->ne[2];
    const CausalBand &   band   = *std::find_if(bands_.begin(), bands_.end(), [&](const CausalBand & b) {
        return b.window() == tile.layer->traits.kept_window();
    });
    const int64_t        shown  = band.first_shown(traits, tile.start);
    const int64_t        n_rows = round_up(tile.start + n - shown, traits.row_step);
    return build_dense_attention(ctx, *tile.layer, tile.q, tile.k, tile.v, {shown, n_rows},
                                 band.view(ctx, tile.start - shown, n_rows, n), nullptr);
}

}  // namespace rocketdoc
