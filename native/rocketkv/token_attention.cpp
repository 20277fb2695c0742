#include "token_attention.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "panels.h"

namespace rocketdoc {
namespace {

constexpr int64_t LEAST_ROWS = 128;  // of a part: fewer are not worth another sum
constexpr int     BLOCK      = 128;  // rows whose logits are in memory at once

// Logits and weighted sums over a block of rows: f16 as they are, other rows made f32 first.
struct Block {
    const CpuKernels & cpu;
    const RowsView &   rows;
    int                head;
    int64_t            first;
    int                n;
    float *            floats;  // [BLOCK][D]

    const f16_bits * halves() const { return static_cast<const f16_bits *>(rows.row(head, first)); }
    size_t           half_step() const { return rows.row_bytes / sizeof(f16_bits); }

    void logits(const float * q, int group, float * out) const {
        const int D = rows.head_dim;
        if (rows.type == RowType::f16)
            return cpu.row_logits(halves(), half_step(), nullptr, n, D, q, group, out, BLOCK);
        rows_to_f32(rows, head, first, n, floats);
        cpu.float_row_logits(floats, size_t(D), nullptr, n, D, q, group, out, BLOCK);
    }
    void sums(const float * weights, int group, float * out) const {
        const int D = rows.head_dim;
        if (rows.type == RowType::f16)
            return cpu.row_sums(halves(), half_step(), nullptr, n, D, weights, BLOCK, group, out);
        rows_to_f32(rows, head, first, n, floats);
        cpu.float_row_sums(floats, size_t(D), nullptr, n, D, weights, BLOCK, group, out);
    }
};

}  // namespace

TokenParts token_parts(int64_t n_rows) {
    TokenParts out;
    out.rows  = std::max<int64_t>(LEAST_ROWS, (n_rows + MAX_TOKEN_PARTS - 1) / MAX_TOKEN_PARTS);
    out.count = int((n_rows + out.rows - 1) / out.rows);
    return out;
}

int64_t token_scratch_floats(int head_dim, int group) {
    return int64_t(group) * (2 * head_dim + BLOCK) + int64_t(BLOCK) * head_dim;
}

void attend_part(const RowsView & k, const RowsView & v, const TokenQueries & queries, int kv_head, int part,
                 float * scratch, float * results) {
    const CpuKernels & cpu    = cpu_kernels();
    const int          D      = k.head_dim;
    const int          group  = queries.n_head / k.n_head;
    const int          head   = kv_head * group;         // of its queries, the first
    float * const      scaled = scratch;                 // [g][D]
    float * const      sums   = scaled + group * D;      // [g][D], of a block
    float * const      logits = sums + group * D;        // [g][BLOCK]
    float * const      floats = logits + group * BLOCK;  // [BLOCK][D]
    for (int h = 0; h < group; h++)
        for (int c = 0; c < D; c++) scaled[h * D + c] = queries.q[(head + h) * queries.head_step + c] * queries.scale;

    const auto result = [&](int h) { return results + (int64_t(head + h) * MAX_TOKEN_PARTS + part) * part_floats(D); };
    for (int h = 0; h < group; h++) {
        float * mine = result(h);
        std::fill(mine, mine + D, 0.0f);
        mine[D]     = -FLT_MAX;
        mine[D + 1] = 0;
    }
    const TokenParts parts = token_parts(k.n_rows);
    const int64_t    end   = std::min(k.n_rows, (part + 1) * parts.rows);
    for (int64_t at = part * parts.rows; at < end; at += BLOCK) {
        const int n = int(std::min<int64_t>(BLOCK, end - at));
        Block{cpu, k, kv_head, at, n, floats}.logits(scaled, group, logits);
        for (int h = 0; h < group; h++) {
            float *     mine  = result(h);
            float *     row   = logits + h * BLOCK;
            const float top   = std::max(mine[D], cpu.maximum(row, n));
            const float older = std::exp(mine[D] - top);
            mine[D + 1]       = mine[D + 1] * older + cpu.exp_terms(row, n, top, row);
            mine[D]           = top;
            for (int c = 0; c < D; c++) mine[c] *= older;
        }
        Block{cpu, v, kv_head, at, n, floats}.sums(logits, group, sums);
        for (int h = 0; h < group; h++) {
            float * mine = result(h);
            for (int c = 0; c < D; c++) mine[c] += sums[h * D + c];
        }
    }
}

void join_parts(const float * results, int count, int head_dim, const float * sink, float * out) {
    const auto part = [&](int i) { return results + int64_t(i) * part_floats(head_dim); };
    float      top  = sink ? *sink : -FLT_MAX;
    for (int i = 0; i < count; i++) top = std::max(top, part(i)[head_dim]);
    float total = sink ? std::exp(*sink - top) : 0.0f;
    std::fill(out, out + head_dim, 0.0f);
    for (int i = 0; i < count; i++) {
        const float share = std::exp(part(i)[head_dim] - top);
        total += share * part(i)[head_dim + 1];
        for (int c = 0; c < head_dim; c++) out[c] += share * part(i)[c];
    }
    const float scale = total > 0 ? 1.0f / total : 0.0f;
    for (int c = 0; c < head_dim; c++) out[c] *= scale;
}

}  // namespace rocketdoc
