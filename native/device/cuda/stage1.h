// Stage 1 on the GPU, in the order of our stream: a layer's results wait on the device until the last layer is done.
#pragma once

#include "layer_cache.h"

namespace rocketdoc {

class CudaStage1 : public Stage1 {
  public:
    explicit CudaStage1(const LayerCache & layers) : layers_(layers) {}

    // Scores of one layer and the kept ids of all; n_head: of a layer that chooses.
    static size_t bytes(int64_t n_layer, int n_head, int64_t n_prompt, int64_t n_keep);

    Status keep(const Stage1Layer & layer) override;
    Status keep_last(const Stage1Layer & layer) override;
    Status take(std::vector<std::vector<int32_t>> & rows, std::vector<float> & mass) override;

  private:
    Status reserve(const Stage1Layer & layer, int64_t n_prefix);

    const LayerCache & layers_;
    DeviceBytes        scores_, pooled_, window_mass_, workspace_;  // of one layer
    DeviceBytes        ids_, mass_;                                 // [CompactShape::slots, n_keep] i32; [slots]
    DeviceBytes        last_;  // [n_head, n_last_] i32: the last rows from last_from_ on, for each head
    int64_t            n_keep_ = 0, n_last_ = 0, last_from_ = 0;
};

}  // namespace rocketdoc
