// Rows at home in RAM visit the GPU through two buffers: while one layer computes, the next one's earlier rows are on
// their way in and the last one's new rows on their way out, on the copy stream.
#pragma once

#include "../../engine/kv_rows.h"
#include "../layer_stream.h"
#include "../rows_buffer.h"
#include "cuda_device.h"

namespace rocketdoc {

class CudaLayerStream : public LayerStream {
  public:
    // Bytes of the two buffers, each of `capacity` rows a head.
    static size_t bytes(const KvShape & shape, int64_t capacity);

    // GPU_OOM when the buffers cannot be had.
    static Status create(CudaDevice & device, KvRows & home, const StreamJob & job, std::unique_ptr<LayerStream> & out);
    ~CudaLayerStream() override;

    Status begin_pass(const RowPlace & before, int64_t n_new) override;
    Status acquire(int64_t layer, LayerRows & out) override;
    Status release(int64_t layer) override;
    Status finish() override;

  private:
    struct Slot {
        RowsBuffer             rows;              // of one layer of those that use the slot
        ggml_backend_event_ptr used;              // by ggml: the layer's work
        KernelEvent            loaded = nullptr;  // its earlier rows are there
    };
    CudaLayerStream(CudaDevice & device, KvRows & home, bool drops_rows)
        : device_(device), home_(home), drops_rows_(drops_rows) {
        for (int64_t layer = 0; layer < home.shape().n_layer(); layer++)
            if (home.shape().keeps(layer)) keepers_.push_back(layer);
    }
    Status allocate(Slot & slot, int64_t capacity);
    // keeper: index in keepers_; one that there is not is no failure.
    Status  load(size_t keeper);
    size_t  keeper_of(int64_t layer) const;
    Slot &  slot_of(int64_t layer) { return slots_[keeper_of(layer) % 2]; }
    Status  wait();
    bool    drops(int64_t layer) const { return drops_rows_ && home_.shape().window(layer) > 0; }
    int64_t n_before(int64_t layer) const { return home_.row_of(layer, before_); }
    int64_t n_added(int64_t layer) const;  // rows of the pass that go home

    CudaDevice &         device_;
    KvRows &             home_;
    const bool           drops_rows_;
    RowPlace             before_;
    int64_t              n_new_ = 0;
    Slot                 slots_[2];
    std::vector<int64_t> keepers_;  // layers that keep rows, which take the slots by turns
};

}  // namespace rocketdoc
