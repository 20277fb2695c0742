// Key codes instead of pages: one contiguous stream of codes ranks every live token, k rows are read exactly, and with
// the residual the tokens that were not chosen enter the answer with their coded logit and value instead of not at all.
#include <algorithm>
#include <cmath>

#include "attention.h"
#include "cpu/kernels.h"
#include "key_codes.h"
#include "page_layout.h"
#include "scratch.h"
#include "selectors.h"
#include "stage1.h"

namespace rocketdoc {

int64_t codes_capacity(const RocketBudgets & paper, int head_dim, bool residual, int64_t n_total) {
    const int64_t pair   = 4 * int64_t(head_dim);  // bytes of one K and V row, f16
    const int64_t page   = paper.page;
    const int64_t stored = paper.capacity * pair + page_count(paper.capacity, page) * page_sides(page) * head_dim * 2;
    // Codes are stored in blocks; one block less than a whole one is what rounding up costs at the most.
    const int64_t row = pair + code_bytes(head_dim, residual);
    const int64_t fixed =
        code_stored_range_bytes(head_dim, residual) + (code_block - 1) * code_bytes(head_dim, residual);
    const int64_t rows = (stored * 17 / 20 - fixed) / row;
    return std::clamp(rows, paper.capacity, std::max(paper.capacity, n_total));
}

int64_t codes_k(const RocketBudgets & paper, int64_t capacity, int head_dim, bool residual) {
    const int64_t pair = 4 * int64_t(head_dim);      // bytes of one K and V row, f16
    const int64_t more = capacity - paper.capacity;  // rows that each step has beyond the paper's
    const int64_t first =
        std::min(std::max(paper.prompt_budget, paper.k) + 1, paper.capacity);  // rows of the first step that chooses
    const int64_t last = paper.capacity;
    // What is left of a page's reading for a row's code shrinks within a page and grows or shrinks from page to page:
    // the least is at an end of the answer, or at the page border next to it.
    int64_t left = INT64_MAX;
    for (const int64_t n :
         {first, (first + paper.page - 1) / paper.page * paper.page, last / paper.page * paper.page, last}) {
        if (n < first || n > last) continue;
        const int64_t n_pages = page_count(n, paper.page);
        left                  = std::min(left, n_pages * paper.r * 2 - (n + more) * code_bytes(head_dim, residual));
    }
    const int64_t rows = left + paper.k * pair - code_range_bytes(head_dim, residual);
    return rows < 0 ? 0 : rows / pair;
}

namespace {

class CodesSelector final : public Selector {
  public:
    CodesSelector(const SelectorShape & shape, bool residual) : shape_(shape), residual_(residual) {}

    size_t stored_bytes() const override {
        return size_t(shape_.n_cache_head) * KeyCodes::stored_bytes(shape_.head_dim, shape_.capacity, residual_);
    }
    size_t read_bytes(int64_t n_live) const override {
        const int64_t pair = 4 * int64_t(shape_.head_dim);
        if (n_live <= shape_.k) return size_t(n_live * pair);
        return size_t(n_live * code_bytes(shape_.head_dim, residual_) + code_range_bytes(shape_.head_dim, residual_) +
                      shape_.k * pair);
    }

    void allocate() override {
        heads_.assign(size_t(shape_.n_cache_head), KeyCodes(shape_.head_dim, shape_.capacity, residual_));
    }

    void build(const CompactView & k, const CompactView & v, int head, int64_t n_rows,
               const float * importance) override {
        heads_[size_t(head)].build(k, v, head, n_rows, importance);
    }
    void append(const CompactView & k, const CompactView & v, int head, int64_t index) override {
        heads_[size_t(head)].append(k, v, head, index);
    }
    int64_t clamped(int head) const override { return heads_[size_t(head)].clamped(); }

    void attend(const CompactView & k, const CompactView & v, int head, int64_t n_live, const float * q,
                SelectorScratch & scratch, float * out) override {
        const bool all = choose_all(n_live, shape_.k, scratch);
        if (!all) choose(heads_[size_t(head)], n_live, q, scratch);
        if (all || !residual_) sparse_attention(k, v, head, query(q), chosen_rows(scratch), scratch, out);
        else merge(k, v, head, n_live, q, scratch, out);
    }

  private:
    HeadQuery query(const float * q) const { return {q, shape_.group, shape_.scale}; }

    // scratch.page_scores keeps the coded logits [g][padded] for merge.
    void choose(const KeyCodes & codes, int64_t n_live, const float * q, SelectorScratch & scratch) const {
        const int     g      = shape_.group;
        const int64_t stride = codes.padded(n_live);
        float * const folded = at_least(scratch.rows, int64_t(g) * (codes.n_coded() + 1));
        float * const a      = at_least(scratch.page_scores, g * stride);
        float * const scores = at_least(scratch.token_scores, n_live);
        codes.scores(query(q), n_live, folded, a, stride);
        summed_probabilities(a, stride, g, n_live, 1, 1, scratch, scores);
        scratch.chosen.resize(size_t(shape_.k));
        top_k_ascending(scores, n_live, shape_.k, scratch.chosen.data());
    }

    // out = (sum over the others of e^a v^ + sum over the chosen of e^s v) / (the same sums without v): the sum over
    // the others is taken directly, never as "all minus chosen", so nothing cancels.
    void merge(const CompactView & k, const CompactView & v, int head, int64_t n_live, const float * q,
               SelectorScratch & scratch, float * out) const {
        const CpuKernels & cpu      = cpu_kernels();
        const KeyCodes &   codes    = heads_[size_t(head)];
        const int          g        = shape_.group;
        const int          D        = shape_.head_dim;
        const int64_t      n_chosen = int64_t(scratch.chosen.size());
        const int64_t      stride   = codes.padded(n_live);
        float * const      a        = scratch.page_scores.data();                     // [g][stride]
        float * const      s        = at_least(scratch.probabilities, g * n_chosen);  // [g][n_chosen]
        scaled_logits(k, head, query(q), chosen_rows(scratch), scratch, s, n_chosen);

        float * const rest  = at_least(scratch.rows, int64_t(g) * (D + 2));  // [g][D] of sign sums, then totals
        float * const total = rest + int64_t(g) * D;                         // [g] weight of the others
        float * const share = total + g;                                     // [g] 1 / weight of all
        for (int h = 0; h < g; ++h) {
            float * const ah = a + h * stride;
            float * const sh = s + h * n_chosen;
            for (const int32_t i : scratch.chosen) ah[i] = -INFINITY;
            const float top = std::max(cpu.maximum(ah, n_live), cpu.maximum(sh, n_chosen));
            total[h]        = cpu.exp_terms(ah, n_live, top, ah);
            share[h]        = 1.0f / (total[h] + cpu.exp_terms(sh, n_chosen, top, sh));
        }
        cpu.row_sums(v.row(head, 0), v.row_elems, scratch.chosen.data(), n_chosen, D, s, n_chosen, g, out);
        codes.add_values(a, stride, g, n_live, total, rest, out);
        for (int h = 0; h < g; ++h)
            for (int c = 0; c < D; ++c) out[h * D + c] *= share[h];
    }

    SelectorShape         shape_;
    bool                  residual_;
    std::vector<KeyCodes> heads_;  // [n_cache_head]
};

}  // namespace

std::unique_ptr<Selector> make_codes_selector(const SelectorShape & shape, bool residual) {
    return std::make_unique<CodesSelector>(shape, residual);
}

}  // namespace rocketdoc
