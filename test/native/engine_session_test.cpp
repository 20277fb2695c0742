// Documents and chats on a random model: what must be equal is equal to the bit. The same rows are kept however the
// prompt is cut; forks do not see each other; cancelling leaves no trace; a budget that holds everything is full mode;
// threads change nothing.
#include <cmath>
#include <memory>
#include <vector>

#include "ask.h"
#include "check.h"
#include "engine/engine.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

// What a question chooses rows by; the properties hold for every selector.
struct Choosing {
    Pooling      pooling;
    SelectorKind selector;
};
constexpr Choosing paper = {Pooling::max, SelectorKind::pages}, coded = {Pooling::triangle, SelectorKind::codes},
                   residual = {Pooling::triangle, SelectorKind::codes_residual};
Choosing           choosing = paper;

AskRequest question(const std::vector<int32_t> & tokens, Mode mode, int budget = 64) {
    AskRequest request;
    request.tokens              = tokens;
    request.mode                = mode;
    request.max_new             = 12;
    request.rocket.token_budget = budget;
    request.rocket.window       = 16;
    request.rocket.kernel       = 15;
    request.rocket.pooling      = choosing.pooling;
    request.rocket.selector     = choosing.selector;
    return request;
}

struct Fixture {
    TinyModel               model;
    std::unique_ptr<Engine> engine;
    std::mt19937_64         random{check::seed()};
    std::vector<int32_t>    text, first, second;

    static TinyModelOptions options(TinyModelOptions o) {
        o.seed  = check::seed();
        o.n_ctx = 2048;
        return o;
    }
    Fixture(const TinyModelOptions & o, int n_text) : model(options(o)) {
        CHECK(Engine::open({model.path(), {GGML_BINS, 2}}, engine).ok());
        text   = random_tokens(random, n_text, o.n_vocab);
        first  = random_tokens(random, 37, o.n_vocab);
        second = random_tokens(random, 21, o.n_vocab);
    }
    int64_t                   n_text() const { return int64_t(text.size()); }
    std::unique_ptr<Document> read(int64_t segment = 1024, int64_t tile = 512, ggml_type type = GGML_TYPE_F16) {
        auto document = std::make_unique<Document>(*engine, type);
        CHECK(document->read(text, segment, tile, nullptr).ok());
        CHECK(document->n_tokens() == int64_t(text.size()));
        return document;
    }
};

void test_cut_invariance(Fixture & f) {
    std::vector<uint32_t> kept;
    std::vector<float>    logits, mass;
    for (auto [segment, tile] :
         {std::pair{4096, 512}, std::pair{256, 512}, std::pair{256, 31}, std::pair{4096, 31}, std::pair{4096, 1}}) {
        auto          document = f.read(segment, tile);
        Session       session(*f.engine, *document);
        AnswerRequest request = question(f.first, Mode::rocketkv_mt);
        request.segment       = segment;
        request.tile          = tile;
        Answer answer;
        Step   step;
        CHECK(session.start_answer(request, {}, answer, step).ok());
        const DocumentMap map = session.document_map();
        if (kept.empty()) {
            kept   = map.kept;
            logits = step.logits;
            mass   = session.counters().kept_mass;
        }
        CHECK(map.kept == kept);
        CHECK(step.logits == logits);
        CHECK(session.counters().kept_mass == mass);
    }
}

// What else the machine does decides how many threads compute; an answer must not show it. The text is longer than what
// ggml's own attention leaves whole.
void test_threads(const TinyModelOptions & options) {
    Fixture            f(options, 600);
    std::vector<float> expected;
    // One reads tile after tile; of two each reads tiles of its own, and both share a question's.
    for (int n_threads : {1, 2}) {
        std::unique_ptr<Engine> engine;
        CHECK(Engine::open({f.model.path(), {GGML_BINS, n_threads}}, engine).ok());
        Document document(*engine, GGML_TYPE_F16);
        CHECK(document.read(f.text, 1024, 512, nullptr).ok());
        std::vector<float> logits;
        for (Mode mode : {Mode::full, Mode::rocketkv_mt}) {
            Session session(*engine, document);
            Answer  answer;
            Step    step;
            CHECK(session.start_answer(question(f.first, mode), {}, answer, step).ok());
            for (int32_t token : {7, 8, 9}) {
                logits.insert(logits.end(), step.logits.begin(), step.logits.end());
                CHECK(session.step(token, false, step).ok());
            }
            logits.insert(logits.end(), step.logits.begin(), step.logits.end());
            CHECK(session.finish_answer().ok());
        }
        if (expected.empty()) expected = logits;
        CHECK(logits == expected);
    }
}

void test_modes(Fixture & f) {
    auto document = f.read();
    for (Mode mode : {Mode::full, Mode::rocketkv, Mode::rocketkv_mt, Mode::snapkv, Mode::hsa, Mode::exact_topk}) {
        for (int variant = 0; variant < 6; variant++) {
            AskRequest request = question(f.first, mode);
            if (variant == 1) request.rocket.grouping = Grouping::query_head;
            if (variant == 2) request.rocket.selector = SelectorKind::codes, request.rocket.pooling = Pooling::triangle;
            if (variant == 3) request.rocket.selector = SelectorKind::codes_residual;
            if (variant == 3 && mode == Mode::hsa)
                request.rocket.token_budget = 160;  // 64 reads less than the codes of all rows
            if (variant == 4) request.rocket.n_dense_layers = 2;
            if (variant == 5) request.rocket.decomposition = Decomposition::v1;
            Session session(*f.engine, *document);
            Asked   a = ask(session, request);
            if (!CHECK(a.status.ok()))
                std::printf("    %s variant %d: %s\n", mode_name(mode), variant, a.status.message.c_str());
            CHECK(a.tokens.size() == 12 && a.answer.n_generated == 12 && a.answer.n_prefilled == 37);
            const Counters c = session.counters();
            CHECK(c.rows_total == 900 + 37 + 11);
            CHECK(c.rows_kept <= c.rows_total && c.rows_read <= c.rows_kept);
            if (mode_evicts(mode)) CHECK(c.rows_kept < c.rows_total / 2);
            for (float mass : c.kept_mass) CHECK(mass >= 0 && mass <= 1.0001f);
            if (mode_selects(mode) && request.rocket.n_dense_layers == 0)
                CHECK(c.rows_read < 600 && c.read_bytes_per_step < double(c.rows_total) * 32 * 4);
        }
    }
}

void test_budget_holds_all(Fixture & f) {
    auto    document = f.read();
    Session full(*f.engine, *document);
    Asked   expected = ask(full, question(f.first, Mode::full));
    for (Mode mode : {Mode::rocketkv, Mode::rocketkv_mt, Mode::snapkv, Mode::hsa, Mode::exact_topk}) {
        Session session(*f.engine, *document);
        Answer  answer;
        Step    a, b;
        Session reference(*f.engine, *document);
        CHECK(session.start_answer(question(f.first, mode, 4096), {}, answer, a).ok());
        CHECK(session.counters().budgets.dense);
        // One engine decodes one answer at a time: compare the prompt's logits, then the whole greedy answers.
        CHECK(reference.start_answer(question(f.first, Mode::full), {}, answer, b).code == Code::BUSY);
        CHECK(session.finish_answer().ok());
        CHECK(reference.start_answer(question(f.first, Mode::full), {}, answer, b).ok());
        CHECK(a.logits == b.logits);
        CHECK(reference.finish_answer().ok());
        Session again(*f.engine, *document);
        Asked   found = ask(again, question(f.first, mode, 4096));
        CHECK(found.tokens == expected.tokens);
    }
}

void test_forks(Fixture & f) {
    std::vector<std::vector<int32_t>> alone;
    for (const auto & [one, two] : {std::pair{&f.first, &f.second}, std::pair{&f.second, &f.first}}) {
        auto    document = f.read();
        Session session(*f.engine, *document);
        alone.push_back(ask(session, question(*one, Mode::rocketkv_mt)).tokens);
        alone.push_back(ask(session, question(*two, Mode::full)).tokens);
    }
    auto    document = f.read();
    Session a(*f.engine, *document), b(*f.engine, *document);
    CHECK(ask(a, question(f.first, Mode::rocketkv_mt)).tokens == alone[0]);
    CHECK(ask(b, question(f.second, Mode::rocketkv_mt)).tokens == alone[2]);
    CHECK(ask(a, question(f.second, Mode::full)).tokens == alone[1]);
    CHECK(ask(b, question(f.first, Mode::full)).tokens == alone[3]);

    // Back to the first turn's end, and to the document's.
    const std::vector<int64_t> borders = a.borders();
    CHECK(borders.size() == 3);
    CHECK(a.truncate(borders[1] + 1).code == Code::INVALID_ARGUMENT);
    CHECK(a.truncate(borders[0]).ok());
    CHECK(ask(a, question(f.first, Mode::rocketkv_mt)).tokens == alone[0]);
    CHECK(ask(a, question(f.second, Mode::full)).tokens == alone[1]);
}

// The logits behind `question` after a straight reading of `tokens`.
std::vector<float> logits_after(Fixture & f, const std::vector<int32_t> & tokens, const std::vector<int32_t> & asked) {
    Document document(*f.engine, GGML_TYPE_F16);
    CHECK(document.read(tokens, 1024, 512, nullptr).ok());
    Session session(*f.engine, document);
    Answer  answer;
    Step    step;
    CHECK(session.start_answer(question(asked, Mode::full), {}, answer, step).ok());
    return step.logits;
}

double farthest(const std::vector<float> & a, const std::vector<float> & b) {
    double worst = 0;
    for (size_t i = 0; i < a.size(); i++) {
        const double d = std::fabs(double(a[i]) - b[i]);
        worst          = std::isfinite(d) ? std::max(worst, d) : INFINITY;
    }
    return worst;
}

// The rows of a chat are those of one straight reading of the same tokens. Mode full alone: what compressed attention
// adds is as large as what a misplaced row does once it has chosen another expert. An answer's rows were computed one
// by one, so they differ a little; a misplaced row differs as another answer does.
void test_chat_equals_reading(Fixture & f) {
    auto    document = f.read();
    Session session(*f.engine, *document);
    Asked   a = ask(session, question(f.first, Mode::full));  // ends by length: its last token is pending
    Answer  answer;
    Step    chat;
    CHECK(session.start_answer(question(f.second, Mode::full), {}, answer, chat).ok());
    CHECK(answer.n_prefilled == 21 + 1);
    CHECK(session.finish_answer().ok());

    std::vector<int32_t> straight = f.text;
    straight.insert(straight.end(), f.first.begin(), f.first.end());
    std::vector<int32_t> another = straight;
    straight.insert(straight.end(), a.tokens.begin(), a.tokens.end());
    for (const int32_t token : a.tokens) another.push_back((token + 1) % TinyModelOptions{}.n_vocab);
    const std::vector<float> read       = logits_after(f, straight, f.second);
    const double             distance   = farthest(chat.logits, read),
                             of_another = farthest(logits_after(f, another, f.second), read);
    if (!CHECK(distance < 0.5 * of_another)) std::printf("    %g of %g\n", distance, of_another);
}

void test_own_history(Fixture & f) {
    auto    document = f.read();
    Session session(*f.engine, *document);
    Asked   a = ask(session, question(f.first, Mode::rocketkv));
    CHECK(a.status.ok() && session.counters().document_bytes == 0);
    const int64_t kept = session.counters().rows_kept;
    CHECK(session.truncate(f.n_text()).code == Code::INVALID_ARGUMENT);
    Asked b = ask(session, question(f.second, Mode::rocketkv));
    CHECK(b.status.ok() && b.answer.n_prefilled == 22);
    CHECK(session.counters().rows_kept <= kept + 22 + 11);
    CHECK(session.n_tokens() == f.n_text() + 37 + 12 + 21 + 11);
    Asked c = ask(session, question(f.first, Mode::full));  // over what is left
    CHECK(c.status.ok());
    Session other(*f.engine, *document);
    CHECK(ask(other, question(f.first, Mode::rocketkv)).tokens == a.tokens);
}

void test_cancel(Fixture & f) {
    auto        document = f.read();
    Session     fresh(*f.engine, *document);
    const Asked expected = ask(fresh, question(f.first, Mode::rocketkv_mt));
    for (Mode mode : {Mode::rocketkv_mt, Mode::rocketkv, Mode::full}) {
        for (int at = 0; at < 6; at++) {
            Session           session(*f.engine, *document);
            std::atomic<bool> cancel{false};
            int               events_seen = 0;
            AskEvents         events;
            auto              maybe = [&](bool prefill) {
                if (events_seen++ == at && prefill == (at < 3)) cancel = true;
            };
            events.prefill = [&](int64_t, int64_t) { maybe(true); };
            Asked out;
            events.token = [&](int32_t) { maybe(false); };
            out.status   = session.ask(question(f.second, mode), events, out.answer, &cancel);
            CHECK(out.status.code == Code::CANCELLED || (out.status.ok() && at >= 3));
            if (out.status.ok()) continue;
            CHECK(session.n_tokens() == 900 && session.borders().size() == 1);
            CHECK(ask(session, question(f.first, Mode::rocketkv_mt)).tokens == expected.tokens);
        }
    }
    // Reading: whole segments stay, and going on ends where an undisturbed reading does.
    Document          stopped(*f.engine, GGML_TYPE_F16);
    std::atomic<bool> cancel{false};
    const auto        stop_late = [&](int64_t done) {
        if (done > 300) cancel = true;
    };
    Status status = stopped.read(f.text, 128, 64, stop_late, &cancel);
    CHECK(status.code == Code::CANCELLED && stopped.n_tokens() == 256);
    CHECK(stopped.read({f.text.begin() + 256, f.text.end()}, 128, 64, nullptr).ok());
    Session resumed(*f.engine, stopped);
    CHECK(ask(resumed, question(f.first, Mode::rocketkv_mt)).tokens == expected.tokens);
}

void test_plan(Fixture & f) {
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q8_0}) {
        for (Mode mode : {Mode::full, Mode::rocketkv_mt, Mode::snapkv, Mode::hsa}) {
            auto        document = f.read(1024, 512, type);
            Session     session(*f.engine, *document);
            AskRequest  request = question(f.first, mode);
            PlanRequest planned{f.n_text() + 37, 37, 12, mode, request.rocket, type};
            MemoryPlan  plan;
            CHECK(f.engine->plan(planned, plan).ok());
            CHECK(ask(session, request).status.ok());
            const Counters c = session.counters();
            CHECK(c.document_bytes == plan.document_kv);
            CHECK(c.compact_bytes == plan.compact_cache);
            CHECK(c.summary_bytes == plan.summaries);
        }
    }
}

// The same model with its quantized weights as floats: the same numbers but for what rounding does to them.
void test_float_weights(Fixture & f) {
    std::vector<float> logits[2];
    int64_t            weights[2];
    for (const bool floats : {false, true}) {
        std::unique_ptr<Engine> engine;
        CHECK(Engine::open({f.model.path(), {GGML_BINS, 2}, floats}, engine).ok());
        Document document(*engine, GGML_TYPE_F16);
        CHECK(document.read(f.text, 1024, 512, nullptr).ok());
        Session session(*engine, document);
        Answer  answer;
        Step    step;
        CHECK(session.start_answer(question(f.first, Mode::full), {}, answer, step).ok());
        MemoryPlan plan;
        CHECK(engine->plan({900 + 37, 37, 12, Mode::full, {}, GGML_TYPE_F16}, plan).ok());
        logits[floats]  = step.logits;
        weights[floats] = int64_t(plan.weights);
    }
    double difference = 0, size = 0;
    for (size_t i = 0; i < logits[0].size(); i++) {
        difference += std::pow(double(logits[1][i]) - logits[0][i], 2);
        size += std::pow(double(logits[0][i]), 2);
    }
    CHECK(difference > 0 && difference < 0.01 * size);
    CHECK(double(weights[1]) > 1.8 * double(weights[0]) &&
          double(weights[1]) < 1.9 * double(weights[0]));  // 34 bytes for 32 became 64
}

void test_refusals(Fixture & f) {
    auto    document = f.read();
    Session session(*f.engine, *document);
    CHECK(ask(session, question({}, Mode::full)).status.code == Code::INVALID_ARGUMENT);
    CHECK(ask(session, question({-1}, Mode::full)).status.code == Code::INVALID_ARGUMENT);
    CHECK(ask(session, question({320}, Mode::full)).status.code == Code::INVALID_ARGUMENT);
    CHECK(ask(session, question(f.first, Mode::rocketkv_mt, 0)).status.code == Code::INVALID_ARGUMENT);
    AskRequest too_long = question(f.first, Mode::full);
    too_long.max_new    = 2048 - 900 - 37 + 1;
    CHECK(ask(session, too_long).status.code == Code::CTX_OVERFLOW);
    too_long.max_new = 2048 - 900 - 37;
    too_long.stop_tokens.resize(320);
    for (int32_t i = 0; i < 320; i++) too_long.stop_tokens[size_t(i)] = i;
    CHECK(ask(session, too_long).status.ok());
    Step step;
    CHECK(session.step(1, false, step).code == Code::INVALID_ARGUMENT);
    CHECK(document->read({1}, 1024, 512, nullptr).code == Code::BUSY);
    Document big(*f.engine, GGML_TYPE_F16);
    CHECK(big.read(std::vector<int32_t>(2049, 1), 1024, 512, nullptr).code == Code::CTX_OVERFLOW);
    CHECK(big.n_tokens() == 0);
}

void test_sampler() {
    SamplerOptions greedy;
    Sampler        a(greedy);
    auto           pick = [](Sampler & sampler, const std::vector<float> & logits) {
        std::vector<Candidate> candidates;
        set_candidates(logits.data(), int64_t(logits.size()), candidates);
        return sampler.sample(candidates);
    };
    CHECK(pick(a, {0.5f, 2.0f, 2.0f, -1.0f}) == 1);

    auto draw = [&](SamplerOptions o, int n) {
        std::vector<int> counts(4, 0);
        Sampler          sampler(o);
        for (int i = 0; i < n; i++) {
            counts[size_t(pick(sampler, {std::log(0.1f), std::log(0.4f), std::log(0.3f), std::log(0.2f)}))]++;
        }
        return counts;
    };
    SamplerOptions o;
    o.temperature = 1.0f, o.top_k = 0, o.top_p = 1.0f, o.min_p = 0.0f, o.seed = check::seed();
    std::vector<int> free = draw(o, 20000);
    const double     p[]  = {0.1, 0.4, 0.3, 0.2};
    for (int i = 0; i < 4; i++) CHECK_NEAR(free[size_t(i)] / 20000.0, p[i], 0.02);
    CHECK(draw(o, 100) == draw(o, 100));
    SamplerOptions top_k = o;
    top_k.top_k          = 2;
    CHECK(draw(top_k, 2000)[0] == 0 && draw(top_k, 2000)[3] == 0 && draw(top_k, 2000)[2] > 0);
    SamplerOptions top_p = o;
    top_p.top_p          = 0.6f;
    CHECK(draw(top_p, 2000)[3] == 0 && draw(top_p, 2000)[0] == 0 && draw(top_p, 2000)[2] > 0);
    SamplerOptions min_p = o;
    min_p.min_p          = 0.6f;
    CHECK(draw(min_p, 2000)[3] == 0 && draw(min_p, 2000)[2] > 0);
    SamplerOptions penalty;
    penalty.repetition_penalty = 2.0f;
    Sampler b(penalty);
    CHECK(pick(b, {1.0f, 1.5f}) == 1 && pick(b, {1.0f, 1.5f}) == 0);
    SamplerOptions bad;
    bad.top_p = 0;
    CHECK(Sampler::check(bad).code == Code::INVALID_ARGUMENT);
}

// What must hold of every family, on a text that needs choosing; paper for one half of them, coded for the other.
void test_families(const std::string & only) {
    int n = 0;
    for (const std::string & family : family_names()) {
        if (!only.empty() && family != only) continue;
        const int64_t failed = check::n_failed;
        choosing             = n++ % 2 == 0 ? paper : coded;
        // Products with f16 weights add up in another order for one token than for many.
        TinyModelOptions o = tiny_family(family);
        o.type             = GGML_TYPE_Q8_0;
        Fixture f(o, 300);
        test_cut_invariance(f);
        test_budget_holds_all(f);
        test_forks(f);
        test_chat_equals_reading(f);
        test_own_history(f);
        test_plan(f);
        test_threads(o);
        if (check::n_failed != failed) std::printf("    in a model of the family %s\n", family.c_str());
    }
}

}  // namespace

// With the name of a family: that one alone.
int main(int argc, char ** argv) {
    test_families(argc > 1 ? argv[1] : "");
    if (argc > 1) return check::report();
    test_sampler();
    Fixture f({}, 900);
    for (const Choosing & one : {residual, coded, paper}) {
        choosing = one;
        test_cut_invariance(f);
        test_budget_holds_all(f);
    }
    for (const Choosing & one : {coded, paper}) {
        choosing = one;
        test_forks(f);
        test_own_history(f);
        test_plan(f);
    }
    test_modes(f);
    test_chat_equals_reading(f);
    test_cancel(f);
    test_float_weights(f);
    test_refusals(f);
    return check::report();
}
