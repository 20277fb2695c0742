// What another thread may do while the engine works, as JavaScript's does: cancel, ask getters, look at counters and
// map, plan, close, and let go of chats. Right by itself; run with the thread sanitizer it also shows that nothing
// races. One engine thread: ggml's library is not instrumented, and its own threads would be taken for races.
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "ask.h"
#include "binding/handles.h"
#include "check.h"
#include "tiny_model.h"

using namespace rocketdoc;
using namespace rocketdoc::binding;

namespace {

constexpr int DOCUMENT = 300;

struct Fixture {
    TinyModel               model;
    std::mt19937_64         random{check::seed()};
    std::unique_ptr<Engine> engine;

    static TinyModelOptions options() {
        TinyModelOptions o;
        o.seed  = check::seed();
        o.n_ctx = 2048;
        return o;
    }
    Fixture() : model(options()) { CHECK(Engine::open({model.path(), {GGML_BINS, 1}}, engine).ok()); }
    std::vector<int32_t> tokens(int n) { return random_tokens(random, n, options().n_vocab); }
    AskRequest           question(int64_t max_new, Mode mode = Mode::rocketkv_mt) {
        AskRequest request;
        request.tokens              = tokens(20);
        request.mode                = mode;
        request.max_new             = max_new;
        request.rocket.token_budget = 64;
        request.rocket.window       = 16;
        request.rocket.kernel       = 15;
        return request;
    }
    int64_t below(int64_t n) { return int64_t(random() % uint64_t(n)); }
};

void wait_microseconds(int64_t n) { std::this_thread::sleep_for(std::chrono::microseconds(n)); }

void test_cancel_under_load(Fixture & f) {
    Document document(*f.engine, GGML_TYPE_F16);
    CHECK(document.read(f.tokens(DOCUMENT), 128, 64, nullptr).ok());
    Session    session(*f.engine, document);
    AskRequest endless = f.question(1700);
    for (int i = 0; i < 60; i++) {
        std::atomic<bool> cancel{false};
        std::thread       other([&, wait = i % 2 ? 0 : f.below(5000)] {
            if (wait) wait_microseconds(wait);
            cancel = true;
        });
        CHECK(ask(session, endless, {}, &cancel).status.code == Code::CANCELLED);
        other.join();
    }
    for (int i = 0; i < 10; i++) {
        Document          more(*f.engine, GGML_TYPE_F16);
        std::atomic<bool> cancel{false};
        std::thread       other([&, wait = f.below(3000)] {
            wait_microseconds(wait);
            cancel = true;
        });
        CHECK(more.read(f.tokens(2000), 64, 16, nullptr, &cancel).code == Code::CANCELLED);
        CHECK(more.n_tokens() % 64 == 0);
        other.join();
    }
}

void test_getters_under_load(Fixture & f) {
    Document                   document(*f.engine, GGML_TYPE_F16);
    const std::vector<int32_t> text  = f.tokens(1200);
    const uint64_t             empty = document.file_bytes();
    std::atomic<bool>          done{false};
    Status                     status;
    std::thread                reader([&] {
        status = document.read(text, 16, 16, nullptr);
        done   = true;
    });
    int64_t                    last   = 0;
    bool                       rising = true;
    PlanRequest                asked;
    asked.n_prompt = 400, asked.n_question = 20, asked.max_new = 8;
    while (!done) {
        const int64_t n = document.n_tokens();
        rising &= n >= last && n % 16 == 0 && document.file_bytes() >= empty;
        last = n;
        (void) document.bytes();
        (void) document.on_device();
        MemoryPlan plan;
        rising &= f.engine->plan(asked, plan).ok();
        (void) f.engine->peak_bytes();
        f.engine->limit_available(int64_t(1) << 50);
        wait_microseconds(200);
    }
    reader.join();
    CHECK(status.ok() && rising && document.n_tokens() == 1200);

    Session session(*f.engine, document);
    done = false;
    std::thread asker([&, request = f.question(150)] {
        status = ask(session, request).status;
        done   = true;
    });
    int64_t     rows = 0;
    while (!done) {
        const Counters    counters = session.counters();
        const DocumentMap map      = session.document_map();
        CHECK(counters.rows_total >= rows);
        CHECK(map.kept.size() == map.read.size());
        rows = counters.rows_total;
        wait_microseconds(200);
    }
    asker.join();
    CHECK(status.ok() && session.counters().rows_total > 1200);
}

// A document with two chats, as the addon holds them.
struct Held {
    std::shared_ptr<EngineHandle>   engine   = std::make_shared<EngineHandle>();
    std::shared_ptr<DocumentHandle> document = std::make_shared<DocumentHandle>();

    explicit Held(Fixture & f) {
        CHECK(Engine::open({f.model.path(), {GGML_BINS, 1}}, engine->engine).ok());
        engine->is_held    = true;
        document->parent   = engine;
        document->is_held  = true;
        document->document = std::make_unique<Document>(*engine->engine, GGML_TYPE_F16);
        engine->documents.push_back(document);
        CHECK(document->document->read(f.tokens(DOCUMENT), 128, 64, nullptr).ok());
    }
    // JavaScript closes its engine, or lets go of everything: either ends what the handles hold of each other.
    ~Held() { engine->close(); }
    std::shared_ptr<SessionHandle> fork() {
        auto session     = std::make_shared<SessionHandle>();
        session->parent  = document;
        session->engine  = engine;
        session->is_held = true;
        session->session = std::make_unique<Session>(*engine->engine, *document->document);
        document->sessions.push_back(session);
        return session;
    }
};

// JavaScript lets go of a chat whose rows lie behind the document's, while another chat's question sets them aside.
void test_dropped_while_busy(Fixture & f) {
    Held held(f);
    for (int i = 0; i < 6; i++) {
        auto mounted = held.fork(), asking = held.fork();
        CHECK(ask(*mounted->session, f.question(4)).status.ok());
        auto        job = held.engine->begin_job(held.document.get(), asking.get());
        Status      status;
        std::thread worker(
            [&, request = f.question(20)] { status = ask(*asking->session, request, {}, &job->cancel).status; });
        const bool by_close = i % 2;
        wait_microseconds(f.below(3000));
        mounted->is_held = false;  // as its finalizer says
        if (by_close) mounted->close();
        else held.engine->reap();
        CHECK(mounted->session != nullptr);  // the engine may be using it
        worker.join();
        held.engine->end_job();
        CHECK(status.ok());
        CHECK(mounted->session == nullptr && asking->session != nullptr);
        asking->close();
        CHECK(asking->session == nullptr && held.document->sessions.empty());
    }
}

void test_closed_while_busy(Fixture & f) {
    for (int i = 0; i < 3; i++) {
        Held        held(f);
        auto        session = held.fork();
        auto        job     = held.engine->begin_job(held.document.get(), session.get());
        Status      status;
        std::thread worker(
            [&, request = f.question(1700)] { status = ask(*session->session, request, {}, &job->cancel).status; });
        wait_microseconds(f.below(4000));
        if (i == 0) session->close();
        if (i == 1) held.document->close();
        if (i == 2) held.engine->close();
        CHECK(session->session && held.document->document && held.engine->engine);
        worker.join();
        CHECK(status.code == Code::CANCELLED);
        held.engine->end_job();
        CHECK(!session->session);
        CHECK(bool(held.document->document) == (i == 0));
        CHECK(bool(held.engine->engine) == (i < 2));
        // Closing twice is nothing, and the children of what is closed are closed.
        CHECK(session->is_closed());
        session->close();
        held.document->close();
        held.engine->close();
        CHECK(!held.engine->engine && held.engine->documents.empty());
    }
}

// A chat that ends in the middle of its answer ends the answer: the engine is free, and the others' rows are theirs.
void test_ended_in_its_answer(Fixture & f) {
    Held             held(f);
    Answer           answer;
    Step             step;
    const AskRequest asked = f.question(6);
    const Asked      alone = ask(*held.fork()->session, asked);
    auto             a = held.fork(), b = held.fork();
    CHECK(a->session->start_answer(f.question(10, Mode::rocketkv), {}, answer, step).ok());
    CHECK(a->session->step(5, false, step).ok());
    CHECK(b->session->start_answer(asked, {}, answer, step).code == Code::BUSY);
    CHECK(b->session->step(5, false, step).code == Code::INVALID_ARGUMENT);
    CHECK(a->session->step(6, false, step).ok());
    a->close();
    CHECK(ask(*b->session, asked).tokens == alone.tokens);
}

}  // namespace

int main() {
    Fixture f;
    test_cancel_under_load(f);
    test_getters_under_load(f);
    test_dropped_while_busy(f);
    test_closed_while_busy(f);
    test_ended_in_its_answer(f);
    return check::report();
}
