// Layers that attend within a window, on a small Gemma of random weights: what they keep of a document, and that
// nothing a person sees depends on how a text was cut, kept or come back to. engine_agreement_test compares with
// llama.cpp.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <vector>

#include "ask.h"
#include "check.h"
#include "engine/engine.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

using Tokens = std::vector<int32_t>;

Tokens part(const Tokens & all, size_t from, size_t to) {
    return {all.begin() + std::ptrdiff_t(from), all.begin() + std::ptrdiff_t(to)};
}

struct Fixture {
    TinyModelOptions           options;
    std::unique_ptr<TinyModel> file;
    std::unique_ptr<Engine>    engine;
    std::mt19937_64            random{check::seed()};

    explicit Fixture(TinyModelOptions o) : options(std::move(o)) {
        options.seed = check::seed();
        file         = std::make_unique<TinyModel>(options);
        CHECK(Engine::open({file->path(), {GGML_BINS, 2}}, engine).ok());
    }
    Tokens              tokens(int n) { return random_tokens(random, n, options.n_vocab); }
    const HyperParams & params() const { return engine->model().params(); }
    int64_t             window() const { return params().layer(0).window; }

    AskRequest request(const Tokens & question, Mode mode, int budget) const {
        AskRequest r;
        r.tokens              = question;
        r.mode                = mode;
        r.max_new             = 14;
        r.rocket.token_budget = budget;
        r.rocket.window       = 16;
        return r;
    }
    // Logits of a question's last token, and the answer's tokens.
    struct Told {
        std::vector<float> logits;
        Tokens             answer;
        bool               operator==(const Told &) const = default;
    };
    Told told(Document & document, const Tokens & question, Mode mode, int budget) const {
        Told out;
        Step step;
        {
            Session session(*engine, document);
            Answer  answer;
            CHECK(session.start_answer(request(question, mode, budget), {}, answer, step).ok());
        }
        out.logits = step.logits;
        Session     session(*engine, document);
        const Asked asked = ::ask(session, request(question, mode, budget));
        if (!CHECK(asked.status.ok())) std::printf("    %s\n", asked.status.message.c_str());
        out.answer = asked.tokens;
        return out;
    }
};

int64_t kept_of(int64_t window, int64_t n) {
    int64_t first = 0;
    while (n - (first + 64) >= window - 1) first += 64;
    return n - first;
}

void test_traits() {
    const auto check_layers = [](TinyModelOptions o, std::vector<bool> full, float scale) {
        const TinyModel        model(o);
        std::unique_ptr<Model> header;
        if (!CHECK(Model::open_header(model.path(), header).ok())) return;
        const HyperParams & p = header->params();
        CHECK(p.embd_scale == std::sqrt(float(o.n_embd)) && p.logit_cap == 0);
        for (size_t i = 0; i < full.size(); i++) {
            const LayerTraits & l = p.layer(int64_t(i));
            CHECK((l.attention == AttentionKind::full) == full[i]);
            CHECK(l.qk_norm == QkNorm::head && l.feed_forward == FeedForwardKind::geglu && l.scale == scale);
            CHECK(l.kept_window() == (full[i] ? 0 : o.integers["attention.sliding_window"]) && l.rope.base == 10000.0f);
            CHECK(l.rope.scale == (full[i] && o.rope_scaling == "linear" ? 0.25f : 1.0f));
        }
        const int64_t n_full = p.count_layers(AttentionKind::full);
        CHECK(p.kv_bytes_per_token() == size_t(n_full * o.n_head_kv * o.head_dim * 4));
    };
    TinyModelOptions o = tiny_family("gemma3");
    check_layers(o, {false, false, false, false, false, true, false}, 0.125f);
    o.rope_scaling = "linear";
    check_layers(o, {false, false, false, false, false, true, false}, 0.125f);
    o = tiny_family("gemma3"), o.integers["attention.sliding_window_pattern"] = 3;
    check_layers(o, {false, false, true, false, false, true, false}, 0.125f);
    o = tiny_family("gemma3"), o.integers.clear();
    check_layers(o, {true, true, true, true, true, true, true}, 0.125f);
    o = tiny_family("gemma3"), o.n_layer = 62, o.n_embd = 96, o.n_ff = 64,
    o.n_head = 4;  // as many layers as Gemma 3 27B
    check_layers(o, {false, false, false, false, false, true}, 1 / std::sqrt(24.0f));
}

// What comes beside a Gemma that sees pictures is no language model, and says so.
void test_projector() {
    TinyModelOptions o;
    o.architecture = "clip";
    const TinyModel        model(o);
    std::unique_ptr<Model> header;
    const Status           status = Model::open_header(model.path(), header);
    CHECK(status.code == Code::MODEL_UNSUPPORTED && status.message.find("projector") != std::string::npos);
}

// A window's rows and nothing more, after every way to read.
void test_rows_kept(Fixture & f) {
    const int64_t window = f.window();
    for (int n : {1, 64, 99, 100, 101, 163, 164, 400, 777}) {
        Document document(*f.engine, GGML_TYPE_F16);
        CHECK(document.read(f.tokens(n), 128, 48, nullptr).ok());
        const KvRows & rows   = document.rows().kv();
        uint64_t       n_rows = 0;
        for (int64_t layer = 0; layer < f.params().n_layer; layer++) {
            const bool full = f.params().layer(layer).kept_window() == 0;
            CHECK(rows.first(layer) == (full ? 0 : n - kept_of(window, n)));
            CHECK(full || rows.capacity(layer) <= window + 62 + 1024 + 256);  // and room for a chat
            CHECK(rows.row_of(layer, {n, n}) == (full ? n : kept_of(window, n)));
            n_rows += uint64_t(full ? n : kept_of(window, n));
        }
        const uint64_t row = uint64_t(f.params().full_layer().kv_width()) * 4;
        CHECK(document.file_bytes() == 72 + uint64_t(n) * 4 + 8 + n_rows * row + uint64_t(f.params().n_layer) * 8);
        CHECK(f.params().kv_bytes(n) == n_rows * row);
    }
}

// The same logits to the bit, wherever segments and tiles end, and whether the text is a document or a chat's turn.
void test_cuts(Fixture & f) {
    const Tokens       text = f.tokens(700), question = f.tokens(31);
    std::vector<float> expected;
    {
        Document           empty(*f.engine, GGML_TYPE_F16);
        Session            session(*f.engine, empty);
        std::vector<float> all;
        CHECK(session.score(text, all).ok());
        CHECK(session.score(question, expected).ok());
    }
    for (auto [segment, tile] : {std::pair<int, int>{1024, 512}, {128, 48}, {64, 64}, {100, 31}, {37, 7}, {333, 128}}) {
        Document document(*f.engine, GGML_TYPE_F16);
        CHECK(document.read(text, segment, tile, nullptr).ok());
        Session            session(*f.engine, document);
        std::vector<float> logits;
        CHECK(session.score(question, logits).ok());
        if (!CHECK(logits == expected)) std::printf("    segment %d, tile %d\n", segment, tile);
    }
    // In pieces, the second of which is stopped on its way and read again.
    Document document(*f.engine, GGML_TYPE_F16);
    CHECK(document.read(part(text, 0, 250), 96, 48, nullptr).ok());
    std::atomic<bool> cancel{false};
    CHECK(document.read(
                      part(text, 250, 700), 96, 48, [&](int64_t done) { cancel = done > 130; }, &cancel)
              .code == Code::CANCELLED);
    const size_t so_far = size_t(document.n_tokens());
    CHECK(so_far >= 250 && so_far < 700 && (so_far - 250) % 96 == 0);
    CHECK(document.read(part(text, so_far, 700), 96, 48, nullptr).ok());
    Session            session(*f.engine, document);
    std::vector<float> logits;
    CHECK(session.score(question, logits).ok());
    CHECK(logits == expected);
}

// Budgets that hold everything change nothing; smaller ones change the layers that choose alone.
void test_modes(Fixture & f) {
    const Tokens text = f.tokens(900), question = f.tokens(40);
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q8_0}) {
        Document document(*f.engine, type);
        CHECK(document.read(text, 256, 64, nullptr).ok());
        const Fixture::Told full = f.told(document, question, Mode::full, 64);
        CHECK(f.told(document, question, Mode::rocketkv_mt, 4096) == full);
        const Fixture::Told kept = f.told(document, question, Mode::rocketkv, 4096);
        CHECK(kept.logits == full.logits);
        // Its compact cache is f16: of q8_0 rows the same values, in another type's arithmetic.
        if (type == GGML_TYPE_F16) CHECK(kept.answer == full.answer);
        for (Mode mode : {Mode::rocketkv, Mode::rocketkv_mt, Mode::snapkv, Mode::hsa, Mode::exact_topk}) {
            const Fixture::Told small = f.told(document, question, mode, 64);
            CHECK(small.logits == full.logits && small.answer.size() == full.answer.size());
            CHECK(f.told(document, question, mode, 64) == small);
        }
    }
}

void test_counters(Fixture & f) {
    const int N_TEXT = 900, N_QUESTION = 40;
    Document  document(*f.engine, GGML_TYPE_F16);
    CHECK(document.read(f.tokens(N_TEXT), 256, 64, nullptr).ok());
    Session session(*f.engine, document);
    CHECK(::ask(session, f.request(f.tokens(N_QUESTION), Mode::rocketkv_mt, 64)).status.ok());
    const Counters c = session.counters();
    CHECK(c.full_bytes == f.params().kv_bytes(session.n_tokens()));
    session.publish_map();
    const DocumentMap map    = session.document_map();
    const int64_t     n_full = f.params().count_layers(AttentionKind::full);
    uint64_t          n_kept = 0;
    for (uint32_t count : map.kept) {
        CHECK(count <= uint32_t(n_full * f.params().full_layer().n_head_kv));
        n_kept += count;
    }
    CHECK(n_kept == uint64_t(c.rows_kept * n_full * f.params().full_layer().n_head_kv));
    CHECK(c.kept_mass.size() == size_t(n_full * f.params().full_layer().n_head_kv));
    for (float mass : c.kept_mass) CHECK(mass > 0 && mass < 1);
    // A layer with a window reads its window's rows, whatever was chosen elsewhere.
    const double pair  = double(f.params().full_layer().head_dim) * 4;
    const double least = double(f.params().n_layer - n_full) * double(f.window()) * pair / double(f.params().n_layer);
    CHECK(c.read_bytes_per_step > least && c.read_bytes_per_step < least + double(c.rows_kept) * pair);
}

// A chat goes on, is cut and goes on otherwise, while another one has the rows in between.
void test_chats(Fixture & f) {
    const Tokens text = f.tokens(640), first = f.tokens(150), second = f.tokens(33), other = f.tokens(260);
    for (Mode mode : {Mode::rocketkv_mt, Mode::full}) {
        Document document(*f.engine, GGML_TYPE_F16);
        CHECK(document.read(text, 128, 64, nullptr).ok());
        Session      a(*f.engine, document), b(*f.engine, document);
        const Tokens one = ::ask(a, f.request(first, mode, 64)).tokens;
        CHECK(::ask(b, f.request(other, mode, 64)).status.ok());
        const Tokens two = ::ask(a, f.request(second, mode, 64)).tokens;
        CHECK(one.size() == 14 && two.size() == 14);
        CHECK(a.truncate(a.borders()[1]).ok());
        CHECK(::ask(b, f.request(second, mode, 64)).status.ok());
        Tokens pending = second;
        pending.insert(pending.begin(), one.back());  // the first answer's last token, which truncate() dropped
        CHECK(::ask(a, f.request(pending, mode, 64)).tokens == two);
        CHECK(a.truncate(a.borders()[0]).ok());
        CHECK(::ask(a, f.request(first, mode, 64)).tokens == one);
    }
    // Mode rocketkv: what was kept is the history, and a second question reads it. With everything kept that is full.
    Document document(*f.engine, GGML_TYPE_F16);
    CHECK(document.read(text, 128, 64, nullptr).ok());
    Session full(*f.engine, document), kept(*f.engine, document), small(*f.engine, document);
    for (const Tokens & question : {first, second, other}) {
        const Tokens expected = ::ask(full, f.request(question, Mode::full, 4096)).tokens;
        CHECK(::ask(kept, f.request(question, Mode::rocketkv, 4096)).tokens == expected);
        CHECK(::ask(small, f.request(question, Mode::rocketkv, 64)).status.ok());
    }
    // An answer that is stopped leaves the chat as it was.
    std::atomic<bool> cancel{false};
    int               n = 0;
    AskEvents         events;
    events.token = [&](int32_t) { cancel = ++n == 5; };
    Session stopped(*f.engine, document), untouched(*f.engine, document);
    for (Session * s : {&stopped, &untouched}) CHECK(::ask(*s, f.request(first, Mode::rocketkv, 64)).status.ok());
    CHECK(::ask(stopped, f.request(second, Mode::rocketkv, 64), events, &cancel).status.code == Code::CANCELLED);
    CHECK(::ask(stopped, f.request(second, Mode::rocketkv, 64)).tokens ==
          ::ask(untouched, f.request(second, Mode::rocketkv, 64)).tokens);
}

void test_kept_file(Fixture & f) {
    const Tokens      text = f.tokens(801), question = f.tokens(37), more = f.tokens(300);
    const std::string path = temporary_path(".kv");
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q8_0}) {
        Document document(*f.engine, type);
        CHECK(document.read(text, 256, 64, nullptr).ok());
        Session chat(*f.engine, document);
        CHECK(::ask(chat, f.request(question, Mode::rocketkv_mt, 64)).status.ok());
        bool done = false;
        while (!done && CHECK(document.save_part(path, 20000, done).ok())) {}
        CHECK(std::filesystem::file_size(path) == document.file_bytes());
        Document again(*f.engine, type);
        CHECK(again.load(path, text, nullptr).ok());
        CHECK(again.bytes() <= document.bytes());
        for (Mode mode : {Mode::full, Mode::rocketkv, Mode::rocketkv_mt})
            CHECK(f.told(again, question, mode, 64) == f.told(document, question, mode, 64));
        // Read on, as if it had never left.
        Document whole(*f.engine, type);
        Tokens   both = text;
        both.insert(both.end(), more.begin(), more.end());
        CHECK(whole.read(both, 200, 64, nullptr).ok());
        CHECK(again.read(more, 128, 64, nullptr).ok());
        CHECK(f.told(again, question, Mode::full, 64) == f.told(whole, question, Mode::full, 64));
        // Another window is another model.
        TinyModelOptions o = f.options;
        o.integers["attention.sliding_window"]++;
        Fixture  other(o);
        Document stranger(*other.engine, type);
        CHECK(stranger.load(path, text, nullptr).code == Code::KV_MISMATCH && stranger.n_tokens() == 0);
        std::filesystem::remove(path);
    }
}

// What is planned is what is allocated.
void test_plan(Fixture & f) {
    PlanRequest request;
    request.n_prompt            = 3000;
    request.n_question          = 40;
    request.max_new             = 14;
    request.rocket.token_budget = 64;
    request.rocket.window       = 16;
    MemoryPlan plan;
    CHECK(f.engine->plan(request, plan).ok());
    Document document(*f.engine, GGML_TYPE_F16);
    CHECK(document.read(f.tokens(2960), 1024, 512, nullptr).ok());
    CHECK(document.bytes() == plan.document_kv);
    Session session(*f.engine, document);
    CHECK(::ask(session, f.request(f.tokens(40), Mode::rocketkv_mt, 64)).status.ok());
    const Counters c = session.counters();
    CHECK(c.compact_bytes == plan.compact_cache && c.summary_bytes == plan.summaries);
    CHECK(plan.full_kv == f.params().kv_bytes(3014) && document.bytes() == plan.document_kv);
    CHECK(plan.layer_buffers > 0);
}

}  // namespace

int main() {
    test_traits();
    test_projector();
    Fixture f(tiny_family("gemma3"));
    if (!f.engine) return check::report();
    test_rows_kept(f);
    test_cuts(f);
    test_modes(f);
    test_counters(f);
    test_chats(f);
    test_kept_file(f);
    test_plan(f);
    return check::report();
}
