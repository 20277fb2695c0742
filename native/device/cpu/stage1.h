// Stage 1 on the CPU: one call a cache head, on ggml's threads, with the method's own loops.
#pragma once

#include "../../engine/kv_rows.h"
#include "../../rocketkv/stage1.h"
#include "../compact.h"

namespace rocketdoc {

class CpuStage1 : public Stage1 {
  public:
    // shape and rows outlive it.
    CpuStage1(const CompactShape & shape, KvRows & rows, Device & device);

    Status keep(const Stage1Layer & layer) override;
    Status keep_last(const Stage1Layer & layer) override;
    Status take(std::vector<std::vector<int32_t>> & rows, std::vector<float> & mass) override;

  private:
    const CompactShape &       shape_;
    KvRows &                   rows_;
    Device &                   device_;
    std::vector<Stage1Scratch> scratch_;  // per thread
    std::vector<Stage1Kept>    kept_;     // [CompactShape::slots]
};

}  // namespace rocketdoc
