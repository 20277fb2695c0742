// The compact cache on a GPU: rows and summaries in device memory, stage 1 and stage 2 by our kernels. The live length
// is one number in device memory, so that a captured token stays valid while the cache grows.
#pragma once

#include <utility>

#include "../../engine/compact_cache.h"
#include "cuda_device.h"
#include "device_bytes.h"

namespace rocketdoc {

class CudaCompactCache : public CompactCache {
  public:
    static Status make(const HyperParams & params, CudaDevice & device, Mode mode, const RocketOptions & options,
                       const RocketBudgets & budgets, std::unique_ptr<CompactCache> & out);
    ~CudaCompactCache() override;
    // Scores of one layer and the kept ids of all, while stage 1 runs.
    static size_t stage1_bytes(const HyperParams & params, const RocketOptions & options, const RocketBudgets & budgets,
                               int64_t n_prompt);
    static size_t layer_summary_bytes(int64_t rows, SelectorKind kind, const SelectorShape & shape);

    Status keep_layer(int64_t layer, const LayerRows & history, int64_t n_rows, QueryWindow & window,
                      const std::vector<std::vector<int32_t>> * positions, const std::atomic<bool> * cancel) override;
    Status kept() override;
    Status token_done(int64_t position) override;
    Status rows_appended(int64_t first_position, int64_t n) override;
    Status drop_rows(int64_t n_live) override;

    // The host gives sizes or takes results within such a token, which a captured one could not follow.
    bool runs_uncaptured() const { return measuring_ || (kind_ == SelectorKind::exact && !selecting_.empty()); }
    // Once per token, before its layers: the live length grows by one.
    Status enqueue_token_start();
    // q [H, D], k and v [G, D], out [H, D]: f32 on the device, v enters the cache with k. On our stream.
    Status enqueue_attention(int64_t layer, const float * q, const float * k, const float * v, float * out);
    // Once per token, after its layers: the map's counts.
    Status enqueue_token_end();

    size_t  summary_bytes() const override { return summaries_.bytes(); }
    double  read_bytes_per_step() const override;
    int64_t rows_read() const override { return selecting_.empty() ? n_live_ : std::min<int64_t>(budgets_.k, n_live_); }
    int64_t clamped_codes() const override { return n_clamped_; }
    OracleStats take_oracle_stats() override { return std::exchange(oracle_stats_, {}); }

  protected:
    Status read_counts_now() override;

  private:
    // Where a layer's summaries lie inside summaries_.
    struct Layout {
        size_t order = 0, lo = 0, step = 0, fine = 0, clamped = 0, coarse = 0, signs = 0, v_mean = 0, v_spread = 0,
               bytes = 0;
    };
    // Scores and ids of stage 1, one layer at a time; let go when the last layer is kept.
    struct Stage1 {
        int64_t     n_rows = 0;
        DeviceBytes memory, workspace, ids, mass;
        size_t      scores = 0, pooled = 0, window_mass = 0;
    };
    // Exact probabilities of one layer and token, while the exact top-k is chosen or compared with.
    struct Oracle {
        DeviceBytes memory, workspace;
        size_t      before = 0, last = 0, p = 0, ids = 0;
    };
    CudaCompactCache(const HyperParams & params, CudaDevice & device) : CompactCache(params, device), cuda_(device) {}

    static Layout codes_layout(const SelectorShape & shape, int64_t rows, bool residual);
    bool          codes_keys() const { return kind_ == SelectorKind::codes || kind_ == SelectorKind::codes_residual; }
    bool          selects(int64_t layer) const { return layer >= first_selecting_ && !selecting_.empty(); }
    KernelCache   cache_of(int64_t layer) const;
    KernelPages   pages_of(int64_t layer) const;
    KernelCodes   codes_of(int64_t layer) const;
    Status        reserve_stage1(int64_t n_rows, int64_t n_keep, int64_t window);
    Status        reserve_decode();
    Status        summarize(int64_t layer, int64_t n_rows);
    Status        set_length(int64_t n_rows);
    Status        recode_clamped();
    Status        reserve_oracle();
    Status        enqueue_exact_probabilities(int64_t layer, const float * q);
    Status        enqueue_exact_choice(int32_t * ids);
    Status        compare_with_exact(int64_t layer, const float * q, const int32_t * ids);
    Status        start_timer();

    CudaDevice &         cuda_;
    SelectorKind         kind_ = SelectorKind::pages;
    SelectorShape        shape_;
    int64_t              first_selecting_ = 0;
    std::vector<int64_t> selecting_;      // layers
    int64_t              step_rows_ = 0;  // capacity of rows_, in rows
    Layout               layout_;
    DeviceBytes          summaries_;   // [selecting layer] pages or codes
    DeviceBytes          importance_;  // [n_layer, n_head_, D] f32: what codes are ordered by, kept to code again
    DeviceBytes          build_workspace_, select_workspace_, attention_workspace_;
    DeviceBytes          lengths_;  // i32: live rows, capacity
    DeviceBytes          ids_;      // [selecting layer, n_head_, k] i32: what the last token read
    DeviceBytes          reads_;    // [selecting layer, n_head_, step_rows_] u32
    Stage1               stage1_;
    Oracle               oracle_;
    OracleStats          oracle_stats_;
    int64_t              n_keep_                     = 0;
    const std::vector<std::vector<int32_t>> * remap_ = nullptr;  // of the running stage 1
    struct Timed {
        KernelEvent from = nullptr, to = nullptr;
    };
    std::vector<Timed>              timed_;          // stage 1 of each layer, on our stream
    std::unique_ptr<const Selector> costs_;          // for what a step reads
    int64_t                         n_clamped_ = 0;  // before the last recoding
    int64_t                         coded_at_  = 0;  // live rows when the codes were last made
};

}  // namespace rocketdoc
