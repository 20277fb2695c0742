// What a kernel test holds on the device, as the scalar reference (rocketkv/reference.h) takes it.
#pragma once

#include <algorithm>

#include "kernel_test.h"
#include "rocketkv/reference.h"

namespace kernel_test {

namespace reference = rocketdoc::reference;

// The published scale, or another that a layer may have.
inline float some_scale(Rng & rng, int D) {
    const float factors[] = {1.0f, 1.0f, 0.4f, 1.9f};
    return factors[rng.below(4)] / std::sqrt(float(D));
}

// Rows 0..n-1 of one cache head.
struct HostHead {
    std::vector<float> keys, values;  // [n, D]
    int                D;

    HostHead(const Cache & cache, int j, int n) : D(cache.D) {
        for (int t = 0; t < n; t++)
            for (int c = 0; c < D; c++) {
                keys.push_back(cache.key(j, t, c));
                values.push_back(cache.value(j, t, c));
            }
    }
    reference::Head view() const { return {keys.data(), values.data(), int64_t(keys.size()) / D, D}; }
};

// The sinks of a cache's heads, or none at all; as strong as the best row, or weaker than all.
struct Sinks {
    std::vector<float> host;  // [n_head * g]
    Buffer<float>      on_device;

    Sinks(Rng & rng, int n, bool are_there)
        : host(are_there ? normals(rng, size_t(n), 3.0f) : std::vector<float>(1)),
          on_device(host),
          n_(are_there ? n : 0) {}
    const float * device() const { return n_ > 0 ? on_device.data : nullptr; }
    const float * of(int first) const { return n_ > 0 ? host.data() + first : nullptr; }

  private:
    int n_;
};

// The queries of cache head j among q [n_head * g, D].
inline reference::Query query_of(const Cache & cache, int j, const std::vector<float> & q, float scale,
                                 const Sinks * sinks = nullptr) {
    return {q.data() + size_t(j) * cache.g * cache.D, cache.g, scale, sinks ? sinks->of(j * cache.g) : nullptr};
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
    // The device's codes of rows 0..n-1 of head j.
    reference::Coded coded(int j, int n) const {
        reference::Coded out;
        out.D = D, out.n4 = D / 2, out.n2 = residual ? D / 2 : 0, out.n = n;
        const size_t at = size_t(j) * D;
        for (int p = 0; p < out.n4 + out.n2; p++) {
            out.order.push_back(order_host[at + p]);
            out.low.push_back(lo_host[at + p]);
            out.step.push_back(step_host[at + p]);
        }
        out.rest.assign(size_t(D), 0.0f);
        for (int p = out.n4 + out.n2; p < D; p++) out.rest[size_t(order_host[at + p])] = lo_host[at + p];
        for (int t = 0; t < n; t++) {
            for (int p = 0; p < out.n4 + out.n2; p++) out.codes.push_back(uint8_t(code(j, t, p)));
            for (int c = 0; residual && c < D; c++) out.signs.push_back(sign(j, t, c) ? 1 : -1);
        }
        if (residual) {
            out.v_mean.assign(v_mean_host.begin() + at, v_mean_host.begin() + at + D);
            out.v_spread.assign(v_spread_host.begin() + at, v_spread_host.begin() + at + D);
        }
        return out;
    }
};

// Largest difference over the largest magnitude of what is expected, of [g, D] the worst head's.
inline double relative_error(const float * got, const std::vector<float> & want, int D) {
    double worst = 0;
    for (size_t head = 0; head < want.size(); head += size_t(D)) {
        double most = 1e-6;
        for (int c = 0; c < D; c++) most = std::fmax(most, std::fabs(want[head + c]));
        for (int c = 0; c < D; c++) {
            const double e = std::fabs(double(got[head + c]) - want[head + c]) / most;
            worst          = e <= worst ? worst : e;  // NaN counts
        }
    }
    return worst;
}

}  // namespace kernel_test
