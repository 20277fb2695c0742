// The compact cache's device side in host memory.
#pragma once

#include <chrono>

#include "../../engine/kv_rows.h"
#include "../../graph/layer_graph.h"
#include "../compact.h"
#include "token_attention.h"

namespace rocketdoc {

class CpuCompact : public CompactOnDevice {
  public:
    // rows and device outlive it.
    CpuCompact(const CompactShape & shape, KvRows & rows, Device & device);

    Status attend(const LayerToken & token) override;

  protected:
    Status  start_clock() override;
    Status  stop_clock() override;
    Status  read_clock(double & ms) override;
    float * importance(int64_t) override { return importance_.data(); }

  private:
    std::vector<float>                    importance_;  // [n_head, D] of the layer that stage 1 is at
    std::chrono::steady_clock::time_point started_;
    double                                ms_ = 0;
};

// What a token's graph needs beside its tensors, one a layer; graphs point to it.
struct CompactNode {
    CompactOnDevice * compact = nullptr;
    int64_t           layer   = 0;
};

// Adds attention of n new tokens over the compact cache to a graph: q [D, H, n], k and v [D, G, n] enter the cache as
// the rows behind the layer's live ones, and each token sees those up to its own. Returns [D * H, n]. indices: i64 [n],
// filled with those rows by the caller; dense and live: of a layer that chooses nothing, see CpuTokenAttention.
ggml_tensor * build_compact_attention(ggml_context * ctx, ggml_cgraph * graph, CompactNode & node, KvRows & rows,
                                      const Layer & layer, const QkvTensors & qkv, ggml_tensor * indices,
                                      CpuTokenAttention & dense, std::vector<ggml_tensor *> & live);

}  // namespace rocketdoc
