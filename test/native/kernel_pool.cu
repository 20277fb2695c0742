// pool: max of an odd kernel and the triangle against the definition, over sizes around tiles and kernels.
#include "kernels/reference.h"

using namespace kernel_test;

static void one(Rng & rng, int n_head, int n, KernelPooling pooling, int kernel) {
    std::vector<float> in(size_t(n_head) * n);
    for (float & x : in) x = rng.below(4) ? rng.uniform() : 0.25f;
    Buffer<float> scores(in), out(in.size());
    launched(kernels().pool({scores.data, n_head, n, pooling, kernel, out.data}, nullptr), "pool");
    const std::vector<float> got   = out.download();
    double                   worst = 0;
    for (int j = 0; j < n_head; j++) {
        const std::vector<float> row(in.begin() + size_t(j) * n, in.begin() + size_t(j + 1) * n);
        const std::vector<float> want =
            pooling == KERNEL_POOL_MAX ? reference::pool_max(row, kernel) : reference::pool_triangle(row);
        for (int c = 0; c < n; c++) {
            const double e = std::fabs(double(got[size_t(j) * n + c]) - want[c]) / std::fmax(1e-9, double(want[c]));
            worst          = e <= worst ? worst : e;  // NaN counts
        }
    }
    said(worst <= (pooling == KERNEL_POOL_MAX ? 0 : 1e-6), "pool %d kernel %d, %d heads of %d: relative error %g",
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
        said(kernels().pool({&x, 1, 4, KERNEL_POOL_MAX, 4, &x}, nullptr) == KERNEL_BAD_SHAPE,
             "an even kernel is refused");
        said(kernels().pool({nullptr, 1, 4, KERNEL_POOL_MAX, 3, &x}, nullptr) == KERNEL_BAD_POINTER, "null is refused");
        said(kernels().pool({nullptr, 1, 0, KERNEL_POOL_MAX, 3, nullptr}, nullptr) == KERNEL_OK,
             "nothing to do is fine");
    });
}
