// Drafts from the document: the index against a scan of the whole text, how many tokens are drafted, and answers.
// Answers with drafts are those without, token by token and to the bit of every row, in every mode and with every
// selector, however right or wrong the drafts are.
#include <algorithm>
#include <string>
#include <vector>

#include "ask.h"
#include "check.h"
#include "engine/draft_index.h"
#include "engine/draft_policy.h"
#include "engine/engine.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

int64_t length_of_match(const std::vector<int32_t> & text, int64_t place, const std::vector<int32_t> & recent) {
    int64_t n = 0;
    while (n < DraftIndex::MOST_MATCHED && n < place && n < int64_t(recent.size()) &&
           text[size_t(place - 1 - n)] == recent[recent.size() - 1 - size_t(n)])
        n++;
    return n;
}

void check_match(const DraftIndex & index, const std::vector<int32_t> & recent) {
    const std::vector<int32_t> & text    = index.tokens();
    int64_t                      longest = 0;
    for (int64_t place = 1; place < int64_t(text.size()); place++)
        longest = std::max(longest, length_of_match(text, place, recent));
    const DraftIndex::Match found = index.find(recent);
    CHECK(found.length == longest);
    if (longest == 0) return;
    CHECK(found.place > 0 && found.place < int64_t(text.size()));
    CHECK(length_of_match(text, found.place, recent) == longest);
}

// Texts of few different tokens, which repeat themselves much, and of many.
void test_index() {
    std::mt19937_64 random(check::seed());
    for (int n_vocab : {1, 2, 3, 20, 1000}) {
        for (int round = 0; round < 20; round++) {
            std::vector<int32_t> text(random() % 200);
            for (int32_t & token : text) token = int32_t(random() % uint64_t(n_vocab));
            // A part of it comes again.
            if (text.size() > 100) std::copy(text.begin() + 10, text.begin() + 60, text.begin() + 45);
            DraftIndex built, grown;
            built.build(text);
            std::vector<int32_t> recent;
            for (int32_t token : text) {
                check_match(grown, recent);  // of what was there before
                grown.add(token);
                recent.push_back(token);
            }
            for (int i = 0; i < 20; i++) {
                std::vector<int32_t> asked;
                const size_t         from = text.empty() ? 0 : random() % text.size();
                asked.assign(text.begin() + int64_t(from),
                             text.begin() + int64_t(from + random() % (text.size() - from + 1)));
                if (random() % 2)
                    asked.insert(asked.begin() + int64_t(random() % (asked.size() + 1)), int32_t(random() % 5));
                check_match(built, asked);
                check_match(grown, asked);
            }
            const int64_t cut = int64_t(random() % (text.size() + 1));
            grown.truncate(cut);
            CHECK(grown.n_tokens() == cut);
            check_match(grown, recent);
            for (int64_t i = cut; i < int64_t(text.size()); i++) grown.add(text[size_t(i)]);
            CHECK(grown.tokens() == text);
            check_match(grown, recent);
        }
    }
    DraftIndex index;
    CHECK(index.find({1, 2}).length == 0);
    index.build({7, 1, 2, 3, 4, 1, 2, 9, 1, 2});
    CHECK(index.find({1, 2}).place == 7);  // the later of two
    CHECK(index.find({7, 1, 2}).place == 3 && index.find({7, 1, 2}).length == 3);
    CHECK(index.find({}).length == 0 && index.find({8}).length == 0);
    CHECK(index.from(3, 4) == std::vector<int32_t>({3, 4, 1, 2}));
    CHECK(index.from(8, 5) == std::vector<int32_t>({1, 2, 1, 2, 1}));  // on and on
}

void test_policy() {
    DraftPolicy policy;
    CHECK(policy.width(0, 8) == 1);
    CHECK(policy.width(1, 8) == 1);   // one token that was there before says little
    CHECK(policy.width(20, 8) == 8);  // many say much
    CHECK(policy.width(20, 7) == 4);
    CHECK(policy.width(20, 1) == 1);
    // Wrong drafts end it, right ones of another kind do not.
    for (int i = 0; i < 10; i++) policy.add_drafts(20, 7, 0);
    CHECK(policy.width(20, 8) == 1);
    CHECK(policy.chance(20) < 0.5 && policy.chance(10) > 0.5);
    for (int i = 0; i < 10; i++) policy.add_drafts(3, 7, 7);
    CHECK(policy.width(3, 8) == 8);
    CHECK(policy.width(20, 8) == 1);
    // After a while it is tried again.
    for (int i = 0; i < 2000; i++) policy.add_time(1, 10);
    CHECK(policy.width(20, 8) > 1);

    // Passes that take as long as their tokens one by one do not pay, however right the drafts are.
    DraftPolicy slow;
    for (int i = 0; i < 10; i++) slow.add_drafts(20, 7, 7);
    for (int i = 0; i < 3; i++)
        for (int width : DraftPolicy::WIDTHS) slow.add_time(width, 10.0 * width);
    CHECK(slow.width(20, 8) == 1);
    // Of those that pay the best is taken.
    DraftPolicy some;
    for (int i = 0; i < 10; i++) some.add_drafts(20, 7, 7);
    for (int i = 0; i < 3; i++)
        for (int width : DraftPolicy::WIDTHS) some.add_time(width, width <= 4 ? 10.0 : 100.0);
    CHECK(some.width(20, 8) == 4);
    // One pass that was disturbed ends nothing.
    DraftPolicy disturbed;
    for (int i = 0; i < 5; i++) disturbed.add_drafts(20, 7, 7);
    for (int i = 0; i < 5; i++)
        for (int width : DraftPolicy::WIDTHS) disturbed.add_time(width, width == 1 ? 10 : 20);
    disturbed.add_time(8, 1000);
    CHECK(disturbed.width(20, 8) == 8);
}

// Whatever was seen before, drafts are taken for likely right and passes of several tokens for cheap.
void encourage(Engine & engine) {
    DraftPolicy & policy = engine.draft_policy();
    for (int i = 0; i < 40; i++) {
        for (int width : DraftPolicy::WIDTHS) policy.add_time(width, width < 8 ? 1 : 1.01);
        for (int length : {1, 2, 3, 4, 6, 9, 16}) policy.add_drafts(length, 7, 7);
    }
}

struct Counted {
    int64_t drafted = 0, accepted = 0;
} counted;

AskRequest question(const std::vector<int32_t> & tokens, Mode mode, SelectorKind selector, bool drafts) {
    AskRequest request;
    request.tokens              = tokens;
    request.mode                = mode;
    request.max_new             = 70;  // codes are judged twice
    request.rocket.token_budget = 64;
    request.rocket.window       = 16;
    request.rocket.kernel       = 15;
    request.rocket.pooling      = selector == SelectorKind::pages ? Pooling::max : Pooling::triangle;
    request.rocket.selector     = selector;
    request.drafts              = drafts;
    return request;
}

// All that a chat is after its answers.
struct Outcome {
    std::vector<std::vector<int32_t>> tokens;
    std::vector<DocumentMap>          maps;
    std::vector<int64_t>              numbers;
    std::vector<float>                logits;  // of the next question, and behind a token more
};

// Two questions; where the chat can, the second is taken back and asked anew; then what the rows say.
Outcome talk(Engine & engine, Document & document, std::vector<AskRequest> questions) {
    Session    session(engine, document);
    Outcome    out;
    const auto put = [&](const AskRequest & request) {
        if (request.drafts) encourage(engine);
        const Asked asked = ask(session, request);
        check::said(asked.status.ok(), "mode %d: %s", int(request.mode), asked.status.message.c_str());
        CHECK(asked.answer.n_generated == int64_t(asked.tokens.size()));
        CHECK(asked.answer.n_accepted <= asked.answer.n_drafted);
        // Every token but the first is of a pass, and that of each pass which no draft was.
        CHECK(asked.answer.n_passes + asked.answer.n_accepted >= asked.answer.n_generated - 1);
        if (!request.drafts) CHECK(asked.answer.n_drafted == 0 && asked.answer.n_passes <= asked.answer.n_generated);
        counted.drafted += asked.answer.n_drafted;
        counted.accepted += asked.answer.n_accepted;
        out.tokens.push_back(asked.tokens);
        session.publish_map();
        out.maps.push_back(session.document_map());
        const Counters c = session.counters();
        for (int64_t number : {session.n_tokens(), c.rows_total, c.rows_kept, c.rows_read, c.clamped_codes})
            out.numbers.push_back(number);
    };
    put(questions[0]);
    const int64_t border = session.n_tokens();
    put(questions[1]);
    if (mode_keeps_history(questions[1].mode)) {
        CHECK(session.truncate(border).ok());
        put(questions[1]);
    }
    questions[2].mode = Mode::rocketkv_mt;
    Answer answer;
    Step   step;
    CHECK(session.start_answer(questions[2], {}, answer, step).ok());
    out.logits = step.logits;
    CHECK(session.step(3, false, step).ok());
    out.logits.insert(out.logits.end(), step.logits.begin(), step.logits.end());
    CHECK(session.finish_answer().ok());
    return out;
}

void check_equal(const Outcome & a, const Outcome & b, const std::string & what) {
    check::said(a.tokens == b.tokens, "%s: the same tokens", what.c_str());
    check::said(a.numbers == b.numbers, "%s: the same counters", what.c_str());
    check::said(a.logits == b.logits, "%s: the same rows", what.c_str());
    bool maps = a.maps.size() == b.maps.size();
    for (size_t i = 0; i < a.maps.size() && maps; i++)
        maps = a.maps[i].kept == b.maps[i].kept && a.maps[i].read == b.maps[i].read;
    check::said(maps, "%s: the same map", what.c_str());
}

struct Chat {
    TinyModel               model;
    std::unique_ptr<Engine> engine;
    std::mt19937_64         random{check::seed()};
    std::vector<int32_t>    text;

    static TinyModelOptions options(TinyModelOptions o) {
        o.seed  = check::seed();
        o.n_ctx = 2048;
        return o;
    }
    explicit Chat(const TinyModelOptions & o, int n_threads = 1, int n_text = 400) : model(options(o)) {
        CHECK(Engine::open({model.path(), {GGML_BINS, n_threads}}, engine).ok());
        // Of few tokens: much comes again, and goes on otherwise.
        text = random_tokens(random, n_text, std::min(o.n_vocab, 24));
    }
    std::vector<AskRequest> questions(Mode mode, SelectorKind selector, bool drafts, const SamplerOptions & sampler) {
        std::mt19937_64         own(check::seed() + 5);
        std::vector<AskRequest> out;
        for (int n : {37, 21, 9}) {
            out.push_back(question(random_tokens(own, n, 24), mode, selector, drafts));
            out.back().sampler = sampler;
        }
        return out;
    }
    void compare(Document & document, Mode mode, SelectorKind selector, const std::string & what,
                 const SamplerOptions & sampler = {}) {
        const Outcome without = talk(*engine, document, questions(mode, selector, false, sampler));
        const Outcome with    = talk(*engine, document, questions(mode, selector, true, sampler));
        check_equal(with, without, what + ", " + "mode " + std::to_string(int(mode)));
    }
};

constexpr Mode MODES[] = {Mode::full, Mode::rocketkv, Mode::rocketkv_mt, Mode::snapkv, Mode::hsa, Mode::exact_topk};

// Every way of choosing rows.
void test_modes(const TinyModelOptions & o) {
    Chat     chat(o);
    Document document(*chat.engine, GGML_TYPE_F16);
    CHECK(document.read(chat.text, 1024, 512, nullptr).ok());
    for (Mode mode : MODES) chat.compare(document, mode, SelectorKind::pages, "pages");
    for (SelectorKind selector : {SelectorKind::codes, SelectorKind::codes_residual})
        for (Mode mode : {Mode::rocketkv, Mode::rocketkv_mt}) chat.compare(document, mode, selector, "codes");
    // A draw for each token, the same with drafts and without.
    SamplerOptions warm;
    warm.temperature        = 0.8f;
    warm.seed               = check::seed();
    warm.repetition_penalty = 1.1f;
    for (Mode mode : {Mode::full, Mode::rocketkv_mt})
        chat.compare(document, mode, SelectorKind::pages, "sampled", warm);
}

void test_weights() {
    for (ggml_type type : {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q8_0,
                           GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K, GGML_TYPE_IQ4_NL}) {
        TinyModelOptions o;
        o.type    = type;
        o.tied    = type != GGML_TYPE_Q4_0;
        o.n_layer = 2;
        Chat     chat(o);
        Document document(*chat.engine, GGML_TYPE_Q8_0);
        CHECK(document.read(chat.text, 1024, 512, nullptr).ok());
        for (Mode mode : {Mode::full, Mode::rocketkv_mt})
            chat.compare(document, mode, SelectorKind::pages, ggml_type_name(type));
    }
}

void test_family(const std::string & family) {
    TinyModelOptions o = tiny_family(family, true);
    Chat             chat(o);
    Document         document(*chat.engine, GGML_TYPE_F16);
    CHECK(document.read(chat.text, 1024, 512, nullptr).ok());
    const Counted before = counted;
    for (Mode mode : {Mode::full, Mode::rocketkv_mt}) chat.compare(document, mode, SelectorKind::codes, family);
    if (o.attention_period > 0) CHECK(counted.drafted == before.drafted);  // states cannot be taken back
}

// A cancel within an answer leaves the chat as it was, wherever it comes.
void test_cancel() {
    Chat     chat({}, 2);
    Document document(*chat.engine, GGML_TYPE_F16);
    CHECK(document.read(chat.text, 1024, 512, nullptr).ok());
    for (Mode mode : {Mode::full, Mode::rocketkv, Mode::rocketkv_mt}) {
        const auto    questions = chat.questions(mode, SelectorKind::codes, true, {});
        const Outcome expected  = talk(*chat.engine, document, questions);
        Session       session(*chat.engine, document);
        for (int n : {1, 2, 11, 40}) {
            std::atomic<bool> cancel{false};
            AskEvents         events;
            int               n_seen = 0;
            events.token             = [&](int32_t) { cancel = ++n_seen == n; };
            encourage(*chat.engine);
            CHECK(ask(session, questions[0], events, &cancel).status.code == Code::CANCELLED);
            CHECK(session.n_tokens() == document.n_tokens());
        }
        encourage(*chat.engine);
        const Asked asked = ask(session, questions[0]);
        CHECK(asked.status.ok() && asked.tokens == expected.tokens[0]);
        session.publish_map();
        CHECK(session.document_map().read == expected.maps[0].read);
    }
}

// An answer ends at its first end, also where drafts went on behind it, and the next question goes on from there.
void test_ends() {
    Chat     chat({});
    Document document(*chat.engine, GGML_TYPE_F16);
    CHECK(document.read(chat.text, 1024, 512, nullptr).ok());
    for (int64_t max_new : {1, 2, 3, 5, 8, 9, 17}) {
        auto without = chat.questions(Mode::rocketkv_mt, SelectorKind::pages, false, {});
        auto with    = chat.questions(Mode::rocketkv_mt, SelectorKind::pages, true, {});
        for (auto * questions : {&with, &without})
            for (AskRequest & request : *questions) request.max_new = max_new;
        check_equal(talk(*chat.engine, document, with), talk(*chat.engine, document, without), "short");
    }
    auto          without = chat.questions(Mode::full, SelectorKind::pages, false, {});
    auto          with    = chat.questions(Mode::full, SelectorKind::pages, true, {});
    const Outcome whole   = talk(*chat.engine, document, without);
    for (size_t at : {3, 20, 33, 50}) {
        for (auto * questions : {&with, &without})
            for (AskRequest & request : *questions) request.stop_tokens = {whole.tokens[0][at]};
        check_equal(talk(*chat.engine, document, with), talk(*chat.engine, document, without), "stopped");
    }
}

}  // namespace

int main(int argc, char ** argv) {
    const std::string only = argc > 1 ? argv[1] : "";
    test_index();
    test_policy();
    if (only.empty()) {
        test_modes({});
        test_weights();
        test_cancel();
        test_ends();
    }
    for (const std::string & family : family_names())
        if (only.empty() || family == only) test_family(family);
    std::printf("%lld drafted, %lld accepted\n", static_cast<long long>(counted.drafted),
                static_cast<long long>(counted.accepted));
    if (only.empty()) CHECK(counted.accepted > 1000 && counted.drafted - counted.accepted > 1000);
    return check::report();
}
