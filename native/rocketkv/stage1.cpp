// Stage 1: which prompt rows of one cache head stay. The hot loop is q.k over the whole history: a block of keys is
// made f32 once and meets every query row of the group. The softmax of a row runs over all the columns it sees, so exp
// terms are kept with the running maximum of their block and put right in a second, cheap pass.
#include "stage1.h"

#include <algorithm>
#include <cassert>
#include <cfloat>
#include <cmath>
#include <cstring>

#include "cpu/kernels.h"
#include "panels.h"
#include "scratch.h"

namespace rocketdoc {

namespace {

constexpr int64_t TERMS_BOUND = 8 << 20;  // floats of exp terms held at once, unless one panel alone needs more

struct Heads {
    int kv_head;      // whose keys
    int first_query;  // the query heads that vote
    int n_query;
};

Heads heads_of(const RowsView & keys, const Stage1Query & query, const Stage1Head & head) {
    const int group = query.n_head / keys.n_head;
    if (head.grouping == Grouping::query_head) return {head.index / group, head.index, 1};
    return {head.index, head.index * group, group};
}

// Row i of the window sees columns up to n_prefix + i.
void hide_the_future(float * logits, int64_t first_key, int n_keys, int first_row, int window, int64_t n_prefix) {
    for (int key = 0; key < n_keys; key++) {
        const int64_t after = first_key + key - n_prefix;  // 0.. within the window
        if (after <= 0) continue;
        for (int lane = 0; lane < PANEL_ROWS; lane++)
            if ((first_row + lane) % window < after) logits[key * PANEL_ROWS + lane] = -INFINITY;
    }
}

// Panels of query rows that are scored together, so that their exp terms stay below TERMS_BOUND.
struct Round {
    int64_t n_blocks, n_padded;  // of keys, and keys with the last block's padding
    int     n_panels, wide;      // of all query rows, and at once
};
Round round_of(int64_t n_keys, int n_query_rows) {
    const int64_t n_blocks = (n_keys + KEY_BLOCK - 1) / KEY_BLOCK, n_padded = n_blocks * KEY_BLOCK;
    const int     n_panels = (n_query_rows + PANEL_ROWS - 1) / PANEL_ROWS;
    return {n_blocks, n_padded, n_panels, int(std::clamp<int64_t>(TERMS_BOUND / (n_padded * PANEL_ROWS), 1, n_panels))};
}

}  // namespace

Stage1Sizes stage1_sizes(int64_t n_rows, int window, int n_query, int head_dim, int kernel) {
    const Round   round    = round_of(n_rows, n_query * window);
    const int64_t n_prefix = n_rows - window;
    Stage1Sizes   s;
    s.terms  = round.wide * (round.n_padded + round.n_blocks) * PANEL_ROWS;
    s.keys   = int64_t(KEY_BLOCK) * head_dim + int64_t(round.wide) * PANEL_ROWS * (head_dim + 3);
    s.scores = n_rows;
    s.pooled = 2 * n_prefix;
    s.suffix = kernel;
    s.sums   = n_prefix + TRIANGLE_BOX;
    return s;
}

void reserve(Stage1Scratch & scratch, const Stage1Sizes & sizes) {
    at_least(scratch.terms, sizes.terms);
    at_least(scratch.keys, sizes.keys);
    at_least(scratch.scores, sizes.scores);
    at_least(scratch.pooled, sizes.pooled);
    at_least(scratch.suffix, sizes.suffix);
    at_least(scratch.sums, sizes.sums);
}

void stage1_scores(const RowsView & keys, const Stage1Query & query, const Stage1Head & head, Stage1Scratch & scratch,
                   float * scores, float & window_mass) {
    const CpuKernels & cpu      = cpu_kernels();
    const Heads        heads    = heads_of(keys, query, head);
    const int          D        = keys.head_dim;
    const int          window   = query.window;
    const int64_t      n        = keys.n_rows;
    const int64_t      n_prefix = n - window;
    const int          n_rows   = heads.n_query * window;  // query rows
    const float *      q        = query.q + size_t(heads.first_query) * size_t(window) * size_t(D);
    assert(query.head_dim == D && window >= 1 && window <= n && query.n_head % keys.n_head == 0);

    float fade[PANEL_ROWS];  // what is put right in the second pass

    const auto [n_blocks, n_padded, n_panels, wide] = round_of(n, n_rows);

    // scratch.terms: per panel of a round, terms [n_padded][PANEL_ROWS] and tops [n_blocks][PANEL_ROWS].
    // scratch.keys: the key block [KEY_BLOCK][D], then per panel [D][PANEL_ROWS], top, sum and weight [PANEL_ROWS].
    // scratch.scores: all n columns; the window's are summed up at the end.
    const int64_t terms_size = n_padded * PANEL_ROWS;
    float * const terms      = at_least(scratch.terms, wide * (terms_size + n_blocks * PANEL_ROWS));
    float * const tops       = terms + wide * terms_size;
    float * const block      = at_least(scratch.keys, int64_t(KEY_BLOCK) * D + int64_t(wide) * PANEL_ROWS * (D + 3));
    float * const panels     = block + KEY_BLOCK * D;
    float * const top        = panels + int64_t(wide) * D * PANEL_ROWS;
    float * const sum        = top + wide * PANEL_ROWS;
    float * const weight     = sum + wide * PANEL_ROWS;
    float * const all        = at_least(scratch.scores, n);
    std::fill(all, all + n, 0.0f);

    for (int first_panel = 0; first_panel < n_panels; first_panel += wide) {
        const int n_now = std::min(wide, n_panels - first_panel);
        for (int p = 0; p < n_now; p++) {
            const float * rows[PANEL_ROWS] = {};
            for (int lane = 0; lane < PANEL_ROWS; lane++) {
                const int row = (first_panel + p) * PANEL_ROWS + lane;
                if (row < n_rows) rows[lane] = q + size_t(row) * size_t(D);
            }
            pack_panel(rows, query.scale, D, panels + int64_t(p) * D * PANEL_ROWS);
        }
        std::fill(top, top + n_now * PANEL_ROWS, -FLT_MAX);
        std::fill(sum, sum + n_now * PANEL_ROWS, 0.0f);
        // A sink is a logit that every row of its head has seen before the first key.
        for (int i = 0; query.sinks && i < n_now * PANEL_ROWS; i++) {
            const int row = first_panel * PANEL_ROWS + i;
            if (row < n_rows) top[i] = query.sinks[heads.first_query + row / window], sum[i] = 1.0f;
        }

        for (int64_t b = 0; b < n_blocks; b++) {
            const int64_t first_key = b * KEY_BLOCK;
            const int     n_keys    = int(std::min<int64_t>(KEY_BLOCK, n - first_key));
            rows_to_f32(keys, heads.kv_head, first_key, n_keys, block);
            std::fill(block + n_keys * D, block + KEY_BLOCK * D, 0.0f);
            for (int p = 0; p < n_now; p++) {
                float * logits = terms + p * terms_size + first_key * PANEL_ROWS;
                cpu.panel_logits(panels + int64_t(p) * D * PANEL_ROWS, block, D, logits);
                if (first_key + n_keys > n_prefix)
                    hide_the_future(logits, first_key, n_keys, (first_panel + p) * PANEL_ROWS, window, n_prefix);
                cpu.panel_exp(logits, n_keys, top + p * PANEL_ROWS, sum + p * PANEL_ROWS, fade);
                std::memcpy(tops + (p * n_blocks + b) * PANEL_ROWS, top + p * PANEL_ROWS, PANEL_ROWS * sizeof(float));
            }
        }

        for (int p = 0; p < n_now; p++) {
            for (int64_t b = 0; b < n_blocks; b++) {
                float * at = tops + (p * n_blocks + b) * PANEL_ROWS;
                for (int lane = 0; lane < PANEL_ROWS; lane++) {
                    const int i = p * PANEL_ROWS + lane;
                    at[lane] -= top[i];  // <= 0
                    weight[lane] = (first_panel + p) * PANEL_ROWS + lane < n_rows ? 1.0f / sum[i] : 0.0f;
                }
                cpu.exp_terms(at, PANEL_ROWS, 0.0f, at);
                for (int lane = 0; lane < PANEL_ROWS; lane++) weight[lane] *= at[lane];
                const int64_t first_key = b * KEY_BLOCK;
                cpu.panel_weigh(terms + p * terms_size + first_key * PANEL_ROWS,
                                int(std::min<int64_t>(KEY_BLOCK, n - first_key)), weight, all + first_key);
            }
        }
    }

    double mass = 0;
    for (int64_t c = n_prefix; c < n; c++) mass += all[c];
    window_mass = float(mass);
    std::copy(all, all + n_prefix, scores);
}

void stage1_keep(const RowsView & keys, const Stage1Query & query, const Stage1Head & head, const Stage1Choice & choice,
                 Stage1Scratch & scratch, Stage1Kept & out, float * importance) {
    const int64_t n_keep   = choice.n_keep;
    const int64_t n        = keys.n_rows;
    const int64_t n_prefix = n - query.window;

    if (importance) {
        const Heads   heads  = heads_of(keys, query, head);
        const int64_t n_rows = int64_t(heads.n_query) * query.window;
        const float * q      = query.q + size_t(heads.first_query) * size_t(query.window) * size_t(query.head_dim);
        for (int c = 0; c < query.head_dim; c++) {
            double sum = 0;
            for (int64_t i = 0; i < n_rows; i++) {
                const double x = q[i * query.head_dim + c];
                sum += x * x;
            }
            importance[c] = float(sum / double(n_rows));
        }
    }

    out.rows.clear();
    out.mass = 1;
    if (n_keep >= n) {
        for (int64_t i = 0; i < n; i++) out.rows.push_back(int32_t(i));
        return;
    }

    // pooled [n_prefix], then the raw scores [n_prefix]: stage1_scores uses scratch.scores itself.
    float * const pooled = at_least(scratch.pooled, 2 * n_prefix);
    float * const scores = pooled + n_prefix;
    float         window_mass;
    stage1_scores(keys, query, head, scratch, scores, window_mass);
    switch (choice.pooling) {
        case Pooling::max: pool_max(scores, n_prefix, choice.kernel, scratch, pooled); break;
        case Pooling::triangle: pool_triangle(scores, n_prefix, scratch, pooled); break;
        case Pooling::random: pool_random(n_prefix, head.index, pooled); break;
    }

    const int64_t n_best = std::max<int64_t>(0, n_keep - query.window);
    out.rows.resize(size_t(n_best + query.window));
    const int64_t n_taken = top_k_ascending(pooled, n_prefix, n_best, out.rows.data());
    double        kept = window_mass, total = window_mass;
    for (int64_t i = 0; i < n_taken; i++) kept += scores[out.rows[size_t(i)]];
    for (int64_t c = 0; c < n_prefix; c++) total += scores[c];
    out.mass = total > 0 ? float(std::clamp(kept / total, 0.0, 1.0)) : 1.0f;
    for (int i = 0; i < query.window; i++) out.rows[size_t(n_taken + i)] = int32_t(n_prefix + i);
}

void stage1_gather(const RowsView & rows, int kv_head, const std::vector<int32_t> & kept, const CompactView & compact,
                   int cache_head) {
    const int          D   = rows.head_dim;
    const CpuKernels & cpu = cpu_kernels();
    float              row[MAX_HEAD_DIM];
    for (size_t i = 0; i < kept.size(); i++) {
        f16_bits * to = compact.row(cache_head, int64_t(i));
        if (rows.type == RowType::f16) {
            std::memcpy(to, rows.row(kv_head, kept[i]), size_t(D) * sizeof(f16_bits));
        } else {
            rows_to_f32(rows, kv_head, kept[i], 1, row);
            cpu.f16_from_f32(row, D, to);
        }
    }
}

}  // namespace rocketdoc
