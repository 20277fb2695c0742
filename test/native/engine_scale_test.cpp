// A model whose file gives attention another scale than 1 / sqrt(D): while every row is still read, each selector must
// answer as the full cache does, and stage 1 must keep the rows that this scale attends to.
#include <cmath>
#include <memory>
#include <vector>

#include "check.h"
#include "engine/engine.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

constexpr int N_STEPS = 16;

// Logits: what ggml's attention in f16 and ours differ by, and less than another scale moves them.
constexpr double ALIKE = 0.1, OTHER = 0.5;

// Logits of N_STEPS given tokens after a question, [N_STEPS][n_vocab].
std::vector<std::vector<float>> answer(Engine & engine, const std::vector<int32_t> & text,
                                       const AnswerRequest & request, const std::vector<int32_t> & tokens) {
    std::vector<std::vector<float>> out;
    Document                        document(engine, GGML_TYPE_F16);
    CHECK(document.read(text, 1024, 512, nullptr).ok());
    auto       session = std::make_unique<Session>(engine, document);
    Answer     prompt;
    Step       step;
    AskEvents  events;
    const auto started = session->start_answer(request, events, prompt, step);
    if (!CHECK(started.ok())) std::printf("    %s\n", started.message.c_str());
    for (const int32_t token : tokens) {
        CHECK(session->step(token, false, step).ok());
        out.push_back(step.logits);
    }
    CHECK(session->finish_answer().ok());
    return out;
}

double largest_difference(const std::vector<std::vector<float>> & a, const std::vector<std::vector<float>> & b) {
    double worst = 0;
    for (size_t i = 0; i < a.size(); i++)
        for (size_t c = 0; c < a[i].size(); c++) {
            const double d = std::fabs(double(a[i][c]) - b[i][c]);
            worst          = d <= worst ? worst : d;  // NaN counts
        }
    return worst;
}

}  // namespace

int main() {
    std::mt19937_64                 random(check::seed());
    const uint64_t                  seed = random();
    std::vector<std::vector<float>> published;  // full, with the factor 1
    for (const float factor : {1.0f, 0.35f, 2.0f}) {
        TinyModelOptions o;
        o.seed       = seed;
        o.type       = GGML_TYPE_F16;
        o.attn_scale = factor / std::sqrt(float(o.n_embd / o.n_head));
        const TinyModel         model(o);
        std::unique_ptr<Engine> engine;
        CHECK(Engine::open({model.path(), {GGML_BINS, 2}}, engine).ok());
        std::mt19937_64 same(seed);
        const auto      text = random_tokens(same, 25, o.n_vocab), tokens = random_tokens(same, N_STEPS, o.n_vocab);

        // A long room for the answer makes the budget too small for all of it; 41 rows are still all read.
        AnswerRequest request;
        request.tokens              = random_tokens(same, 8, o.n_vocab);
        request.max_new             = 600;
        request.rocket.token_budget = 400;
        request.mode                = Mode::full;
        const auto full             = answer(*engine, text, request, tokens);
        if (factor == 1.0f) published = full;
        else CHECK(largest_difference(full, published) > OTHER);
        for (const SelectorKind kind : {SelectorKind::pages, SelectorKind::codes, SelectorKind::codes_residual}) {
            request.mode            = Mode::hsa;
            request.rocket.selector = kind;
            CHECK_NEAR(largest_difference(full, answer(*engine, text, request, tokens)), 0, ALIKE);
        }
        request.mode = Mode::exact_topk;
        CHECK_NEAR(largest_difference(full, answer(*engine, text, request, tokens)), 0, ALIKE);
    }
    return check::report();
}
