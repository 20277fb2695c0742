// The exact k best of n scores, as an ascending list of indices. Bisects the k-th highest value over the ordered bit
// patterns of f32: at most 32 counting passes (a vector compare each), the later ones over the few values still between
// the bounds.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu/kernels.h"
#include "stage1.h"

namespace rocketdoc {

namespace {

// Integers in the order of the floats: negative floats have their magnitude bits flipped.
int64_t order_of(float x) {
    x += 0.0f;  // -0 becomes +0: they compare equal, and one value must have one place in the order
    int32_t bits;
    std::memcpy(&bits, &x, 4);
    return bits < 0 ? bits ^ 0x7fffffff : bits;
}
float float_of(int64_t order) {
    int32_t bits = int32_t(order);
    if (bits < 0) bits ^= 0x7fffffff;
    float x;
    std::memcpy(&x, &bits, 4);
    return x;
}

constexpr int64_t FEW = 512;

// Fewer numbers than k: every number, and NaNs from the lowest index up.
void take_with_nan(const float * scores, int64_t n, int64_t n_nan, int32_t * out) {
    for (int64_t i = 0; i < n; i++) {
        if (std::isnan(scores[i]) && n_nan-- <= 0) continue;
        *out++ = int32_t(i);
    }
}

}  // namespace

int64_t top_k_ascending(const float * scores, int64_t n, int64_t k, int32_t * out) {
    if (k <= 0 || n <= 0) return 0;
    if (k >= n) {
        for (int64_t i = 0; i < n; i++) out[i] = int32_t(i);
        return n;
    }
    const CpuKernels & cpu       = cpu_kernels();
    const int64_t      n_numbers = cpu.count_at_least(scores, n, -INFINITY);
    if (n_numbers < k) {
        take_with_nan(scores, n, k - n_numbers, out);
        return k;
    }

    // low: n_low >= k scores reach it. high + 1: n_above < k scores do. What lies between is copied out once it fits.
    int64_t       low = order_of(cpu.minimum(scores, n)), n_low = n_numbers;
    int64_t       high = order_of(cpu.maximum(scores, n)), n_above = 0;
    float         few[FEW];
    const float * left   = scores;
    int64_t       n_left = n, n_gone = 0;  // n_gone: scores above all of `left`
    while (low < high && n_low > k) {      // at n_low == k the cut falls into a gap
        if (n_low - n_above <= std::min(FEW, n_left / 2)) {
            n_left = cpu.take_between(left, n_left, float_of(low), float_of(high + 1), few);
            left   = few;
            n_gone = n_above;
        }
        const int64_t middle = low + (high - low + 1) / 2;
        const int64_t count  = n_gone + cpu.count_at_least(left, n_left, float_of(middle));
        if (count >= k) low = middle, n_low = count;
        else high = middle - 1, n_above = count;
    }
    const float   threshold = float_of(low);
    const int64_t n_ties = n_low > k ? k - n_above : n;  // scores equal to it that are taken, the lowest indices first
    return cpu.take_at_least(scores, n, threshold, n_ties, out);
}

}  // namespace rocketdoc
