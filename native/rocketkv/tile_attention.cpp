#include "tile_attention.h"

#include <algorithm>
#include <cassert>
#include <cfloat>
#include <cmath>

#include "panels.h"
#include "scratch.h"

namespace rocketdoc {
namespace {

constexpr int PART_ROWS = 256;  // query rows of a part, about: what a row's way to f32 is shared by

// Query rows of a part come token by token, each with its heads: row r is token r / group, head r % group.
struct Part {
    int     kv_head = 0;
    int     group   = 0;
    int64_t begin = 0, end = 0;  // tokens

    int     n_rows() const { return int(end - begin) * group; }
    int     n_panels() const { return (n_rows() + PANEL_ROWS - 1) / PANEL_ROWS; }
    int64_t token(int row) const { return begin + row / group; }
    int     head(int row) const { return kv_head * group + row % group; }
};

// The first row that token i sees.
int64_t first_seen(const TileQueries & queries, int64_t i) {
    return queries.window > 0 ? std::max<int64_t>(0, queries.first_row + i + 1 - queries.window) : 0;
}

// Logits [n_keys][PANEL_ROWS] of rows that a query does not see become -inf.
void hide_unseen(const TileQueries & queries, const Part & part, int panel, int64_t first_key, int n_keys,
                 float * logits) {
    for (int lane = 0; lane < PANEL_ROWS; lane++) {
        const int row = panel * PANEL_ROWS + lane;
        if (row >= part.n_rows()) return;
        const int64_t i     = part.token(row);
        const int64_t begin = std::clamp<int64_t>(first_seen(queries, i) - first_key, 0, n_keys);
        const int64_t end   = std::clamp<int64_t>(queries.first_row + i + 1 - first_key, 0, n_keys);
        for (int64_t key = 0; key < begin; key++) logits[key * PANEL_ROWS + lane] = -INFINITY;
        for (int64_t key = end; key < n_keys; key++) logits[key * PANEL_ROWS + lane] = -INFINITY;
    }
}

int part_tokens(int group, int64_t rows) { return int(std::max<int64_t>(1, rows / group)); }

}  // namespace

TileParts tile_parts(const TileQueries & queries, int n_kv_head, int n_threads) {
    const int group = queries.n_head / n_kv_head;
    // A short tile is cut finer, so that every thread has some of it.
    const int64_t fair = queries.n * queries.n_head / (2 * int64_t(n_threads));
    TileParts     out;
    out.tokens = part_tokens(group, std::clamp<int64_t>(fair, PANEL_ROWS, PART_ROWS));
    out.parts  = (queries.n + out.tokens - 1) / out.tokens;
    out.count  = out.parts * n_kv_head;
    return out;
}

int64_t tile_scratch_floats(int head_dim, int group) {
    const int64_t rows   = int64_t(part_tokens(group, PART_ROWS)) * group;
    const int64_t panels = (rows + PANEL_ROWS - 1) / PANEL_ROWS;
    return panels * PANEL_ROWS * (2 * head_dim + 2) + KEY_BLOCK * (2 * head_dim + PANEL_ROWS);
}

void tile_attention(const RowsView & k, const RowsView & v, const TileQueries & queries, const TileParts & parts,
                    int64_t index, TileScratch & scratch, float * out) {
    const CpuKernels & cpu   = cpu_kernels();
    const int          D     = k.head_dim;
    const int          group = queries.n_head / k.n_head;
    const int64_t      begin = index % parts.parts * parts.tokens;
    const Part         part{int(index / parts.parts), group, begin, std::min(begin + parts.tokens, queries.n)};
    const int          n_panels = part.n_panels();
    assert(queries.n_head % k.n_head == 0 && v.head_dim == D);

    // Per panel: queries [D][PANEL_ROWS], weighted values likewise, top and sum [PANEL_ROWS]. Then a block's keys and
    // values [KEY_BLOCK][D] and its logits [KEY_BLOCK][PANEL_ROWS].
    const int64_t panel_size = int64_t(D) * PANEL_ROWS;
    float * const panels     = at_least(scratch.memory, tile_scratch_floats(D, group));
    float * const sums       = panels + n_panels * panel_size;
    float * const top        = sums + n_panels * panel_size;
    float * const sum        = top + n_panels * PANEL_ROWS;
    float * const keys       = sum + n_panels * PANEL_ROWS;
    float * const values     = keys + KEY_BLOCK * D;
    float * const logits     = values + KEY_BLOCK * D;
    float         fade[PANEL_ROWS];

    std::fill(sums, sums + n_panels * panel_size, 0.0f);
    std::fill(top, top + n_panels * PANEL_ROWS, -FLT_MAX);
    std::fill(sum, sum + n_panels * PANEL_ROWS, 0.0f);
    for (int p = 0; p < n_panels; p++) {
        const float * rows[PANEL_ROWS] = {};
        for (int lane = 0; lane < PANEL_ROWS; lane++) {
            const int row = p * PANEL_ROWS + lane;
            if (row >= part.n_rows()) break;
            rows[lane] = queries.q + part.token(row) * queries.token_step + part.head(row) * queries.head_step;
            // A sink is a logit that every query of its head has seen before the first row.
            if (queries.sinks) top[row] = queries.sinks[part.head(row)], sum[row] = 1.0f;
        }
        pack_panel(rows, queries.scale, D, panels + p * panel_size);
    }

    const int64_t end   = queries.first_row + part.end;  // of the rows that any of them sees
    const int64_t first = first_seen(queries, part.begin);
    int64_t       at    = first - (first - queries.first_block + KEY_BLOCK) % KEY_BLOCK;
    for (int64_t next; at < end; at = next) {
        next                    = at + KEY_BLOCK;
        const int64_t first_key = std::max<int64_t>(at, 0);
        const int     n_keys    = int(std::min(next, end) - first_key);
        rows_to_f32(k, part.kv_head, first_key, n_keys, keys);
        rows_to_f32(v, part.kv_head, first_key, n_keys, values);
        std::fill(keys + n_keys * D, keys + KEY_BLOCK * D, 0.0f);
        for (int p = 0; p < n_panels; p++) {
            const int64_t first_token = part.token(p * PANEL_ROWS);
            const int64_t last_token  = part.token(std::min((p + 1) * PANEL_ROWS, part.n_rows()) - 1);
            if (first_key > queries.first_row + last_token) continue;
            if (first_key + n_keys <= first_seen(queries, first_token)) continue;
            cpu.panel_logits(panels + p * panel_size, keys, D, logits);
            if (first_key + n_keys > queries.first_row + first_token + 1 || first_key < first_seen(queries, last_token))
                hide_unseen(queries, part, p, first_key, n_keys, logits);
            cpu.panel_exp(logits, n_keys, top + p * PANEL_ROWS, sum + p * PANEL_ROWS, fade);
            cpu.panel_sums(logits, values, n_keys, D, fade, sums + p * panel_size);
        }
    }

    for (int row = 0; row < part.n_rows(); row++) {
        const float * from  = sums + row / PANEL_ROWS * panel_size + row % PANEL_ROWS;
        float *       to    = out + (part.token(row) * queries.n_head + part.head(row)) * D;
        const float   share = 1.0f / sum[row];
        for (int c = 0; c < D; c++) to[c] = from[c * PANEL_ROWS] * share;
    }
}

}  // namespace rocketdoc
