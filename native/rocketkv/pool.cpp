// The poolings of stage 1. Both are sliding windows over blocks of the window's length (van Herk): a window is a suffix
// of one block joined with a prefix of the next. Three operations an element at any kernel, and for sums no
// subtraction, so a tiny score next to a huge one keeps its digits (prefix sums would lose them).
#include <algorithm>
#include <cmath>
#include <random>

#include "scratch.h"
#include "stage1.h"

namespace rocketdoc {

namespace {

// out(i, value): the join of in(i - kernel/2) .. in(i + kernel/2), `none` where the index leaves 0..n-1. suffix: work,
// [kernel].
template <typename T, typename In, typename Join, typename Out>
void sliding(int64_t n, int kernel, T * suffix, T none, In in, Join join, Out out) {
    const int64_t half = kernel / 2;
    const auto    at   = [&](int64_t i) { return i >= 0 && i < n ? in(i) : none; };
    for (int64_t block = 0; block < n; block += kernel) {  // outputs block .. block + kernel - 1
        const int64_t first = block - half;
        T             value = none;
        for (int64_t j = kernel - 1; j >= 0; j--) suffix[j] = value = join(at(first + j), value);
        T prefix = none;
        for (int64_t j = 0; j < kernel && block + j < n; j++) {
            out(block + j, join(suffix[j], prefix));
            prefix = join(prefix, at(first + kernel + j));
        }
    }
}

}  // namespace

void pool_max(const float * scores, int64_t n, int kernel, Stage1Scratch & scratch, float * out) {
    sliding<float>(
        n, kernel, at_least(scratch.suffix, kernel), -INFINITY,
        [&](int64_t i) { return std::isnan(scores[i]) ? -INFINITY : scores[i]; },
        [](float a, float b) { return a > b ? a : b; }, [&](int64_t i, float value) { out[i] = value; });
}

void pool_triangle(const float * scores, int64_t n, Stage1Scratch & scratch, float * out) {
    double * const suffix = at_least(scratch.sums, n + TRIANGLE_BOX);  // [TRIANGLE_BOX], then the first pass [n]
    double * const once   = suffix + TRIANGLE_BOX;
    const auto     add    = [](double a, double b) { return a + b; };
    sliding<double>(
        n, TRIANGLE_BOX, suffix, 0.0, [&](int64_t i) { return double(scores[i]); }, add,
        [&](int64_t i, double sum) { once[i] = sum / TRIANGLE_BOX; });
    sliding<double>(
        n, TRIANGLE_BOX, suffix, 0.0, [&](int64_t i) { return once[i]; }, add,
        [&](int64_t i, double sum) { out[i] = float(sum / TRIANGLE_BOX); });
}

// The same rows each time, other rows for each head.
void pool_random(int64_t n, int head, float * out) {
    std::mt19937_64 random(static_cast<uint64_t>(head) + 1);
    for (int64_t i = 0; i < n; i++) out[i] = float(random() >> 40);
}

}  // namespace rocketdoc
