// The exact k best of n scores, as an ascending list of indices. Bisects the k-th highest value over the ordered bit patterns
// of f32: at most 32 counting passes (a vector compare each), and no copy, no sort, no index beside the score.
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

// Fewer numbers than k: every number, and NaNs from the lowest index up.
void take_with_nan(const float * scores, int64_t n, int64_t n_nan, int32_t * out) {
    for (int64_t i = 0; i < n; ++i) {
        if (std::isnan(scores[i]) && n_nan-- <= 0) continue;
        *out++ = int32_t(i);
    }
}

}  // namespace

int64_t top_k_ascending(const float * scores, int64_t n, int64_t k, int32_t * out) {
    if (k <= 0 || n <= 0) return 0;
    if (k >= n) {
        for (int64_t i = 0; i < n; ++i) out[i] = int32_t(i);
        return n;
    }
    const CpuKernels & cpu       = cpu_kernels();
    const int64_t      n_numbers = cpu.count_at_least(scores, n, -INFINITY);
    if (n_numbers < k) {
        take_with_nan(scores, n, k - n_numbers, out);
        return k;
    }

    // low: at least k scores reach it. high + 1: fewer than k do.
    int64_t low    = order_of(cpu.minimum(scores, n));
    int64_t high   = order_of(cpu.maximum(scores, n));
    int64_t n_ties = n;  // how many scores equal to the threshold are taken, the lowest indices first
    while (low < high) {
        const int64_t middle = low + (high - low + 1) / 2;
        const int64_t count  = cpu.count_at_least(scores, n, float_of(middle));
        if (count == k) {  // the cut falls into a gap: nothing equal to the threshold stays outside
            low = high = middle;
            break;
        }
        if (count > k)
            low = middle;
        else
            high = middle - 1;
    }
    const float threshold = float_of(low);
    if (cpu.count_at_least(scores, n, threshold) > k) n_ties = k - cpu.count_at_least(scores, n, float_of(low + 1));
    return cpu.take_at_least(scores, n, threshold, n_ties, out);
}

}  // namespace rocketdoc
