// What the GPU's selectors share: the chosen rows of each layer, the count of what was read, and attention over the
// choice. A selector adds its summaries and how it chooses.
#pragma once

#include "exact_scores.h"
#include "layer_cache.h"

namespace rocketdoc {

class CudaSelector : public SelectorOnDevice {
  public:
    // What every selector is made from; outlives it. attention: a workspace for any sparse_attention on the cache.
    struct Parts {
        const LayerCache &  layers;
        CudaOracle &        oracle;
        const DeviceBytes & attention;
    };
    explicit CudaSelector(const Parts & parts);

    // Choices, counts and summaries. GPU_OOM.
    Status reserve();
    size_t bytes() const override { return summaries_.bytes(); }
    Status attend(const LayerToken & token, int64_t n_live) override;
    Status end_token() override;
    Status read_counts(std::vector<std::vector<uint32_t>> & out) override;

  protected:
    // Bytes of one layer's summaries.
    virtual size_t layer_bytes() const = 0;
    // Chooses among n_rows rows, the token's own included, after appending it: choice.ids.
    virtual Status choose(int64_t layer, const KernelChoice & choice, int64_t n_rows) = 0;
    // The rows that were not chosen, where they take part.
    virtual void add_residual(int64_t layer, KernelAttention & attention) {
        (void) layer;
        (void) attention;
    }
    size_t place(int64_t layer) const { return size_t(index_[size_t(layer)]); }  // among the layers that select
    template <typename T>
    T * summaries(int64_t layer, size_t offset) const {
        return summaries_.at<T>(place(layer) * layer_bytes() + offset);
    }
    const CudaDevice & cuda() const { return layers_.cuda; }
    Status             check(KernelStatus status, const char * what) const { return cuda().check(status, what); }

    const LayerCache &  layers_;
    CudaOracle &        oracle_;
    const DeviceBytes & attention_;
    DeviceBytes         workspace_;  // of choosing
    std::vector<int>    index_;      // [n_layer]: place among the layers that select, or -1
    DeviceBytes         summaries_;  // [n_selecting]
    DeviceBytes         ids_;        // [n_selecting, n_head, k] i32: what the last token read
    DeviceBytes         reads_;      // [n_selecting, n_head, capacity] u32
};

// Of every selector of method.def, each in its own file; and the bytes of a layer's summaries for `rows` rows a head.
#define SELECTOR(name, text)                                                               \
    std::unique_ptr<CudaSelector> make_##name##_on_gpu(const CudaSelector::Parts & parts); \
    size_t                        name##_bytes_on_gpu(const SelectorShape & shape, int64_t rows);
#include "../../rocketkv/method.def"
std::unique_ptr<CudaSelector> make_cuda_selector(SelectorKind kind, const CudaSelector::Parts & parts);
size_t                        summary_bytes_on_gpu(SelectorKind kind, const SelectorShape & shape, int64_t rows);

}  // namespace rocketdoc
