// choose_experts, products by experts and add_experts against float64, for every weight format: ties, NaN, one expert
// and many, activations shared and each expert's own, with the gate and without.
#include <algorithm>
#include <memory>
#include <numeric>

#include "kernels/weight_formats.h"

using namespace kernel_test;

namespace {

void choosing(Rng & rng, int n_expert, int n_used, bool coarse) {
    std::vector<float> scores = normals(rng, size_t(n_expert), 3.0f);
    if (coarse)
        for (float & x : scores) x = float(rng.below(4));
    Buffer<float>       device_scores(scores), weights(size_t(n_used) + 1);
    Buffer<int32_t>     experts(size_t(n_used) + 1);
    const float         least = 6.103515625e-5f;
    KernelChooseExperts a{device_scores.data, n_expert, n_used, least, experts.data, weights.data};
    launched(kernels().choose_experts(a, nullptr), "choose_experts");
    std::vector<int> order(static_cast<size_t>(n_expert));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int x, int y) { return scores[x] > scores[y]; });
    double all = 0, of_chosen = 0;
    for (float x : scores) all += std::exp(double(x));
    for (int i = 0; i < n_used; i++) of_chosen += std::exp(double(scores[order[i]])) / all;
    const std::vector<int32_t> got        = experts.download();
    const std::vector<float>   got_weight = weights.download();
    bool                       ok         = got[n_used] == -1 && std::isnan(got_weight[n_used]);
    for (int i = 0; i < n_used; i++) {
        const double want = std::exp(double(scores[order[i]])) / all / std::max(of_chosen, double(least));
        ok                = ok && got[i] == order[i] && std::fabs(got_weight[i] - want) <= 1e-5;
    }
    said(ok, "choose_experts: %d of %d, coarse %d", n_used, n_expert, coarse);
}

void multiplying(Rng & rng, const Format & f, int columns, int rows, int n_expert, int n_used, bool gated, bool own) {
    Activations a(own ? columns * n_used : columns);
    a.x.upload(normals(rng, size_t(a.n)));
    if (f.quantised) launched(kernels().quantise(a.view(), a.n, nullptr), "quantise");
    const std::vector<double>                           y         = met(a, f.quantised);
    const size_t                                        row_bytes = size_t(columns / f.block) * f.bytes;
    std::vector<std::vector<unsigned char>>             weights;
    std::vector<std::unique_ptr<Buffer<unsigned char>>> dw;
    std::vector<int32_t>                                experts(static_cast<size_t>(n_expert));
    std::iota(experts.begin(), experts.end(), 0);
    for (int i = 0; i < n_used; i++) std::swap(experts[i], experts[i + rng.below(n_expert - i)]);
    experts.resize(size_t(n_used));
    Buffer<int32_t> device_experts(experts);
    Buffer<float>   out(size_t(n_used) * rows);
    KernelProduct   p;
    p.type = f.type, p.activations = a.view(), p.n_columns = columns, p.n_matrices = gated ? 2 : 1;
    p.gate    = gated ? KERNEL_GATE_SILU : KERNEL_GATE_NONE;
    p.experts = device_experts.data, p.n_used = n_used, p.own_activations = own;
    for (int m = 0; m < p.n_matrices; m++) {
        weights.push_back(random_weights(rng, f, rows * n_expert, columns));
        dw.emplace_back(new Buffer<unsigned char>(weights[m]));
        KernelMatrix & k = p.matrices[m];
        k.weights = dw[m]->data, k.row_bytes = row_bytes, k.expert_bytes = row_bytes * rows, k.n_rows = rows;
        k.out = out.data;
    }
    launched(kernels().product(p, nullptr), "product by experts");
    std::vector<double> want;
    double              usual = 1e30;
    for (int i = 0; i < n_used; i++) {
        for (int r = 0; r < rows; r++) {
            double sums[2] = {0, 0}, size = 1;
            for (int m = 0; m < p.n_matrices; m++) {
                const unsigned char * row     = &weights[m][(size_t(experts[i]) * rows + r) * row_bytes];
                double                squares = 0;
                for (int c = 0; c < columns; c++) {
                    const double term = decode(f, row, c) * y[(own ? size_t(i) * columns : 0) + c];
                    sums[m] += term, squares += term * term;
                }
                size *= std::sqrt(squares);
            }
            usual = std::fmin(usual, size);
            want.push_back(gated ? sums[0] / (1 + std::exp(-sums[0])) * sums[1] : sums[0]);
        }
    }
    const double e = relative_error(out.download().data(), want, std::fmax(1e-6, usual));
    said(e <= 1e-4, "product by experts %s: %d x %d, %d of %d, gate %d, own activations %d: relative error %g", f.name,
         rows, columns, n_used, n_expert, gated, own, e);
}

void adding(Rng & rng, int n, int n_used, bool adds, bool in_place) {
    const std::vector<float> parts = normals(rng, size_t(n) * n_used), weights = normals(rng, size_t(n_used)),
                             add = normals(rng, size_t(n));
    Buffer<float>            dp(parts), dw(weights), da(add), out(static_cast<size_t>(n));
    KernelAddExperts         a{dp.data, dw.data, n_used, n, adds ? da.data : nullptr, in_place ? da.data : out.data};
    launched(kernels().add_experts(a, nullptr), "add_experts");
    std::vector<double> want(static_cast<size_t>(n));
    for (int c = 0; c < n; c++) {
        want[c] = adds ? add[c] : 0;
        for (int i = 0; i < n_used; i++) want[c] += double(weights[i]) * parts[size_t(i) * n + c];
    }
    const double e = relative_error((in_place ? da : out).download().data(), want);
    said(e <= 1e-5, "add_experts: %d of %d values, add %d, in place %d: relative error %g", n_used, n, adds, in_place,
         e);
}

}  // namespace

int main(int argc, char ** argv) {
    return run(argc, argv, "experts", [](uint64_t seed, bool small) {
        Rng rng(seed);
        for (int n_expert : {1, 2, 31, 32, 33, 128, 160, 512, 1024}) {
            for (int n_used : {1, 2, 8, 10, 32}) {
                if (n_used > n_expert) continue;
                choosing(rng, n_expert, n_used, false);
                choosing(rng, n_expert, n_used, true);
            }
        }
        for (const Format & f : FORMATS) {
            for (const bool gated : {false, true}) {
                for (const bool own : {false, true}) {
                    multiplying(rng, f, 256, 40, 5, 1 + rng.below(5), gated, own);  // whole 16 bytes an expert
                    multiplying(rng, f, 768, 64, 9, 8, gated, own);
                    if (!small) multiplying(rng, f, 2048, 768, 16, 8, gated, own);
                    if (f.block < 256) multiplying(rng, f, 96, 8, 3, 2, gated, own);
                }
            }
        }
        for (int n : {1, 31, 256, 257, 2048, 5120}) {
            adding(rng, n, 1 + rng.below(32), true, false);
            adding(rng, n, 8, true, true);
            adding(rng, n, 2, false, false);
        }
        KernelChooseExperts none;
        none.n_expert = 4, none.n_used = 5;
        said(kernels().choose_experts(none, nullptr) == KERNEL_BAD_SHAPE, "more used than there are");
        KernelProduct without;
        without.n_matrices = 1, without.n_columns = 256, without.n_used = 2;
        said(kernels().product(without, nullptr) == KERNEL_BAD_SHAPE, "several results and no experts");
    });
}
