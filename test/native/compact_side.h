// A compact cache on one device, fed with rows and queries that a model might have computed: for tests that compare
// devices, or a device with the scalar reference.
#pragma once

#include "cuda_options.h"
#include "device/cpu/compact.h"
#include "device/cuda/cuda_device.h"
#include "device/cuda/device_bytes.h"
#include "engine/compact_cache.h"
#include "graph/ggml_inside.h"
#include "rocketkv_data.h"

namespace rocketdoc {

constexpr int64_t N_PROMPT = 900, N_QUESTION = 30;

// What a model would have computed: rows of the prompt, queries of the question, and a token a step. Rotated or not is
// no matter.
struct Inputs {
    HyperParams                     params;
    std::vector<std::vector<float>> k, v, window;            // per layer: [G, T, D] twice, [H, window, D]
    std::vector<std::vector<float>> step_q, step_k, step_v;  // [step * n_layer + layer]: [H, D], [G, D] twice

    int64_t n_steps;

    struct Sizes {
        int64_t n_layer, n_head, n_head_kv, head_dim, n_window, n_steps;
    };
    Inputs(Random & random, const Sizes & sizes) : n_steps(sizes.n_steps) {
        const auto [n_layer, n_head, n_head_kv, head_dim, n_window, steps] = sizes;
        params.n_layer                                                     = n_layer;
        params.n_ctx_train                                                 = 8192;
        params.layers.resize(size_t(n_layer));
        for (LayerTraits & layer : params.layers) {
            layer.n_head = n_head, layer.n_head_kv = n_head_kv, layer.head_dim = head_dim;
            layer.scale = some_scale(random, int(head_dim));
        }
        for (int64_t layer = 0; layer < n_layer; layer++) {
            k.push_back(random.normals(n_head_kv * N_PROMPT * head_dim, 1.5f));
            v.push_back(random.normals(n_head_kv * N_PROMPT * head_dim));
            window.push_back(random.normals(n_head * n_window * head_dim));
        }
        for (int64_t i = 0; i < steps * n_layer; i++) {
            step_q.push_back(random.normals(n_head * head_dim));
            step_k.push_back(random.normals(n_head_kv * head_dim, 1.5f));
            step_v.push_back(random.normals(n_head_kv * head_dim));
        }
    }
};

// A compact cache kept from the prompt, on one device.
struct Side {
    std::unique_ptr<Device>       device;
    CudaDevice *                  gpu = nullptr;  // when the device is one
    std::unique_ptr<KvRows>       history;
    std::unique_ptr<CompactCache> cache;
    QueryWindow                   window;

    bool keep(const Inputs & in, Mode mode, const RocketOptions & options) {
        const HyperParams & p = in.params;
        const int64_t       d = p.full_layer().head_dim;
        RocketBudgets       budgets;
        Status              status = mode_budgets(mode, options, N_PROMPT, N_QUESTION, in.n_steps, int(d), budgets);
        auto                ok     = [&](Status next) {
            if (status.ok()) status = std::move(next);
            return status.ok();
        };
        ok(KvRows::create(LayerDevices(size_t(p.n_layer), device.get()), KvRows::Home::device,
                          kv_shape(p, GGML_TYPE_F16), LayerCounts(size_t(p.n_layer), N_PROMPT), history));
        ok(CompactCache::create(p, {}, *device, mode, options, budgets, cache));
        ok(window.reset(p, *device, budgets.window));
        for (int64_t layer = 0; status.ok() && layer < p.n_layer; layer++) {
            for (auto [from, to] : {std::pair{&in.k[size_t(layer)], history->k(layer)},
                                    std::pair{&in.v[size_t(layer)], history->v(layer)}}) {
                std::vector<f16_bits> rows(from->size());
                for (size_t i = 0; i < rows.size(); i++) rows[i] = f16_from_f32((*from)[i]);
                const size_t run = size_t(N_PROMPT * d) * sizeof(f16_bits);
                for (int64_t head = 0; head < p.layer(layer).n_head_kv; head++)
                    ggml_backend_tensor_set(to, rows.data() + head * N_PROMPT * d, size_t(head) * to->nb[2], run);
            }
            ggml_backend_tensor_set(window.q, in.window[size_t(layer)].data(), 0, ggml_nbytes(window.q));
            ok(cache->keep_layer(layer, {history->k(layer), history->v(layer), 0}, {N_PROMPT, N_PROMPT}, window,
                                 nullptr, nullptr));
            ok(device->finish());
        }
        if (status.ok()) ok(cache->kept());
        if (!CHECK(status.ok())) std::printf("    %s\n", status.message.c_str());
        return status.ok();
    }

    // Attention of one token through all layers: [n_layer, H, D].
    std::vector<float> step(const Inputs & in, int64_t step) {
        const size_t       width = size_t(in.params.full_layer().q_width());
        std::vector<float> out(width * size_t(in.params.n_layer), poison);
        const Status       status = gpu ? step_cuda(in, step, out) : step_cpu(in, step, out);
        if (!CHECK(status.ok())) std::printf("    %s\n", status.message.c_str());
        CHECK(cache->tokens_done(N_PROMPT + step, 1, 1).ok());
        return out;
    }

  private:
    Status step_cpu(const Inputs & in, int64_t step, std::vector<float> & out) {
        const HyperParams & p = in.params;
        const LayerWeights  no_weights;  // no sinks among them
        GraphArena          arena(*device, 64);
        CpuTokenAttention   dense(p, device->n_threads());
        for (int64_t layer = 0; layer < p.n_layer; layer++) {
            const size_t               at    = size_t(step * p.n_layer + layer);
            ggml_context *             ctx   = arena.begin();
            ggml_cgraph *              graph = arena.new_graph();
            const LayerTraits &        l     = p.layer(layer);
            QkvTensors                 qkv{new_input(ctx, GGML_TYPE_F32, l.head_dim, l.n_head),
                                           new_input(ctx, GGML_TYPE_F32, l.head_dim, l.n_head_kv),
                                           new_input(ctx, GGML_TYPE_F32, l.head_dim, l.n_head_kv)};
            ggml_tensor *              index = new_input(ctx, GGML_TYPE_I64, 1);
            std::vector<ggml_tensor *> live;
            CompactNode                node{&cache->on_device(), layer};
            ggml_tensor * attended = build_compact_attention(ctx, graph, node, cache->rows(),
                                                             {p, p.layer(layer), no_weights}, qkv, index, dense, live);
            ggml_set_output(attended);
            ggml_build_forward_expand(graph, attended);
            RETURN_IF_FAILED(arena.allocate(graph));
            ggml_backend_tensor_set(qkv.q, in.step_q[at].data(), 0, ggml_nbytes(qkv.q));
            ggml_backend_tensor_set(qkv.k, in.step_k[at].data(), 0, ggml_nbytes(qkv.k));
            ggml_backend_tensor_set(qkv.v, in.step_v[at].data(), 0, ggml_nbytes(qkv.v));
            if (!live.empty()) {  // a dense layer
                const int64_t n = cache->n_live();
                ggml_backend_tensor_set(index, &n, 0, sizeof(n));
                const RowRange seen = seen_rows(p.layer(layer).kept_window(), cache->on_device().live(layer));
                for (ggml_tensor * view : live) RETURN_IF_FAILED(set_row_range(view, seen.first, seen.count));
            }
            RETURN_IF_FAILED(device->compute(graph, nullptr));
            ggml_backend_tensor_get(attended, out.data() + size_t(layer) * ggml_nelements(attended), 0,
                                    ggml_nbytes(attended));
        }
        return Status::good();
    }

    Status step_cuda(const Inputs & in, int64_t step, std::vector<float> & out) {
        const HyperParams & p       = in.params;
        CudaDevice &        cuda    = *gpu;
        CompactOnDevice &   compact = cache->on_device();
        DeviceBytes         q, k, v, attended;
        const size_t        width = out.size() / size_t(p.n_layer) * sizeof(float);
        RETURN_IF_FAILED(cuda.enter());
        RETURN_IF_FAILED(DeviceBytes::allocate(*device, width, attended));
        RETURN_IF_FAILED(compact.begin_token());
        for (int64_t layer = 0; layer < p.n_layer; layer++) {
            const size_t at = size_t(step * p.n_layer + layer);
            for (auto [from, to] :
                 {std::pair{&in.step_q[at], &q}, std::pair{&in.step_k[at], &k}, std::pair{&in.step_v[at], &v}}) {
                RETURN_IF_FAILED(DeviceBytes::allocate(*device, from->size() * sizeof(float), *to));
                RETURN_IF_FAILED(cuda.check(
                    cuda.kernels().copy(to->data(), from->data(), from->size() * sizeof(float), cuda.stream()),
                    "giving a token"));
            }
            RETURN_IF_FAILED(
                compact.attend({layer, 1, q.at<float>(0), k.at<float>(0), v.at<float>(0), attended.at<float>(0), {}}));
            RETURN_IF_FAILED(cuda.check(cuda.kernels().copy(out.data() + size_t(layer) * width / sizeof(float),
                                                            attended.data(), width, cuda.stream()),
                                        "taking the answer"));
            RETURN_IF_FAILED(cuda.finish_stream());
        }
        RETURN_IF_FAILED(compact.end_token());
        return cuda.finish_stream();
    }
};

inline Status open_gpu(Side & side) {
    std::unique_ptr<CudaDevice> device;
    RETURN_IF_FAILED(CudaDevice::open(cuda_options(), device));
    side.gpu    = device.get();
    side.device = std::move(device);
    return Status::good();
}

inline bool open_side(bool cuda, Side & side) {
    const Status status = cuda ? open_gpu(side) : Device::open({GGML_BINS, 2}, side.device);
    if (!CHECK(status.ok())) std::printf("    %s\n", status.message.c_str());
    return status.ok();
}

inline RocketOptions options_of(SelectorKind selector) {
    RocketOptions o;
    o.token_budget = 256;
    o.window       = 16;
    o.kernel       = 15;
    o.selector     = selector;
    return o;
}

inline std::vector<float> f16_rows(const std::vector<float> & rows) {
    std::vector<float> out;
    for (float x : rows) out.push_back(f32_from_f16(f16_from_f32(x)));
    return out;
}

}  // namespace rocketdoc
