// What one question's answer is decoded from: per layer and cache head the rows that stage 1 kept (f16, rotated)
// followed by the answer's own rows, and each layer's selector. Built layer by layer while prefill finishes; owned by a
// session.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "../rocketkv/selector.h"
#include "../rocketkv/stage1.h"
#include "kv_rows.h"
#include "prefill.h"

namespace rocketdoc {

// How decode treats the history; names as in ALGORITHM.md.
enum class Mode { full, rocketkv, rocketkv_mt, snapkv, hsa, exact_topk };
const char * mode_name(Mode mode);

inline bool mode_evicts(Mode mode) {
    return mode == Mode::rocketkv || mode == Mode::rocketkv_mt || mode == Mode::snapkv;
}
inline bool mode_selects(Mode mode) {
    return mode == Mode::rocketkv || mode == Mode::rocketkv_mt || mode == Mode::hsa || mode == Mode::exact_topk;
}
// The full KV of document and turns stays with the chat; rocketkv alone lets it go.
inline bool mode_keeps_history(Mode mode) { return mode != Mode::rocketkv; }

// The budgets as a mode uses them (hsa and exact-topk evict nothing).
Status mode_budgets(Mode mode, const RocketOptions & options, int64_t n_prompt, int64_t n_question, int64_t max_new,
                    int head_dim, RocketBudgets & out);

// Whether an answer is decoded from a compact cache at all: full reads the history, and so does everything that keeps
// the history and fits its budget (the dense fast path), unless the history is not where it could be read. rocketkv
// always has one: it becomes the history.
inline bool needs_compact(Mode mode, const RocketBudgets & budgets, bool history_on_device) {
    return mode != Mode::full && (mode == Mode::rocketkv || !budgets.dense || !history_on_device);
}

// What a step measured when asked to compare with the exact top-k.
struct OracleStats {
    double  recall_sum = 0;
    double  mass_sum   = 0;
    int64_t n          = 0;  // (layer, head) pairs summed

    // One head: the rows that stage 2 chose, ascending, and p [n_live] as exact_probabilities() gives it.
    void add_head(const int32_t * chosen, int64_t n_chosen, const float * p, int64_t n_live, int group);
};

class CompactCache {
  public:
    virtual ~CompactCache() = default;

    // Of the device's kind. GPU_OOM or HOST_OOM when it does not fit; INVALID_ARGUMENT for what a GPU does not serve.
    static Status create(const HyperParams & params, Device & device, Mode mode, const RocketOptions & options,
                         const RocketBudgets & budgets, std::unique_ptr<CompactCache> & out);

    // Bytes that create() will hold: rows, and what the layers that select keep beside them.
    static size_t rows_bytes(const HyperParams & params, const DeviceTraits & device, Mode mode,
                             const RocketOptions & options, const RocketBudgets & budgets);
    static size_t summary_bytes(const HyperParams & params, const DeviceTraits & device, Mode mode,
                                const RocketOptions & options, const RocketBudgets & budgets);
    // What read_bytes_per_step() will be with n_live rows.
    static double read_bytes(const HyperParams & params, Mode mode, const RocketOptions & options,
                             const RocketBudgets & budgets, int64_t n_live);

    // Stage 1 for one layer: choose rows of the history's n_rows, copy them here, build the layer's summaries.
    // positions: token position of each history row of a (layer, head), or null where row and position are the same.
    virtual Status keep_layer(int64_t layer, const LayerRows & history, int64_t n_rows, QueryWindow & window,
                              const std::vector<std::vector<int32_t>> * positions,
                              const std::atomic<bool> *                 cancel) = 0;
    // After the last layer: positions() and kept_mass() are known from here on.
    virtual Status kept() { return Status::good(); }

    // The token whose graph has run counts as a row from now on.
    virtual Status token_done(int64_t position) { return rows_appended(position, 1); }
    // Rows n_live().. were written by someone else (prefill onto a chat's own history); and back.
    virtual Status rows_appended(int64_t first_position, int64_t n);
    virtual Status drop_rows(int64_t n_live);

    int64_t               n_live() const { return n_live_; }  // rows per head, all layers
    int64_t               n_prompt_rows() const { return n_kept_; }
    const RocketBudgets & budgets() const { return budgets_; }
    Mode                  mode() const { return mode_; }
    KvRows &              rows() { return *rows_; }
    size_t                rows_bytes() const { return rows_->bytes(); }
    virtual size_t        summary_bytes() const = 0;
    // Per head and step: bytes read for choosing and attending; and bytes held for decode. Means over layers.
    virtual double             read_bytes_per_step() const = 0;
    double                     stored_bytes_per_head() const;
    virtual int64_t            rows_read() const     = 0;
    virtual int64_t            clamped_codes() const = 0;
    const std::vector<float> & kept_mass() const { return kept_mass_; }  // [n_layer, n_cache_head]
    double                     stage1_ms() const { return stage1_ms_; }
    int                        group() const { return group_; }

    // Token position of every row of (layer, head); index layer * n_cache_head + head.
    std::vector<std::vector<int32_t>> & positions() { return positions_; }
    // Adds, per token position: how many (layer, head) hold it, and how often stage 2 read it.
    void count_map(std::vector<uint32_t> & kept, std::vector<uint32_t> & read);

    // Comparing each step with the exact top-k, in the layers that select.
    void                measure(bool on) { measuring_ = on; }
    virtual OracleStats take_oracle_stats() = 0;

  protected:
    CompactCache(const HyperParams & params, Device & device) : params_(params), device_(device) {}
    virtual Status read_counts_now() { return Status::good(); }
    int            kv_head_of(int cache_head) const {
        return grouping_ == Grouping::query_head ? cache_head / int(params_.group()) : cache_head;
    }

    const HyperParams & params_;
    Device &            device_;
    Mode                mode_     = Mode::full;
    Grouping            grouping_ = Grouping::kv_group;
    Pooling             pooling_  = Pooling::max;
    RocketBudgets       budgets_;
    int                 n_head_    = 0;  // cache heads
    int                 group_     = 1;  // query heads that share one
    int64_t             n_kept_    = 0;
    int64_t             n_live_    = 0;
    double              stage1_ms_ = 0;
    std::atomic<bool>   measuring_{false};

    std::unique_ptr<KvRows>            rows_;  // [n_layer][n_head_, capacity, D] f16, on the device
    std::vector<float>                 kept_mass_;
    std::vector<std::vector<int32_t>>  positions_;
    std::vector<std::vector<uint32_t>> read_counts_;  // [layer * n_head_ + head][row]
};

// Shared by the two kinds.
SelectorKind  selector_kind(Mode mode, const RocketOptions & options);
SelectorShape selector_shape(const HyperParams & params, const RocketOptions & options, const RocketBudgets & budgets);
// Layers below n_dense_layers attend to every kept row, and so does a cache whose budget holds everything.
bool layer_selects(Mode mode, const RocketOptions & options, const RocketBudgets & budgets, int64_t layer);

}  // namespace rocketdoc
