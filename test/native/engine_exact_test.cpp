// Mode exact-topk, and each selector measured against the exact top-k: the compact caches of CPU and GPU on the same
// rows and queries, so that what differs is arithmetic alone. The GPU's half (cuda_options.h) is skipped, with the
// reason, where no GPU can be used.
#include "cuda_options.h"
#include "device/cpu/compact.h"
#include "device/cuda/cuda_device.h"
#include "device/cuda/device_bytes.h"
#include "engine/compact_cache.h"
#include "rocketkv_data.h"

using namespace rocketdoc;

namespace {

constexpr int64_t N_PROMPT = 900, N_QUESTION = 30, N_STEPS = 24;

// What a model would have computed: rows of the prompt, queries of the question, and a token a step. Rotated or not is
// no matter.
struct Inputs {
    HyperParams                     params;
    std::vector<std::vector<float>> k, v, window;            // per layer: [G, T, D] twice, [H, window, D]
    std::vector<std::vector<float>> step_q, step_k, step_v;  // [step * n_layer + layer]: [H, D], [G, D] twice

    Inputs(Random & random, int64_t n_layer, int64_t n_head, int64_t n_head_kv, int64_t head_dim, int64_t n_window) {
        params.n_layer     = n_layer;
        params.n_head      = n_head;
        params.n_head_kv   = n_head_kv;
        params.head_dim    = head_dim;
        params.n_ctx_train = 8192;
        params.layers.resize(size_t(n_layer));
        for (LayerTraits & layer : params.layers) layer.scale = some_scale(random, int(head_dim));
        for (int64_t layer = 0; layer < n_layer; layer++) {
            k.push_back(random.normals(n_head_kv * N_PROMPT * head_dim, 1.5f));
            v.push_back(random.normals(n_head_kv * N_PROMPT * head_dim));
            window.push_back(random.normals(n_head * n_window * head_dim));
        }
        for (int64_t i = 0; i < N_STEPS * n_layer; i++) {
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
        const int64_t       d = p.head_dim;
        RocketBudgets       budgets;
        Status              status = mode_budgets(mode, options, N_PROMPT, N_QUESTION, N_STEPS, int(d), budgets);
        auto                ok     = [&](Status next) {
            if (status.ok()) status = std::move(next);
            return status.ok();
        };
        ok(KvRows::create(LayerDevices(size_t(p.n_layer), device.get()), KvRows::Home::device,
                          {p.n_layer, p.n_head_kv, d, GGML_TYPE_F16}, N_PROMPT, history));
        ok(CompactCache::create(p, *device, mode, options, budgets, cache));
        ok(window.reset(p, *device, budgets.window));
        for (int64_t layer = 0; status.ok() && layer < p.n_layer; layer++) {
            for (auto [from, to] : {std::pair{&in.k[size_t(layer)], history->k(layer)},
                                    std::pair{&in.v[size_t(layer)], history->v(layer)}}) {
                std::vector<f16_bits> rows(from->size());
                for (size_t i = 0; i < rows.size(); i++) rows[i] = f16_from_f32((*from)[i]);
                const size_t run = size_t(N_PROMPT * d) * sizeof(f16_bits);
                for (int64_t head = 0; head < p.n_head_kv; head++)
                    ggml_backend_tensor_set(to, rows.data() + head * N_PROMPT * d, size_t(head) * to->nb[2], run);
            }
            ggml_backend_tensor_set(window.q, in.window[size_t(layer)].data(), 0, ggml_nbytes(window.q));
            ok(cache->keep_layer(layer, {history->k(layer), history->v(layer)}, N_PROMPT, window, nullptr, nullptr));
            ok(device->finish());
        }
        if (status.ok()) ok(cache->kept());
        if (!CHECK(status.ok())) std::printf("    %s\n", status.message.c_str());
        return status.ok();
    }

    // Attention of one token through all layers: [n_layer, H, D].
    std::vector<float> step(const Inputs & in, int64_t step) {
        const size_t       width = size_t(in.params.n_head * in.params.head_dim);
        std::vector<float> out(width * size_t(in.params.n_layer), poison);
        const Status       status = gpu ? step_cuda(in, step, out) : step_cpu(in, step, out);
        if (!CHECK(status.ok())) std::printf("    %s\n", status.message.c_str());
        CHECK(cache->token_done(N_PROMPT + step).ok());
        return out;
    }

  private:
    Status step_cpu(const Inputs & in, int64_t step, std::vector<float> & out) {
        const HyperParams & p = in.params;
        GraphArena          arena(*device, 64);
        for (int64_t layer = 0; layer < p.n_layer; layer++) {
            const size_t               at    = size_t(step * p.n_layer + layer);
            ggml_context *             ctx   = arena.begin();
            ggml_cgraph *              graph = arena.new_graph();
            QkvTensors                 qkv{new_input(ctx, GGML_TYPE_F32, p.head_dim, p.n_head),
                                           new_input(ctx, GGML_TYPE_F32, p.head_dim, p.n_head_kv),
                                           new_input(ctx, GGML_TYPE_F32, p.head_dim, p.n_head_kv)};
            ggml_tensor *              index = new_input(ctx, GGML_TYPE_I64, 1);
            std::vector<ggml_tensor *> live;
            CompactNode                node{&cache->on_device(), layer};
            ggml_tensor *              attended =
                build_compact_attention(ctx, graph, node, cache->rows(), p.layer(layer), qkv, index, live);
            ggml_set_output(attended);
            ggml_build_forward_expand(graph, attended);
            RETURN_IF_FAILED(arena.allocate(graph));
            ggml_backend_tensor_set(qkv.q, in.step_q[at].data(), 0, ggml_nbytes(qkv.q));
            ggml_backend_tensor_set(qkv.k, in.step_k[at].data(), 0, ggml_nbytes(qkv.k));
            ggml_backend_tensor_set(qkv.v, in.step_v[at].data(), 0, ggml_nbytes(qkv.v));
            if (!live.empty()) {  // a dense layer
                const int64_t n = cache->n_live();
                ggml_backend_tensor_set(index, &n, 0, sizeof(n));
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
                compact.attend({layer, q.at<float>(0), k.at<float>(0), v.at<float>(0), attended.at<float>(0), {}}));
            RETURN_IF_FAILED(cuda.check(cuda.kernels().copy(out.data() + size_t(layer) * width / sizeof(float),
                                                            attended.data(), width, cuda.stream()),
                                        "taking the answer"));
            RETURN_IF_FAILED(cuda.finish_stream());
        }
        RETURN_IF_FAILED(compact.end_token());
        return cuda.finish_stream();
    }
};

Status open_gpu(Side & side) {
    std::unique_ptr<CudaDevice> device;
    RETURN_IF_FAILED(CudaDevice::open(cuda_options(), device));
    side.gpu    = device.get();
    side.device = std::move(device);
    return Status::good();
}

bool open_side(bool cuda, Side & side) {
    const Status status = cuda ? open_gpu(side) : Device::open({GGML_BINS, 2}, side.device);
    if (!CHECK(status.ok())) std::printf("    %s\n", status.message.c_str());
    return status.ok();
}

RocketOptions options_of(SelectorKind selector) {
    RocketOptions o;
    o.token_budget = 256;
    o.window       = 16;
    o.kernel       = 15;
    o.selector     = selector;
    return o;
}

// One layer and one KV head: the map's reads of a step are the rows that it chose. They must be the exact top-k of the
// rows that are there, up to equal scores, and the answer is attention over them.
void test_exact_choice(bool cuda, int64_t head_dim, int k) {
    Random        random;
    const int     group = random.integer(1, 6);
    Inputs        in(random, 1, group, 1, head_dim, 16);
    Side          side;
    RocketOptions options = options_of(SelectorKind::pages);
    options.k             = k;
    if (!open_side(cuda, side) || !side.keep(in, Mode::exact_topk, options)) return;
    auto f16_rows = [](const std::vector<float> & rows) {
        std::vector<float> out;
        for (float x : rows) out.push_back(f32_from_f16(f16_from_f32(x)));
        return out;
    };
    std::vector<float>    keys = f16_rows(in.k[0]), values = f16_rows(in.v[0]);
    std::vector<uint32_t> reads(size_t(N_PROMPT + N_STEPS), 0);
    CHECK(side.cache->measure(true).ok());
    for (int64_t step = 0; step < N_STEPS; step++) {
        const std::vector<float> new_k = f16_rows(in.step_k[size_t(step)]), new_v = f16_rows(in.step_v[size_t(step)]);
        keys.insert(keys.end(), new_k.begin(), new_k.end());
        values.insert(values.end(), new_v.begin(), new_v.end());
        const int64_t            n   = N_PROMPT + step + 1;
        const std::vector<float> out = side.step(in, step);
        std::vector<uint32_t>    kept(reads.size(), 0), now(reads.size(), 0);
        side.cache->count_map(kept, now);
        std::vector<int32_t> chosen;
        for (size_t i = 0; i < now.size(); i++) {
            CHECK(now[i] - reads[i] <= 1);
            if (now[i] > reads[i]) chosen.push_back(int32_t(i));
        }
        reads = now;
        CHECK(int64_t(chosen.size()) == std::min(side.cache->budgets().k, n));
        const float *          q = in.step_q[size_t(step)].data();
        const reference::Head  rows{keys.data(), values.data(), n, int(head_dim)};
        const reference::Query query{q, group, in.params.layer(0).scale};
        CHECK(is_top_k(reference::exact_scores(rows, query), chosen, side.cache->budgets().k, 1e-4));
        check_outputs(out, reference::attention(rows, query, chosen), 1e-4);
    }
    const OracleStats stats = side.cache->take_oracle_stats();
    CHECK(stats.n == N_STEPS && stats.recall_sum == double(N_STEPS));
    CHECK(side.cache->take_oracle_stats().n == 0);
}

// What a mode reads, and its recall and mass, per head and step.
struct Measured {
    std::vector<float>    out;
    std::vector<uint32_t> reads;
    OracleStats           stats;
};

Measured measure(Side & side, const Inputs & in) {
    Measured m;
    for (int64_t step = 0; step < N_STEPS; step++) {
        CHECK(side.cache->measure(step % 2 == 0).ok());  // on and off: what a step computes does not hang on it
        const std::vector<float> out = side.step(in, step);
        m.out.insert(m.out.end(), out.begin(), out.end());
    }
    std::vector<uint32_t> kept(size_t(N_PROMPT + N_STEPS), 0);
    m.reads.assign(kept.size(), 0);
    side.cache->count_map(kept, m.reads);
    m.stats = side.cache->take_oracle_stats();
    return m;
}

// The CPU against the other device, or against itself.
void test_measures_alike(bool other_is_cuda, Mode mode, SelectorKind selector, Grouping grouping) {
    Random        random;
    Inputs        in(random, 2, 6, 2, 64, 16);
    RocketOptions options  = options_of(selector);
    options.grouping       = grouping;
    options.n_dense_layers = mode == Mode::hsa ? 1 : 0;
    Side cpu, other;
    if (!open_side(false, cpu) || !open_side(other_is_cuda, other) || !cpu.keep(in, mode, options) ||
        !other.keep(in, mode, options))
        return;
    const Measured here = measure(cpu, in), there = measure(other, in);
    const double   n = double(here.stats.n);
    CHECK(here.stats.n == there.stats.n && here.stats.n > 0);
    if (other_is_cuda)
        std::printf("%-11s selector %d: recall %.4f, %.4f on the GPU; attention read %.4f, %.4f\n", mode_name(mode),
                    int(selector), here.stats.recall_sum / n, there.stats.recall_sum / n, here.stats.mass_sum / n,
                    there.stats.mass_sum / n);
    CHECK_NEAR(here.stats.recall_sum / n, there.stats.recall_sum / n, 1e-3);
    CHECK_NEAR(here.stats.mass_sum / n, there.stats.mass_sum / n, 1e-3);
    if (mode == Mode::exact_topk) CHECK(there.stats.recall_sum == n);
    int64_t reads = 0, different = 0;
    for (size_t i = 0; i < here.reads.size(); i++) {
        reads += here.reads[i];
        different += std::abs(int64_t(here.reads[i]) - int64_t(there.reads[i]));
    }
    CHECK(reads > 0 && double(different) <= 2e-3 * double(reads));  // equal scores
    double worst = 0;
    for (size_t i = 0; i < here.out.size(); i++) worst = std::max(worst, double(std::fabs(here.out[i] - there.out[i])));
    CHECK(worst < 2e-2 && !std::isnan(there.out.back()));  // a swap of equal scores is small
}

void test_oracle_stats() {
    const float   p[]      = {0.5f, 0.1f, 0.9f, 0.2f, 0.3f};  // of a group of two
    const int32_t chosen[] = {0, 1};
    int32_t       best[2];
    OracleStats   stats;
    stats.add_head(chosen, 2, p, 5, 2, best);
    CHECK_NEAR(stats.recall_sum, 0.5, 0);
    CHECK_NEAR(stats.mass_sum, 0.3, 1e-7);
    stats.add_head(chosen, 0, p, 5, 2, best);
    CHECK(stats.n == 2 && stats.recall_sum == 1.5);
}

void test_device(bool cuda) {
    for (int64_t head_dim : {64, 96, 128, 256}) test_exact_choice(cuda, head_dim, 0);
    test_exact_choice(cuda, 64, int(N_PROMPT) + 5);  // everything fits at first
    for (Grouping grouping : {Grouping::kv_group, Grouping::query_head}) {
        test_measures_alike(cuda, Mode::exact_topk, SelectorKind::pages, grouping);
        for (SelectorKind selector : {SelectorKind::pages, SelectorKind::codes, SelectorKind::codes_residual}) {
            test_measures_alike(cuda, Mode::rocketkv_mt, selector, grouping);
            test_measures_alike(cuda, Mode::hsa, selector, grouping);
        }
    }
}

}  // namespace

int main() {
    test_oracle_stats();
    test_device(false);
    if (has_gpu()) test_device(true);
    return check::report();
}
