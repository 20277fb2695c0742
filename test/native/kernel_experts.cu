// choose_experts and products by experts against float64, for every weight format: ties, one expert and many, with the
// gate and as the sum over the experts.
#include <algorithm>
#include <memory>
#include <numeric>

#include "kernels/weight_formats.h"

using namespace kernel_test;

namespace {

void choosing(Rng & rng, int n, int n_expert, int n_used, bool ties) {
    const std::vector<float> x      = normals(rng, size_t(n));
    std::vector<float>       router = normals(rng, size_t(n_expert) * n, 3.0f / std::sqrt(float(n)));
    // Equal rows have equal scores, to the bit.
    for (int i = 4; ties && i < n_expert; i++)
        std::copy_n(&router[size_t(rng.below(4)) * n], n, &router[size_t(i) * n]);
    Buffer<float>       dx(x), dr(router), scores(static_cast<size_t>(n_expert)), weights(size_t(n_used) + 1);
    Buffer<int32_t>     experts(size_t(n_used) + 1);
    const float         least = 6.103515625e-5f;
    KernelChooseExperts a{dx.data, dr.data, n, n_expert, n_used, least, scores.data, experts.data, weights.data};
    Workspace           work(kernels().choose_experts_workspace_bytes(a), true);
    launched(kernels().choose_experts(a, work, nullptr), "choose_experts");
    std::vector<double> want_scores(static_cast<size_t>(n_expert), 0.0);
    for (int i = 0; i < n_expert; i++)
        for (int c = 0; c < n; c++) want_scores[i] += double(router[size_t(i) * n + c]) * x[c];
    // By the scores as they came out: two that are nearly equal may stand either way.
    const std::vector<float> got_scores = scores.download();
    const double             e          = relative_error(got_scores.data(), want_scores);
    std::vector<int>         order(static_cast<size_t>(n_expert));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int one, int two) { return got_scores[one] > got_scores[two]; });
    double all = 0, of_chosen = 0;
    for (float score : got_scores) all += std::exp(double(score));
    for (int i = 0; i < n_used; i++) of_chosen += std::exp(double(got_scores[order[i]])) / all;
    const std::vector<int32_t> got        = experts.download();
    const std::vector<float>   got_weight = weights.download();
    bool                       ok         = e <= 1e-5 && got[n_used] == -1 && std::isnan(got_weight[n_used]);
    for (int i = 0; i < n_used; i++) {
        const double want = std::exp(double(got_scores[order[i]])) / all / std::max(of_chosen, double(least));
        ok                = ok && got[i] == order[i] && std::fabs(got_weight[i] - want) <= 1e-5;
    }
    said(ok, "choose_experts: %d of %d by %d values, ties %d: relative error %g", n_used, n_expert, n, ties, e);
    check_counters(work, "choose_experts");
}

// With the gate: two matrices of each expert read the same activations. Without: one reads each expert's own, and the
// results are added up by the experts' weights.
void multiplying(Rng & rng, const Format & f, int columns, int rows, int n_expert, int n_used, bool gated, bool adds) {
    Activations a(gated ? columns : columns * n_used);
    a.x.upload(normals(rng, size_t(a.n)));
    if (f.quantised) launched(kernels().quantise(a.view(), a.n, nullptr), "quantise");
    const std::vector<double>               y         = met(a, f.quantised);
    const size_t                            row_bytes = size_t(columns / f.block) * f.bytes;
    const std::vector<float>                shares = normals(rng, size_t(n_used)), add = normals(rng, size_t(rows));
    std::vector<std::vector<unsigned char>> weights;
    std::vector<std::unique_ptr<Buffer<unsigned char>>> dw;
    std::vector<int32_t>                                experts(static_cast<size_t>(n_expert));
    std::iota(experts.begin(), experts.end(), 0);
    for (int i = 0; i < n_used; i++) std::swap(experts[i], experts[i + rng.below(n_expert - i)]);
    experts.resize(size_t(n_used));
    Buffer<int32_t> device_experts(experts);
    Buffer<float>   out(size_t(gated ? n_used : 1) * rows), device_shares(shares), device_add(add);
    KernelProduct   p;
    p.type = f.type, p.activations = a.view(), p.n_columns = columns, p.n_matrices = gated ? 2 : 1;
    p.gate    = gated ? KERNEL_GATE_SILU : KERNEL_GATE_NONE;
    p.experts = device_experts.data, p.expert_weights = gated ? nullptr : device_shares.data, p.n_used = n_used;
    for (int m = 0; m < p.n_matrices; m++) {
        weights.push_back(random_weights(rng, f, rows * n_expert, columns));
        dw.emplace_back(new Buffer<unsigned char>(weights[m]));
        KernelMatrix & k = p.matrices[m];
        k.weights = dw[m]->data, k.row_bytes = row_bytes, k.expert_bytes = row_bytes * rows, k.n_rows = rows;
        k.out = out.data;
        if (adds) k.add = device_add.data;
    }
    launched(kernels().product(p, nullptr), "product by experts");
    std::vector<double> want(gated ? 0 : size_t(rows), 0.0), sizes(want);
    double              usual = 1e30;
    for (int i = 0; i < n_used; i++) {
        for (int r = 0; r < rows; r++) {
            double sums[2] = {0, 0}, size = 1;
            for (int m = 0; m < p.n_matrices; m++) {
                const unsigned char * row     = &weights[m][(size_t(experts[i]) * rows + r) * row_bytes];
                double                squares = 0;
                for (int c = 0; c < columns; c++) {
                    const double term = decode(f, row, c) * y[(gated ? 0 : size_t(i) * columns) + c];
                    sums[m] += term, squares += term * term;
                }
                size *= std::sqrt(squares);
            }
            if (gated) {
                usual = std::fmin(usual, size);
                want.push_back(sums[0] / (1 + std::exp(-sums[0])) * sums[1]);
            } else {
                want[r] += shares[i] * sums[0] + (adds && i == 0 ? double(add[r]) : 0.0);
                sizes[r] += std::fabs(shares[i]) * size;
            }
        }
    }
    for (const double size : sizes) usual = std::fmin(usual, size);
    const double e = relative_error(out.download().data(), want, std::fmax(1e-6, usual));
    said(e <= 1e-4, "product by experts %s: %d x %d, %d of %d, gate %d, add %d: relative error %g", f.name, rows,
         columns, n_used, n_expert, gated, adds, e);
}

}  // namespace

int main(int argc, char ** argv) {
    return run(argc, argv, "experts", [](uint64_t seed, bool small) {
        Rng rng(seed);
        for (int n_expert : {1, 2, 31, 32, 33, 128, 160, 512, 1024}) {
            for (int n_used : {1, 2, 8, 10, 32}) {
                if (n_used > n_expert) continue;
                choosing(rng, 4 * (1 + rng.below(40)), n_expert, n_used, false);
                choosing(rng, small ? 260 : 2048 + 4 * rng.below(40), n_expert, n_used, true);
            }
        }
        for (const Format & f : FORMATS) {
            for (const bool gated : {false, true}) {
                const bool adds = !gated && rng.below(2);
                multiplying(rng, f, 256, 40, 5, 1 + rng.below(5), gated, adds);  // whole 16 bytes an expert
                multiplying(rng, f, 768, 64, 9, 8, gated, adds);
                multiplying(rng, f, 512, 72, 33, 32, gated, adds);
                if (!small) multiplying(rng, f, 2048, 768, 16, 8, gated, adds);
                if (!small) multiplying(rng, f, 768, 2048, 16, 8, gated, adds);
                if (f.block < 256) multiplying(rng, f, 96, 8, 3, 2, gated, adds);
            }
        }
        KernelChooseExperts none;
        none.n = 32, none.n_expert = 4, none.n_used = 5;
        said(kernels().choose_experts(none, {}, nullptr) == KERNEL_BAD_SHAPE, "more used than there are");
        KernelProduct without;
        without.n_matrices = 1, without.n_columns = 256, without.n_used = 2;
        said(kernels().product(without, nullptr) == KERNEL_BAD_SHAPE, "several results and no experts");
        int32_t chosen[2];
        without.experts = chosen;  // never read
        said(kernels().product(without, nullptr) == KERNEL_BAD_POINTER, "a sum of experts without their weights");
    });
}
