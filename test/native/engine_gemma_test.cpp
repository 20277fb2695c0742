// The real Gemma 3 270M (base, Q4_K_M), where a person has put it: not part of the project. Full mode against llama.cpp
// itself over a real text, past several windows; and a text of 20,000 tokens that is read, asked, kept, opened again
// and asked again. ROCKETDOC_TEST_MODELS names the folder, ~/.cache/rocketdoc-test-models where it does not.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "ask.h"
#include "check.h"
#include "engine/engine.h"
#include "llama.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

constexpr const char * FILE_NAME   = "gemma-3-270m-q4_k_m.gguf";
constexpr int          N_POSITIONS = 2000, N_BATCH = 100, N_TEXT = 20000;

using Tokens = std::vector<int32_t>;

std::string model_path() {
    const char * folder = std::getenv("ROCKETDOC_TEST_MODELS");
    const char * home   = std::getenv("HOME");
    return folder ? std::string(folder) + "/" + FILE_NAME
                  : std::string(home ? home : ".") + "/.cache/rocketdoc-test-models/" + FILE_NAME;
}

std::string sample() {
    std::ifstream     file(SAMPLE_TEXT);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

Tokens tokenize(const llama_vocab * vocab, const std::string & text, bool bos) {
    Tokens out(text.size() + 8);
    out.resize(size_t(std::max(
        0, llama_tokenize(vocab, text.data(), int32_t(text.size()), out.data(), int32_t(out.size()), bos, false))));
    return out;
}

struct Llama {
    llama_model *  model = nullptr;
    llama_context *flash = nullptr, *plain = nullptr;

    llama_context * context(bool is_flash) {
        llama_context_params params = llama_context_default_params();
        params.n_ctx                = N_POSITIONS + 64;
        params.n_batch = params.n_ubatch = 512;
        params.n_threads = params.n_threads_batch = 2;
        params.flash_attn_type = is_flash ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
        return llama_init_from_model(model, params);
    }
    ~Llama() {
        if (flash) llama_free(flash);
        if (plain) llama_free(plain);
        if (model) llama_model_free(model);
    }
};

// Logits of tokens [at, at + n), [n, n_vocab].
std::vector<float> llama_logits(llama_context * ctx, const Tokens & tokens, int at, int n, int n_vocab) {
    llama_batch batch = llama_batch_init(n, 0, 1);
    batch.n_tokens    = n;
    for (int i = 0; i < n; i++) {
        batch.token[i]     = tokens[size_t(at + i)];
        batch.pos[i]       = at + i;
        batch.n_seq_id[i]  = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i]    = 1;
    }
    std::vector<float> out;
    if (CHECK(llama_decode(ctx, batch) == 0)) {
        for (int i = 0; i < n; i++) {
            const float * row = llama_get_logits_ith(ctx, i);
            out.insert(out.end(), row, row + n_vocab);
        }
    }
    llama_batch_free(batch);
    return out;
}

struct Distance {
    double kl = 0, most = 0;
    int    n = 0, n_same_best = 0;

    void add(const std::vector<float> & p, const std::vector<float> & q, int n_vocab) {
        for (size_t at = 0; at + size_t(n_vocab) <= std::min(p.size(), q.size()); at += size_t(n_vocab)) {
            const float *a = p.data() + at, *b = q.data() + at;
            const double ma = *std::max_element(a, a + n_vocab), mb = *std::max_element(b, b + n_vocab);
            double       za = 0, zb = 0, sum = 0;
            for (int i = 0; i < n_vocab; i++) za += std::exp(a[i] - ma), zb += std::exp(b[i] - mb);
            za = std::log(za) + ma, zb = std::log(zb) + mb;
            for (int i = 0; i < n_vocab; i++) sum += std::exp(a[i] - za) * ((a[i] - za) - (b[i] - zb));
            kl += sum;
            most = std::max(most, sum);
            n_same_best += std::max_element(a, a + n_vocab) - a == std::max_element(b, b + n_vocab) - b;
            n++;
        }
    }
    void print(const char * what) const {
        std::printf("%s: mean KL %.6f, most %.4f, same best token %.2f %% of %d\n", what, kl / n, most,
                    100.0 * n_same_best / n, n);
    }
};

void test_agreement(Engine & engine, Llama & llama, const Tokens & tokens) {
    const int n_vocab = int(engine.model().params().n_vocab);
    llama.flash       = llama.context(true);
    llama.plain       = llama.context(false);
    if (!CHECK(llama.flash && llama.plain)) return;
    Document document(engine, GGML_TYPE_F16);
    Session  session(engine, document);
    Distance ours, own;
    for (int at = 0; at + N_BATCH <= std::min(N_POSITIONS, int(tokens.size())); at += N_BATCH) {
        std::vector<float>       logits;
        const std::vector<float> flash = llama_logits(llama.flash, tokens, at, N_BATCH, n_vocab);
        if (!CHECK(session.score({tokens.begin() + at, tokens.begin() + at + N_BATCH}, logits).ok())) return;
        ours.add(flash, logits, n_vocab);
        own.add(flash, llama_logits(llama.plain, tokens, at, N_BATCH, n_vocab), n_vocab);
    }
    ours.print("full mode to llama.cpp");
    own.print("llama.cpp to itself without flash attention");
    CHECK(ours.n == N_POSITIONS && ours.kl / ours.n <= 0.005 && ours.kl <= own.kl);
}

void test_long_text(Engine & engine, const Tokens & text, const Tokens & question) {
    AskRequest request;
    request.tokens  = question;
    request.max_new = 24;
    Document document(engine, GGML_TYPE_F16);
    CHECK(document.read(text, 0, 512, nullptr).ok());
    std::printf("%d tokens take %.1f MB, %.1f MB of them what layers with a window keep\n", int(document.n_tokens()),
                double(document.bytes()) / 1e6,
                double(engine.model().params().kv_bytes(N_TEXT) -
                       engine.model().params().kv_bytes_per_token() * size_t(N_TEXT)) /
                    1e6);
    const auto answer = [&](Document & of, Mode mode) {
        Session session(engine, of);
        request.mode      = mode;
        const Asked asked = ask(session, request);
        CHECK(asked.status.ok() && !asked.tokens.empty());
        return asked.tokens;
    };
    const Tokens      full = answer(document, Mode::full), kept = answer(document, Mode::rocketkv_mt);
    const std::string path = temporary_path(".kv");
    bool              done = false;
    while (!done && CHECK(document.save_part(path, uint64_t(1) << 24, done).ok())) {}
    Document again(engine, GGML_TYPE_F16);
    CHECK(again.load(path, text, nullptr).ok());
    CHECK(answer(again, Mode::full) == full && answer(again, Mode::rocketkv_mt) == kept);
    std::filesystem::remove(path);
}

}  // namespace

int main() {
    const std::string path = model_path();
    if (!std::filesystem::exists(path)) {
        std::printf("skipped: %s is not there\n", path.c_str());
        return 77;
    }
    ggml_backend_load_all_from_path(GGML_BINS);
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_backend_init();
    Llama llama;
    llama.model = llama_model_load_from_file(path.c_str(), llama_model_default_params());
    std::unique_ptr<Engine> engine;
    const Status            opened = Engine::open({path, {GGML_BINS, 2}}, engine);
    if (!CHECK(llama.model && opened.ok())) {
        std::printf("    %s\n", opened.message.c_str());
        return check::report();
    }
    const HyperParams & p = engine->model().params();
    CHECK(p.count_layers(AttentionKind::full) == 3 && p.kv_bytes_per_token() == 3072);
    const llama_vocab * vocab = llama_model_get_vocab(llama.model);
    const Tokens        once  = tokenize(vocab, sample(), true);
    test_agreement(*engine, llama, once);
    Tokens text = once;
    while (int(text.size()) < N_TEXT) text.insert(text.end(), once.begin() + 1, once.end());
    text.resize(N_TEXT);
    test_long_text(
        *engine, text,
        tokenize(vocab, "\n\nQuestion: Who founded the Trust in 1887?\nAnswer: The document says: \"", false));
    return check::report();
}
