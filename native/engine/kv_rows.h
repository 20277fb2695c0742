// K and V rows of every layer, [n_head, capacity, head_dim] each: the document's full KV (f16 or q8_0) and the compact
// cache (f16) have this same form. Which rows are live is the owner's business; a row index is not a position.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "../rocketkv/rows.h"
#include "../device/device.h"

namespace rocketdoc {

struct KvShape {
    int64_t   n_layer  = 0;
    int64_t   n_head   = 0;  // KV heads, or query heads for a compact cache grouped by query head
    int64_t   head_dim = 0;
    ggml_type type     = GGML_TYPE_F16;

    size_t bytes(int64_t capacity) const {
        return size_t(n_layer) * n_head * capacity * ggml_row_size(type, head_dim) * 2;
    }
};

class KvRows {
  public:
    // The device's memory, or RAM that the device copies from and to.
    enum class Home { device, host };
    // devices: of each layer. GPU_OOM or HOST_OOM with the bytes needed when a layer cannot be allocated; nothing is
    // kept then.
    static Status create(const LayerDevices & devices, Home home, const KvShape & shape, int64_t capacity,
                         std::unique_ptr<KvRows> & out);
    // Rows really allocated for a wanted capacity.
    static int64_t allocated_rows(const DeviceTraits & device, int64_t capacity) {
        return round_up(capacity, device.row_step);
    }

    // Makes room for `capacity` rows, keeping the first n_live; layer by layer, so the peak is one layer more. No-op
    // when there is room. GPU_OOM or HOST_OOM: every layer is as it was.
    Status grow(int64_t capacity, int64_t n_live);

    const KvShape & shape() const { return shape_; }
    int64_t         capacity() const { return capacity_; }
    // Graphs of the device can read and write the rows where they are.
    bool   on_device() const { return home_ == Home::device; }
    size_t bytes() const { return shape_.bytes(capacity_); }

    // [head_dim, capacity, n_head]
    ggml_tensor * k(int64_t layer) const { return layers_[size_t(layer)].k; }
    ggml_tensor * v(int64_t layer) const { return layers_[size_t(layer)].v; }

    // Views for the method's own CPU kernels (host memory).
    static RowsView    view(const ggml_tensor * rows, int64_t n_rows);
    static CompactView compact(const ggml_tensor * rows);

    // Rows [from, to) of all layers and heads as one block of bytes, and back.
    std::vector<uint8_t> copy_out(int64_t from, int64_t to) const;
    void                 copy_in(const std::vector<uint8_t> & bytes, int64_t from, int64_t to);

  private:
    struct Layer {
        ggml_context_ptr            ctx;
        std::unique_ptr<HostMemory> host;  // what the buffer of rows in RAM lies on
        ggml_backend_buffer_ptr     buffer;
        ggml_tensor *               k = nullptr;
        ggml_tensor *               v = nullptr;
    };
    bool   allocate_buffer(const Device & device, Layer & layer) const;
    Status allocate_layer(const Device & device, int64_t capacity, Layer & out) const;
    Status grow_layer(const Device & device, int64_t capacity, int64_t n_live, Layer & layer) const;
    void   shrink_layer(Layer & layer, int64_t capacity, int64_t n_live, std::vector<uint8_t> & rows) const;

    LayerDevices       devices_;
    Home               home_ = Home::device;
    KvShape            shape_;
    int64_t            capacity_ = 0;
    std::vector<Layer> layers_;
};

}  // namespace rocketdoc
