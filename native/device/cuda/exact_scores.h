// Exact probabilities of one token over every live row of a layer, on the GPU: what mode exact-topk chooses by, and
// what a choice is compared with. A window of one row sees every row of the cache, so these are stage 1's scores.
#pragma once

#include "../oracle.h"
#include "layer_cache.h"

namespace rocketdoc {

class ExactScores {
  public:
    explicit ExactScores(const LayerCache & layers) : layers_(layers) {}

    Status reserve();
    // p() becomes [n_head, n_rows], the token's own row the last. q [n_head * group, D] on the device.
    Status  enqueue(int64_t layer, const float * q, int64_t n_rows);
    float * p() const { return memory_.at<float>(p_at_); }

  private:
    const LayerCache & layers_;
    DeviceBytes        memory_, workspace_;
    size_t             before_at_ = 0, last_at_ = 0, p_at_ = 0;
};

class CudaOracle : public Oracle {
  public:
    explicit CudaOracle(const LayerCache & layers) : layers_(layers), scores_(layers) {}

    Status      reserve() override { return scores_.reserve(); }
    OracleStats take_stats() override { return std::exchange(stats_, {}); }
    // ids [n_head, k] as chosen for this token, on the device. Waits for the GPU.
    Status compare(int64_t layer, const float * q, const int32_t * ids, int64_t n_rows);

  private:
    const LayerCache & layers_;
    ExactScores        scores_;
    OracleStats        stats_;
};

}  // namespace rocketdoc
