#include "key_codes.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "cpu/kernels.h"

namespace rocketdoc {

namespace {

constexpr float F16_MAX = 65504.0f;

// (x - low) / step + 1/2, whose whole part is the code when it fits; a channel without range has one code, and any
// other key lies outside it.
float code_of(float x, float low, float step) {
    if (step > 0) return (x - low) / step + 0.5f;
    return x == low ? 0.0f : -1.0f;
}

}  // namespace

KeyCodes::KeyCodes(int head_dim, int64_t capacity, bool residual, bool sinks)
    : head_dim_(head_dim),
      n4_(head_dim / 2),
      n2_(residual ? head_dim / 2 : 0),
      residual_(residual),
      importance_(size_t(head_dim), 1.0f),
      order_(size_t(sinks ? head_dim : n_coded())),
      low_(size_t(n_coded())),
      step_(size_t(n_coded())),
      rest_mean_(size_t(sinks ? head_dim - n_coded() : 0)),
      v_mean_(residual ? size_t(head_dim) : 0),
      v_spread_(residual ? size_t(head_dim) : 0),
      codes_(size_t(padded(capacity)) * size_t(n4_ / 2 + n2_ / 4)),
      signs_(residual ? size_t(capacity) * size_t(head_dim / 8) : 0) {
    assert(head_dim % 32 == 0 && head_dim <= MAX_HEAD_DIM);
}

int64_t KeyCodes::padded(int64_t n_live) { return (n_live + CODE_BLOCK - 1) / CODE_BLOCK * CODE_BLOCK; }

void KeyCodes::build(const CompactView & k, const CompactView & v, int head, int64_t n_rows, const float * importance) {
    if (importance) std::copy(importance, importance + head_dim_, importance_.begin());
    else std::fill(importance_.begin(), importance_.end(), 1.0f);
    measure(k, v, head, n_rows);
    code_rows(k, v, head, 0, n_rows);
    n_new_ = n_new_clamped_ = n_clamped_ = 0;
}

void KeyCodes::append(const CompactView & k, const CompactView & v, int head, int64_t index) {
    if (recode_is_judged(n_new_) && codes_have_drifted(n_new_clamped_, n_new_, n_coded())) recode(k, v, head, index);
    const int64_t before = n_new_clamped_;
    code_rows(k, v, head, index, index + 1);
    clamped_of_[size_t(n_new_ % RECODE_EVERY)] = int32_t(n_new_clamped_ - before);
    n_new_++;
}

void KeyCodes::take_back(int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        const int32_t clamped = clamped_of_[size_t(--n_new_ % RECODE_EVERY)];
        n_new_clamped_ -= clamped;
        n_clamped_ -= clamped;
    }
}

void KeyCodes::recode(const CompactView & k, const CompactView & v, int head, int64_t n_rows) {
    measure(k, v, head, n_rows);
    const int64_t n_clamped = n_clamped_;  // within the new ranges only rounding can clamp, which is not counted
    code_rows(k, v, head, 0, n_rows);
    n_clamped_ = n_clamped;
    n_new_ = n_new_clamped_ = 0;
}

// Ranges, channel order and the values' mean and spread from rows 0..n_rows-1. Means in double, variance in a second
// pass.
void KeyCodes::measure(const CompactView & k, const CompactView & v, int head, int64_t n_rows) {
    const int          D   = head_dim_;
    const CpuKernels & cpu = cpu_kernels();
    float              row[MAX_HEAD_DIM], low[MAX_HEAD_DIM], high[MAX_HEAD_DIM];
    double             mean[MAX_HEAD_DIM], spread[MAX_HEAD_DIM];
    const double       share = n_rows > 0 ? 1.0 / double(n_rows) : 0.0;

    std::fill(low, low + D, F16_MAX);  // bounds also keep an infinite key from making the step infinite
    std::fill(high, high + D, -F16_MAX);
    std::fill(mean, mean + D, 0.0);
    std::fill(spread, spread + D, 0.0);
    for (int64_t i = 0; i < n_rows; i++) {
        cpu.f32_from_f16(k.row(head, i), D, row);
        for (int c = 0; c < D; c++) {
            const float x = std::clamp(row[c], -F16_MAX, F16_MAX);
            low[c]        = x < low[c] ? x : low[c];
            high[c]       = x > high[c] ? x : high[c];
            mean[c] += x;
        }
    }
    for (int c = 0; c < D; c++) mean[c] *= share;
    for (int64_t i = 0; i < n_rows; i++) {
        cpu.f32_from_f16(k.row(head, i), D, row);
        for (int c = 0; c < D; c++) {
            const double x = std::clamp(row[c], -F16_MAX, F16_MAX) - mean[c];
            spread[c] += x * x;
        }
    }

    double   rank[MAX_HEAD_DIM];
    uint16_t channels[MAX_HEAD_DIM];
    for (int c = 0; c < D; c++) {
        const double x = double(importance_[size_t(c)]) * (spread[c] * share);
        rank[c]        = x > 0 ? x : 0;  // NaN would break the order
        channels[c]    = uint16_t(c);
    }
    // Not stable_sort, which may allocate: equal ranks keep the order of the channels.
    std::sort(channels, channels + D,
              [&](uint16_t a, uint16_t b) { return rank[a] > rank[b] || (rank[a] == rank[b] && a < b); });
    for (int i = 0; i < n_coded(); i++) {
        const int c       = channels[i];
        order_[size_t(i)] = uint16_t(c);
        low_[size_t(i)]   = n_rows > 0 ? low[c] : 0.0f;
        step_[size_t(i)]  = n_rows > 0 && high[c] > low[c] ? (high[c] - low[c]) / (i < n4_ ? 15.0f : 3.0f) : 0.0f;
    }
    for (size_t i = 0; i < rest_mean_.size(); i++) {
        const uint16_t c              = channels[size_t(n_coded()) + i];
        order_[size_t(n_coded()) + i] = c;
        rest_mean_[i]                 = float(mean[c]);
    }

    if (!residual_) return;
    std::fill(mean, mean + D, 0.0);
    std::fill(spread, spread + D, 0.0);
    for (int64_t i = 0; i < n_rows; i++) {
        cpu.f32_from_f16(v.row(head, i), D, row);
        for (int c = 0; c < D; c++) mean[c] += row[c];
    }
    for (int c = 0; c < D; c++) v_mean_[size_t(c)] = float(mean[c] * share);
    for (int64_t i = 0; i < n_rows; i++) {
        cpu.f32_from_f16(v.row(head, i), D, row);
        for (int c = 0; c < D; c++) spread[c] += std::fabs(row[c] - v_mean_[size_t(c)]);
    }
    for (int c = 0; c < D; c++) v_spread_[size_t(c)] = float(spread[c] * share);
}

void KeyCodes::code_rows(const CompactView & k, const CompactView & v, int head, int64_t first, int64_t end) {
    const int          D           = head_dim_;
    const CpuKernels & cpu         = cpu_kernels();
    const int64_t      block_bytes = int64_t(n4_ / 2 + n2_ / 4) * CODE_BLOCK;
    float              row[MAX_HEAD_DIM];
    for (int64_t i = first; i < end; i++) {
        cpu.f32_from_f16(k.row(head, i), D, row);
        uint8_t codes[MAX_HEAD_DIM];
        for (int j = 0; j < n_coded(); j++) {
            const float end_code = j < n4_ ? 16.0f : 4.0f;
            const float code     = code_of(row[order_[size_t(j)]], low_[size_t(j)], step_[size_t(j)]);
            const bool  fits     = code >= 0 && code < end_code;
            codes[j]             = uint8_t(fits ? code : code >= end_code ? end_code - 1 : 0.0f);
            n_new_clamped_ += !fits;
            n_clamped_ += !fits;
        }
        uint8_t * at = codes_.data() + i / CODE_BLOCK * block_bytes + i % CODE_BLOCK;
        for (int j = 0; j < n4_; j += 2, at += CODE_BLOCK) *at = uint8_t(codes[j] | codes[j + 1] << 4);
        for (int j = n4_; j < n_coded(); j += 4, at += CODE_BLOCK)
            *at = uint8_t(codes[j] | codes[j + 1] << 2 | codes[j + 2] << 4 | codes[j + 3] << 6);

        if (!residual_) continue;
        cpu.f32_from_f16(v.row(head, i), D, row);
        uint8_t * signs = signs_.data() + size_t(i) * size_t(D / 8);
        std::fill(signs, signs + D / 8, uint8_t(0));
        for (int c = 0; c < D; c++) signs[c / 8] |= uint8_t((row[c] >= v_mean_[size_t(c)]) << (c % 8));
    }
}

void KeyCodes::scores(const HeadQuery & query, int64_t n_live, float * folded, float * logits, int64_t stride) const {
    const int     group = query.group;
    const int     n     = n_coded();
    float * const base  = folded + group * n;  // [g]
    for (int h = 0; h < group; h++) {
        double sum = 0;
        for (int j = 0; j < n; j++) {
            const float x     = query.q[h * head_dim_ + order_[size_t(j)]] * query.scale;
            folded[h * n + j] = x * step_[size_t(j)];
            sum += double(x) * low_[size_t(j)];
        }
        for (size_t j = 0; j < rest_mean_.size(); j++)
            sum += double(query.q[h * head_dim_ + order_[size_t(n) + j]] * query.scale) * rest_mean_[j];
        // Without the residual and sinks a constant, which ranking does not need.
        base[h] = residual_ || !rest_mean_.empty() ? float(sum) : 0.0f;
    }
    cpu_kernels().code_scores(codes_.data(), n4_, n2_, folded, base, group, n_live, logits, stride);
}

void KeyCodes::add_values(const float * w, int64_t stride, int group, int64_t n_live, const float * total,
                          float * signs, float * out) const {
    const int D = head_dim_;
    cpu_kernels().sign_sums(signs_.data(), n_live, D, w, stride, group, signs);  // [g][D]: weight where v >= mean
    for (int h = 0; h < group; h++)
        for (int c = 0; c < D; c++)
            out[h * D + c] += v_mean_[size_t(c)] * total[h] + v_spread_[size_t(c)] * (2 * signs[h * D + c] - total[h]);
}

}  // namespace rocketdoc
