// Reading on a GPU: ggml's flash attention, with a mask that is written once for all tiles.
#pragma once

#include <vector>

#include "../../arch/architecture.h"
#include "../device.h"
#include "../prefill_attention.h"

namespace rocketdoc {

// Who sees what, for every tile of every prompt: one f16 tensor in which row i sees columns up to n_max + i, or of them
// the last `window`. A view of it that begins n_max - start columns in is the causal mask of tokens start, start + 1,
// ... So it is written once, not once a tile.
class CausalBand {
  public:
    explicit CausalBand(int64_t window) : window_(window) {}  // 0: every column
    int64_t window() const { return window_; }
    // Room for tiles of `tile` queries in a text of n_rows; no-op when there is room already.
    Status reserve(const Device & device, int64_t n_rows, int64_t tile);
    // [n_rows, n_queries] for queries that begin at row `start`. n_rows may reach past the last query: masked.
    ggml_tensor * view(ggml_context * ctx, int64_t start, int64_t n_rows, int64_t n_queries) const;

    // The first row that a tile whose queries begin at row `start` is shown.
    int64_t       first_shown(const DeviceTraits & device, int64_t start) const;
    static size_t bytes(const DeviceTraits & device, int64_t window, int64_t n_rows, int64_t tile);

  private:
    // Views begin at whole multiples of this many columns, for 16-byte loads: the rest of `start` is skipped rows.
    static constexpr int64_t ALIGN = 8;
    static int64_t           columns(const DeviceTraits & device, int64_t n_max, int64_t tile);
    // What `start` can be at the most, counted from the first row that is shown.
    static int64_t most_before(const DeviceTraits & device, int64_t window, int64_t n_rows);

    ggml_context_ptr        ctx_;
    ggml_backend_buffer_ptr buffer_;
    ggml_tensor *           band_  = nullptr;  // [columns, ALIGN + tile] f16
    int64_t                 n_max_ = 0;
    int64_t                 window_;
};

class CudaPrefillAttention : public PrefillAttention {
  public:
    // GPU_UNSUPPORTED: ggml ends the process where it has no attention for a layer's heads.
    static Status check_heads(const HyperParams & params, const Device & device);
    static size_t bytes(const HyperParams & params, const DeviceTraits & device, int64_t n_rows, int64_t tile);

    CudaPrefillAttention(const HyperParams & params, const Device & device);
    Status        reserve(int64_t n_rows, int64_t tile) override;
    ggml_tensor * build(ggml_context * ctx, const AttendingTile & tile) override;

  private:
    const Device &          device_;
    std::vector<CausalBand> bands_;  // of each window, and of layers without one
};

}  // namespace rocketdoc
