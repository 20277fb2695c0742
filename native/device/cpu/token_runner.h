// A token on the CPU: one graph over all layers, built once per answer and run again for every token; only inputs and
// the lengths of the row views change.
#pragma once

#include "../../engine/compact_cache.h"
#include "../../engine/model.h"
#include "compact.h"

namespace rocketdoc {

class CpuTokenRunner : public TokenRunner {
  public:
    CpuTokenRunner(const Model & model, Device & device);

    Status begin(KvRows * history, CompactCache * compact) override;
    Status run(int32_t token, int64_t position, int64_t n_history, bool logits, NextToken & out,
               const std::atomic<bool> * cancel) override;
    Status end() override {
        graph_ = nullptr;
        return Status::good();
    }

  private:
    const Model &              model_;
    Device &                   device_;
    GraphArena                 arena_;
    CompactCache *             compact_     = nullptr;
    ggml_cgraph *              graph_       = nullptr;
    ggml_tensor *              token_       = nullptr;  // i32 [1]
    ggml_tensor *              position_    = nullptr;  // i32 [1]
    ggml_tensor *              history_row_ = nullptr;  // i64 [1]
    ggml_tensor *              compact_row_ = nullptr;  // i64 [1]
    ggml_tensor *              logits_      = nullptr;  // f32 [n_vocab]
    std::vector<ggml_tensor *> history_views_;          // dense reads of the history: ne[1] is its length
    std::vector<ggml_tensor *> compact_views_;
    std::vector<CompactNode>   compact_nodes_;  // per layer, pointed to by the graph
};

}  // namespace rocketdoc
