// pool: max of an odd kernel and the triangle against the definition, over sizes around tiles and kernels.
#include "kernels/kernel_test.h"

using namespace kernel_test;

static void one(Rng & rng, int n_head, int n, KernelPooling pooling, int kernel) {
    std::vector<float> in(size_t(n_head) * n);
    for (float & x : in) x = rng.below(4) ? rng.uniform() : 0.25f;
    Buffer<float> scores(in), out(in.size());
    launched(kernels().pool(scores.data, n_head, n, pooling, kernel, out.data, nullptr), "pool");
    const std::vector<float> got   = out.download();
    double                   worst = 0;
    for (int j = 0; j < n_head; ++j) {
        const float *       s = &in[size_t(j) * n];
        std::vector<double> want(static_cast<size_t>(n)), box(static_cast<size_t>(n));
        if (pooling == KERNEL_POOL_MAX) {
            for (int c = 0; c < n; ++c) {
                want[c] = -INFINITY;
                for (int d = -kernel / 2; d <= kernel / 2; ++d)
                    if (c + d >= 0 && c + d < n) want[c] = std::fmax(want[c], s[c + d]);
            }
        } else {
            for (int c = 0; c < n; ++c)
                for (int d = -7; d <= 7; ++d)
                    if (c + d >= 0 && c + d < n) box[c] += s[c + d] / 15.0;
            for (int c = 0; c < n; ++c)
                for (int d = -7; d <= 7; ++d)
                    if (c + d >= 0 && c + d < n) want[c] += box[c + d] / 15.0;
        }
        for (int c = 0; c < n; ++c) {
            const double e = std::fabs(got[size_t(j) * n + c] - want[c]) / std::fmax(1e-9, want[c]);
            worst          = e <= worst ? worst : e;  // NaN counts
        }
    }
    check(worst <= (pooling == KERNEL_POOL_MAX ? 0 : 1e-6), "pool %d kernel %d, %d heads of %d: relative error %g",
          pooling, kernel, n_head, n, worst);
}

int main(int argc, char ** argv) {
    return run(argc, argv, "pool", [](uint64_t seed, bool small) {
        Rng       rng(seed);
        const int sizes[] = {1, 2, 7, 31, 32, 33, 63, 64, 1023, 1024, 1025, 2100, 5000};
        for (int n : sizes) {
            if (small && n > 1100) continue;
            for (int kernel : {1, 3, 15, 63, 1023}) one(rng, 1 + rng.below(3), n, KERNEL_POOL_MAX, kernel);
            one(rng, 1 + rng.below(3), n, KERNEL_POOL_TRIANGLE, 0);
        }
        float x = 0;
        check(kernels().pool(&x, 1, 4, KERNEL_POOL_MAX, 4, &x, nullptr) == KERNEL_BAD_SHAPE,
              "an even kernel is refused");
        check(kernels().pool(nullptr, 1, 4, KERNEL_POOL_MAX, 3, &x, nullptr) == KERNEL_BAD_POINTER, "null is refused");
        check(kernels().pool(nullptr, 1, 0, KERNEL_POOL_MAX, 3, nullptr, nullptr) == KERNEL_OK,
              "nothing to do is fine");
    });
}
