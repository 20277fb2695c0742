// What one question's answer is decoded from: per layer and cache head the rows that stage 1 kept (f16, rotated) followed by
// the answer's own rows, and each layer's selector. Built layer by layer while prefill finishes; owned by a session.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "../rocketkv/selector.h"
#include "../rocketkv/stage1.h"
#include "backend.h"
#include "kv_rows.h"
#include "layer_graph.h"
#include "prefill.h"

namespace rocketdoc {

// How decode treats the history; names as in ALGORITHM.md.
enum class Mode { full, rocketkv, rocketkv_mt, snapkv, hsa, exact_topk };
const char * mode_name(Mode mode);

inline bool mode_evicts(Mode mode) { return mode == Mode::rocketkv || mode == Mode::rocketkv_mt || mode == Mode::snapkv; }
inline bool mode_selects(Mode mode) { return mode == Mode::rocketkv || mode == Mode::rocketkv_mt || mode == Mode::hsa || mode == Mode::exact_topk; }
// The full KV of document and turns stays with the chat; rocketkv alone lets it go.
inline bool mode_keeps_history(Mode mode) { return mode != Mode::rocketkv; }

// The budgets as a mode uses them (hsa and exact-topk evict nothing).
Status mode_budgets(Mode mode, const RocketOptions & options, int64_t n_prompt, int64_t n_question, int64_t max_new, int head_dim, RocketBudgets & out);

// Whether an answer is decoded from a compact cache at all: full reads the history, and so does everything that keeps the
// history and fits its budget (the dense fast path). rocketkv always has one: it becomes the history.
inline bool needs_compact(Mode mode, const RocketBudgets & budgets) {
    return mode != Mode::full && (mode == Mode::rocketkv || !budgets.dense);
}

// What a step measured when asked to compare with the exact top-k.
struct OracleStats {
    double  recall_sum = 0;
    double  mass_sum   = 0;
    int64_t n          = 0;  // (layer, head) pairs summed
};

class CompactCache {
  public:
    static Status create(const HyperParams & params, Backend & backend, Mode mode, const RocketOptions & options,
                         const RocketBudgets & budgets, std::unique_ptr<CompactCache> & out);

    // Bytes that create() and keep_layer() will hold: rows, and summaries of the layers that select.
    static size_t rows_bytes(const HyperParams & params, Mode mode, const RocketOptions & options, const RocketBudgets & budgets);
    static size_t summary_bytes(const HyperParams & params, Mode mode, const RocketOptions & options, const RocketBudgets & budgets);

    // Stage 1 for one layer: choose rows of the history's n_rows, copy them here, build the layer's summaries.
    // positions: token position of each history row of a (layer, head), or null where row and position are the same.
    Status keep_layer(int64_t layer, const KvRows & history, int64_t n_rows, QueryWindow & window,
                      const std::vector<std::vector<int32_t>> * positions, const std::atomic<bool> * cancel);

    // Adds attention of one new token to a graph: q [D, H, 1], k and v [D, G, 1] enter the cache as row n_live() first.
    // Returns [D * H, 1]. indices: i64 [1], filled with n_live() by the caller; live: see build_dense_attention.
    ggml_tensor * build_attention(ggml_context * ctx, ggml_cgraph * graph, int64_t layer, const QkvTensors & qkv, ggml_tensor * indices,
                                  std::vector<ggml_tensor *> & live);
    // The token whose graph has run counts as a row from now on.
    void token_done(int64_t position) { rows_appended(position, 1); }
    // Rows n_live().. were written by someone else (prefill onto a chat's own history); and back.
    void rows_appended(int64_t first_position, int64_t n);
    void drop_rows(int64_t n_live);

    int64_t               n_live() const { return n_live_; }     // rows per head, all layers
    int64_t               n_prompt_rows() const { return n_kept_; }
    const RocketBudgets & budgets() const { return budgets_; }
    Mode                  mode() const { return mode_; }
    KvRows &              rows() { return *rows_; }
    size_t                rows_bytes() const { return rows_->bytes(); }
    size_t                summary_bytes() const;
    // Per head and step: bytes read for choosing and attending; and bytes held for decode. Means over layers.
    double                read_bytes_per_step() const;
    double                stored_bytes_per_head() const;
    int64_t               rows_read() const;
    int64_t               clamped_codes() const;
    const std::vector<float> & kept_mass() const { return kept_mass_; }  // [n_layer, n_cache_head]
    double                stage1_ms() const { return stage1_ms_; }
    int                   group() const { return group_; }

    // Token position of every row of (layer, head); index layer * n_cache_head + head.
    std::vector<std::vector<int32_t>> & positions() { return positions_; }
    // Adds, per token position: how many (layer, head) hold it, and how often stage 2 read it.
    void count_map(std::vector<uint32_t> & kept, std::vector<uint32_t> & read) const;

    void        measure(bool on) { measuring_ = on; }
    OracleStats take_oracle_stats();

  private:
    struct LayerOp {
        CompactCache * cache = nullptr;
        int64_t        layer = 0;
    };
    CompactCache(const HyperParams & params, Backend & backend) : params_(params), backend_(backend), arena_(backend, 8) {}
    static void attend_op(ggml_tensor * dst, int ith, int nth, void * user);
    void        attend_head(const LayerOp & op, const ggml_tensor * dst, int head, int thread);
    bool        selects(int64_t layer) const { return selectors_[size_t(layer)] != nullptr; }
    int         kv_head_of(int cache_head) const { return grouping_ == Grouping::query_head ? cache_head / int(params_.group()) : cache_head; }

    const HyperParams & params_;
    Backend &           backend_;
    GraphArena          arena_;
    Mode                mode_     = Mode::full;
    Grouping            grouping_ = Grouping::kv_group;
    Pooling             pooling_  = Pooling::max;
    RocketBudgets       budgets_;
    int                 n_head_ = 0;  // cache heads
    int                 group_  = 1;  // query heads that share one
    int64_t             n_kept_ = 0;
    int64_t             n_live_ = 0;
    double              stage1_ms_ = 0;

    std::unique_ptr<KvRows>                rows_;       // [n_layer][n_head_, capacity, D] f16
    std::vector<std::unique_ptr<Selector>> selectors_;  // per layer; null: dense
    std::vector<LayerOp>                   ops_;        // per layer, pointed to by graphs
    std::vector<float>                     kept_mass_;
    std::vector<std::vector<int32_t>>      positions_;
    std::vector<std::vector<uint32_t>>     read_counts_;  // [layer * n_head_ + head][row]
    std::vector<SelectorScratch>           scratch_;      // per thread
    std::vector<Stage1Scratch>             stage1_scratch_;
    std::vector<OracleStats>               oracle_;       // per thread
    std::vector<int64_t>                   last_chosen_;  // per thread: rows read by the last head it served
    std::atomic<bool>                      measuring_{false};
};

}  // namespace rocketdoc
