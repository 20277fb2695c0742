// One token: a graph over all layers, built once per answer and run again for every token; only inputs and the lengths of the
// row views change.
#pragma once

#include <atomic>
#include <vector>

#include "compact_cache.h"
#include "layer_graph.h"
#include "model.h"

namespace rocketdoc {

class Decode {
  public:
    Decode(const Model & model, Backend & backend);

    // What the coming tokens read and where their rows go. history null: nothing is appended to it. compact null: attention is
    // dense over the history. Both must outlive the answer; history may not grow meanwhile.
    Status begin(KvRows * history, CompactCache * compact);
    // logits: out [n_vocab]. The rows are written, counting them is the caller's business.
    Status run(int32_t token, int64_t position, int64_t n_history, std::vector<float> & logits, const std::atomic<bool> * cancel);
    void   end() { graph_ = nullptr; }

  private:
    const Model &              model_;
    Backend &                  backend_;
    GraphArena                 arena_;
    CompactCache *             compact_       = nullptr;
    ggml_cgraph *              graph_         = nullptr;
    ggml_tensor *              token_         = nullptr;  // i32 [1]
    ggml_tensor *              position_      = nullptr;  // i32 [1]
    ggml_tensor *              history_row_   = nullptr;  // i64 [1]
    ggml_tensor *              compact_row_   = nullptr;  // i64 [1]
    ggml_tensor *              logits_        = nullptr;  // f32 [n_vocab]
    std::vector<ggml_tensor *> history_views_;            // dense reads of the history: ne[1] is its length
    std::vector<ggml_tensor *> compact_views_;
};

}  // namespace rocketdoc
