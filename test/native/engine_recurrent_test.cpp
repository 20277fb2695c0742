// Models with recurrent layers: what they remember of a text is kept at every border, so that nothing is read twice,
// and asking again, going back, branching, pausing and reopening give what a straight reading gives, to the bit.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arch/recurrence.h"
#include "ask.h"
#include "check.h"
#include "engine/engine.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

constexpr int N_TEXT = 300, SEGMENT = 80, TILE = 31;

AskRequest question(const std::vector<int32_t> & tokens, Mode mode) {
    AskRequest request;
    request.tokens              = tokens;
    request.mode                = mode;
    request.max_new             = 9;
    request.segment             = 16;
    request.tile                = 7;
    request.rocket.token_budget = 64;
    request.rocket.window       = 16;
    request.rocket.kernel       = 15;
    return request;
}

struct Fixture {
    TinyModel               model;
    std::unique_ptr<Engine> engine;
    std::mt19937_64         random{check::seed()};
    std::vector<int32_t>    text, first, second;
    std::string             path = temporary_path(".kv");

    static TinyModelOptions options(const std::string & family) {
        TinyModelOptions o = tiny_family(family);
        o.type             = GGML_TYPE_Q8_0;
        o.n_ctx            = 2048;
        o.seed             = check::seed();
        return o;
    }
    explicit Fixture(const std::string & family) : model(options(family)) {
        const Status opened = Engine::open({model.path(), {GGML_BINS, 1}}, engine);
        if (!CHECK(opened.ok())) std::printf("    %s\n", opened.message.c_str());
        const int n_vocab = options(family).n_vocab;
        text              = random_tokens(random, N_TEXT, n_vocab);
        first             = random_tokens(random, 37, n_vocab);
        second            = random_tokens(random, 21, n_vocab);
    }
    ~Fixture() { std::remove(path.c_str()); }

    std::unique_ptr<Document> read(const std::vector<int32_t> & tokens, int64_t segment = SEGMENT) {
        auto document = std::make_unique<Document>(*engine, GGML_TYPE_F16);
        CHECK(document->read(tokens, segment, TILE, nullptr).ok());
        return document;
    }
    std::vector<int32_t> answer(Document & document, const std::vector<int32_t> & asked, Mode mode = Mode::full) {
        Session session(*engine, document);
        return answer(session, asked, mode);
    }
    std::vector<int32_t> answer(Session & session, const std::vector<int32_t> & asked, Mode mode = Mode::full) {
        const Asked out = ask(session, question(asked, mode));
        if (!CHECK(out.status.ok())) std::printf("    %s\n", out.status.message.c_str());
        return out.tokens;
    }
    // Logits behind tokens that a chat of this document is given.
    std::vector<float> logits(Document & document, const std::vector<int32_t> & tokens) {
        Session            session(*engine, document);
        std::vector<float> out;
        CHECK(session.score(tokens, out).ok());
        return out;
    }
    int64_t n_computed() { return engine->prefill().n_computed(); }
};

// The states reach further than attention's rows: a changed first token is heard of at the end, a state that was not
// begun anew too.
void test_states_matter(Fixture & f) {
    std::vector<int32_t> changed = f.text;
    changed[0]                   = (changed[0] + 1) % 300;
    const auto one = f.read(f.text), other = f.read(changed), again = f.read(f.text);
    const auto expected = f.logits(*one, f.first);
    CHECK(f.logits(*other, f.first) != expected);
    CHECK(f.logits(*again, f.first) == expected && f.logits(*one, f.first) == expected);
    const auto states = one->rows().states();
    CHECK(states && states->size() == state_bytes(f.engine->model().params()) && states->size() > 0);
    CHECK(*states == *again->rows().states() && *states != *other->rows().states());
}

// Stopped at any moment, gone on with: as if never stopped, and only what had not come to a segment's end is read
// again.
void test_pause(Fixture & f) {
    const auto straight = f.read(f.text);
    const auto expected = f.logits(*straight, f.first);
    for (int stop = 1; stop < 26; stop += 4) {
        Document          document(*f.engine, GGML_TYPE_F16);
        std::atomic<bool> cancel{false};
        int               n_reports = 0;
        const auto        count     = [&](int64_t) { cancel = ++n_reports == stop; };
        const Status      status    = document.read(f.text, SEGMENT, TILE, count, &cancel);
        CHECK(status.code == Code::CANCELLED || (status.ok() && document.n_tokens() == N_TEXT));
        const int64_t done = document.n_tokens(), before = f.n_computed();
        CHECK(done % SEGMENT == 0 || done == N_TEXT);
        // Meanwhile somebody else computes.
        CHECK(f.logits(*straight, f.first) == expected);
        const int64_t between = f.n_computed() - before;
        CHECK(document.read({f.text.begin() + done, f.text.end()}, SEGMENT, TILE, nullptr).ok());
        CHECK(f.n_computed() - before - between == N_TEXT - done);
        CHECK(*document.rows().states() == *straight->rows().states());
        CHECK(f.logits(document, f.first) == expected);
    }
}

// Ask, ask again, edit, branch, restart: each token is computed once.
void test_nothing_is_read_twice(Fixture & f) {
    const int64_t n_first = int64_t(f.first.size()), n_second = int64_t(f.second.size());
    const auto    document = f.read(f.text);
    int64_t       before   = f.n_computed();
    const auto    computed = [&] { return f.n_computed() - std::exchange(before, f.n_computed()); };
    Session       chat(*f.engine, *document);
    const auto    a = f.answer(chat, f.first);
    CHECK(computed() == n_first);
    const auto b = f.answer(chat, f.second);
    CHECK(computed() == n_second + 1);  // and the answer's last token
    // Edit: back to a turn's end, and to the document's.
    CHECK(chat.truncate(chat.borders()[1]).ok() && computed() == 0);
    f.answer(chat, f.second, Mode::rocketkv_mt);
    CHECK(computed() == n_second);
    CHECK(chat.truncate(chat.borders()[0]).ok());
    CHECK(f.answer(chat, f.first) == a && computed() == n_first);
    CHECK(f.answer(chat, f.second) == b && computed() == n_second + 1);
    // Branch: another chat of the document, by turns with the first one.
    Session    branch(*f.engine, *document);
    const auto c = f.answer(branch, f.second);
    CHECK(computed() == n_second);
    const auto d = f.answer(chat, f.first);
    CHECK(computed() == n_first + 1);
    const auto e = f.answer(branch, f.first);
    CHECK(computed() == n_first + 1);
    // Restart: a new engine and the kept file.
    bool done = false;
    while (!done) CHECK(document->save_part(f.path, 9000, done).ok());
    std::unique_ptr<Engine> engine;
    CHECK(Engine::open({f.model.path(), {GGML_BINS, 1}}, engine).ok());
    Document kept(*engine, GGML_TYPE_F16);
    CHECK(kept.load(f.path, f.text, nullptr).ok() && kept.file_bytes() == document->file_bytes());
    CHECK(engine->prefill().n_computed() == 0 && *kept.rows().states() == *document->rows().states());
    Session reopened(*engine, kept), also(*engine, kept);
    CHECK(f.answer(reopened, f.first) == a && f.answer(also, f.second) == c);
    CHECK(f.answer(reopened, f.second) == b && f.answer(reopened, f.first) == d && f.answer(also, f.first) == e);
    CHECK(engine->prefill().n_computed() == 3 * n_first + 2 * n_second + 3);
}

// A question that fails or is stopped leaves the chat as it was, whatever of the states it has written.
void test_cancel(Fixture & f) {
    const auto document = f.read(f.text);
    for (Mode mode : {Mode::full, Mode::rocketkv, Mode::rocketkv_mt}) {
        Session undisturbed(*f.engine, *document);
        f.answer(undisturbed, f.first, mode);
        const auto expected = f.answer(undisturbed, f.second, mode);
        Session    chat(*f.engine, *document);
        f.answer(chat, f.first, mode);
        const auto borders = chat.borders();
        for (int stop = 1; stop < 22; stop += 5) {
            std::atomic<bool> cancel{false};
            int               n      = 0;
            AskEvents         events = {};
            events.prefill           = [&](int64_t, int64_t) { cancel = cancel || ++n == stop; };
            events.token             = [&](int32_t) { cancel = cancel || ++n == stop; };
            const Asked stopped      = ask(chat, question(f.second, mode), events, &cancel);
            CHECK(stopped.status.code == Code::CANCELLED && chat.borders() == borders);
        }
        CHECK(f.answer(chat, f.second, mode) == expected);
        // Token by token: a step that is stopped takes its answer along.
        Answer  answer;
        Step    step;
        Session by_step(*f.engine, *document);
        CHECK(by_step.start_answer(question(f.first, mode), {}, answer, step).ok());
        CHECK(by_step.step(5, false, step).ok());
        std::atomic<bool> cancel{true};
        CHECK(by_step.step(6, false, step, &cancel).code == Code::CANCELLED);
        CHECK(by_step.n_tokens() == N_TEXT && by_step.borders().size() == 1);
        CHECK(f.answer(by_step, f.first) == f.answer(*document, f.first));
    }
}

// Memory is counted before it is taken, and a damaged file is none.
void test_plan_and_file(Fixture & f) {
    const HyperParams & p = f.engine->model().params();
    PlanRequest         request;
    request.n_prompt = N_TEXT, request.n_question = 30, request.max_new = 20;
    MemoryPlan plan;
    CHECK(f.engine->plan(request, plan).ok());
    CHECK(plan.states == f.engine->states().bytes() && plan.kept_states == 2 * plan.states && plan.states > 0);
    CHECK(p.count_layers(AttentionKind::recurrent) + p.count_row_layers() == p.n_layer);
    CHECK(p.kv_bytes(N_TEXT) == size_t(p.count_row_layers() * N_TEXT * p.full_layer().kv_width() * 4));

    const auto document = f.read(f.text);
    bool       done     = false;
    while (!done) CHECK(document->save_part(f.path, 1u << 30, done).ok());
    std::FILE * file = std::fopen(f.path.c_str(), "r+b");
    const long  at   = long(document->file_bytes() - 9 - f.random() % plan.states);
    CHECK(std::fseek(file, at, SEEK_SET) == 0);
    const int byte = std::fgetc(file);
    CHECK(std::fseek(file, at, SEEK_SET) == 0 && std::fputc(byte ^ 4, file) != EOF && std::fclose(file) == 0);
    Document other(*f.engine, GGML_TYPE_F16);
    CHECK(other.load(f.path, f.text, nullptr).code == Code::KV_CORRUPT && other.n_tokens() == 0);
}

// Headers that say what no recurrent layer is.
void test_refusals() {
    for (const int taps : {1, 65}) {
        TinyModelOptions o = Fixture::options("lfm2");
        o.conv_taps        = taps;
        const TinyModel        model(o);
        std::unique_ptr<Model> header;
        CHECK(Model::open_header(model.path(), header).code == Code::MODEL_FORMAT);
    }
}

}  // namespace

// With the name of a family: that one alone.
int main(int argc, char ** argv) {
    for (const std::string & family : family_names()) {
        if (tiny_family(family).attention_period == 0 || (argc > 1 && family != argv[1])) continue;
        const int64_t failed = check::n_failed;
        Fixture       f(family);
        test_states_matter(f);
        test_pause(f);
        test_nothing_is_read_twice(f);
        test_cancel(f);
        test_plan_and_file(f);
        if (check::n_failed != failed) std::printf("    in a model of the family %s\n", family.c_str());
    }
    test_refusals();
    return check::report();
}
