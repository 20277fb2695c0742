// One cache head's coded rows (ALGORITHM "Beyond the paper"): 4-bit codes of the half of the key channels that vary
// most where the question looks, and with `residual` 2-bit codes of the other half and one sign per value channel.
// Ranges are frozen when the head is coded; a key outside them is clamped and counted, and a head that clamps too often
// is coded again.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "rows.h"
#include "attention.h"
#include "recode_policy.h"

namespace rocketdoc {

class KeyCodes {
  public:
    // sinks: scores() will have some.
    KeyCodes(int head_dim, int64_t capacity, bool residual, bool sinks = false);

    // Codes rows 0..n_rows-1 afresh. importance: [D] or null, remembered for coding again.
    void build(const CompactView & k, const CompactView & v, int head, int64_t n_rows, const float * importance);
    // Row index, which stands in k and v. The rows before it are coded afresh first where their codes have drifted.
    void append(const CompactView & k, const CompactView & v, int head, int64_t index);

    // Rows that may be appended behind n_new others before a head is looked at, the first of them included: until then
    // the last of them can be taken back.
    static int64_t most_appended(int64_t n_new) { return RECODE_EVERY - n_new % RECODE_EVERY; }
    // The last n appended rows are gone: as if they had never been there. n: below RECODE_EVERY.
    void take_back(int64_t n);

    // logits[h][p] = q_h . k^_p * scale, without residual and sinks up to a constant per head; logits: [g][stride],
    // stride >= padded(n_live). folded: work, [g][n_coded + 1].
    void scores(const HeadQuery & query, int64_t n_live, float * folded, float * logits, int64_t stride) const;
    static int64_t padded(int64_t n_live);
    int            n_coded() const { return n4_ + n2_; }

    // out[h][c] += sum over tokens of w[h][p] * v^[p][c]; total[h] is the sum of w[h]. Residual only.
    void add_values(const float * w, int64_t stride, int group, int64_t n_live, const float * total, float * signs,
                    float * out) const;

    int64_t clamped() const { return n_clamped_; }

  private:
    void recode(const CompactView & k, const CompactView & v, int head, int64_t n_rows);
    void measure(const CompactView & k, const CompactView & v, int head, int64_t n_rows);
    void code_rows(const CompactView & k, const CompactView & v, int head, int64_t first, int64_t end);

    int  head_dim_;
    int  n4_, n2_;  // channels with 4-bit and with 2-bit codes
    bool residual_;

    std::vector<float>    importance_;         // [D], ones when the caller has none
    std::vector<uint16_t> order_;              // channels, the most important first: those with codes
    std::vector<float>    low_, step_;         // [n_coded], in that order
    std::vector<float>    rest_mean_;          // with sinks, of the channels without codes, which follow in order_
    std::vector<float>    v_mean_, v_spread_;  // [D], with residual
    std::vector<uint8_t>  codes_;              // [block][line][CODE_BLOCK], see kernels.h code_scores
    std::vector<uint8_t>  signs_;              // [capacity][D / 8], with residual: v >= its mean

    int64_t                           n_new_         = 0;  // rows appended since the head was coded
    int64_t                           n_new_clamped_ = 0;  // codes of those rows that were clamped
    int64_t                           n_clamped_     = 0;  // all clamped codes since build
    std::array<int32_t, RECODE_EVERY> clamped_of_{};       // codes clamped of each of the last rows, by n_new_
};

}  // namespace rocketdoc
