// Scalar float64 versions of stage 2 and of the exact attention, written from the method's page, for the kernel tests.
#pragma once

#include <algorithm>

#include "kernel_test.h"

namespace kernel_test {

// The r channels with the largest group sum of |q|, ties by the lower channel. q: [g, D] of one head.
inline std::vector<int> top_channels(const float * q, int g, int D, int r) {
    std::vector<float> sum(size_t(D), 0.0f);
    for (int c = 0; c < D; ++c)
        for (int h = 0; h < g; ++h) sum[c] += std::fabs(q[h * D + c]);
    std::vector<int> order(static_cast<size_t>(D));
    for (int c = 0; c < D; ++c) order[c] = c;
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return sum[a] > sum[b]; });
    order.resize(size_t(r));
    return order;
}

// Adds softmax over tokens of logits a (natural base) to b.
inline void add_softmax(const std::vector<double> & a, std::vector<double> & b) {
    double most = -INFINITY, sum = 0;
    for (double x : a) most = std::fmax(most, x);
    for (double x : a) sum += std::exp(x - most);
    for (size_t i = 0; i < a.size(); ++i) b[i] += std::exp(a[i] - most) / sum;
}

// Step 1 to 5 of stage 2 without the choice: b summed over the group for tokens 0..n-1 of head j. q: [H, D].
inline std::vector<double> page_probabilities(const Cache & cache, int j, int n, int page, int r,
                                              const std::vector<float> & q_all) {
    const int              D = cache.D, g = cache.g;
    const float *          q        = &q_all[size_t(j) * g * D];
    const std::vector<int> channels = top_channels(q, g, D, r);
    std::vector<double>    b(size_t(n), 0.0), a(size_t(n), 0.0);
    for (int h = 0; h < g; ++h) {
        double all = 0, read = 0;
        for (int c = 0; c < D; ++c) all += std::fabs(q[h * D + c]);
        for (int c : channels) read += std::fabs(q[h * D + c]);
        const double scale = read > 0 ? std::sqrt(D * read / all) : 0;
        for (int first = 0; first < n; first += page) {
            const int last  = std::min(n, first + page);
            double    score = 0;
            for (int c : channels) {
                float sum = 0, low = INFINITY, high = -INFINITY;
                for (int i = 0; i < g; ++i) sum += q[i * D + c];
                for (int t = first; t < last; ++t)
                    low = std::fmin(low, cache.key(j, t, c)), high = std::fmax(high, cache.key(j, t, c));
                score += double(q[h * D + c]) * (sum > 0 ? high : low);
            }
            for (int t = first; t < last; ++t) a[t] = scale > 0 ? score / scale : 0;
        }
        add_softmax(a, b);
    }
    return b;
}

// The codes of a cache, on the device and as the device left them.
struct Codes {
    int                   G, D, capacity;
    bool                  residual;
    Buffer<int32_t>       order, clamped;
    Buffer<float>         lo, step, v_mean, v_spread;
    Buffer<uint32_t>      fine, coarse, signs;
    std::vector<int32_t>  order_host, clamped_host;
    std::vector<float>    lo_host, step_host, v_mean_host, v_spread_host;
    std::vector<uint32_t> fine_host, coarse_host, signs_host;

    Codes(int G_, int D_, int capacity_, bool residual_)
        : G(G_),
          D(D_),
          capacity(capacity_),
          residual(residual_),
          order(size_t(G_) * D_),
          clamped(size_t(G_)),
          lo(size_t(G_) * D_),
          step(size_t(G_) * D_),
          v_mean(size_t(G_) * D_),
          v_spread(size_t(G_) * D_),
          fine(size_t(G_) * (D_ / 32) * capacity_ * 2),
          coarse(size_t(G_) * (D_ / 32) * capacity_),
          signs(size_t(G_) * (D_ / 32) * capacity_) {}
    KernelCodes view() const {
        KernelCodes c;
        c.order = order.data, c.lo = lo.data, c.step = step.data, c.fine = fine.data, c.clamped = clamped.data;
        if (residual) c.coarse = coarse.data, c.signs = signs.data, c.v_mean = v_mean.data, c.v_spread = v_spread.data;
        return c;
    }
    void download() {
        order_host = order.download(), clamped_host = clamped.download(), lo_host = lo.download(),
        step_host = step.download();
        fine_host = fine.download(), coarse_host = coarse.download(), signs_host = signs.download();
        v_mean_host = v_mean.download(), v_spread_host = v_spread.download();
    }
    int code(int j, int t, int position) const {
        const int half = D / 2;
        if (position < half) {
            const int plane = position / 16, i = position % 16;
            return fine_host[((size_t(j) * (D / 32) + plane) * capacity + t) * 2 + i / 8] >> (i % 8 * 4) & 15;
        }
        const int plane = (position - half) / 16, i = (position - half) % 16;
        return coarse_host[(size_t(j) * (D / 32) + plane) * capacity + t] >> (2 * i) & 3;
    }
    bool sign(int j, int t, int c) const {
        return signs_host[(size_t(j) * (D / 32) + c / 32) * capacity + t] >> (c % 32) & 1;
    }
    // The coded logit q.k^ / sqrt(D); without the residual up to a constant per query head.
    double logit(int j, int t, const float * q) const {
        double sum = 0;
        for (int p = 0; p < (residual ? D : D / 2); ++p) {
            const size_t at = size_t(j) * D + p;
            sum += double(q[order_host[at]]) * ((residual ? lo_host[at] : 0.0) + double(step_host[at]) * code(j, t, p));
        }
        return sum / std::sqrt(double(D));
    }
};

inline std::vector<double> code_probabilities(const Codes & codes, int g, int j, int n, const std::vector<float> & q) {
    std::vector<double> b(size_t(n), 0.0), a(size_t(n), 0.0);
    for (int h = 0; h < g; ++h) {
        for (int t = 0; t < n; ++t) a[t] = codes.logit(j, t, &q[(size_t(j) * g + h) * codes.D]);
        add_softmax(a, b);
    }
    return b;
}

// out [D] of query head h of cache head j over the chosen rows; with codes, the other live rows by their code.
inline std::vector<double> attention(const Cache & cache, int j, int h, int n, const std::vector<int32_t> & chosen,
                                     const std::vector<float> & q_all, const Codes * codes) {
    const int         D = cache.D;
    const float *     q = &q_all[(size_t(j) * cache.g + h) * D];
    std::vector<char> in(size_t(n), 0);
    for (int32_t i : chosen) in[size_t(i)] = 1;
    std::vector<double> logit(static_cast<size_t>(n), -INFINITY), out(size_t(D), 0.0);
    double              most = -INFINITY, sum = 0;
    for (int t = 0; t < n; ++t) {
        if (in[t]) {
            double dot = 0;
            for (int c = 0; c < D; ++c) dot += double(q[c]) * cache.key(j, t, c);
            logit[t] = dot / std::sqrt(double(D));
        } else if (codes) {
            logit[t] = codes->logit(j, t, q);
        }
        most = std::fmax(most, logit[t]);
    }
    for (int t = 0; t < n; ++t) {
        const double p = std::exp(logit[t] - most);
        if (!(p > 0)) continue;
        sum += p;
        for (int c = 0; c < D; ++c) {
            out[c] += p * (in[t] ? cache.value(j, t, c)
                                 : codes->v_mean_host[size_t(j) * D + c] +
                                       codes->v_spread_host[size_t(j) * D + c] * (codes->sign(j, t, c) ? 1.0 : -1.0));
        }
    }
    for (double & x : out) x = sum > 0 ? x / sum : 0;
    return out;
}

// Largest difference over the largest magnitude of what is expected.
inline double relative_error(const float * got, const std::vector<double> & want) {
    double most = 1e-6, worst = 0;
    for (double x : want) most = std::fmax(most, std::fabs(x));
    for (size_t i = 0; i < want.size(); ++i) {
        const double e = std::fabs(got[i] - want[i]);
        worst          = e <= worst ? worst : e;  // NaN counts
    }
    return worst / most;
}

}  // namespace kernel_test
