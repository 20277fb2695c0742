// One layer's rows on the computing device, for as long as a prefill job works on that layer.
#pragma once

#include <cstdint>
#include <memory>

#include "../status.h"
#include "ggml.h"

namespace rocketdoc {

class Device;
class KvRows;
struct DeviceTraits;
struct KvShape;
struct RowPlace;

struct LayerRows {
    ggml_tensor * k     = nullptr;  // [head_dim, capacity, n_head]
    ggml_tensor * v     = nullptr;
    int64_t       first = 0;  // position of row 0, where the layer keeps its window's rows
};

struct StreamJob {
    int64_t n_rows  = 0;  // the most that a layer which keeps every row will hold
    int64_t segment = 0;  // the most that a pass writes
    // After each pass a layer with a window keeps the rows that the next token sees. Else it keeps what is written, and
    // has the room.
    bool drops_rows = false;
};

class LayerStream {
  public:
    virtual ~LayerStream() = default;

    // A pass over all layers begins in which the rows before `before` are read and n_new are written behind them.
    virtual Status begin_pass(const RowPlace & before, int64_t n_new) = 0;
    // The layer's rows, with the earlier ones in place for every graph that is computed from here on. Layers come in
    // order.
    virtual Status acquire(int64_t layer, LayerRows & out) = 0;
    // Every graph that reads or writes the layer has been given to the device: the new rows go home.
    virtual Status release(int64_t layer) = 0;
    // All rows are home, and the pass counts: rows that a window has left behind are let go of.
    virtual Status finish() = 0;
};

// Rows that graphs use where they are. A pass that drops rows writes those of the layers with a window into a buffer
// that they share, so that each of them holds no more than it keeps, before the pass and after it.
Status rows_in_place(KvRows & rows, Device & device, const StreamJob & job, std::unique_ptr<LayerStream> & out);
// Bytes of that buffer.
size_t window_buffer_bytes(const KvShape & shape, const DeviceTraits & device, int64_t segment);

}  // namespace rocketdoc
