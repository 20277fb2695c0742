#include "selector_costs.h"

#include <algorithm>

#include "cpu/kernels.h"
#include "page_layout.h"
#include "row_format.h"

namespace rocketdoc {
namespace {

// One summary of one channel of a page.
constexpr int64_t SUMMARY_BYTES = sizeof(f16_bits);

int64_t padded_codes(int64_t n_rows) { return (n_rows + CODE_BLOCK - 1) / CODE_BLOCK * CODE_BLOCK; }

}  // namespace

int64_t code_bytes(int head_dim, bool residual) { return head_dim / 4 + (residual ? head_dim / 8 + head_dim / 8 : 0); }

int64_t code_range_bytes(int head_dim, bool residual) {
    const int64_t channel = sizeof(uint16_t) + sizeof(float);  // order, step
    if (!residual) return head_dim / 2 * channel;
    return head_dim * (channel + int64_t(3 * sizeof(float)));  // and low, the value's mean and spread
}

int64_t code_stored_range_bytes(int head_dim, bool residual) {
    const int64_t n_coded = residual ? head_dim : head_dim / 2;
    const int64_t floats =
        head_dim + 2 * n_coded + (residual ? 2 * head_dim : 0);  // importance, low, step, the value's mean and spread
    return floats * int64_t(sizeof(float)) + n_coded * int64_t(sizeof(uint16_t));
}

size_t selector_read_bytes(SelectorKind kind, const SelectorShape & s, int64_t n_live) {
    const int64_t pair = compact_pair_bytes(s.head_dim), attended = std::min(n_live, s.k) * pair;
    if (n_live <= s.k) return size_t(attended);
    const auto codes = [&](bool residual) {
        return n_live * code_bytes(s.head_dim, residual) + code_range_bytes(s.head_dim, residual);
    };
    switch (kind) {
        case SelectorKind::pages: return size_t(page_count(n_live, s.page) * s.r * SUMMARY_BYTES + attended);
        case SelectorKind::codes: return size_t(codes(false) + attended);
        case SelectorKind::codes_residual: return size_t(codes(true) + attended);
        case SelectorKind::exact: return size_t(n_live * row_bytes(COMPACT_ROWS, s.head_dim) + attended);
    }
    return 0;
}

size_t selector_stored_bytes(SelectorKind kind, const SelectorShape & s) {
    const auto codes = [&](bool residual) {
        const int64_t signs = residual ? s.head_dim / 8 : 0;  // of a row; only codes come in blocks
        // A channel without codes, and its mean.
        const int64_t rest = s.has_sinks && !residual ? s.head_dim / 2 * int64_t(sizeof(uint16_t) + sizeof(float)) : 0;
        return code_stored_range_bytes(s.head_dim, residual) + rest +
               padded_codes(s.capacity) * (code_bytes(s.head_dim, residual) - signs) + s.capacity * signs;
    };
    switch (kind) {
        case SelectorKind::pages:
            return size_t(s.n_cache_head * s.head_dim * page_sides(s.page) *
                          padded_pages(s.capacity, s.page, PAGE_BLOCK) * SUMMARY_BYTES);
        case SelectorKind::codes: return size_t(s.n_cache_head * codes(false));
        case SelectorKind::codes_residual: return size_t(s.n_cache_head * codes(true));
        case SelectorKind::exact: return 0;
    }
    return 0;
}

int64_t codes_capacity(const RocketBudgets & paper, int head_dim, bool residual, int64_t n_total) {
    const int64_t pair   = compact_pair_bytes(head_dim);
    const int64_t stored = paper.capacity * pair +
                           page_count(paper.capacity, paper.page) * page_sides(paper.page) * head_dim * SUMMARY_BYTES;
    // Codes are stored in blocks: rounding up adds at most one row less than a block.
    const int64_t row = pair + code_bytes(head_dim, residual);
    const int64_t fixed =
        code_stored_range_bytes(head_dim, residual) + (CODE_BLOCK - 1) * code_bytes(head_dim, residual);
    const int64_t rows = (stored * 17 / 20 - fixed) / row;
    return std::clamp(rows, paper.capacity, std::max(paper.capacity, n_total));
}

int64_t codes_k(const RocketBudgets & paper, int64_t capacity, int head_dim, bool residual) {
    const int64_t pair = compact_pair_bytes(head_dim);
    const int64_t more = capacity - paper.capacity;  // rows that each step has beyond the paper's
    const int64_t first =
        std::min(std::max(paper.prompt_budget, paper.k) + 1, paper.capacity);  // rows of the first step that chooses
    const int64_t last = paper.capacity;
    // left(n): bytes that reading pages takes with n rows, less the bytes of n rows' codes. Within a page it shrinks
    // with n, and from page to page it only grows or only shrinks: the least is at one end of the answer, or at the
    // page border next to that end.
    int64_t left = INT64_MAX;
    for (const int64_t n : {first, page_count(first, paper.page) * paper.page, last / paper.page * paper.page, last}) {
        if (n < first || n > last) continue;
        left = std::min(left, page_count(n, paper.page) * paper.r * SUMMARY_BYTES -
                                  (n + more) * code_bytes(head_dim, residual));
    }
    const int64_t rows = left + paper.k * pair - code_range_bytes(head_dim, residual);
    return rows < 0 ? 0 : rows / pair;
}

}  // namespace rocketdoc
