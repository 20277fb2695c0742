// Times every op at an 8B shape (32 query heads, 8 KV heads, D 128; budget 1024) for 32K and 124K prompt tokens: CUDA
// events around graph replays, medians. Layers have memory of their own and take turns, so caches do not fake the
// bandwidth. CSV: op,shape,bytes,us,GB_s,share_of_copy_bandwidth. `bytes`: what the op must move, inputs once, outputs
// once.
#include <algorithm>
#include <functional>
#include <memory>

#include "kernels/kernel_test.h"

using namespace kernel_test;

namespace {

__global__ void fill_half(__half * x, size_t n, uint32_t seed) {
    for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < n; i += size_t(gridDim.x) * blockDim.x) {
        uint32_t z = uint32_t(i * 2654435761u) ^ uint32_t(i >> 32) ^ seed;
        z = (z ^ (z >> 16)) * 0x85ebca6bu, z = (z ^ (z >> 13)) * 0xc2b2ae35u, z ^= z >> 16;
        x[i] = __float2half(3.4f * (float(z) / 4294967296.0f - 0.5f));
    }
}

__global__ void copy_kernel(const uint4 * a, uint4 * b, size_t n) {
    const size_t step = size_t(gridDim.x) * blockDim.x;
    for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < n; i += 4 * step) {
        uint4 x[4];
        for (int u = 0; u < 4; u++)
            if (i + u * step < n) x[u] = a[i + u * step];
        for (int u = 0; u < 4; u++)
            if (i + u * step < n) b[i + u * step] = x[u];
    }
}

__global__ void fill_q8_0(unsigned char * x, size_t blocks, uint32_t seed) {
    for (size_t b = blockIdx.x * size_t(blockDim.x) + threadIdx.x; b < blocks; b += size_t(gridDim.x) * blockDim.x) {
        *reinterpret_cast<__half *>(x + b * 34) = __float2half(0.013f);
        uint32_t z                              = uint32_t(b * 2654435761u) ^ seed;
        for (int i = 0; i < 32; i++)
            z = z * 1664525u + 1013904223u, x[b * 34 + 2 + i] = static_cast<unsigned char>(z >> 24);
    }
}

template <class T>
struct Plain {  // device memory without fences: the bench holds gigabytes
    T *    data = nullptr;
    size_t n;
    explicit Plain(size_t count) : n(count) {
        CUDA_OK(cudaMalloc(reinterpret_cast<void **>(&data), count * sizeof(T)));
        CUDA_OK(cudaMemset(data, 0, count * sizeof(T)));
    }
    ~Plain() { cudaFree(data); }
    Plain(const Plain &) = delete;
         operator KernelWorkspace() const { return {data, n * sizeof(T)}; }
    void upload(const std::vector<T> & h) {
        CUDA_OK(cudaMemcpy(data, h.data(), h.size() * sizeof(T), cudaMemcpyHostToDevice));
    }
};

using Halves = Plain<uint16_t>;

void randomize(Halves & x, uint32_t seed) { fill_half<<<1024, 256>>>(reinterpret_cast<__half *>(x.data), x.n, seed); }

cudaStream_t stream;
double       copy_gb_s = 0;

// Median microseconds of one call; `n` calls with index 0..n-1 are one graph.
double time_calls(int n, const std::function<KernelStatus(int)> & call) {
    CUDA_OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    for (int i = 0; i < n; i++) {
        const KernelStatus s = call(i);
        if (s != KERNEL_OK) said(false, "%s", kernels().status_name(s));
    }
    cudaGraph_t graph;
    CUDA_OK(cudaStreamEndCapture(stream, &graph));
    cudaGraphExec_t exec;
    CUDA_OK(cudaGraphInstantiate(&exec, graph, 0));
    cudaEvent_t a, b;
    CUDA_OK(cudaEventCreate(&a));
    CUDA_OK(cudaEventCreate(&b));
    std::vector<float> ms;
    for (int i = 0; i < 23; i++) {
        CUDA_OK(cudaEventRecord(a, stream));
        CUDA_OK(cudaGraphLaunch(exec, stream));
        CUDA_OK(cudaEventRecord(b, stream));
        CUDA_OK(cudaEventSynchronize(b));
        float t;
        CUDA_OK(cudaEventElapsedTime(&t, a, b));
        if (i >= 3) ms.push_back(t);
    }
    CUDA_OK(cudaGraphExecDestroy(exec));
    CUDA_OK(cudaGraphDestroy(graph));
    std::sort(ms.begin(), ms.end());
    return 1000.0 * ms[ms.size() / 2] / n;
}

void row(const char * op, const std::string & shape, double bytes, double us) {
    const double gb_s = bytes / us / 1000;
    std::printf("%s,%s,%.0f,%.2f,%.0f,%.3f\n", op, shape.c_str(), bytes, us, gb_s, gb_s / copy_gb_s);
    std::fflush(stdout);
}

constexpr int   H = 32, G = 8, g = H / G, D = 128, W = 32, LAYERS = 32;
constexpr float SCALE = 0.08838835f;  // 1 / sqrt(D)

struct Layer {
    Halves          k, v, minmax;
    Plain<int32_t>  ids_pages, ids_codes, ids_residual, order, clamped;
    Plain<float>    lo, step, v_mean, v_spread, q, out, nk, nv;
    Plain<uint32_t> fine, coarse, signs;
    Layer(int capacity, int page, int k_pages, int k_codes, int k_residual, uint32_t seed)
        : k(size_t(G) * capacity * D),
          v(k.n),
          minmax(size_t(G) * D * 2 * kernel_page_stride(capacity, page)),
          ids_pages(size_t(G) * k_pages),
          ids_codes(size_t(G) * k_codes),
          ids_residual(size_t(G) * k_residual),
          order(G * D),
          clamped(G),
          lo(G * D),
          step(G * D),
          v_mean(G * D),
          v_spread(G * D),
          q(H * D),
          out(H * D),
          nk(G * D),
          nv(G * D),
          fine(size_t(G) * (D / 32) * capacity * 2),
          coarse(size_t(G) * (D / 32) * capacity),
          signs(coarse.n) {
        Rng rng(seed);
        randomize(k, seed), randomize(v, seed + 77);
        q.upload(normals(rng, q.n)), nk.upload(normals(rng, nk.n)), nv.upload(normals(rng, nv.n));
    }
    KernelCodes codes(bool residual) const {
        KernelCodes c;
        c.order = order.data, c.lo = lo.data, c.step = step.data, c.fine = fine.data, c.clamped = clamped.data;
        if (residual) c.coarse = coarse.data, c.signs = signs.data, c.v_mean = v_mean.data, c.v_spread = v_spread.data;
        return c;
    }
};

void stage1(int T, int keep, int capacity) {
    const KernelTable &                                op   = kernels();
    const int                                          sets = T > 60000 ? 2 : 4, n = T - W;
    std::vector<std::unique_ptr<Halves>>               ks, vs;
    std::vector<std::unique_ptr<Plain<unsigned char>>> k8;
    for (int i = 0; i < sets; i++) {
        ks.push_back(std::make_unique<Halves>(size_t(G) * T * D)),
            vs.push_back(std::make_unique<Halves>(size_t(G) * T * D));
        k8.push_back(std::make_unique<Plain<unsigned char>>(size_t(G) * T * D / 32 * 34));
        randomize(*ks[i], 5 + i), randomize(*vs[i], 50 + i);
        fill_q8_0<<<1024, 256>>>(k8[i]->data, size_t(G) * T * D / 32, 9 + i);
    }
    Rng          rng(3);
    Plain<float> q(size_t(H) * W * D), scores(size_t(G) * n), pooled(scores.n), mass(G), importance(G * D), kept(G);
    q.upload(normals(rng, q.n));
    Plain<int32_t>     ids(size_t(G) * keep);
    Halves             ck(size_t(G) * capacity * D), cv(ck.n);
    KernelWindowScores a;
    a.q = q.data, a.q_head_elems = size_t(W) * D, a.q_row_elems = D, a.n_head = G, a.group = g, a.head_dim = D,
    a.n_rows = T, a.window = W, a.scale = SCALE;
    a.scores = scores.data, a.window_mass = mass.data, a.importance = importance.data;
    a.keys.row_bytes = D * 2 * G, a.keys.head_bytes = D * 2;
    a.keys.data = ks[0]->data;
    Plain<unsigned char> work(op.window_scores_workspace_bytes(a));
    const std::string    shape   = "T=" + std::to_string(T) + " H=32 G=8 D=128 w=32";
    const double         s_bytes = 4.0 * G * n;
    double               total   = 0, us;
    us                           = time_calls(8, [&](int i) {
        KernelWindowScores b = a;
        b.keys.data          = ks[i % sets]->data;
        return op.window_scores(b, work, stream);
    });
    total += us;
    row("window_scores f16", shape, 2.0 * G * T * D + s_bytes, us);
    us = time_calls(8, [&](int i) {
        KernelWindowScores b = a;
        b.keys.type = KERNEL_ROWS_Q8_0, b.keys.data = k8[i % sets]->data, b.keys.row_bytes = size_t(D) / 32 * 34 * G,
        b.keys.head_bytes = D / 32 * 34;
        return op.window_scores(b, work, stream);
    });
    row("window_scores q8_0", shape, G * double(T) * D / 32 * 34 + s_bytes, us);
    us =
        time_calls(16, [&](int) { return op.pool({scores.data, G, n, KERNEL_POOL_TRIANGLE, 0, pooled.data}, stream); });
    row("pool triangle15", shape, 2 * s_bytes, us);
    us = time_calls(16, [&](int) { return op.top_k({pooled.data, G, n, keep - W, W, ids.data}, stream); });
    row("top_k of triangle15", shape + " k=" + std::to_string(keep - W), s_bytes, us);
    us = time_calls(16, [&](int) { return op.pool({scores.data, G, n, KERNEL_POOL_MAX, 63, pooled.data}, stream); });
    total += us;
    row("pool max63", shape, 2 * s_bytes, us);
    us = time_calls(16, [&](int) { return op.top_k({pooled.data, G, n, keep - W, W, ids.data}, stream); });
    total += us;
    row("top_k of max63", shape + " k=" + std::to_string(keep - W), s_bytes, us);
    us = time_calls(
        16, [&](int) { return op.kept_mass({scores.data, mass.data, G, n, ids.data, keep, kept.data}, stream); });
    total += us;
    row("kept_mass", shape, s_bytes, us);
    us = time_calls(8, [&](int i) {
        KernelRows rk = a.keys, rv = a.keys;
        rk.data = ks[i % sets]->data, rv.data = vs[i % sets]->data;
        KernelCache c;
        c.k = ck.data, c.v = cv.data, c.n_head = G, c.group = g, c.head_dim = D, c.capacity = capacity;
        return op.gather_rows({rk, rv, ids.data, keep, c}, stream);
    });
    total += us;
    row("gather_rows f16", shape + " rows=" + std::to_string(keep), 2.0 * 4 * G * keep * D, us);
    row("stage 1 without the build, one layer (max63)", shape, 2.0 * G * T * D, total);
    CUDA_OK(cudaDeviceSynchronize());
}

void decode(int T, int page, int r, int k, int keep, int capacity) {
    const KernelTable & op   = kernels();
    const double        pair = 4.0 * D, n_pages = (capacity + page - 1) / page, read = n_pages * r * 2 + k * pair;
    const int           k_codes    = std::max(1, int((read - capacity * (D / 4.0) - D / 2 * 6.0) / pair));
    const int           k_residual = std::max(1, int((read - capacity * (D / 2.0) - D * 18.0) / pair));
    std::vector<std::unique_ptr<Layer>> layers;
    for (int i = 0; i < LAYERS; i++)
        layers.push_back(std::make_unique<Layer>(capacity, page, k, k_codes, k_residual, 100 + i));
    const int      n = keep + 10;
    Plain<int32_t> n_rows(1);
    n_rows.upload({n});
    const auto cache = [&](int i) {
        KernelCache c;
        c.k = layers[i]->k.data, c.v = layers[i]->v.data, c.n_rows = n_rows.data, c.n_head = G, c.group = g,
        c.head_dim = D, c.capacity = capacity;
        return c;
    };
    const auto pages = [&](int i) {
        KernelPages p;
        p.minmax = layers[i]->minmax.data, p.page = page;
        return p;
    };
    const auto fresh = [&](int i) {
        KernelNewRow x;
        x.k = layers[i]->nk.data, x.v = layers[i]->nv.data;
        return x;
    };
    Plain<unsigned char> build(op.codes_build_workspace_bytes(cache(0))),
        select(op.select_codes_workspace_bytes(cache(0))),
        select_p(op.select_pages_workspace_bytes(cache(0), pages(0))),
        work(op.sparse_attention_workspace_bytes(cache(0), capacity));
    const std::string shape  = "T=" + std::to_string(T) + " n=" + std::to_string(n) + " page=" + std::to_string(page) +
                               " r=" + std::to_string(r);
    const auto        with_k = [&](int kk) { return shape + " k=" + std::to_string(kk); };
    double            us     = time_calls(LAYERS, [&](int i) { return op.page_minmax(cache(i), n, pages(i), stream); });
    row("page_minmax", shape, 2.0 * G * n * D + 4.0 * G * D * n_pages, us);
    us = time_calls(
        LAYERS, [&](int i) { return op.codes_build({cache(i), n, nullptr, layers[i]->codes(false)}, build, stream); });
    row("codes_build", shape, 2.0 * 2 * G * n * D + G * n * (D / 4.0), us);
    us = time_calls(
        LAYERS, [&](int i) { return op.codes_build({cache(i), n, nullptr, layers[i]->codes(true)}, build, stream); });
    row("codes_build residual", shape, 2.0 * 4 * G * n * D + G * n * (D / 2.0), us);
    us = time_calls(LAYERS, [&](int i) { return op.append_kv(cache(i), fresh(i), nullptr, nullptr, stream); });
    row("append_kv", shape, 12.0 * G * D, us);

    const auto pick_pages = [&](int i) {
        const KernelChoice choice{cache(i), fresh(i), layers[i]->q.data, SCALE, k, layers[i]->ids_pages.data};
        return op.select_pages({choice, pages(i), r}, select_p, stream);
    };
    const auto pick_codes = [&](int i) {
        const KernelChoice choice{cache(i), fresh(i), layers[i]->q.data, SCALE, k_codes, layers[i]->ids_codes.data};
        return op.select_codes({choice, layers[i]->codes(false)}, select, stream);
    };
    const auto pick_residual = [&](int i) {
        const KernelChoice choice{cache(i), fresh(i),   layers[i]->q.data,
                                  SCALE,    k_residual, layers[i]->ids_residual.data};
        return op.select_codes({choice, layers[i]->codes(true)}, select, stream);
    };
    const auto attend = [&](int i, const int32_t * ids, int kk) {
        return op.sparse_attention({cache(i), layers[i]->q.data, SCALE, ids, kk, {layers[i]->out.data}}, work, stream);
    };
    const auto attend_residual = [&](int i) {
        const KernelCodes c = layers[i]->codes(true);
        return op.sparse_attention({cache(i),
                                    layers[i]->q.data,
                                    SCALE,
                                    layers[i]->ids_residual.data,
                                    k_residual,
                                    {layers[i]->out.data},
                                    &c,
                                    select.data},
                                   work, stream);
    };
    const double page_bytes = G * n_pages * r * 2.0, code_bytes = G * n * (D / 4.0), rest_bytes = G * n * (D / 4.0);
    us = time_calls(LAYERS, pick_pages);
    row("select_pages", with_k(k), page_bytes, us);
    us = time_calls(LAYERS, pick_codes);
    row("select_codes", with_k(k_codes), code_bytes, us);
    us = time_calls(LAYERS, pick_residual);
    row("select_codes residual", with_k(k_residual), code_bytes + G * n * (D / 8.0), us);
    us = time_calls(LAYERS, [&](int i) { return attend(i, layers[i]->ids_pages.data, k); });
    row("sparse_attention", with_k(k), G * k * pair, us);
    us = time_calls(LAYERS, [&](int i) { return attend(i, layers[i]->ids_codes.data, k_codes); });
    row("sparse_attention", with_k(k_codes), G * k_codes * pair, us);
    us = time_calls(LAYERS, [&](int i) { return attend(i, nullptr, 0); });
    row("sparse_attention all rows", shape, G * n * pair, us);
    us = time_calls(LAYERS, [&](int i) {
        const KernelStatus s = pick_pages(i);
        return s == KERNEL_OK ? attend(i, layers[i]->ids_pages.data, k) : s;
    });
    row("layer by pages", with_k(k), page_bytes + G * k * pair, us);
    us = time_calls(LAYERS, [&](int i) {
        const KernelStatus s = pick_codes(i);
        return s == KERNEL_OK ? attend(i, layers[i]->ids_codes.data, k_codes) : s;
    });
    row("layer by codes", with_k(k_codes), code_bytes + G * k_codes * pair, us);
    us = time_calls(LAYERS, [&](int i) {
        const KernelStatus s = pick_residual(i);
        return s == KERNEL_OK ? attend_residual(i) : s;
    });
    row("layer by codes+residual", with_k(k_residual), code_bytes + rest_bytes + G * k_residual * pair, us);
    CUDA_OK(cudaDeviceSynchronize());
}

// A layer's products at the 8B shape, as a token runs them one after the other.
void products(KernelWeightType type, const char * name, int block, int block_bytes) {
    struct Shape {
        const char *     what;
        std::vector<int> rows;
        int              columns;
        bool             gated;
    };
    const std::vector<Shape> shapes    = {{"6144x4096", {4096, 1024, 1024}, 4096, false},
                                          {"4096x4096", {4096}, 4096, false},
                                          {"2x14336x4096 gated", {14336, 14336}, 4096, true},
                                          {"4096x14336", {4096}, 14336, false},
                                          {"128256x4096", {128256}, 4096, false}};
    const auto               row_bytes = [&](int columns) { return size_t(columns / block) * block_bytes; };
    Rng                      rng(5);
    Plain<float>             x(14336), scale(x.n / 32), sum(x.n / 16), out(128256), norm(4096);
    Plain<signed char>       q(x.n);
    x.upload(normals(rng, x.n)), norm.upload(normals(rng, norm.n));
    const KernelActivations a{x.data, q.data, scale.data, sum.data};
    const bool              quantised = type != KERNEL_WEIGHTS_F16 && type != KERNEL_WEIGHTS_BF16;
    constexpr size_t        POOL = size_t(1) << 30;  // weights differ from call to call, so that no cache holds them
    Halves                  weights(POOL / 2);
    randomize(weights, 11);
    double layer = 0, layer_bytes = 0;
    for (const Shape & shape : shapes) {
        size_t bytes = 0;
        for (int rows : shape.rows) bytes += rows * row_bytes(shape.columns);
        const size_t step  = (bytes + 255) / 256 * 256;
        const int    calls = int(std::min<size_t>(8, POOL / step));
        const double us    = time_calls(calls, [&](int i) {
            KernelProduct p;
            p.type = type, p.activations = a, p.n_columns = shape.columns, p.n_matrices = int(shape.rows.size()),
            p.gate    = shape.gated ? KERNEL_GATE_SILU : KERNEL_GATE_NONE;
            size_t at = step * i;
            for (size_t m = 0; m < shape.rows.size(); m++) {
                p.matrices[m].weights   = reinterpret_cast<char *>(weights.data) + at,
                p.matrices[m].row_bytes = row_bytes(shape.columns);
                p.matrices[m].n_rows = shape.rows[m], p.matrices[m].out = out.data;
                at += shape.rows[m] * row_bytes(shape.columns);
            }
            return kernels().product(p, stream);
        });
        row((std::string("product ") + name).c_str(), shape.what, double(bytes), us);
        if (shape.columns == 4096 && shape.rows[0] == 128256) continue;
        layer += us, layer_bytes += double(bytes);
    }
    if (quantised) {
        layer += time_calls(16, [&](int) { return kernels().quantise(a, 4096, stream); }) +
                 time_calls(16, [&](int) { return kernels().quantise(a, 14336, stream); });
    }
    layer += 2 * time_calls(16, [&](int) { return kernels().normalize({x.data, norm.data, 4096, 1e-5f, a}, stream); });
    row((std::string("a layer around attention ") + name).c_str(), "8B", layer_bytes, layer);
}

void dense(int T) {  // full mode of the same path, for comparison: all rows of the whole prompt
    Halves k(size_t(G) * T * D), v(k.n);
    randomize(k, 1), randomize(v, 2);
    Rng          rng(4);
    Plain<float> q(H * D), out(H * D);
    q.upload(normals(rng, q.n));
    Plain<int32_t> n_rows(1);
    n_rows.upload({T});
    KernelCache c;
    c.k = k.data, c.v = v.data, c.n_rows = n_rows.data, c.n_head = G, c.group = g, c.head_dim = D, c.capacity = T;
    Plain<unsigned char> work(kernels().sparse_attention_workspace_bytes(c, T));
    const double         us = time_calls(
        8, [&](int) { return kernels().sparse_attention({c, q.data, SCALE, nullptr, 0, {out.data}}, work, stream); });
    row("sparse_attention all rows", "T=" + std::to_string(T) + " full", G * double(T) * 4 * D, us);
}

}  // namespace

int main(int argc, char ** argv) {
    return run(argc, argv, "bench", [](uint64_t, bool) {
        CUDA_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
        cudaDeviceProp prop;
        CUDA_OK(cudaGetDeviceProperties(&prop, 0));
        {
            Halves a(size_t(1) << 30), b(size_t(1) << 30);
            randomize(a, 1);
            const double driver = time_calls(4, [&](int) {
                return KernelStatus(int(cudaMemcpyAsync(b.data, a.data, a.n * 2, cudaMemcpyDeviceToDevice, stream)));
            });
            const double own    = time_calls(4, [&](int) {
                copy_kernel<<<prop.multiProcessorCount * 16, 512, 0, stream>>>(
                    reinterpret_cast<uint4 *>(a.data), reinterpret_cast<uint4 *>(b.data), a.n / 8);
                return KernelStatus(int(cudaGetLastError()));
            });
            const double us     = std::min(driver, own);
            copy_gb_s           = 2.0 * double(size_t(2) << 30) / us / 1000;
            std::printf("# %s, %d multiprocessors, L2 %d MB, copy %.0f GB/s (read + written)\n", prop.name,
                        prop.multiProcessorCount, prop.l2CacheSize >> 20, copy_gb_s);
        }
        std::printf("op,shape,bytes,us,GB_s,share_of_copy_bandwidth\n");
        for (int T : {32768, 126976}) {
            const int    max_new = 512, t = 1024;
            const double S = T + max_new, c = std::fmax(1.0, S / t), alpha = std::fmin(0.2 + 0.06 * std::log2(c), 0.8);
            const int    capacity = int(S / std::pow(c, alpha)), keep = capacity - max_new;
            const double c2   = std::fmax(1.0, double(capacity) / t);
            const int    page = std::min(int(c2), int(std::ceil(std::sqrt(c2)))),
                         r    = std::min(D, int(std::lround(D * page / c2)));
            stage1(T, keep, capacity);
            decode(T, page, r, std::min(t / 2, capacity), keep, capacity);
            dense(T);
        }
        products(KERNEL_WEIGHTS_Q4_K, "q4_K", 256, 144);
        products(KERNEL_WEIGHTS_Q6_K, "q6_K", 256, 210);
        products(KERNEL_WEIGHTS_Q8_0, "q8_0", 32, 34);
        products(KERNEL_WEIGHTS_F16, "f16", 1, 2);
        Plain<float> logits(128256 * 4), out(256);
        Rng          rng(8);
        logits.upload(normals(rng, logits.n, 3.0f));
        Plain<int32_t>       ids(256);
        Plain<unsigned char> work(kernels().candidates_workspace_bytes({nullptr, 128256, 256}));
        for (int n : {64, 256}) {
            const double us = time_calls(16, [&](int i) {
                return kernels().candidates({logits.data + size_t(i % 4) * 128256, 128256, n, out.data, ids.data}, work,
                                            stream);
            });
            row("candidates", "n_vocab=128256 n=" + std::to_string(n), 4.0 * 128256, us);
        }
    });
}
