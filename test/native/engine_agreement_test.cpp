// Logits of our engine against llama.cpp itself (libllama of the pinned release) on random models, prompt and decode:
// every family, every weight type, every RoPE variant, biases, untied output. Both use ggml's products; what differs is
// how we build the graph, and attention while a text is read, which is ours. With "cuda" as first argument: families
// alone, both on the GPU, where a token's products are ours too; with "ram" ours has the experts in RAM.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "check.h"
#include "cuda_options.h"
#include "engine/engine.h"
#include "kernels/kernels.h"
#include "llama.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

constexpr int MOST_TEXTS = 4;
constexpr int N_PROMPT = 137, N_DECODE = 24;  // N_DECODE of them token by token
constexpr int PIECE = 31;  // tokens of a tile, and of the pieces in which llama.cpp reads recurrent layers again

bool on_gpu = false, experts_in_ram = false;

// The device that llama.cpp computes on, ended by null; its own choice where it is not the GPU.
ggml_backend_dev_t * llama_devices() {
    static ggml_backend_dev_t devices[] = {nullptr, nullptr};
    if (!on_gpu) return nullptr;
    if (!devices[0]) {
        const DeviceOptions      options = cuda_options();
        const ggml_backend_reg_t reg     = ggml_backend_load(options.library.c_str());
        if (CHECK(reg != nullptr)) devices[0] = ggml_backend_reg_dev_get(reg, size_t(options.index()));
    }
    return devices;
}

// llama.cpp on a file, kept open: logits of all tokens, [n, n_vocab]. The last n_decode are computed one by one.
// in_ram: the experts lie in RAM.
std::vector<float> llama_logits(const std::string & path, const std::vector<int32_t> & tokens, int n_decode,
                                int n_vocab, bool flash, uint32_t ubatch = 512, bool in_ram = false) {
    const llama_model_tensor_buft_override experts_on_cpu[] = {{"_exps", ggml_backend_cpu_buffer_type()},
                                                               {nullptr, nullptr}};
    llama_model_params                     model_params     = llama_model_default_params();
    model_params.devices                                    = llama_devices();
    if (in_ram) model_params.tensor_buft_overrides = experts_on_cpu;
    model_params.n_gpu_layers = on_gpu ? -1 : 0;
    llama_model * model       = llama_model_load_from_file(path.c_str(), model_params);
    if (!CHECK(model != nullptr)) return {};
    llama_context_params params = llama_context_default_params();
    params.n_ctx                = 1024;
    params.n_batch              = 512;
    params.n_ubatch             = ubatch;
    params.n_threads            = 2;
    params.n_threads_batch      = 2;
    params.flash_attn_type      = flash ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    llama_context *    ctx      = llama_init_from_model(model, params);
    std::vector<float> out;
    if (CHECK(ctx != nullptr)) {
        const size_t n_prompt = tokens.size() - size_t(n_decode);
        llama_batch  batch    = llama_batch_init(int32_t(n_prompt), 0, 1);
        for (size_t at = 0; at < tokens.size(); at += size_t(batch.n_tokens)) {
            batch.n_tokens = at == 0 ? int32_t(n_prompt) : 1;
            for (int32_t i = 0; i < batch.n_tokens; i++) {
                batch.token[i]     = tokens[at + size_t(i)];
                batch.pos[i]       = llama_pos(at) + i;
                batch.n_seq_id[i]  = 1;
                batch.seq_id[i][0] = 0;
                batch.logits[i]    = 1;
            }
            CHECK(llama_decode(ctx, batch) == 0);
            for (int32_t i = 0; i < batch.n_tokens; i++) {
                const float * row = llama_get_logits_ith(ctx, i);
                out.insert(out.end(), row, row + n_vocab);
            }
        }
        llama_batch_free(batch);
        llama_free(ctx);
    }
    llama_model_free(model);
    return out;
}

std::vector<float> our_logits(const std::string & path, const std::vector<int32_t> & tokens, int n_decode) {
    EngineOptions options{path, on_gpu ? cuda_options() : DeviceOptions{GGML_BINS, 2}};
    options.experts_in_ram = experts_in_ram ? 1000 : 0;
    std::unique_ptr<Engine> engine;
    const Status            opened = Engine::open(options, engine);
    if (!CHECK(opened.ok())) {
        std::printf("    %s\n", opened.message.c_str());
        return {};
    }
    Document           document(*engine, GGML_TYPE_F16);
    std::vector<float> logits;
    const auto         prompt_end = tokens.end() - n_decode;
    {
        Session session(*engine, document);
        CHECK(session.score({tokens.begin(), prompt_end}, logits).ok());
    }
    // The same prompt again in segments and tiles of odd lengths, then token by token.
    Session       session(*engine, document);
    AnswerRequest request;
    request.tokens.assign(tokens.begin(), prompt_end);
    request.mode    = Mode::full;
    request.max_new = n_decode + 1;
    request.segment = 48;
    request.tile    = PIECE;
    Answer       answer;
    Step         step;
    const Status started = session.start_answer(request, {}, answer, step);
    if (!CHECK(started.ok())) std::printf("    %s\n", started.message.c_str());
    for (auto token = prompt_end; token != tokens.end(); token++) {
        const Status stepped = session.step(*token, false, step);
        if (!CHECK(stepped.ok())) std::printf("    %s\n", stepped.message.c_str());
        logits.insert(logits.end(), step.logits.begin(), step.logits.end());
    }
    return logits;
}

// KL(p || q) of each of n rows from `first` on.
std::vector<double> row_kls(const std::vector<float> & p, const std::vector<float> & q, size_t first, size_t n,
                            int n_vocab) {
    std::vector<double> kls;
    for (size_t row = first; row < first + n; row++) {
        const float * a  = p.data() + row * size_t(n_vocab);
        const float * b  = q.data() + row * size_t(n_vocab);
        double        za = 0, zb = 0, kl = 0;
        for (int i = 0; i < n_vocab; i++) {
            za += std::exp(double(a[i]));
            zb += std::exp(double(b[i]));
        }
        za = std::log(za);
        zb = std::log(zb);
        for (int i = 0; i < n_vocab; i++) kl += std::exp(a[i] - za) * ((a[i] - za) - (b[i] - zb));
        kls.push_back(kl);
    }
    return kls;
}

// Of the nearest rows, this share of all of them.
double mean_of_nearest(std::vector<double> kls, double share) {
    std::sort(kls.begin(), kls.end());
    kls.resize(size_t(share * double(kls.size())));
    return std::accumulate(kls.begin(), kls.end(), 0.0) / double(kls.size());
}

// Tokens of all texts that are read at once, or one by one: how far our logits are from llama.cpp's, and its own from
// themselves when it computes them otherwise.
struct Part {
    const char *        name;
    size_t              first, n;  // of a text
    std::vector<double> ours{}, plain{}, pieces{}, in_ram{};
    double              ours_mean = 0, own_mean = 0;

    void mean(double share) {
        ours_mean = mean_of_nearest(ours, share);
        own_mean =
            std::max({mean_of_nearest(plain, share), mean_of_nearest(pieces, share), mean_of_nearest(in_ram, share)});
    }
};

bool add_text(const TinyModel & model, const TinyModelOptions & options, std::mt19937_64 & random,
              std::initializer_list<Part *> parts) {
    const std::vector<int32_t> tokens = random_tokens(random, N_PROMPT + N_DECODE, options.n_vocab);
    const std::vector<float>   ours   = our_logits(model.path(), tokens, N_DECODE);
    const std::vector<float>   flash  = llama_logits(model.path(), tokens, N_DECODE, options.n_vocab, true);
    const std::vector<float>   plain  = llama_logits(model.path(), tokens, N_DECODE, options.n_vocab, false);
    // A recurrent layer's state is added up in other groups where a text comes in other pieces.
    const std::vector<float> pieces = options.attention_period > 0
                                          ? llama_logits(model.path(), tokens, N_DECODE, options.n_vocab, true, PIECE)
                                          : flash;
    // The CPU rounds what it multiplies otherwise than the GPU.
    const std::vector<float> in_ram =
        experts_in_ram ? llama_logits(model.path(), tokens, N_DECODE, options.n_vocab, true, 512, true) : flash;
    const size_t n = tokens.size() * size_t(options.n_vocab);
    if (!CHECK(ours.size() == n && flash.size() == n && plain.size() == n && pieces.size() == n && in_ram.size() == n))
        return false;
    for (Part * part : parts) {
        const auto add = [&](const std::vector<float> & other, std::vector<double> & to) {
            const std::vector<double> kls = row_kls(flash, other, part->first, part->n, options.n_vocab);
            to.insert(to.end(), kls.begin(), kls.end());
        };
        add(ours, part->ours), add(plain, part->plain), add(pieces, part->pieces), add(in_ram, part->in_ram);
    }
    return true;
}

void compare(const char * what, const TinyModelOptions & options) {
    if (on_gpu && !kernels_serve_head(options.head_channels(), options.n_head / options.n_head_kv)) {
        std::printf("%-12s left out: no kernels for heads of %d\n", what, options.head_channels());
        return;
    }
    TinyModel       model(options);
    std::mt19937_64 random(check::seed());
    Part            prefill{"prefill", 0, N_PROMPT}, decode{"decode", N_PROMPT, N_DECODE};
    // Together no further than llama.cpp from itself; of the few dozen tokens of one part a mean scatters. On a GPU
    // some models have both of its attentions nearly alike (6e-7), and our rows of a window lie in other groups.
    const double spread = on_gpu ? 2 : 1;
    // A router that is nearly undecided sends a token to other experts for a difference in the last bit: that token's
    // logits are others, and one such token among a few dozen outweighs all the rest.
    const double share = options.n_expert ? 0.75 : 1;
    // Where one text leaves it undecided, further ones are added to it.
    bool near = false;
    for (int text = 0; text < MOST_TEXTS && !near; text++) {
        if (!add_text(model, options, random, {&prefill, &decode})) return;
        near        = true;
        double ours = 0, own = 0;
        for (Part * part : {&prefill, &decode}) {
            part->mean(share);
            near = near && part->ours_mean <= 2 * spread * part->own_mean;
            ours += part->ours_mean * double(part->n);
            own += part->own_mean * double(part->n);
        }
        near = near && ours <= spread * own;
    }
    for (const Part & part : {prefill, decode})
        std::printf("%-12s %-7s KL to llama.cpp %.2e, llama.cpp to itself %.2e, %zu tokens\n", what, part.name,
                    part.ours_mean, part.own_mean, part.ours.size());
    CHECK(near);
}

void test_llama() {
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
}

// What a family's files may be beside its usual ones.
void test_variants(const std::string & family) {
    TinyModelOptions o = tiny_family(family, on_gpu);
    o.seed             = check::seed();
    if (family == "phi3") {
        o.n_ctx = 1024, o.n_ctx_orig = 1024;  // the short factors
        compare("phi3 short", o);
        o.n_rot = 0, o.rope_scaling = "";
        compare("phi3 4k", o);
    }
    if (family == "mistral3") {
        o.numbers.clear();
        compare("mistral3 plain", o);
        o.rope_scaling = "", o.factors = true, o.biases = true;
        compare("mistral3 biases", o);
    }
    if (family == "granite") {
        o.flags["rope.scaling.finetuned"] = false;
        compare("granite no rope", o);
    }
    if (family == "gemma3") {
        o.rope_scaling                                 = "linear";
        o.integers["attention.sliding_window_pattern"] = 2;
        o.numbers                                      = {{"final_logit_softcapping", 20.0f}};
        compare("gemma3 linear", o);
        o.integers.clear();
        compare("gemma3 full", o);
        o         = tiny_family(family, on_gpu);
        o.n_layer = 62, o.n_embd = 128, o.n_head = 4, o.n_ff = 96;  // as many layers as the 27B model
        compare("gemma3 27B", o);
    }
    if (family == "gemma4") {
        o.n_shared = 0, o.n_layer_input = 0, o.k_is_v = true;  // as the large one is
        compare("gemma4 large", o);
        o.n_layer = 7, o.period = 2, o.k_is_v = o.out_scale = false;
        o.integers["attention.sliding_window"] = 40;
        compare("gemma4 window of 40", o);
        for (const bool large : {false, true}) {
            for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q8_0}) {
                o      = tiny_wide_gemma4(large);
                o.seed = check::seed();
                o.type = type;
                compare(large ? "gemma4 heads of 512, large" : "gemma4 heads of 512", o);
            }
        }
    }
    if (family == "gemma4-experts") {
        o.gate_in_up_experts = false, o.expert_type = GGML_TYPE_Q4_0, o.k_is_v = false;
        compare("gemma4 experts apart", o);
        o.period = 2, o.integers["attention.sliding_window"] = 40;
        compare("gemma4 experts, window of 40", o);
    }
    if (family == "olmo2") {
        o.integers     = {{"attention.sliding_window", 100}};
        o.rope_scaling = "yarn";
        compare("olmo2 windows", o);
    }
    if (family == "exaone4") {
        o.n_layer = 64, o.n_embd = 128, o.n_head = 4, o.n_ff = 96;
        o.integers = {{"attention.sliding_window", 100}};
        compare("exaone4 windows", o);
    }
    if (family == "gpt-oss") {  // as its own files are
        o.expert_type = GGML_TYPE_MXFP4;
        compare("gpt-oss mxfp4", o);
        o.type = GGML_TYPE_Q8_0;
        compare("gpt-oss q8_0 and mxfp4", o);
        o.integers["attention.sliding_window_pattern"] = 3;
        o.numbers                                      = {{"rope.freq_base_swa", 2000.0f}};
        compare("gpt-oss period 3", o);
    }
    if (family == "qwen3") {
        o.one_qkv = true;
        compare("qwen3 one qkv", o);
    }
    if (family == "smollm3") {
        o.one_qkv = true;
        compare("smollm3 one qkv", o);
    }
}

void test_families(const std::string & only) {
    for (const std::string & family : family_names()) {
        if (!only.empty() && family != only) continue;
        if (experts_in_ram && tiny_family(family).n_expert == 0) continue;
        for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_K}) {
            TinyModelOptions o = tiny_family(family, on_gpu || type == GGML_TYPE_Q4_K);
            o.seed             = check::seed();
            o.type             = type;
            compare((family + " " + ggml_type_name(type)).c_str(), o);
        }
        test_variants(family);
    }
}

}  // namespace

// [cuda | ram] [family]: that one alone. ram: on the GPU with the experts in RAM.
int main(int argc, char ** argv) {
    experts_in_ram = argc > 1 && std::string(argv[1]) == "ram";
    on_gpu         = experts_in_ram || (argc > 1 && std::string(argv[1]) == "cuda");
    if (on_gpu && !has_gpu()) return SKIPPED;
    const int first = on_gpu ? 2 : 1;
    ggml_backend_load_all_from_path(GGML_BINS);
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_backend_init();
    test_families(argc > first ? argv[first] : "");
    if (argc == 1) test_llama();
    return check::report();
}
