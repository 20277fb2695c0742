// Rows at home in RAM visit the GPU through two buffers: while one layer computes, the next one's earlier rows are on
// their way in and the last one's new rows on their way out, on the copy stream.
#pragma once

#include "../../engine/kv_rows.h"
#include "../layer_stream.h"
#include "cuda_device.h"

namespace rocketdoc {

class CudaLayerStream : public LayerStream {
  public:
    // Bytes of the two buffers, each of `capacity` rows a head.
    static size_t bytes(const KvShape & shape, int64_t capacity);

    // n_rows: the most that any layer will hold while this stream lives. GPU_OOM when the buffers cannot be had.
    static Status create(CudaDevice & device, KvRows & home, int64_t n_rows, std::unique_ptr<LayerStream> & out);
    ~CudaLayerStream() override;

    Status begin_pass(int64_t n_before, int64_t n_new) override;
    Status acquire(int64_t layer, LayerRows & out) override;
    Status release(int64_t layer) override;
    Status finish() override;

  private:
    struct Slot {
        ggml_context_ptr        ctx;
        ggml_backend_buffer_ptr buffer;
        LayerRows               rows;
        ggml_backend_event_ptr  used;              // by ggml: the layer's work
        KernelEvent             loaded = nullptr;  // its earlier rows are there
    };
    CudaLayerStream(CudaDevice & device, KvRows & home) : device_(device), home_(home) {}
    Status allocate(Slot & slot, int64_t capacity);
    Status load(int64_t layer);
    Status copy_rows(const ggml_tensor * from, ggml_tensor * to, int64_t first, int64_t n);

    CudaDevice & device_;
    KvRows &     home_;
    int64_t      n_before_ = 0, n_new_ = 0;
    Slot         slots_[2];
};

}  // namespace rocketdoc
