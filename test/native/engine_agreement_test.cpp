// Logits of our engine against llama.cpp itself (libllama of the pinned release) on random models: every weight type,
// every RoPE variant, biases, untied output. Both use ggml's products, so what differs is how we build the graph.
#include <cmath>
#include <memory>
#include <vector>

#include "check.h"
#include "engine/engine.h"
#include "llama.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

std::vector<int32_t> random_tokens(int n, int n_vocab) {
    std::mt19937_64      random(check::seed());
    std::vector<int32_t> tokens;
    for (int i = 0; i < n; i++) tokens.push_back(int32_t(random() % uint64_t(n_vocab)));
    return tokens;
}

// [n, n_vocab]
std::vector<float> llama_logits(const std::string & path, const std::vector<int32_t> & tokens, int n_vocab,
                                bool flash) {
    llama_model_params model_params = llama_model_default_params();
    llama_model *      model        = llama_model_load_from_file(path.c_str(), model_params);
    if (!CHECK(model != nullptr)) return {};
    llama_context_params params = llama_context_default_params();
    params.n_ctx                = 1024;
    params.n_batch              = 512;
    params.n_ubatch             = 512;
    params.n_threads            = 2;
    params.n_threads_batch      = 2;
    params.flash_attn_type      = flash ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    llama_context *    ctx      = llama_init_from_model(model, params);
    std::vector<float> out;
    if (CHECK(ctx != nullptr)) {
        llama_batch batch = llama_batch_init(int32_t(tokens.size()), 0, 1);
        for (size_t i = 0; i < tokens.size(); i++) {
            batch.token[i]     = tokens[i];
            batch.pos[i]       = llama_pos(i);
            batch.n_seq_id[i]  = 1;
            batch.seq_id[i][0] = 0;
            batch.logits[i]    = 1;
        }
        batch.n_tokens = int32_t(tokens.size());
        CHECK(llama_decode(ctx, batch) == 0);
        for (size_t i = 0; i < tokens.size(); i++) {
            const float * row = llama_get_logits_ith(ctx, int32_t(i));
            out.insert(out.end(), row, row + n_vocab);
        }
        llama_batch_free(batch);
        llama_free(ctx);
    }
    llama_model_free(model);
    return out;
}

std::vector<float> our_logits(const std::string & path, const std::vector<int32_t> & tokens) {
    EngineOptions           options{path, {GGML_BINS, 2}};
    std::unique_ptr<Engine> engine;
    const Status            opened = Engine::open(options, engine);
    if (!CHECK(opened.ok())) {
        std::printf("    %s\n", opened.message.c_str());
        return {};
    }
    Document           document(*engine, GGML_TYPE_F16);
    Session            session(*engine, document);
    std::vector<float> logits;
    CHECK(session.score(tokens, logits).ok());
    return logits;
}

// Mean KL(p || q) over rows.
double mean_kl(const std::vector<float> & p, const std::vector<float> & q, int n_vocab) {
    double    sum = 0;
    const int n   = int(p.size()) / n_vocab;
    for (int row = 0; row < n; row++) {
        const float * a  = p.data() + row * n_vocab;
        const float * b  = q.data() + row * n_vocab;
        double        za = 0, zb = 0;
        for (int i = 0; i < n_vocab; i++) {
            za += std::exp(double(a[i]));
            zb += std::exp(double(b[i]));
        }
        za = std::log(za);
        zb = std::log(zb);
        for (int i = 0; i < n_vocab; i++) sum += std::exp(a[i] - za) * ((a[i] - za) - (b[i] - zb));
    }
    return sum / n;
}

void compare(const char * what, const TinyModelOptions & options) {
    TinyModel                  model(options);
    const std::vector<int32_t> tokens = random_tokens(137, options.n_vocab);
    const std::vector<float>   ours   = our_logits(model.path(), tokens);
    const std::vector<float>   flash  = llama_logits(model.path(), tokens, options.n_vocab, true);
    const std::vector<float>   plain  = llama_logits(model.path(), tokens, options.n_vocab, false);
    if (!CHECK(ours.size() == flash.size() && !ours.empty())) return;
    const double own = mean_kl(flash, plain, options.n_vocab), kl = mean_kl(flash, ours, options.n_vocab);
    std::printf("%-12s KL to llama.cpp %.2e, llama.cpp to itself without flash attention %.2e\n", what, kl, own);
    CHECK(kl <= own);
}

}  // namespace

int main() {
    ggml_backend_load_all_from_path(GGML_BINS);
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_backend_init();
    TinyModelOptions base;
    base.seed = check::seed();
    std::vector<ggml_type> types{GGML_TYPE_F32,   GGML_TYPE_F16,   GGML_TYPE_BF16, GGML_TYPE_Q4_0,   GGML_TYPE_Q4_1,
                                 GGML_TYPE_Q5_0,  GGML_TYPE_Q5_1,  GGML_TYPE_Q8_0, GGML_TYPE_Q2_K,   GGML_TYPE_Q3_K,
                                 GGML_TYPE_Q4_K,  GGML_TYPE_Q5_K,  GGML_TYPE_Q6_K, GGML_TYPE_IQ4_NL, GGML_TYPE_IQ4_XS,
                                 GGML_TYPE_TQ1_0, GGML_TYPE_TQ2_0, GGML_TYPE_MXFP4};
#ifndef __SANITIZE_ADDRESS__
    // ggml builds grids for tens of seconds before it writes these; in them sanitizers see no more of our code.
    types.insert(types.end(), {GGML_TYPE_IQ3_XXS, GGML_TYPE_IQ3_S, GGML_TYPE_IQ2_XXS, GGML_TYPE_IQ2_XS, GGML_TYPE_IQ2_S,
                               GGML_TYPE_IQ1_S, GGML_TYPE_IQ1_M});
#endif
    for (ggml_type type : types) {
        TinyModelOptions o = base;
        o.type             = type;
        o.tied             = false;
        compare(ggml_type_name(type), o);
    }
    TinyModelOptions o = base;
    compare("tied", o);
    o = base, o.biases = true;
    compare("biases", o);
    o = base, o.factors = true;
    compare("llama3", o);
    o = base, o.rope_scaling = "linear";
    compare("linear", o);
    o = base, o.rope_scaling = "yarn";
    compare("yarn", o);
    o = base, o.n_head_kv = 8;
    compare("g = 1", o);
    o = base, o.n_head = 4, o.n_head_kv = 1;
    compare("D = 64", o);
    return check::report();
}
