// What one question's answer is decoded from: per layer and cache head the rows that stage 1 kept (f16, rotated)
// followed by the answer's own rows. It knows rows, positions, counts and budgets; a device's side of it chooses and
// attends. Built layer by layer while prefill finishes; owned by a session.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "../device/device.h"
#include "../rocketkv/method.h"
#include "../rocketkv/params.h"
#include "kv_rows.h"
#include "prefill.h"

namespace rocketdoc {

// Whether an answer is decoded from a compact cache at all: full reads the history, and so does everything that keeps
// the history and fits its budget (the dense fast path), unless the history is not where it could be read. rocketkv
// always has one: it becomes the history.
inline bool needs_compact(Mode mode, const RocketBudgets & budgets, bool history_on_device) {
    return mode != Mode::full && (mode == Mode::rocketkv || !budgets.dense || !history_on_device);
}

// What the cache of a question will be.
CompactShape compact_shape(const HyperParams & params, Mode mode, const RocketOptions & options,
                           const RocketBudgets & budgets);

class CompactCache {
  public:
    // weights: of the model, placed; they outlive it. GPU_OOM or HOST_OOM when it does not fit, and what check() says.
    static Status create(const HyperParams & params, const ModelWeights & weights, Device & device, Mode mode,
                         const RocketOptions & options, const RocketBudgets & budgets,
                         std::unique_ptr<CompactCache> & out);

    // Bytes that create() will hold: rows, and what the layers that select keep beside them.
    static size_t rows_bytes(const HyperParams & params, const DeviceTraits & device, Mode mode,
                             const RocketOptions & options, const RocketBudgets & budgets);
    static size_t summary_bytes(const HyperParams & params, const DeviceTraits & device, Mode mode,
                                const RocketOptions & options, const RocketBudgets & budgets);
    // What create() refuses whatever memory there is.
    static Status check(const HyperParams & params, const DeviceTraits & device, Mode mode,
                        const RocketOptions & options, const RocketBudgets & budgets);
    // What read_bytes_per_step() will be with n_live rows of a text of n_tokens.
    static double read_bytes(const HyperParams & params, Mode mode, const RocketOptions & options,
                             const RocketBudgets & budgets, int64_t n_live, int64_t n_tokens);

    // Stage 1 for one layer: choose rows of the history, which are those before `end`, copy them here, build the
    // layer's summaries. Of a layer with a window: copy the rows that it keeps, if they are its own. positions: token
    // position of each history row of a (layer, head), or null where row and position are the same; it outlives kept().
    Status keep_layer(int64_t layer, const LayerRows & history, const RowPlace & end, const QueryWindow & window,
                      const std::vector<std::vector<int32_t>> * positions, const std::atomic<bool> * cancel);
    // After the last layer: positions() and kept_mass() are known from here on.
    Status kept();

    // Of the n tokens that have run at once, from this position on, the first n_kept count as rows from now on.
    Status tokens_done(int64_t position, int n, int n_kept);
    // Rows n_live().. were written by someone else (prefill onto a chat's own history); and back.
    Status rows_appended(int64_t first_position, int64_t n);
    Status drop_rows(int64_t n_live);
    // For n more of these, behind `end`.
    Status make_room(const RowPlace & end, int64_t n);

    CompactOnDevice &     on_device() { return *on_device_; }
    int64_t               n_live() const { return n_live_; }  // rows per head of the layers that choose
    int64_t               n_prompt_rows() const { return n_kept_; }
    const RocketBudgets & budgets() const { return shape_.budgets; }
    Mode                  mode() const { return mode_; }
    KvRows &              rows() { return *rows_; }
    size_t                rows_bytes() const { return rows_->bytes(); }
    size_t                summary_bytes() const { return on_device_->bytes(); }
    // Per head and step: bytes read for choosing and attending; and bytes held for decode. Means over all layers.
    double                     read_bytes_per_step() const;
    double                     stored_bytes_per_head() const;
    int64_t                    rows_read() const;  // exactly, by the last step
    int64_t                    clamped_codes() const { return on_device_->clamped_codes(); }
    const std::vector<float> & kept_mass() const { return kept_mass_; }  // [layers that choose, n_cache_head]
    double                     stage1_ms() const { return on_device_->stage1_ms(); }
    int                        group() const { return shape_.choosing_heads().group; }
    // Grouped by query head: several cache heads have rows of one KV head.
    bool repeats_rows() const;

    // Token position of every row of (layer, head); index CompactShape::slots[layer] + head. Layers without
    // rows have none.
    std::vector<std::vector<int32_t>> & positions() { return positions_; }
    // Adds, per token position: how many (layer, head) of the layers that choose hold it, and how often stage 2 read
    // it.
    void count_map(std::vector<uint32_t> & kept, std::vector<uint32_t> & read);

    // Comparing each step with the exact top-k, in the layers that select.
    Status      measure(bool on) { return on_device_->measure(on); }
    OracleStats take_oracle_stats() { return on_device_->take_oracle_stats(); }

  private:
    CompactCache(Mode mode, CompactShape shape) : mode_(mode), shape_(std::move(shape)) {}
    int64_t layer_of(size_t slot) const;  // of positions()
    void    append_positions(int64_t first, int64_t n);

    const Mode                                mode_;
    const CompactShape                        shape_;
    std::unique_ptr<KvRows>                   rows_;       // f16, on the device
    std::unique_ptr<CompactOnDevice>          on_device_;  // goes before the rows
    int64_t                                   n_kept_            = 0;
    int64_t                                   n_live_            = 0;
    int64_t                                   n_tokens_          = 0;        // positions so far
    const std::vector<std::vector<int32_t>> * history_positions_ = nullptr;  // of the running stage 1
    std::vector<float>                        kept_mass_;
    std::vector<std::vector<int32_t>>         positions_;
};

}  // namespace rocketdoc
