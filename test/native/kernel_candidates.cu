// candidates against a stable sort: sizes around the chunk, ties, NaN, everything equal.
#include <algorithm>

#include "kernels/kernel_test.h"

using namespace kernel_test;

static void one(Rng & rng, int n_vocab, int n, int kind) {
    std::vector<float> in(static_cast<size_t>(n_vocab));
    for (float & x : in)
        x = kind == 0      ? 8 * rng.normal()
            : kind == 1    ? float(rng.below(5))
            : kind == 2    ? -1.5f
            : rng.below(3) ? rng.normal()
                           : NAN;
    Buffer<float>          logits(in), out(size_t(n), false);
    Buffer<int32_t>        ids(static_cast<size_t>(n));
    const KernelCandidates args{logits.data, n_vocab, n, out.data, ids.data};
    Workspace              work(kernels().candidates_workspace_bytes(args), true);
    for (int repeat = 0; repeat < 2; repeat++) {
        out.poison(), ids.poison();
        launched(kernels().candidates(args, work, nullptr), "candidates");
    }
    std::vector<int32_t> order(static_cast<size_t>(n_vocab));
    for (int i = 0; i < n_vocab; i++) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        if (std::isnan(in[a]) != std::isnan(in[b])) return std::isnan(in[b]);
        return std::isnan(in[a]) ? false : in[a] > in[b];
    });
    const std::vector<int32_t> got   = ids.download();
    const std::vector<float>   value = out.download();
    bool                       same  = true;
    for (int i = 0; i < n; i++)
        same = same && got[i] == order[i] && (value[i] == in[order[i]] || std::isnan(in[order[i]]));
    said(same, "candidates: vocabulary %d, n %d, kind %d", n_vocab, n, kind);
    check_counters(work, "candidates");
}

int main(int argc, char ** argv) {
    return run(argc, argv, "candidates", [](uint64_t seed, bool small) {
        Rng rng(seed);
        for (int n_vocab : {1, 31, 33, 300, 4095, 4096, 4097, 4100, 8200, 49152, 128256, 262144}) {
            if (small && n_vocab > 9000) continue;
            for (int n : {1, 40, 64, 255, 256}) {
                for (int kind = 0; kind < 4; kind++)
                    if (n <= n_vocab) one(rng, n_vocab, n, kind);
            }
        }
        float   x = 0;
        int32_t i = 0;
        said(kernels().candidates({&x, 1000, 257, &x, &i}, {}, nullptr) == KERNEL_BAD_SHAPE, "n 257 is refused");
        said(kernels().candidates({&x, 1000, 64, &x, &i}, {}, nullptr) == KERNEL_WORKSPACE, "no workspace is refused");
    });
}
