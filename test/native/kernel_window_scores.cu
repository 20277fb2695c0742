// window_scores against a float64 softmax on the same keys: head dims, groups, windows, tails, both key types, both
// layouts.
#include "kernels/reference.h"

using namespace kernel_test;

static double worst_seen = 0;

// The published scale is 1 / sqrt(D); a layer may have another.
static void one(Rng & rng, int D, int n_head, int share, int g, int w, int T, bool q8, bool row_major, float q_scale,
                float scale) {
    const int          sources = n_head / share;
    const size_t       row     = q8 ? size_t(D) / 32 * 34 : size_t(D) * 2;
    std::vector<float> keys    = normals(rng, size_t(sources) * T * D);  // [source, T, D] or [T, source, D]
    for (size_t i = 0; i < keys.size(); i += 97) keys[i] *= 4;           // some channels stand out
    std::vector<unsigned char> bytes;
    if (q8) bytes = quantize_q8_0(keys);
    else {
        const std::vector<uint16_t> h = halves(keys);
        for (size_t i = 0; i < keys.size(); i++) keys[i] = to_float(h[i]);
        bytes.resize(h.size() * 2);
        std::memcpy(bytes.data(), h.data(), bytes.size());
    }
    const size_t             q_row = size_t(D) + 4, q_head = q_row * w + 12;  // strides larger than the data
    const std::vector<float> q = normals(rng, size_t(n_head) * g * q_head, q_scale);
    Buffer<unsigned char>    device_keys(bytes);
    Buffer<float>            device_q(q), scores(size_t(n_head) * (T - w)), mass(size_t(n_head), false),
        importance(size_t(n_head) * D);
    KernelWindowScores a;
    a.q = device_q.data, a.q_head_elems = q_head, a.q_row_elems = q_row;
    a.keys.data = device_keys.data, a.keys.type = q8 ? KERNEL_ROWS_Q8_0 : KERNEL_ROWS_F16;
    a.keys.row_bytes = row_major ? row * sources : row, a.keys.head_bytes = row_major ? row : row * T;
    a.n_head = n_head, a.share = share, a.group = g, a.head_dim = D, a.n_rows = T, a.window = w, a.scale = scale;
    const Sinks sinks(rng, n_head * g, rng.below(2));
    a.sinks  = sinks.device();
    a.scores = scores.data, a.window_mass = mass.data, a.importance = importance.data;
    Workspace work(kernels().window_scores_workspace_bytes(a), true);
    launched(kernels().window_scores(a, work, nullptr), "window_scores");
    const std::vector<float> s = scores.download(), m = mass.download(), imp = importance.download();

    double worst = 0, worst_mass = 0, worst_importance = 0;
    for (int j = 0; j < n_head; j++) {
        std::vector<float> rows, packed;  // [T, D] of the source head, [g, w, D] of the queries
        for (int c = 0; c < T; c++) {
            const float * k =
                &keys[row_major ? (size_t(c) * sources + j / share) * D : (size_t(j / share) * T + c) * D];
            rows.insert(rows.end(), k, k + D);
        }
        std::vector<double> square(static_cast<size_t>(D));
        for (int h = 0; h < g; h++) {
            for (int i = 0; i < w; i++) {
                const float * x = &q[(size_t(j) * g + h) * q_head + size_t(i) * q_row];
                packed.insert(packed.end(), x, x + D);
                for (int e = 0; e < D; e++) square[e] += double(x[e]) * x[e] / (g * w);
            }
        }
        float                    tail = 0;
        const std::vector<float> want =
            reference::stage1_scores({rows.data(), nullptr, T, D}, {packed.data(), g, scale, sinks.of(j * g)}, w, tail);
        for (int c = 0; c < T - w; c++) {
            const double e =
                std::fabs(double(s[size_t(j) * (T - w) + c]) - want[c]) / std::fmax(double(want[c]), 1e-12);
            worst = e <= worst ? worst : e;
        }
        double e   = std::fabs(double(m[j]) - tail) / tail;
        worst_mass = e <= worst_mass ? worst_mass : e;
        for (int c = 0; c < D; c++) {
            e                = std::fabs(imp[size_t(j) * D + c] - square[c]) / std::fmax(square[c], 1e-12);
            worst_importance = e <= worst_importance ? worst_importance : e;
        }
    }
    worst_seen    = worst <= worst_seen ? worst_seen : worst;
    const bool ok = worst <= 3e-5 && worst_mass <= 3e-5 && worst_importance <= 1e-5;
    said(ok,
         "window_scores D %d, heads %d, share %d, g %d, w %d, T %d, q8 %d, row major %d, sinks %d: relative errors %g, "
         "window %g, importance %g",
         D, n_head, share, g, w, T, q8, row_major, a.sinks != nullptr, worst, worst_mass, worst_importance);
}

int main(int argc, char ** argv) {
    return run(argc, argv, "window_scores", [](uint64_t seed, bool small) {
        Rng       rng(seed);
        const int windows[] = {1, 5, 31, 32, 33, 64, 128};
        const int groups[]  = {1, 2, 3, 4, 7, 8, 16};
        for (int D : {64, 96, 128, 256, 512}) {
            for (int form = 0; form < 4; form++) {
                for (int i = 0; i < (small ? 1 : 7); i++) {
                    const int w = windows[small ? form : i], g = groups[(i + form) % 7], share = i == 3 ? 2 : 1;
                    const int extra[] = {0, 1, 31, 64, 65, 300, 1000};
                    one(rng, D, share * (1 + rng.below(2)), share, g, w,
                        w + extra[small ? 3 + form % 3 : (i * 3 + form) % 7], form & 1, form & 2, 1.0f,
                        some_scale(rng, D));
                }
            }
        }
        one(rng, 128, 2, 1, 4, 32, small ? 200 : 4097, false, true, 1.0f, some_scale(rng, 128));
        one(rng, 128, 1, 1, 4, 32, small ? 200 : 2500, true, true, 3.0f, some_scale(rng, 128));  // sharp distributions
        one(rng, 64, 1, 1, 3, 32, small ? 100 : 6000, false, false, 0.0f,
            some_scale(rng, 64));  // zero queries: uniform
        if (!small) one(rng, 128, 8, 1, 4, 32, 9000, false, true, 2.0f, some_scale(rng, 128));
        for (const bool q8 : {false, true}) {  // one KV head for all queries, two row groups and four
            one(rng, 512, 1, 1, 8, 32, small ? 200 : 4099, q8, q8, 1.0f, some_scale(rng, 512));
            one(rng, 512, 2, 1, 16, 32, small ? 130 : 2500, q8, !q8, 2.0f, some_scale(rng, 512));
        }
        std::printf("largest relative error of a score: %.2g\n", worst_seen);
    });
}
