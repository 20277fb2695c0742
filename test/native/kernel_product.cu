// normalize, quantise, product and append_history against float64, for every weight format: one to three matrices, odd
// row counts, bias, residual, rotation of both kinds with YaRN and factors, the gate. Weight blocks are random bits
// decoded here by the format's definition, one value at a time.
#include <memory>

#include <algorithm>

#include "kernels/kernel_test.h"

using namespace kernel_test;

// Largest difference over the largest magnitude of what is expected.
// `least`: what the error is measured against where everything wanted is smaller, the rest of larger terms.
static double relative_error(const float * got, const std::vector<double> & want, double least = 1e-6) {
    double most = least, worst = 0;
    for (double x : want) most = std::fmax(most, std::fabs(x));
    for (size_t i = 0; i < want.size(); i++) {
        const double e = std::fabs(got[i] - want[i]);
        worst          = e <= worst ? worst : e;  // NaN counts
    }
    return worst / most;
}

namespace {

struct Format {
    KernelWeightType type;
    const char *     name;
    int              block, bytes;
    bool             quantised;
};

const Format FORMATS[] = {
    {KERNEL_WEIGHTS_F16, "f16", 1, 2, false},      {KERNEL_WEIGHTS_BF16, "bf16", 1, 2, false},
    {KERNEL_WEIGHTS_Q8_0, "q8_0", 32, 34, true},   {KERNEL_WEIGHTS_Q4_0, "q4_0", 32, 18, true},
    {KERNEL_WEIGHTS_Q4_1, "q4_1", 32, 20, true},   {KERNEL_WEIGHTS_Q4_K, "q4_K", 256, 144, true},
    {KERNEL_WEIGHTS_Q5_K, "q5_K", 256, 176, true}, {KERNEL_WEIGHTS_Q6_K, "q6_K", 256, 210, true},
};

float half_of(const unsigned char * p) {
    uint16_t bits;
    std::memcpy(&bits, p, 2);
    return to_float(bits);
}

// Sub-block i's 6-bit scale and minimum out of 12 bytes.
void scale_k(const unsigned char * s, int i, int & scale, int & minimum) {
    if (i < 4) {
        scale = s[i] & 63, minimum = s[i + 4] & 63;
    } else {
        scale = (s[i + 4] & 15) | (s[i - 4] >> 6) << 4, minimum = s[i + 4] >> 4 | (s[i] >> 6) << 4;
    }
}

double decode(const Format & f, const unsigned char * row, int column) {
    const unsigned char * b = row + size_t(column / f.block) * f.bytes;
    const int             i = column % f.block;
    switch (f.type) {
        case KERNEL_WEIGHTS_F16: return half_of(b);
        case KERNEL_WEIGHTS_BF16: {
            const uint32_t bits = (uint32_t(b[0]) | uint32_t(b[1]) << 8) << 16;
            float          x;
            std::memcpy(&x, &bits, 4);
            return x;
        }
        case KERNEL_WEIGHTS_Q8_0: return double(half_of(b)) * static_cast<signed char>(b[2 + i]);
        case KERNEL_WEIGHTS_Q4_0: return double(half_of(b)) * ((i < 16 ? b[2 + i] & 15 : b[2 + i - 16] >> 4) - 8);
        case KERNEL_WEIGHTS_Q4_1:
            return double(half_of(b)) * (i < 16 ? b[4 + i] & 15 : b[4 + i - 16] >> 4) + half_of(b + 2);
        case KERNEL_WEIGHTS_Q4_K:
        case KERNEL_WEIGHTS_Q5_K: {
            const bool            five = f.type == KERNEL_WEIGHTS_Q5_K;
            const unsigned char * qs   = b + (five ? 48 : 16) + i / 64 * 32;
            int                   scale, minimum;
            scale_k(b + 4, i / 32, scale, minimum);
            int q = i % 64 < 32 ? qs[i % 32] & 15 : qs[i % 32] >> 4;
            if (five) q += (b[16 + i % 32] >> (i / 32) & 1) * 16;
            return double(half_of(b)) * scale * q - double(half_of(b + 2)) * minimum;
        }
        case KERNEL_WEIGHTS_Q6_K: {
            const int             half = i / 128, at = i % 128, run = at / 32, l = at % 32;
            const unsigned char * ql = b + half * 64 + (run % 2) * 32 + l;
            const int             q  = (run < 2 ? *ql & 15 : *ql >> 4) | (b[128 + half * 32 + l] >> (2 * run) & 3) << 4;
            return double(half_of(b + 208)) * static_cast<signed char>(b[192 + half * 8 + run * 2 + l / 16]) * (q - 32);
        }
    }
    return NAN;
}

// Random bits with sane f16 factors.
std::vector<unsigned char> random_weights(Rng & rng, const Format & f, int rows, int columns) {
    std::vector<unsigned char> out(size_t(rows) * (columns / f.block) * f.bytes);
    for (unsigned char & b : out) b = static_cast<unsigned char>(rng.next() >> 24);
    const auto set = [&](unsigned char * at, float x) {
        const uint16_t bits = to_half(x);
        std::memcpy(at, &bits, 2);
    };
    for (size_t b = 0; b < out.size() / f.bytes; b++) {
        unsigned char * block = &out[b * f.bytes];
        switch (f.type) {
            case KERNEL_WEIGHTS_F16: set(block, 0.1f * rng.normal()); break;
            case KERNEL_WEIGHTS_BF16: {
                const float x = 0.1f * rng.normal();
                uint32_t    bits;
                std::memcpy(&bits, &x, 4);
                block[0] = static_cast<unsigned char>(bits >> 16), block[1] = static_cast<unsigned char>(bits >> 24);
                break;
            }
            case KERNEL_WEIGHTS_Q4_1:
            case KERNEL_WEIGHTS_Q4_K:
            case KERNEL_WEIGHTS_Q5_K: set(block, 0.01f * rng.normal()), set(block + 2, 0.01f * rng.normal()); break;
            case KERNEL_WEIGHTS_Q6_K: set(block + 208, 0.001f * rng.normal()); break;
            default: set(block, 0.01f * rng.normal());
        }
    }
    return out;
}

struct Activations {
    int                 n;
    Buffer<float>       x, scale, sum;
    Buffer<signed char> q;
    explicit Activations(int n_) : n(n_), x(size_t(n_)), scale(size_t(n_) / 32), sum(size_t(n_) / 16), q(size_t(n_)) {}
    KernelActivations view() const { return {x.data, q.data, scale.data, sum.data}; }
};

// The eight bits must say what the f32 say, to half a step.
void check_bits(const Activations & a, const char * op) {
    const std::vector<float>       x = a.x.download(), scale = a.scale.download(), sum = a.sum.download();
    const std::vector<signed char> q  = a.q.download();
    bool                           ok = true;
    for (int i = 0; i < a.n; i++) ok = ok && std::fabs(x[i] - scale[i / 32] * q[i]) <= 0.5001f * scale[i / 32] + 1e-12f;
    for (int b = 0; b < a.n / 16; b++) {
        int total = 0;
        for (int i = 0; i < 16; i++) total += q[size_t(b) * 16 + i];
        ok = ok && std::fabs(sum[b] - scale[b / 2] * float(total)) <= 1e-5f * std::fabs(sum[b]) + 1e-12f;
    }
    said(ok, "%s: %d activations in 8 bits", op, a.n);
}

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
    // What the weights meet: the 8 bits themselves where the format is quantised.
    std::vector<double>            y(static_cast<size_t>(columns));
    const std::vector<float>       x = a.x.download(), scale = a.scale.download();
    const std::vector<signed char> q = a.q.download();
    for (int i = 0; i < columns; i++) y[i] = f.quantised ? double(scale[i / 32]) * q[i] : double(x[i]);

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
                for (int D : {64, 96, 128, 256}) {
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
            for (int D : {64, 96, 128, 256}) {
                appending(rng, 1 + rng.below(3), 1 + rng.below(4), D, 1 + rng.below(50), false);
                appending(rng, 1 + rng.below(3), 1 + rng.below(4), D, 1 + rng.below(50), true);
            }
        }
        // What it does not serve is refused, not computed wrongly.
        KernelProduct none;
        said(kernels().product(none, nullptr) == KERNEL_BAD_SHAPE, "no matrix");
    });
}
