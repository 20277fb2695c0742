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

    Status begin(KvRows * history, CompactCache * compact, LayerStates & states) override;
    Status run(int32_t token, int64_t position, int64_t n_history, bool logits, NextToken & out,
               const std::atomic<bool> * cancel) override;
    Status end() override {
        graph_ = nullptr;
        return Status::good();
    }

  private:
    using Views = std::vector<ggml_tensor *>;
    // Rows that tokens are appended to, and where the next one goes in each layer.
    struct Appended {
        KvRows *                   rows = nullptr;  // null: none
        std::vector<ggml_tensor *> index;           // [n_layer] i64 [1]; layers of one window share one; null: no rows
        std::vector<Views>         views;           // [n_layer]: dense reads, of what the token sees
    };
    void   add_inputs(ggml_context * ctx, KvRows * rows, Appended & out);
    Status set_place(const Appended & appended, const RowPlace & place);

    const Model &            model_;
    Device &                 device_;
    GraphArena               arena_;
    CpuTokenAttention        dense_;
    CompactCache *           compact_  = nullptr;
    ggml_cgraph *            graph_    = nullptr;
    ggml_tensor *            token_    = nullptr;  // i32 [1]
    ggml_tensor *            position_ = nullptr;  // i32 [1]
    ggml_tensor *            logits_   = nullptr;  // f32 [n_vocab]
    Appended                 history_, kept_;      // kept_: the compact cache
    std::vector<CompactNode> compact_nodes_;       // per layer, pointed to by the graph
};

}  // namespace rocketdoc
