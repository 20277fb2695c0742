#include "agreement.h"

#include <algorithm>
#include <cmath>

#include "llama_reference.h"

namespace rocketdoc {
namespace {

constexpr int64_t PIECE = 128;  // tokens; their logits are all in memory, twice

double log_sum(const float * x, int64_t n) {
    const double top = *std::max_element(x, x + n);
    double       sum = 0;
    for (int64_t i = 0; i < n; i++) sum += std::exp(double(x[i]) - top);
    return top + std::log(sum);
}

// llama.cpp chooses longrope's factors by the context that it is given; we have the model's whole context.
int64_t context_for(const HyperParams & p, int64_t n_tokens) {
    const int64_t orig = p.layer(0).rope.n_ctx_orig;
    return p.rope_scaling == "longrope" && p.n_ctx_train > orig ? std::max(n_tokens, orig + 1) : n_tokens;
}

}  // namespace

double logits_kl(const float * p, const float * q, int64_t n_vocab) {
    const double zp = log_sum(p, n_vocab), zq = log_sum(q, n_vocab);
    double       sum = 0;
    for (int64_t i = 0; i < n_vocab; i++) sum += std::exp(p[i] - zp) * ((p[i] - zp) - (q[i] - zq));
    return sum;
}

// Of `count` rows of logits, p from q, both [count, n_vocab]: kl_mean is their sum.
static void add_distances(const std::vector<float> & p, const std::vector<float> & q, int64_t count, int64_t n_vocab,
                          Distance & out) {
    for (int64_t i = 0; i < count; i++) {
        const float *a = p.data() + i * n_vocab, *b = q.data() + i * n_vocab;
        const double kl = logits_kl(a, b, n_vocab);
        out.kl_mean += kl;
        out.kl_max = std::max(out.kl_max, kl);
        out.n_same_best += std::max_element(a, a + n_vocab) - a == std::max_element(b, b + n_vocab) - b;
    }
}

Status measure_agreement(const EngineOptions & options, const std::vector<int32_t> & tokens, bool itself,
                         Agreement & out) {
    std::unique_ptr<Engine>         engine;
    std::unique_ptr<LlamaReference> llama;
    RETURN_IF_FAILED(Engine::open(options, engine));
    const HyperParams & p = engine->model().params();
    const int64_t       n = int64_t(tokens.size());
    if (n < 1) return Status::fail(Code::INVALID_ARGUMENT, "There is no text to compare on.");
    RETURN_IF_FAILED(LlamaReference::open(engine->model().file().part_path(0), options.device,
                                          context_for(p, n + PIECE), PIECE, llama));
    Document           document(*engine, GGML_TYPE_F16);
    Session            session(*engine, document);
    std::vector<float> ours, theirs, plain;
    RETURN_IF_FAILED(llama->start(LlamaAttention::flash));
    if (itself) RETURN_IF_FAILED(llama->start(LlamaAttention::plain));
    out = {};
    for (int64_t first = 0; first < n; first += PIECE) {
        const int64_t count = std::min(PIECE, n - first);
        RETURN_IF_FAILED(session.score({tokens.begin() + first, tokens.begin() + first + count}, ours));
        RETURN_IF_FAILED(llama->logits(LlamaAttention::flash, tokens.data() + first, count, theirs));
        if (theirs.size() != ours.size())
            return Status::fail(Code::INTERNAL, "llama.cpp has another vocabulary of this file.");
        add_distances(theirs, ours, count, p.n_vocab, out.ours);
        if (itself) {
            RETURN_IF_FAILED(llama->logits(LlamaAttention::plain, tokens.data() + first, count, plain));
            add_distances(theirs, plain, count, p.n_vocab, out.llama_plain);
        }
        out.n_positions += count;
    }
    for (Distance * distance : {&out.ours, &out.llama_plain}) distance->kl_mean /= double(n);
    return Status::good();
}

}  // namespace rocketdoc
