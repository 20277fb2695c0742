// K and V rows of every layer, [n_head, capacity, head_dim] each: the document's full KV (f16 or q8_0) and the compact
// cache (f16) have this same form. Which rows are live is the owner's business; a row index is not a position. A layer
// that attends within a window keeps the last positions only, without a gap: its row 0 is position first(layer). A
// layer may keep none.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "../rocketkv/rows.h"
#include "../arch/layer_traits.h"
#include "../device/device.h"

namespace rocketdoc {

// How many rows each layer has, [n_layer].
using LayerCounts = std::vector<int64_t>;

// The rows of one layer.
struct LayerKv {
    int64_t n_head   = 0;  // KV heads, or query heads for a compact cache grouped by query head
    int64_t head_dim = 0;
    int64_t window   = 0;     // whose rows the layer keeps; 0: it keeps every row
    bool    keeps    = true;  // false: it keeps none
    int64_t shares   = -1;    // keeps none, but shows this layer's
};

struct KvShape {
    ggml_type            type = GGML_TYPE_F16;
    std::vector<LayerKv> layers;  // those that keep every row have heads of one number and size

    int64_t         n_layer() const { return int64_t(layers.size()); }
    const LayerKv & layer(int64_t i) const { return layers[size_t(i)]; }
    bool            keeps(int64_t i) const { return layer(i).keeps; }
    int64_t         window(int64_t i) const { return layer(i).window; }
    int64_t         widest_window() const;  // 0: none
    int64_t         n_heads() const;        // of all layers together
    // K and V of one row of one layer, all heads; of the layer where that is most, and of the window that has most.
    size_t row_bytes(int64_t i) const { return size_t(layer(i).n_head) * ggml_row_size(type, layer(i).head_dim) * 2; }
    size_t most_row_bytes() const;
    size_t most_window_row_bytes() const;
    size_t bytes(const LayerCounts & rows) const;
    // What a text of n_tokens leaves.
    LayerCounts kept(int64_t n_tokens) const;
    // What a token that reads every row it sees of n_rows, of a text of n_tokens, reads of one head: the mean over
    // layers.
    double read_bytes(int64_t n_rows, int64_t n_tokens) const;
    // Room for n_total rows of a history whose first n_document tokens are let go of beyond a window, and later ones
    // are not. Where windows are, there is also room for a window's rows beside those that they replace.
    LayerCounts room(int64_t n_document, int64_t n_total) const;
};

KvShape kv_shape(const HyperParams & params, ggml_type type);

// Where a token's row goes: behind this many rows of a layer that keeps every row, at this position where a window's
// rows are kept.
struct RowPlace {
    int64_t row      = 0;
    int64_t position = 0;
};

class KvRows {
  public:
    // The device's memory, or RAM that the device copies from and to.
    enum class Home { device, host };
    // devices: of each layer. GPU_OOM or HOST_OOM with the bytes needed when a layer cannot be allocated; nothing is
    // kept then.
    static Status create(const LayerDevices & devices, Home home, const KvShape & shape, const LayerCounts & capacity,
                         std::unique_ptr<KvRows> & out);
    // Rows really allocated for a wanted capacity.
    static int64_t allocated_rows(const DeviceTraits & device, int64_t capacity) {
        return round_up(capacity, device.row_step);
    }
    static LayerCounts allocated_rows(const DeviceTraits & device, LayerCounts capacity);

    bool has_room(const LayerCounts & capacity) const;
    // Makes room for `capacity` rows, keeping those before `end`; layer by layer, so the peak is one layer more. No-op
    // when there is room. GPU_OOM or HOST_OOM: every layer is as it was.
    Status grow(const LayerCounts & capacity, const RowPlace & end);

    const KvShape & shape() const { return shape_; }
    // Of the layers that keep every row.
    int64_t     capacity() const;
    int64_t     capacity(int64_t layer) const { return k(layer) ? k(layer)->ne[1] : 0; }
    LayerCounts capacities() const;
    // The layer whose rows k(layer) and v(layer) are: itself, where it does not share another's.
    int64_t holder(int64_t layer) const {
        const int64_t shares = shape_.layer(layer).shares;
        return shares >= 0 ? shares : layer;
    }
    // Graphs of the device can read and write the rows where they are.
    bool   on_device() const { return home_ == Home::device; }
    size_t bytes() const { return shape_.bytes(capacities()); }

    // The layer's own index of a row.
    int64_t row_of(int64_t layer, const RowPlace & place) const {
        return shape_.window(layer) > 0 ? place.position - first(layer) : place.row;
    }
    // Position of row 0 of a layer that keeps its window's rows; equal for all layers of one window.
    int64_t first(int64_t layer) const { return layers_[size_t(holder(layer))].first; }
    void    set_first(int64_t layer, int64_t position) { layers_[size_t(layer)].first = position; }
    // The rows of a layer that keeps its window's are [first(layer), ...) so far, `n_rows` of them, the last ones those
    // before position `end`, perhaps with a gap between the two. What no token from `end` on sees is let go of.
    Status keep_window(Device & device, int64_t layer, int64_t n_rows, int64_t end);

    // [head_dim, capacity, n_head]; null where the layer neither keeps rows nor shares another's
    ggml_tensor * k(int64_t layer) const { return layers_[size_t(holder(layer))].k; }
    ggml_tensor * v(int64_t layer) const { return layers_[size_t(holder(layer))].v; }

    // Views for the method's own CPU kernels (host memory).
    static RowsView    view(const ggml_tensor * rows, int64_t n_rows);
    static CompactView compact(const ggml_tensor * rows);

    // Rows of the positions [from, to) of all layers and heads as one block of bytes, and back. Row and position are
    // the same, and every layer that keeps rows has them all.
    std::vector<uint8_t> copy_out(int64_t from, int64_t to) const;
    void                 copy_in(const std::vector<uint8_t> & bytes, int64_t from, int64_t to);

  private:
    struct Layer {
        ggml_context_ptr            ctx;
        std::unique_ptr<HostMemory> host;  // what the buffer of rows in RAM lies on
        ggml_backend_buffer_ptr     buffer;
        ggml_tensor *               k     = nullptr;
        ggml_tensor *               v     = nullptr;
        int64_t                     first = 0;
    };
    bool   allocate_buffer(const Device & device, Layer & layer) const;
    Status allocate_layer(const Device & device, int64_t i, int64_t capacity, Layer & out) const;
    Status grow_layer(int64_t i, int64_t capacity, int64_t n_live);
    void   shrink_layer(Layer & layer, int64_t capacity, int64_t n_live, std::vector<uint8_t> & rows) const;

    LayerDevices       devices_;
    Home               home_ = Home::device;
    KvShape            shape_;
    std::vector<Layer> layers_;
};

}  // namespace rocketdoc
