// Random rows for the rocketkv tests: what a cache head holds, once as f16 and once as the same values in f32. Memory
// that no row owns is NaN, and so is every output before a call.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "rocketkv/cpu/kernels.h"
#include "rocketkv/half.h"
#include "rocketkv/params.h"
#include "rocketkv/reference.h"
#include "rocketkv/rows.h"
#include "device/cpu/layer_selector.h"

namespace rocketdoc {

inline const float poison = std::numeric_limits<float>::quiet_NaN();

struct Random {
    std::mt19937_64 engine{check::seed()};

    int   integer(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine); }
    float normal(float scale = 1) { return scale * std::normal_distribution<float>()(engine); }
    template <typename T>
    T one_of(std::initializer_list<T> list) {
        return list.begin()[integer(0, int(list.size()) - 1)];
    }
    std::vector<float> normals(int64_t n, float scale = 1) {
        std::vector<float> x(static_cast<size_t>(n));
        for (float & value : x) value = normal(scale);
        return x;
    }
};

// The published scale, and one that a layer may have instead.
inline float published_scale(int D) { return 1 / std::sqrt(float(D)); }
inline float some_scale(Random & random, int D) { return random.one_of({1.0f, 1.0f, 0.4f, 1.9f}) * published_scale(D); }

// A logit for each of n heads that is of no row, far below or above those of rows; for one half of the cases none.
struct Sinks {
    std::vector<float> values;

    Sinks(Random & random, int n)
        : values(random.integer(0, 1) ? random.normals(n, random.one_of({1.0f, 4.0f})) : std::vector<float>{}) {}
    const float * of(int first) const { return values.empty() ? nullptr : values.data() + first; }
};

// Every ISA that this machine runs, then back to its own choice.
template <typename Test>
void for_each_level(Test test) {
    for (const char * name : {"generic", "avx2", "avx512"}) {
        const CpuKernels * kernels = cpu_kernels_named(name);
        if (!kernels) continue;
        cpu_kernels_use(kernels);
        test();
    }
    cpu_kernels_use(nullptr);
}

// K or V of a few heads. Rows stand apart by more than D; the gaps and the rows not yet written are NaN.
struct Cache {
    int                   n_head, D;
    int64_t               capacity;
    size_t                row_elems, head_elems;
    std::vector<f16_bits> halves;
    std::vector<float>    exact;  // [n_head][capacity][D], the same values

    Cache(int n_head_, int D_, int64_t capacity_)
        : n_head(n_head_),
          D(D_),
          capacity(capacity_),
          row_elems(size_t(D_) + 8),
          head_elems(row_elems * size_t(capacity_) + 16),
          halves(head_elems * size_t(n_head_), 0x7e00),
          exact(size_t(n_head_) * size_t(capacity_) * size_t(D_), poison) {}

    void set(int head, int64_t index, const float * row) {
        for (int c = 0; c < D; c++) {
            const f16_bits half                                                              = f16_from_f32(row[c]);
            halves[size_t(head) * head_elems + size_t(index) * row_elems + size_t(c)]        = half;
            exact[(size_t(head) * size_t(capacity) + size_t(index)) * size_t(D) + size_t(c)] = f32_from_f16(half);
        }
    }
    CompactView   view() { return {halves.data(), row_elems, head_elems, capacity, n_head, D}; }
    const float * rows(int head) const { return exact.data() + size_t(head) * size_t(capacity) * size_t(D); }
};

// Rows 0..n-1 of a head as the reference takes them.
inline reference::Head head_of(const Cache & keys, const Cache & values, int head, int64_t n) {
    return {keys.rows(head), values.rows(head), n, keys.D};
}

// Rows as attention heads have them: a mean per channel, spread of its own per channel, neighbours alike; `repeats`
// makes exact duplicates, so ties.
inline void fill(Random & random, Cache & cache, int head, int64_t first, int64_t end, bool repeats, float drift = 0) {
    std::vector<float> mean = random.normals(cache.D), spread = random.normals(cache.D), row(size_t(cache.D), 0.0f);
    for (int64_t i = first; i < end; i++) {
        const bool again = repeats && i > first && random.integer(0, 2) == 0;
        if (!again)
            for (int c = 0; c < cache.D; c++) {
                const size_t s = size_t(c);
                row[s] = mean[s] + 0.5f * (row[s] - mean[s]) + spread[s] * random.normal() + drift * float(i - first);
            }
        cache.set(head, i, row.data());
    }
}

// The chosen rows are a top-k of `scores` up to ties: everything inside reaches the k-th score, nothing outside exceeds
// it.
inline bool is_top_k(const std::vector<float> & scores, const std::vector<int32_t> & chosen, int64_t k,
                     double tolerance) {
    if (int64_t(chosen.size()) != std::min<int64_t>(k, int64_t(scores.size()))) return false;
    if (chosen.empty()) return true;
    std::vector<float> sorted = scores;
    std::sort(sorted.begin(), sorted.end(), std::greater<float>());
    const double      cut = double(sorted[chosen.size() - 1]);
    std::vector<bool> inside(scores.size(), false);
    for (size_t i = 0; i < chosen.size(); i++) {
        if (chosen[i] < 0 || size_t(chosen[i]) >= scores.size() || (i && chosen[i] <= chosen[i - 1])) return false;
        inside[size_t(chosen[i])] = true;
    }
    for (size_t i = 0; i < scores.size(); i++) {
        if (inside[i] && scores[i] < cut * (1 - tolerance) - 1e-30) return false;
        if (!inside[i] && scores[i] > cut * (1 + tolerance) + 1e-30) return false;
    }
    return true;
}

// Outputs agree to 1e-5 of the largest value.
inline void check_outputs(const std::vector<float> & out, const std::vector<float> & expected,
                          double tolerance = 1e-5) {
    double largest = 1e-3, worst = 0;
    for (const float x : expected) largest = std::max(largest, std::fabs(double(x)));
    for (size_t i = 0; i < expected.size(); i++) {
        const double error = std::fabs(double(out[i]) - double(expected[i]));
        worst              = error <= worst ? worst : error;  // NaN comes through
    }
    CHECK_NEAR(worst, 0, tolerance * largest);
}

}  // namespace rocketdoc
