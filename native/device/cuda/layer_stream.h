// One layer's rows on the compute device, for as long as a prefill job works on that layer. Rows that live on the
// device are used where they are. Rows at home in host memory visit it through two buffers: while one layer computes,
// the next one's earlier rows are on their way in and the last one's new rows on their way out, on the copy stream.
#pragma once

#include "../../engine/kv_rows.h"

namespace rocketdoc {

struct LayerRows {
    ggml_tensor * k = nullptr;  // [head_dim, capacity, n_head]
    ggml_tensor * v = nullptr;
};

class LayerStream {
  public:
    // Bytes of the two buffers, 0 where rows are on the device anyway.
    static size_t bytes(const DeviceTraits & device, KvRows::Home home, const KvShape & shape, int64_t n_rows);

    // n_rows: the most that any layer will hold while this stream lives. GPU_OOM when the buffers cannot be had.
    static Status create(Device & device, KvRows & home, int64_t n_rows, std::unique_ptr<LayerStream> & out);
    ~LayerStream();

    // A pass over all layers begins in which rows [0, n_before) are read and n_new are written behind them.
    Status begin_pass(int64_t n_before, int64_t n_new);
    // The layer's rows, with the earlier ones in place for everything that ggml is given from here on. Layers come in
    // order.
    Status acquire(int64_t layer, LayerRows & out);
    // Everything that reads or writes the layer has been given to ggml (or made it wait): the new rows go home.
    Status release(int64_t layer);
    // All rows are home.
    Status finish();

  private:
    struct Slot {
        ggml_context_ptr        ctx;
        ggml_backend_buffer_ptr buffer;
        LayerRows               rows;
        ggml_backend_event_ptr  used;  // by ggml: the layer's work
        KernelEvent             loaded = nullptr;
    };
    LayerStream(Device & device, KvRows & home) : device_(device), home_(home) {}
    Status load(int64_t layer);
    Status copy_rows(const ggml_tensor * from, ggml_tensor * to, int64_t first, int64_t n);

    Device & device_;
    KvRows & home_;
    int64_t  n_before_ = 0, n_new_ = 0;
    Slot     slots_[2];
};

}  // namespace rocketdoc
