// The compact cache in host memory: the method's own CPU kernels, run on ggml's threads as custom nodes of the token's
// graph.
#pragma once

#include "../../engine/compact_cache.h"
#include "../../graph/layer_graph.h"

namespace rocketdoc {

class CpuCompactCache : public CompactCache {
  public:
    static Status make(const HyperParams & params, Device & device, Mode mode, const RocketOptions & options,
                       const RocketBudgets & budgets, std::unique_ptr<CompactCache> & out);

    Status keep_layer(int64_t layer, const LayerRows & history, int64_t n_rows, QueryWindow & window,
                      const std::vector<std::vector<int32_t>> * positions, const std::atomic<bool> * cancel) override;

    // Adds attention of one new token to a graph: q [D, H, 1], k and v [D, G, 1] enter the cache as row n_live() first.
    // Returns [D * H, 1]. indices: i64 [1], filled with n_live() by the caller; live: see build_dense_attention.
    ggml_tensor * build_attention(ggml_context * ctx, ggml_cgraph * graph, int64_t layer, const QkvTensors & qkv,
                                  ggml_tensor * indices, std::vector<ggml_tensor *> & live);

    size_t      summary_bytes() const override;
    double      read_bytes_per_step() const override;
    int64_t     rows_read() const override;
    int64_t     clamped_codes() const override;
    OracleStats take_oracle_stats() override;

  private:
    struct LayerOp {
        CpuCompactCache * cache = nullptr;
        int64_t           layer = 0;
    };
    CpuCompactCache(const HyperParams & params, Device & device) : CompactCache(params, device), arena_(device, 8) {}
    static void attend_op(ggml_tensor * dst, int ith, int nth, void * user);
    void        attend_head(const LayerOp & op, const ggml_tensor * dst, int head, int thread);
    bool        selects(int64_t layer) const { return selectors_[size_t(layer)] != nullptr; }

    GraphArena                             arena_;
    std::vector<std::unique_ptr<Selector>> selectors_;  // per layer; null: dense
    std::vector<LayerOp>                   ops_;        // per layer, pointed to by graphs
    std::vector<SelectorScratch>           scratch_;    // per thread
    std::vector<Stage1Scratch>             stage1_scratch_;
    std::vector<OracleStats>               oracle_;       // per thread
    std::vector<int64_t>                   last_chosen_;  // per thread: rows read by the last head it served
};

}  // namespace rocketdoc
