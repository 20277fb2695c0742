// What the kernel tests share beside check.h: device buffers that are poisoned and fenced, a seeded generator.
// Buffers start as 0xFF (NaN as f32 and f16, -1 as int32), so an unwritten output is seen; 256 bytes behind each are
// watched.
#pragma once

#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "../check.h"
#include "kernels.h"

namespace kernel_test {

using namespace rocketdoc;

using ::check::said;

inline void cuda_ok(cudaError_t e, const char * what) {
    if (e == cudaSuccess) return;
    said(false, "%s: %s", what, cudaGetErrorString(e));  // nothing can follow: the device is in an unknown state
    std::exit(::check::report());
}
#define CUDA_OK(expr) kernel_test::cuda_ok((expr), #expr)

inline const KernelTable & kernels() { return *rocketdoc_kernels_table(); }

inline void launched(KernelStatus s, const char * op) {
    if (!said(s == KERNEL_OK, "%s: %s", op, kernels().status_name(s))) return;
    cuda_ok(cudaDeviceSynchronize(), op);
}

struct Rng {
    uint64_t state;
    explicit Rng(uint64_t seed) : state(seed * 0x9e3779b97f4a7c15ull + 1) {}
    uint32_t next() {
        state += 0x9e3779b97f4a7c15ull;
        uint64_t z = state;
        z          = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z          = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return uint32_t((z ^ (z >> 31)) >> 32);
    }
    int   below(int n) { return int(uint64_t(next()) * uint64_t(n) >> 32); }
    float uniform() { return float(next() >> 8) * (1.0f / 16777216.0f); }
    float normal() {
        const float u = uniform() + 1e-7f, v = uniform();
        return std::sqrt(-2.0f * std::log(u)) * std::cos(6.2831853f * v);
    }
};

inline float to_float(uint16_t bits) {
    __half_raw r;
    r.x = bits;
    return __half2float(__half(r));
}
inline uint16_t to_half(float x) { return __half_raw(__float2half_rn(x)).x; }

template <class T>
struct Buffer {
    T *                     data  = nullptr;
    size_t                  n     = 0;
    static constexpr size_t FENCE = 256;

    explicit Buffer(size_t count, bool zero = false) : n(count) {
        CUDA_OK(cudaMalloc(reinterpret_cast<void **>(&data), count * sizeof(T) + FENCE));
        CUDA_OK(cudaMemset(data, zero ? 0 : 0xff, count * sizeof(T)));
        CUDA_OK(cudaMemset(reinterpret_cast<char *>(data + count), 0xa5, FENCE));
    }
    explicit Buffer(const std::vector<T> & host) : Buffer(host.size()) { upload(host); }
    Buffer(const Buffer &) = delete;
    ~Buffer() {
        unsigned char fence[FENCE];
        CUDA_OK(cudaDeviceSynchronize());
        CUDA_OK(cudaMemcpy(fence, data + n, FENCE, cudaMemcpyDeviceToHost));
        bool whole = true;
        for (unsigned char b : fence) whole = whole && b == 0xa5;
        said(whole, "bytes behind a buffer of %zu elements were written", n);
        cudaFree(data);
    }
    void upload(const std::vector<T> & host) {
        if (!host.empty()) CUDA_OK(cudaMemcpy(data, host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice));
    }
    std::vector<T> download() const {
        std::vector<T> host(n);
        CUDA_OK(cudaDeviceSynchronize());
        if (n) CUDA_OK(cudaMemcpy(host.data(), data, n * sizeof(T), cudaMemcpyDeviceToHost));
        return host;
    }
    void poison() { CUDA_OK(cudaMemset(data, 0xff, n * sizeof(T))); }
         operator KernelWorkspace() const { return {data, n * sizeof(T)}; }
};

using Workspace = Buffer<unsigned char>;  // made with zero = true, as kernels.h asks

// The counters at a workspace's head must be zero between ops.
inline void check_counters(const Workspace & w, const char * op) {
    const std::vector<unsigned char> bytes = w.download();
    bool                             zero  = true;
    for (size_t i = 0; i < 4096 && i < bytes.size(); i++) zero = zero && bytes[i] == 0;
    said(zero, "%s left its counters set", op);
}

inline std::vector<float> normals(Rng & rng, size_t n, float scale = 1.0f) {
    std::vector<float> x(n);
    for (float & v : x) v = scale * rng.normal();
    return x;
}

inline std::vector<uint16_t> halves(const std::vector<float> & x) {
    std::vector<uint16_t> h(x.size());
    for (size_t i = 0; i < x.size(); i++) h[i] = to_half(x[i]);
    return h;
}

// ggml's q8_0: blocks of 32 with one f16 scale. rows: n values, n % 32 == 0. Returns the bytes; `values` becomes what
// they say.
inline std::vector<unsigned char> quantize_q8_0(std::vector<float> & values) {
    std::vector<unsigned char> out(values.size() / 32 * 34);
    for (size_t b = 0; b < values.size() / 32; b++) {
        float most = 0;
        for (int i = 0; i < 32; i++) most = std::fmax(most, std::fabs(values[b * 32 + i]));
        const uint16_t d = to_half(most / 127.0f);
        std::memcpy(&out[b * 34], &d, 2);
        for (int i = 0; i < 32; i++) {
            const float scale = to_float(d);
            const int   q =
                scale > 0 ? int(std::fmin(127.0f, std::fmax(-127.0f, std::round(values[b * 32 + i] / scale)))) : 0;
            out[b * 34 + 2 + i] = static_cast<unsigned char>(static_cast<signed char>(q));
            values[b * 32 + i]  = scale * float(q);
        }
    }
    return out;
}

// A compact cache in device memory with the host's copy of what it holds.
struct Cache {
    int                   G, g, D, capacity;
    std::vector<uint16_t> k_host, v_host;
    Buffer<uint16_t>      k, v;
    Buffer<int32_t>       n_rows;

    Cache(Rng & rng, int G_, int g_, int D_, int capacity_, int n, float scale = 1.0f)
        : G(G_),
          g(g_),
          D(D_),
          capacity(capacity_),
          k_host(halves(normals(rng, size_t(G_) * capacity_ * D_, scale))),
          v_host(halves(normals(rng, size_t(G_) * capacity_ * D_))),
          k(k_host),
          v(v_host),
          n_rows(std::vector<int32_t>{n}) {
        // Rows beyond the live ones are poison: whoever reads them shows it.
        for (int j = 0; j < G; j++) {
            for (size_t i = (size_t(j) * capacity + n) * D; i < size_t(j + 1) * capacity * D; i++)
                k_host[i] = v_host[i] = 0xffff;
        }
        upload();
    }
    void        upload() { k.upload(k_host), v.upload(v_host); }
    void        set_rows(int n) { n_rows.upload({n}); }
    float       key(int j, int row, int c) const { return to_float(k_host[(size_t(j) * capacity + row) * D + c]); }
    float       value(int j, int row, int c) const { return to_float(v_host[(size_t(j) * capacity + row) * D + c]); }
    KernelCache view(int share = 1) const {
        KernelCache c;
        c.k = k.data, c.v = v.data, c.n_rows = n_rows.data, c.n_head = G, c.group = g, c.head_dim = D,
        c.capacity = capacity, c.share = share;
        return c;
    }
};

// True when no chosen entry scores clearly below, and no other clearly above, the k-th score. Ascending, distinct, in
// range.
inline bool same_choice(const std::vector<float> & score, const int32_t * ids, int k, double relative) {
    const int         n = int(score.size());
    std::vector<char> in(size_t(n), 0);
    for (int i = 0; i < k; i++) {
        if (ids[i] < 0 || ids[i] >= n || (i > 0 && ids[i] <= ids[i - 1])) return false;
        in[size_t(ids[i])] = 1;
    }
    double least_in = INFINITY, most_out = 0;
    for (int i = 0; i < n; i++) {
        if (in[size_t(i)]) least_in = std::fmin(least_in, double(score[size_t(i)]));
        else most_out = std::fmax(most_out, double(score[size_t(i)]));
    }
    return least_in >= most_out * (1 - relative) - 1e-30;
}

constexpr int SKIPPED = 77;  // what ctest is told

// Skips when there is no device; prints the last line. body(seed, small): `small` on the command line, for runs under a
// tool that slows the device down.
template <class Body>
int run(int argc, char ** argv, const char * name, Body body) {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::printf("skipped: %s needs a CUDA device, none is here\n", name);
        return SKIPPED;
    }
    bool small = false;
    for (int i = 1; i < argc; i++) small = small || !std::strcmp(argv[i], "small");
    std::printf("%s%s\n", name, small ? ", small" : "");
    body(::check::seed(), small);
    cuda_ok(cudaDeviceSynchronize(), "the end");
    return ::check::report();
}

}  // namespace kernel_test
