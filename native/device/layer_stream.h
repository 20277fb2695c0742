// One layer's rows on the computing device, for as long as a prefill job works on that layer.
#pragma once

#include <cstdint>
#include <memory>

#include "../status.h"
#include "ggml.h"

namespace rocketdoc {

struct LayerRows {
    ggml_tensor * k = nullptr;  // [head_dim, capacity, n_head]
    ggml_tensor * v = nullptr;
};

class LayerStream {
  public:
    virtual ~LayerStream() = default;

    // A pass over all layers begins in which rows [0, n_before) are read and n_new are written behind them.
    virtual Status begin_pass(int64_t n_before, int64_t n_new) = 0;
    // The layer's rows, with the earlier ones in place for every graph that is computed from here on. Layers come in
    // order.
    virtual Status acquire(int64_t layer, LayerRows & out) = 0;
    // Every graph that reads or writes the layer has been given to the device: the new rows go home.
    virtual Status release(int64_t layer) = 0;
    // All rows are home.
    virtual Status finish() = 0;
};

class KvRows;

// Rows that graphs use where they are.
std::unique_ptr<LayerStream> rows_in_place(KvRows & rows);

}  // namespace rocketdoc
