// Reading on the CPU: one node of ggml's graph a layer, whose parts ggml's threads take one by one.
#pragma once

#include <atomic>
#include <vector>

#include "../../arch/architecture.h"
#include "../../rocketkv/tile_attention.h"
#include "../prefill_attention.h"

namespace rocketdoc {

class CpuPrefillAttention : public PrefillAttention {
  public:
    static size_t bytes(const HyperParams & params, int n_threads);

    CpuPrefillAttention(const HyperParams & params, int n_threads);
    Status        reserve(int64_t, int64_t) override { return Status::good(); }  // rows are read where they are
    ggml_tensor * build(ggml_context * ctx, const AttendingTile & tile) override;

  private:
    static void run(ggml_tensor * out, int thread, int n_threads, void * self);

    std::vector<TileScratch> scratch_;  // [n_threads]
    AttendingTile            tile_;     // of the graph that was built last
    std::atomic<int64_t>     next_part_{0};
};

}  // namespace rocketdoc
