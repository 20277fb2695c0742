// normalize, quantise, product and append_history against float64, for every weight format: one to three matrices, odd
// row counts, bias, residual, rotation of both kinds with YaRN and factors, the gate. Weight blocks are random bits
// decoded here by the format's definition, one value at a time.
#include <algorithm>
#include <memory>

#include "kernels/weight_formats.h"

using namespace kernel_test;

namespace {

void normalizing(Rng & rng, int n, float scale) {
    const std::vector<float> x = normals(rng, size_t(n), scale), weight = normals(rng, size_t(n));
    Buffer<float>            dx(x), dw(weight);
    Activations              a(n);
    double                   sum = 0;
    for (float v : x) sum += double(v) * v;
    for (const bool adds : {false, true}) {
        const std::vector<float> add = normals(rng, size_t(n));
        Buffer<float>            da(add);
        launched(kernels().normalize({dx.data, dw.data, n, 1e-5f, a.view(), adds ? da.data : nullptr}, nullptr),
                 "normalize");
        std::vector<double> want(static_cast<size_t>(n));
        for (int i = 0; i < n; i++) want[i] = x[i] / std::sqrt(sum / n + 1e-5) * weight[i] + (adds ? add[i] : 0.0f);
        const double e = relative_error(a.x.download().data(), want);
        said(e <= 1e-5, "normalize: n %d, add %d: relative error %g", n, adds, e);
        check_bits(a, "normalize");
    }
}

// Both kinds at once and one alone; what lies behind the rotated channels stays.
void normalizing_heads(Rng & rng, int D, int n_rot, bool neox, std::vector<int> n_heads) {
    KernelNormalizeHeads args;
    const int            position = 1 + rng.below(5000);
    Buffer<int32_t>      device_position(std::vector<int32_t>{position});
    args.n_kinds = int(n_heads.size()), args.eps = 1e-6f;
    args.rope.position = n_rot > 0 ? device_position.data : nullptr;
    args.rope.head_dim = D, args.rope.n_rot = n_rot, args.rope.neox = neox, args.rope.base = 10000.0f;
    std::vector<std::vector<float>>             x, weight;
    std::vector<std::unique_ptr<Buffer<float>>> dx, dw, out;
    for (size_t i = 0; i < n_heads.size(); i++) {
        x.push_back(normals(rng, size_t(n_heads[i]) * D, 3.0f));
        weight.push_back(normals(rng, size_t(D)));
        dx.emplace_back(new Buffer<float>(x[i]));
        dw.emplace_back(new Buffer<float>(weight[i]));
        out.emplace_back(new Buffer<float>(x[i].size()));
        args.kinds[i] = {dx[i]->data, dw[i]->data, n_heads[i], out[i]->data};
    }
    launched(kernels().normalize_heads(args, nullptr), "normalize_heads");
    for (size_t i = 0; i < n_heads.size(); i++) {
        std::vector<double> want(x[i].size());
        for (int head = 0; head < n_heads[i]; head++) {
            const float * from = &x[i][size_t(head) * D];
            double *      to   = &want[size_t(head) * D];
            double        sum  = 0;
            for (int c = 0; c < D; c++) sum += double(from[c]) * from[c];
            for (int c = 0; c < D; c++) to[c] = from[c] / std::sqrt(sum / D + 1e-6) * weight[i][c];
            for (int pair = 0; pair < n_rot / 2; pair++) {
                const float  theta = float(position) * std::pow(std::pow(10000.0f, -2.0f / float(n_rot)), float(pair));
                double &     a = to[neox ? pair : 2 * pair], &b = to[neox ? pair + n_rot / 2 : 2 * pair + 1];
                const double p = a, q = b, c = std::cos(double(theta)), s = std::sin(double(theta));
                a = p * c - q * s, b = p * s + q * c;
            }
        }
        // As in a product: a pow one ulp apart turns thousands of steps' angle by some thousandths.
        const double e = relative_error(out[i]->download().data(), want), bound = n_rot > 0 ? 3e-3 : 1e-5;
        said(e <= bound, "normalize_heads: D %d, %d turned, neox %d, %d heads: relative error %g", D, n_rot, neox,
             n_heads[i], e);
    }
}

struct Wanted {
    bool bias, add, rotate, neox, yarn, gated, gelu = false;
};

void multiplying(Rng & rng, const Format & f, int columns, std::vector<int> rows, int head_dim, const Wanted & w) {
    Activations a(columns);
    a.x.upload(normals(rng, size_t(columns)));
    if (f.quantised) {
        launched(kernels().quantise(a.view(), columns, nullptr), "quantise");
        check_bits(a, "quantise");
    }
    const std::vector<double> y = met(a, f.quantised);

    KernelProduct p;
    p.type = f.type, p.activations = a.view(), p.n_columns = columns, p.n_matrices = int(rows.size()),
    p.gate                      = !w.gated ? KERNEL_GATE_NONE
                                  : w.gelu ? KERNEL_GATE_GELU
                                           : KERNEL_GATE_SILU;
    const int          position = 1 + rng.below(100000), n_rot = w.neox && head_dim > 64 ? head_dim / 2 : head_dim;
    std::vector<float> factors(size_t(n_rot) / 2);
    for (float & v : factors) v = 1.0f + rng.uniform();
    Buffer<int32_t> device_position(std::vector<int32_t>{position});
    Buffer<float>   device_factors(factors);
    p.rope.position = device_position.data, p.rope.factors = w.yarn ? device_factors.data : nullptr;
    p.rope.head_dim = head_dim, p.rope.n_rot = n_rot, p.rope.neox = w.neox, p.rope.base = 10000.0f;
    if (w.yarn)
        p.rope.scale = 0.25f, p.rope.ext_factor = 1.0f, p.rope.attn_factor = 1.1f, p.rope.corr_low = 3.0f,
        p.rope.corr_high = 20.0f;

    std::vector<std::vector<unsigned char>>             weights;
    std::vector<std::vector<float>>                     bias, add;
    std::vector<std::unique_ptr<Buffer<unsigned char>>> dw;
    std::vector<std::unique_ptr<Buffer<float>>>         db, da, out;
    for (size_t m = 0; m < rows.size(); m++) {
        weights.push_back(random_weights(rng, f, rows[m], columns));
        bias.push_back(normals(rng, size_t(rows[m])));
        add.push_back(normals(rng, size_t(rows[m])));
        dw.emplace_back(new Buffer<unsigned char>(weights[m]));
        db.emplace_back(new Buffer<float>(bias[m]));
        da.emplace_back(new Buffer<float>(add[m]));
        out.emplace_back(new Buffer<float>(size_t(rows[m])));
        KernelMatrix & k = p.matrices[m];
        k.weights = dw[m]->data, k.row_bytes = size_t(columns / f.block) * f.bytes, k.n_rows = rows[m],
        k.out = out[m]->data;
        if (w.bias) k.bias = db[m]->data;
        if (w.add && !w.gated) k.add = da[m]->data;
        k.rotate = w.rotate && m < 2;
    }
    launched(kernels().product(p, nullptr), "product");

    std::vector<std::vector<double>> sums;
    std::vector<double>              usual;  // [matrix] size of a sum whose terms have random signs, least of its rows
    for (size_t m = 0; m < rows.size(); m++) {
        sums.emplace_back(size_t(rows[m]));
        usual.push_back(1e30);
        for (int r = 0; r < rows[m]; r++) {
            const unsigned char * row     = &weights[m][size_t(r) * (columns / f.block) * f.bytes];
            double                sum     = w.bias ? bias[m][r] : 0.0;
            double                squares = 0;
            for (int c = 0; c < columns; c++) {
                const double term = decode(f, row, c) * y[c];
                sum += term, squares += term * term;
            }
            sums[m][r] = sum;
            usual[m]   = std::fmin(usual[m], std::sqrt(squares));
        }
    }
    for (size_t m = 0; m < rows.size(); m++) {
        std::vector<double> want = sums[m];
        if (w.gated && m == 1) break;
        if (w.gated) {
            for (int r = 0; r < rows[m]; r++) {
                const double x = want[r];
                const double gate =
                    w.gelu
                        ? 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)))
                        : x / (1 + std::exp(-x));
                want[r] = gate * sums[1][r];
            }
        }
        if (p.matrices[m].rotate) {
            for (int r = 0; r < rows[m]; r++) {
                const int at = r % head_dim;
                if (at >= n_rot) continue;
                const int  pair  = w.neox ? at % (n_rot / 2) : at / 2;
                const bool upper = w.neox ? at >= n_rot / 2 : at % 2 == 1;
                const int  first = r - at + (w.neox ? pair : 2 * pair), second = first + (w.neox ? n_rot / 2 : 1);
                // The angle in f32, as the method's own arithmetic has it: at 100,000 tokens its rounding is visible.
                const float extra = float(position) * std::pow(std::pow(10000.0f, -2.0f / float(n_rot)), float(pair)) /
                                    (w.yarn ? factors[pair] : 1.0f);
                double      theta = extra, size = 1;
                if (w.yarn) {
                    const double ramp = std::fmin(1.0, std::fmax(0.0, (pair - 3.0) / (20.0 - 3.0))), mix = 1 - ramp;
                    theta = 0.25 * extra * (1 - mix) + extra * mix;
                    size  = 1.1 * (1 + 0.1 * std::log(4.0));
                }
                const double c = std::cos(theta) * size, s = std::sin(theta) * size;
                want[r] = upper ? sums[m][first] * s + sums[m][second] * c : sums[m][first] * c - sums[m][second] * s;
            }
        }
        if (p.matrices[m].add) {
            for (int r = 0; r < rows[m]; r++) want[r] += add[m][r];
        }
        const double least = w.gated ? usual[0] * usual[1] : usual[m];
        const double e     = relative_error(out[m]->download().data(), want, std::fmax(1e-6, least));
        // Rotation: a pow one ulp apart turns 100,000 steps' angle by some hundredths.
        const double bound = p.matrices[m].rotate ? 3e-2 : 1e-4;
        said(e <= bound,
             "product %s: %d x %d, matrix %zu, bias %d, add %d, rotate %d, neox %d, yarn %d, gate %d: relative error "
             "%g",
             f.name, rows[m], columns, m, w.bias, w.add, p.matrices[m].rotate, w.neox, w.yarn, int(p.gate), e);
    }
}

void appending(Rng & rng, int n_layer, int G, int D, int capacity, bool q8_0) {
    const size_t          row_bytes = q8_0 ? size_t(D) / 32 * 34 : size_t(D) * 2, list_bytes = row_bytes * capacity * G;
    Buffer<unsigned char> memory(list_bytes * 2 * n_layer, true);
    std::vector<void *>   lists;
    for (int i = 0; i < 2 * n_layer; i++) lists.push_back(memory.data + list_bytes * i);
    const int          row  = rng.below(capacity);
    std::vector<float> rows = normals(rng, size_t(2) * n_layer * G * D);
    Buffer<void *>     device_lists(lists);
    Buffer<float>      device_rows(rows);
    Buffer<int64_t>    device_row(std::vector<int64_t>{row});
    KernelHistory      h;
    h.lists = device_lists.data, h.n_lists = 2 * n_layer, h.n_head = G, h.head_dim = D,
    h.type      = q8_0 ? KERNEL_ROWS_Q8_0 : KERNEL_ROWS_F16;
    h.row_bytes = row_bytes, h.head_bytes = row_bytes * capacity;
    launched(kernels().append_history(h, device_rows.data, device_row.data, nullptr), "append_history");
    const std::vector<unsigned char> got = memory.download();
    std::vector<unsigned char>       want(got.size(), 0);
    bool                             ok = true;
    for (int list = 0; list < 2 * n_layer; list++) {
        for (int head = 0; head < G; head++) {
            std::vector<float> x(rows.begin() + (size_t(list) * G + head) * D,
                                 rows.begin() + (size_t(list) * G + head + 1) * D);
            unsigned char *    at = &want[list_bytes * list + row_bytes * capacity * head + row_bytes * row];
            if (!q8_0) {
                const std::vector<uint16_t> bits = halves(x);
                std::memcpy(at, bits.data(), row_bytes);
                continue;
            }
            // Within half a step of the values, whatever way a tie was rounded.
            const unsigned char * bytes = &got[at - want.data()];
            for (int c = 0; c < D; c++) {
                const float d = half_of(bytes + c / 32 * 34),
                            q = d * static_cast<signed char>(bytes[c / 32 * 34 + 2 + c % 32]);
                ok            = ok && std::fabs(q - x[c]) <= 0.51f * d + 1e-3f * std::fabs(x[c]);
            }
            std::memcpy(at, bytes, row_bytes);
        }
    }
    said(ok && got == want, "append_history: %d layers, G %d, D %d, row %d of %d, q8_0 %d", n_layer, G, D, row,
         capacity, q8_0);
}

}  // namespace

int main(int argc, char ** argv) {
    return run(argc, argv, "kernel_product", [](uint64_t seed, bool small) {
        Rng rng(seed);
        for (int n : {32, 64, 576, 4096, 4128, 8192, 16384}) {
            normalizing(rng, n, 1.0f);
            normalizing(rng, n, 1e-4f);
        }
        for (int D : {32, 64, 96, 128, 256, 512}) {
            for (const bool neox : {false, true}) {
                normalizing_heads(rng, D, D, neox, {1 + rng.below(40), 1 + rng.below(9)});
                normalizing_heads(rng, D, D / 2, neox, {1 + rng.below(9)});
                normalizing_heads(rng, D, 0, neox, {3, 2});
            }
        }
        for (int round = 0; round < (small ? 1 : 4); round++) {
            for (const Format & f : FORMATS) {
                const int unit = f.block == 1 ? 8 : f.block;
                for (int columns : {256, 512, 768, 1024, 1280, 2048, 14336}) {
                    if (small && columns > 1280) continue;
                    multiplying(rng, f, columns, {1 + rng.below(40)}, 0, {false, false, false, false, false, false});
                    multiplying(rng, f, columns, {33, 31 + rng.below(3), 1}, 0,
                                {true, true, false, false, false, false});
                }
                if (unit < 256) {
                    for (int columns : {32, 64, 96, 160, 576, 1056, 1536})
                        multiplying(rng, f, columns, {5, 3}, 0, {true, false, false, false, false, false});
                }
                for (int D : {64, 96, 128, 256, 512}) {
                    multiplying(rng, f, 512, {3 * D, D, D}, D, {false, false, true, false, false, false});
                    multiplying(rng, f, 512, {2 * D, D, D}, D, {true, false, true, true, true, false});
                    multiplying(rng, f, 768, {2 * D, 2 * D}, D, {false, false, true, false, true, false});
                }
                for (int rows : {1, 2, 31, 33, 576, 1536}) {
                    multiplying(rng, f, 512, {rows, rows}, 0, {false, false, false, false, false, true});
                    multiplying(rng, f, 1280, {rows, rows}, 0, {true, false, false, false, false, true});
                    multiplying(rng, f, 768, {rows, rows}, 0, {rows % 2 == 0, false, false, false, false, true, true});
                }
                // Enough rows that columns are not split over warps, and so few that they are.
                if (!small) multiplying(rng, f, 1024, {20000}, 0, {});
            }
            for (int D : {64, 96, 128, 256, 512}) {
                appending(rng, 1 + rng.below(3), 1 + rng.below(4), D, 1 + rng.below(50), false);
                appending(rng, 1 + rng.below(3), 1 + rng.below(4), D, 1 + rng.below(50), true);
            }
        }
        // What it does not serve is refused, not computed wrongly.
        KernelProduct none;
        said(kernels().product(none, nullptr) == KERNEL_BAD_SHAPE, "no matrix");
    });
}
