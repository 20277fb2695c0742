// Key codes on the GPU, and the looks at what drifts out of their ranges.
#pragma once

#include "selector.h"

namespace rocketdoc {

// Where a layer's codes lie inside its summaries.
struct CodesLayout {
    size_t order = 0, lo = 0, step = 0, fine = 0, clamped = 0, coarse = 0, signs = 0, v_mean = 0, v_spread = 0,
           bytes = 0;

    CodesLayout(const SelectorShape & shape, int64_t rows, bool residual);
};

class CodesOnGpu : public CudaSelector {
  public:
    CodesOnGpu(const Parts & parts, bool residual);

    Status  reserve_decode() override;
    Status  build(int64_t layer, int64_t n_rows, const float * importance) override;
    Status  token_done(int64_t n_new) override;
    int64_t clamped() const override { return n_clamped_; }

  protected:
    size_t      layer_bytes() const override { return layout_.bytes; }
    Status      choose(int64_t layer, const KernelChoice & choice, int64_t n_rows) override;
    KernelCodes codes_of(int64_t layer) const;

  private:
    // One head of a layer, as if it were alone.
    KernelCodesBuild head_of(int64_t layer, int head, int64_t n_rows) const;
    Status           enqueue_build(const KernelCodesBuild & build);
    Status           look(int64_t n_new);

    struct Head {
        int64_t coded_at = 0;  // new rows of the answer when the head was last coded
        int32_t clamped  = 0;  // of its device counter at the last look
    };
    const bool                 residual_;
    const CodesLayout          layout_;
    DeviceBytes                build_workspace_;
    std::vector<const float *> importance_;  // [n_layer] of build()
    std::vector<Head>          heads_;       // [n_selecting * n_head]
    int64_t                    n_prompt_rows_ = 0, n_clamped_ = 0;
};

}  // namespace rocketdoc
