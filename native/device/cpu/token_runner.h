// A token on the CPU, or a few at once: one graph over all layers for each number of tokens, built once per answer and
// run again for every pass; only inputs and the lengths of the row views change.
#pragma once

#include <array>
#include <memory>

#include "../../engine/compact_cache.h"
#include "../../engine/model.h"
#include "compact.h"
#include "product_bits.h"

namespace rocketdoc {

class CpuTokenRunner : public TokenRunner {
  public:
    // Tokens of a pass.
    static constexpr int MOST_TOKENS = 8;

    CpuTokenRunner(const Model & model, Device & device);

    Status begin(KvRows * history, CompactCache * compact, LayerStates & states) override;
    Status run(int32_t token, int64_t position, int64_t n_history, bool logits, NextToken & out,
               const std::atomic<bool> * cancel) override;
    int    most_tokens() const override;
    Status run_several(const int32_t * tokens, int n, int64_t position, int64_t n_history, std::vector<float> & logits,
                       const std::atomic<bool> * cancel) override;
    Status end() override;

  private:
    using Views = std::vector<ggml_tensor *>;
    // Rows that tokens are appended to, and where the next ones go in each layer.
    struct Appended {
        KvRows *                   rows = nullptr;  // null: none
        std::vector<ggml_tensor *> index;           // [n_layer] i64 [n]; layers of one window share one; null: no rows
        std::vector<Views>         views;           // [n_layer]: dense reads, of what the tokens see
    };
    // The graph of n tokens.
    struct Pass {
        Pass(const Model & model, Device & device, int n);

        const int         n;
        GraphArena        arena;
        CpuTokenAttention dense;
        ggml_cgraph *     graph    = nullptr;  // null: of no answer
        ggml_tensor *     tokens   = nullptr;  // i32 [n]
        ggml_tensor *     position = nullptr;  // i32 [n]
        ggml_tensor *     logits   = nullptr;  // f32 [n_vocab, n]
        Appended          history, kept;       // kept: the compact cache
    };
    void   add_inputs(ggml_context * ctx, KvRows * rows, int n, Appended & out) const;
    Status set_place(const Appended & appended, int n, const RowPlace & place) const;
    // The graph of n tokens, which is there from its first pass on.
    Status pass_of(int n, Pass *& out);
    Status build(Pass & pass);
    Status compute(int n, const int32_t * tokens, int64_t position, int64_t n_history, std::vector<float> & logits,
                   const std::atomic<bool> * cancel);

    const Model &                                      model_;
    Device &                                           device_;
    ProductBits                                        bits_;
    std::array<std::unique_ptr<Pass>, MOST_TOKENS + 1> passes_;  // by the number of tokens
    bool                                               begun_   = false;
    KvRows *                                           history_ = nullptr;
    CompactCache *                                     compact_ = nullptr;
    LayerStates *                                      states_  = nullptr;
    std::vector<CompactNode>                           compact_nodes_;  // per layer, pointed to by the graphs
};

}  // namespace rocketdoc
