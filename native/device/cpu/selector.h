// The selector of a question on the CPU: one LayerSelector for each layer that selects, served head by head on ggml's
// threads. Every buffer is there before a thread of ggml's is.
#pragma once

#include "../../engine/kv_rows.h"
#include "../compact.h"
#include "layer_selector.h"

namespace rocketdoc {

// Scores every live row exactly, with memory of each thread's own.
class CpuOracle : public Oracle {
  public:
    CpuOracle(const CompactShape & shape, int n_threads) : shape_(shape), threads_(size_t(n_threads)) {}

    Status      reserve() override;
    OracleStats take_stats() override;
    void compare(const CompactView & k, int head, const HeadQuery & query, int64_t n_live, SelectorScratch & scratch,
                 int thread);

  private:
    struct Thread {
        std::vector<int32_t> chosen, best;  // [k]
        std::vector<float>   p;             // [capacity]
        OracleStats          stats;
    };
    const CompactShape & shape_;
    std::vector<Thread>  threads_;
};

class CpuSelector : public SelectorOnDevice {
  public:
    // shape, rows and oracle outlive it.
    CpuSelector(const CompactShape & shape, KvRows & rows, CpuOracle & oracle, Device & device);

    size_t  bytes() const override;
    Status  build(int64_t layer, int64_t n_rows, const float * importance) override;
    Status  attend(const LayerToken & token, int64_t n_live) override;
    Status  token_done(int64_t n_new) override;
    int64_t most_tokens(int64_t n_new) const override;
    Status  reserve_tokens(int n) override;
    void    take_back(int n, int n_kept) override;
    int64_t clamped() const override { return n_clamped_; }
    Status  read_counts(std::vector<std::vector<uint32_t>> & out) override;

  private:
    // Rows that later tokens of a pass read: they count once the token stays.
    struct Read {
        int32_t * rows = nullptr;  // [k]
        int32_t & n;
    };
    Read read_by(int64_t slot, int token);
    // `index`: of the token in the pass.
    void attend_head(const LayerToken & token, int index, int64_t n_live, int head);

    const CompactShape &                        shape_;
    KvRows &                                    rows_;
    CpuOracle &                                 oracle_;
    Device &                                    device_;
    std::vector<std::unique_ptr<LayerSelector>> layers_;          // null: every row is read
    std::vector<SelectorScratch>                scratch_;         // per thread
    std::vector<std::vector<uint32_t>>          reads_;           // [CompactShape::slots][capacity]
    int                                         most_later_ = 0;  // tokens behind the first of a pass
    std::vector<int32_t> later_reads_;  // [CompactShape::slots][most_later_][1 + k]: how many, rows
    int64_t              n_clamped_ = 0;
};

}  // namespace rocketdoc
