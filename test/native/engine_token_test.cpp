// token_kernels: what an architecture builds for ggml becomes the same computation in fewer calls. The calls run here
// on a table of plain C++ in place of the CUDA kernels, and must agree with ggml's CPU backend on the graph itself:
// every weight format, biases, both kinds of rotation with factors and YaRN, mixed formats; what is not known is left
// to ggml whole.
#include <algorithm>
#include <cstring>
#include <vector>

#include "check.h"
#include "arch/architecture.h"
#include "device/device.h"
#include "device/cuda/token_kernels.h"
#include "device/cuda/token_products.h"
#include "engine/model.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

ggml_type ggml_of(KernelWeightType type) {
    switch (type) {
        case KERNEL_WEIGHTS_F16: return GGML_TYPE_F16;
        case KERNEL_WEIGHTS_BF16: return GGML_TYPE_BF16;
        case KERNEL_WEIGHTS_Q8_0: return GGML_TYPE_Q8_0;
        case KERNEL_WEIGHTS_Q4_0: return GGML_TYPE_Q4_0;
        case KERNEL_WEIGHTS_Q4_1: return GGML_TYPE_Q4_1;
        case KERNEL_WEIGHTS_Q4_K: return GGML_TYPE_Q4_K;
        case KERNEL_WEIGHTS_Q5_K: return GGML_TYPE_Q5_K;
        case KERNEL_WEIGHTS_Q6_K: return GGML_TYPE_Q6_K;
        case KERNEL_WEIGHTS_F32: return GGML_TYPE_F32;
    }
    return GGML_TYPE_COUNT;
}

int n_products = 0, n_matrices = 0, n_others = 0;

KernelStatus normalize(const KernelNormalize & a, KernelStream) {
    double sum = 0;
    for (int i = 0; i < a.n; i++) sum += double(a.x[i]) * a.x[i];
    for (int i = 0; i < a.n; i++)
        a.out.x[i] = float(a.x[i] / std::sqrt(sum / a.n + a.eps) * a.weight[i] + (a.add ? a.add[i] : 0.0f));
    n_others++;
    return KERNEL_OK;
}

KernelStatus quantise(const KernelActivations &, int, KernelStream) {
    n_others++;
    return KERNEL_OK;
}

void rotate(std::vector<float> & rows, const KernelRope & r) {
    for (size_t head = 0; head < rows.size(); head += size_t(r.head_dim)) {
        for (int pair = 0; pair < r.n_rot / 2; pair++) {
            const float extra = float(*r.position) * std::pow(r.base, -2.0f * float(pair) / float(r.n_rot)) /
                                (r.factors ? r.factors[pair] : 1.0f);
            double      theta = extra * r.scale, size = r.attn_factor;
            if (r.ext_factor != 0) {
                const double mix =
                    (1 - std::min(1.0, std::max(0.0, (pair - double(r.corr_low)) /
                                                         std::max(0.001, double(r.corr_high) - r.corr_low)))) *
                    r.ext_factor;
                theta = theta * (1 - mix) + extra * mix;
                size *= 1 + 0.1 * std::log(1 / double(r.scale));
            }
            float &      a = rows[head + size_t(r.neox ? pair : 2 * pair)];
            float &      b = rows[head + size_t(r.neox ? pair + r.n_rot / 2 : 2 * pair + 1)];
            const double x = a, y = b, c = std::cos(theta) * size, s = std::sin(theta) * size;
            a = float(x * c - y * s);
            b = float(x * s + y * c);
        }
    }
}

KernelStatus normalize_heads(const KernelNormalizeHeads & a, KernelStream) {
    const int D = a.rope.head_dim;
    for (int kind = 0; kind < a.n_kinds; kind++) {
        const KernelHeads & k = a.kinds[kind];
        std::vector<float>  rows(size_t(k.n_head * D));
        for (int head = 0; head < k.n_head; head++) {
            const float * x   = k.x + head * D;
            double        sum = 0;
            for (int c = 0; c < D; c++) sum += double(x[c]) * x[c];
            for (int c = 0; c < D; c++)
                rows[size_t(head * D + c)] = float(x[c] / std::sqrt(sum / D + a.eps) * k.weight[c]);
        }
        if (a.rope.n_rot > 0) rotate(rows, a.rope);
        std::memcpy(k.out, rows.data(), rows.size() * sizeof(float));
    }
    n_others++;
    return KERNEL_OK;
}

std::vector<float> weights_of(const KernelProduct & p, const KernelMatrix & m, int expert, int row) {
    std::vector<float>       out(size_t(p.n_columns));
    const ggml_type_traits * traits = ggml_get_type_traits(ggml_of(p.type));
    const uint8_t *          from =
        static_cast<const uint8_t *>(m.weights) + size_t(expert) * m.expert_bytes + size_t(row) * m.row_bytes;
    if (p.type == KERNEL_WEIGHTS_F32) std::memcpy(out.data(), from, out.size() * sizeof(float));
    else traits->to_float(from, out.data(), p.n_columns);
    return out;
}

float silu(double x) { return float(x / (1 + std::exp(-x))); }

// By the experts of the token: with the gate the results stand one after the other, without it they are added up.
KernelStatus product_by_experts(const KernelProduct & p) {
    const bool          gated = p.gate != KERNEL_GATE_NONE;
    const int           n     = p.matrices[0].n_rows;
    std::vector<double> all(size_t(n), 0.0);
    for (int i = 0; i < p.n_used; i++) {
        const float * x = p.activations.x + (gated ? 0 : i * p.n_columns);
        for (int r = 0; r < n; r++) {
            double sums[2] = {0, 0};
            for (int m = 0; m < p.n_matrices; m++) {
                const std::vector<float> weights = weights_of(p, p.matrices[m], p.experts[i], r);
                for (int c = 0; c < p.n_columns; c++) sums[m] += double(weights[size_t(c)]) * x[c];
            }
            if (gated) p.matrices[0].out[i * n + r] = silu(sums[0]) * float(sums[1]);
            else all[size_t(r)] += p.expert_weights[i] * sums[0];
        }
    }
    const float * add = p.matrices[0].add;
    for (int r = 0; r < n && !gated; r++) p.matrices[0].out[r] = float(all[size_t(r)] + (add ? add[r] : 0.0f));
    n_products++;
    n_matrices += p.n_matrices;
    return KERNEL_OK;
}

KernelStatus choose_experts(const KernelChooseExperts & a, KernelWorkspace, KernelStream) {
    for (int i = 0; i < a.n_expert; i++) {
        double score = 0;
        for (int c = 0; c < a.n; c++) score += double(a.router[size_t(i) * size_t(a.n) + size_t(c)]) * a.x[c];
        a.scores[i] = float(score);
    }
    std::vector<int32_t> order;
    double               sum = 0, shares = 0;
    for (int i = 0; i < a.n_expert; i++) order.push_back(i), sum += std::exp(double(a.scores[i]));
    std::stable_sort(order.begin(), order.end(), [&](int x, int y) { return a.scores[x] > a.scores[y]; });
    for (int i = 0; i < a.n_used; i++) shares += std::exp(double(a.scores[order[size_t(i)]])) / sum;
    for (int i = 0; i < a.n_used; i++) {
        a.experts[i] = order[size_t(i)];
        a.weights[i] =
            float(std::exp(double(a.scores[order[size_t(i)]])) / sum / std::max(shares, double(a.least_sum)));
    }
    n_others++;
    return KERNEL_OK;
}

KernelStatus product(const KernelProduct & p, KernelStream) {
    if (p.experts) return product_by_experts(p);
    std::vector<std::vector<float>> out;
    for (int m = 0; m < p.n_matrices; m++) {
        const KernelMatrix & k = p.matrices[m];
        std::vector<float>   rows(static_cast<size_t>(k.n_rows));
        for (int r = 0; r < k.n_rows; r++) {
            const std::vector<float> weights = weights_of(p, k, 0, r);
            double                   sum     = k.bias ? k.bias[r] : 0;
            for (int c = 0; c < p.n_columns; c++) sum += double(weights[size_t(c)]) * p.activations.x[c];
            rows[size_t(r)] = float(sum);
        }
        if (k.rotate) rotate(rows, p.rope);
        for (int r = 0; k.add && r < k.n_rows; r++) rows[size_t(r)] += k.add[r];
        out.push_back(std::move(rows));
    }
    const bool gated = p.gate != KERNEL_GATE_NONE;
    for (size_t r = 0; gated && r < out[0].size(); r++) {
        const double x = out[0][r];
        const double gelu =
            0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
        out[0][r] = (p.gate == KERNEL_GATE_GELU ? float(gelu) : silu(x)) * out[1][r];
    }
    for (int m = 0; m < (gated ? 1 : p.n_matrices); m++)
        std::memcpy(p.matrices[m].out, out[size_t(m)].data(), out[size_t(m)].size() * sizeof(float));
    n_products++;
    n_matrices += p.n_matrices;
    return KERNEL_OK;
}

struct Case {
    ggml_type type    = GGML_TYPE_F16;
    ggml_type v_type  = GGML_TYPE_COUNT;  // COUNT: as the others
    bool      biases  = false;
    bool      neox    = false;
    bool      factors = false;
    bool      yarn    = false;
    int       n_rot   = 0;
    bool      gemma   = false;  // norms of q and k, norms behind each branch, a GELU gate
    int       n_kv    = 2;
    int       used    = 0;  // experts of a token, of twelve; norms of q and k
};

// One layer with random weights in plain memory.
class RandomLayer {
  public:
    RandomLayer(const Case & c, std::mt19937_64 & random) : random_(random) {
        p.n_embd = 256, p.n_layer = 1;
        p.rms_eps = 1e-5f;
        p.layers.resize(1);
        LayerTraits & traits = p.layers[0];
        traits.n_head = 8, traits.n_head_kv = c.n_kv, traits.head_dim = 64, traits.n_ff = 512;
        Rope & rope = p.layers[0].rope;
        rope.kind   = c.neox ? RopeKind::halves : RopeKind::neighbours;
        rope.n_rot = c.n_rot ? c.n_rot : 64, rope.n_ctx_orig = 2048;
        if (c.yarn) rope.scale = 0.25f, rope.ext_factor = 1.0f;
        if (c.gemma || c.used) p.layers[0].qk_norm = QkNorm::head;
        if (c.used) p.layers[0].experts = {.count = 12, .used = c.used, .n_ff = 256};
        if (c.gemma) p.layers[0].feed_forward = FeedForwardKind::geglu;
        ggml_init_params params = {size_t(32) << 20, nullptr, false};
        ctx_.reset(ggml_init(params));
        const int64_t q = traits.q_width(), kv = traits.kv_width();
        l.attn_norm = vector(p.n_embd), l.ffn_norm = vector(p.n_embd);
        l.wq = matrix(c.type, p.n_embd, q), l.wk = matrix(c.type, p.n_embd, kv);
        l.wv = matrix(c.v_type == GGML_TYPE_COUNT ? c.type : c.v_type, p.n_embd, kv);
        l.wo = matrix(c.type, q, p.n_embd), l.ffn_gate = matrix(c.type, p.n_embd, traits.n_ff),
        l.ffn_up   = matrix(c.type, p.n_embd, traits.n_ff);
        l.ffn_down = matrix(c.type, traits.n_ff, p.n_embd);
        if (c.gemma || c.used) l.q_norm = vector(traits.head_dim), l.k_norm = vector(traits.head_dim);
        if (c.used) {
            const Experts & e = p.layers[0].experts;
            l.router          = matrix(GGML_TYPE_F32, p.n_embd, e.count);
            l.experts_gate    = matrix(c.type, p.n_embd, e.n_ff, e.count);
            l.experts_up      = matrix(c.type, p.n_embd, e.n_ff, e.count);
            l.experts_down    = matrix(c.type, e.n_ff, p.n_embd, e.count);
        }
        if (c.gemma) {
            l.attn_post_norm = vector(p.n_embd), l.ffn_post_norm = vector(p.n_embd);
        }
        if (c.factors) l.rope_factors = vector(rope.n_rot / 2, 1.5f);
        if (c.biases) {
            l.bq = vector(q), l.bk = vector(kv), l.bv = vector(kv), l.bo = vector(p.n_embd);
            l.ffn_gate_b = vector(traits.n_ff), l.ffn_up_b = vector(traits.n_ff), l.ffn_down_b = vector(p.n_embd);
        }
        x                                       = vector(p.n_embd);
        attended                                = vector(q);
        position                                = ggml_new_tensor_1d(ctx_.get(), GGML_TYPE_I32, 1);
        *static_cast<int32_t *>(position->data) = int32_t(random_() % 2000);
    }
    ggml_context *   ctx() { return ctx_.get(); }
    rocketdoc::Layer of_model() const { return {p, p.layers[0], l}; }

    HyperParams  p;
    LayerWeights l;
    ggml_tensor *x = nullptr, *attended = nullptr, *position = nullptr;

  private:
    std::vector<float> normals(int64_t n, float mean, float deviation) {
        std::normal_distribution<float> normal(mean, deviation);
        std::vector<float>              out(static_cast<size_t>(n));
        for (float & v : out) v = normal(random_);
        return out;
    }
    ggml_tensor * vector(int64_t n, float mean = 0) {
        ggml_tensor *            t = ggml_new_tensor_1d(ctx_.get(), GGML_TYPE_F32, n);
        const std::vector<float> v = normals(n, mean, mean > 0 ? 0.1f : 1.0f);
        std::memcpy(t->data, v.data(), v.size() * sizeof(float));
        return t;
    }
    ggml_tensor * matrix(ggml_type type, int64_t in, int64_t out, int64_t count = 1) {
        ggml_tensor *            t = ggml_new_tensor_3d(ctx_.get(), type, in, out, count);
        const std::vector<float> v = normals(in * out * count, 0, 1.0f / std::sqrt(float(in))),
                                 importance(size_t(in), 1.0f);
        if (type == GGML_TYPE_F32) std::memcpy(t->data, v.data(), v.size() * sizeof(float));
        else ggml_quantize_chunk(type, v.data(), t->data, 0, out * count, in, importance.data());
        return t;
    }
    std::mt19937_64 & random_;
    ggml_context_ptr  ctx_;
};

std::vector<float> taken(const ggml_tensor * t) {
    const float * at = static_cast<const float *>(t->data);
    return {at, at + ggml_nelements(t)};
}

// The distance of all values together: it hardly depends on the seed, where the worst of a thousand values does.
void compare(const std::vector<float> & got, const std::vector<float> & want, double bound, const char * what) {
    double apart = 0, length = 1e-12;
    for (size_t i = 0; i < want.size(); i++) {
        apart += std::isnan(got[i]) ? 1e18 : std::pow(double(got[i]) - want[i], 2);
        length += std::pow(double(want[i]), 2);
    }
    if (!CHECK(apart <= bound * bound * length)) std::printf("    %s: %g\n", what, std::sqrt(apart / length));
}

// The three parts of a layer, as a token computes them.
void one(const Case & c, Device & device, std::mt19937_64 & random, int want_products, int want_others) {
    RandomLayer layer(c, random);
    KernelTable table{};
    table.normalize = normalize, table.quantise = quantise, table.product = product;
    table.normalize_heads         = normalize_heads;
    table.choose_experts          = choose_experts;
    const Architecture &     arch = c.used ? arch_qwen3moe : c.gemma ? arch_gemma3 : arch_llama;
    std::vector<signed char> bits(1024);
    std::vector<float>       scales(64), sums(64);
    n_products = n_matrices = n_others = 0;
    // ggml rounds what a product takes to the weights' own type: 8 bits of bf16, 11 of f16.
    const double bound = ggml_is_quantized(c.type) ? 4e-2 : c.type == GGML_TYPE_BF16 ? 5e-3 : 1e-3;
    for (const char * part : {"before attention", "after it", "feed-forward"}) {
        ggml_cgraph *              graph = ggml_new_graph(layer.ctx());
        std::vector<ggml_tensor *> ends;
        if (part[0] == 'b') {
            const QkvTensors qkv = arch.build_qkv(layer.ctx(), layer.of_model(), layer.x, layer.position);
            ends                 = {qkv.q, qkv.k, qkv.v};
        } else if (part[0] == 'a') {
            ends = {arch.build_attention_output(layer.ctx(), layer.of_model(), layer.x, layer.attended, nullptr)};
        } else {
            ends = {arch.build_layer_output(layer.ctx(), layer.of_model(), layer.x, nullptr)};
        }
        for (ggml_tensor * end : ends) ggml_build_forward_expand(graph, end);
        CHECK(device.compute(graph, nullptr).ok());
        std::vector<std::vector<float>> want;
        for (ggml_tensor * end : ends) {
            want.push_back(taken(end));
            std::memset(end->data, 0xff, ggml_nbytes(end));
        }
        // Attention leaves its result in 8 bits as well.
        const float * held = part[0] == 'a' ? static_cast<const float *>(layer.attended->data) : nullptr;
        const std::vector<KernelCall> calls =
            token_kernels(graph, {{nullptr, bits.data(), scales.data(), sums.data()}, {}}, held);
        CHECK(calls.empty() == (want_products == 0));
        for (const KernelCall & call : calls) CHECK(call(table, nullptr) == KERNEL_OK);
        for (size_t i = 0; i < ends.size() && !calls.empty(); i++)
            compare(taken(ends[i]), want[i], bound, ggml_type_name(c.type));
    }
    CHECK(n_products == want_products);
    CHECK(n_others == want_others);
    if (want_products) CHECK(n_matrices == 7);
}

// Which products of a model's token are ours is known from its header.
void test_products() {
    const auto products_of = [](const std::string & family, ggml_type type) {
        TinyModelOptions o = tiny_family(family, true);
        o.type             = type;
        const TinyModel        file(o);
        std::unique_ptr<Model> header;
        CHECK(Model::open_header(file.path(), header).ok());
        return header ? cuda_token_products(*header) : TokenProducts{};
    };
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_K}) {
        for (const char * family : {"llama", "qwen2", "qwen3", "gemma3", "mistral3"}) {
            const TokenProducts products = products_of(family, type);
            CHECK(products.all == (std::string(family) == "gemma3" ? 7 : 5) * 7 + 1);
            // Queries that grow with their position are ggml's, and what is computed with them: three of seven.
            CHECK(products.ours == (std::string(family) == "mistral3" ? 5 * 4 + 1 : products.all));
        }
    }
    // A router and three products by expert instead of three. Of gpt-oss's, with biases, ours are those around
    // attention, and the output.
    const TokenProducts experts = products_of("qwen3moe", GGML_TYPE_F16),
                        biased  = products_of("gpt-oss", GGML_TYPE_F16);
    CHECK(experts.all == 5 * 8 + 1 && experts.ours == experts.all);
    CHECK(biased.all == 5 * 8 + 1 && biased.ours == 5 * 4 + 1);
    // Of Gemma 4's, values have norms, the router reads a norm without weights, logits are capped: ours is the output
    // of attention alone. Two layers of seven have no V; the feed-forward, the router, and two products by expert.
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q4_0, GGML_TYPE_Q4_K}) {
        const TokenProducts beside = products_of("gemma4-experts", type);
        CHECK(beside.all == 7 * 4 - 2 + 7 * (3 + 1 + 2) + 1 && beside.ours == 7);
    }
    CHECK(products_of("llama", GGML_TYPE_Q2_K).ours == 0 && products_of("llama", GGML_TYPE_Q2_K).all == 5 * 7 + 1);
    CHECK(products_of("phi3", GGML_TYPE_F16).all == 5 * 4 + 1);
}

}  // namespace

int main() {
    test_products();
    std::mt19937_64         random(check::seed());
    std::unique_ptr<Device> device;
    if (!CHECK(Device::open({GGML_BINS, 1}, device).ok())) return check::report();
    for (ggml_type type : {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1,
                           GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K}) {
        // norm + q, k, v; output + residual, norm + gate and up, down + residual. The gate's results become 8 bits
        // first.
        const int others = ggml_is_quantized(type) ? 3 : 2;
        Case      c;
        c.type = type;
        one(c, *device, random, 4, others);
        c.biases = true;
        one(c, *device, random, 4, others);
        c.neox = c.factors = true;
        one(c, *device, random, 4, others);
        c.yarn = true, c.biases = false, c.n_rot = 32;
        one(c, *device, random, 4, others);
        // Two norms behind the branches and that of queries and keys; of one KV head, too.
        for (int n_kv : {2, 1}) {
            Case gemma;
            gemma.type = type, gemma.neox = gemma.gemma = true, gemma.n_kv = n_kv;
            one(gemma, *device, random, 4, others + 3);
        }
        // Norms of queries and keys, the choice of experts; their hidden values become 8 bits like the gate's.
        for (int used : {2, 5, 12}) {
            if (used != 5 && type != GGML_TYPE_F16) continue;
            Case moe;
            moe.type = type, moe.neox = true, moe.used = used;
            one(moe, *device, random, 4, others + 2);
        }
    }
    Case mixed;
    mixed.type = GGML_TYPE_Q4_K, mixed.v_type = GGML_TYPE_Q6_K;
    one(mixed, *device, random, 5, 3);
    for (ggml_type type : {GGML_TYPE_Q2_K, GGML_TYPE_Q3_K, GGML_TYPE_IQ4_NL}) {
        Case unknown;
        unknown.type = type;
        one(unknown, *device, random, 0, 0);
    }
    return check::report();
}
