// A cancel from another thread, at any moment: the call ends with CANCELLED, and the chat goes on as if it had not
// been. Also where the cancelled answer had already let go of the chat's rows, and where another chat was mounted in
// between.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ask.h"
#include "check.h"
#include "engine/engine.h"
#include "lab/shape_model.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

constexpr int64_t DOCUMENT = 700;

AskRequest question(int64_t which, Mode mode, int64_t n_tokens = 30) {
    AskRequest request;
    request.tokens              = pseudo_random_tokens(which, n_tokens, TinyModelOptions().n_vocab);
    request.mode                = mode;
    request.max_new             = 10;
    request.rocket.token_budget = 64;
    request.rocket.window       = 16;
    request.rocket.kernel       = 15;
    return request;
}

std::unique_ptr<Document> read(Engine & engine) {
    auto document = std::make_unique<Document>(engine, GGML_TYPE_F16);
    CHECK(document->read(pseudo_random_tokens(1, DOCUMENT, TinyModelOptions().n_vocab), 256, 64, nullptr).ok());
    return document;
}

// Two turns, the second cancelled somewhere; then the second again. Equal to a chat that nobody disturbed.
void test_any_moment(Engine & engine, std::mt19937_64 & random) {
    auto document = read(engine);
    for (Mode mode : {Mode::rocketkv_mt, Mode::rocketkv, Mode::full}) {
        Session                                         undisturbed(engine, *document);
        const Asked                                     first  = ask(undisturbed, question(2, Mode::rocketkv_mt));
        const auto                                      start  = std::chrono::steady_clock::now();
        const Asked                                     second = ask(undisturbed, question(3, mode, 200));
        const std::chrono::duration<double, std::micro> took   = std::chrono::steady_clock::now() - start;
        CHECK(first.status.ok() && second.status.ok());
        int cancelled = 0;
        for (int i = 0; i < 12; i++) {
            Session session(engine, *document);
            CHECK(ask(session, question(2, Mode::rocketkv_mt)).tokens == first.tokens);
            const int64_t     n_tokens = session.n_tokens();
            const auto        borders  = session.borders();
            std::atomic<bool> cancel{false};
            std::thread       other(
                [&cancel, wait = int64_t(std::uniform_real_distribution<double>(0, took.count())(random))] {
                    std::this_thread::sleep_for(std::chrono::microseconds(wait));
                    cancel = true;
                });
            const Asked disturbed = ask(session, question(3, mode, 200), {}, &cancel);
            other.join();
            if (disturbed.status.ok()) continue;  // it came too late
            cancelled++;
            CHECK(disturbed.status.code == Code::CANCELLED);
            CHECK(session.n_tokens() == n_tokens && session.borders() == borders);
            CHECK(ask(session, question(3, mode, 200)).tokens == second.tokens);
        }
        CHECK(cancelled > 0);
    }
}

// A thousand cancels of an answer that would go on for long, many in its first microseconds: none is lost.
void test_none_is_lost(const std::string & model, std::mt19937_64 & random) {
    std::unique_ptr<Engine> engine;
    // One thread: how soon a cancel is seen does not depend on who else computes on this machine.
    CHECK(Engine::open({model, {GGML_BINS, 1}}, engine).ok());
    Document document(*engine, GGML_TYPE_F16);
    CHECK(document.read(pseudo_random_tokens(1, 200, TinyModelOptions().n_vocab), 256, 64, nullptr).ok());
    Session    session(*engine, document);
    AskRequest endless            = question(2, Mode::rocketkv_mt);
    endless.max_new               = 1700;
    int                      lost = 0;
    std::chrono::nanoseconds longest{0};
    for (int i = 0; i < 1000; i++) {
        const double                   most = i % 3 == 0 ? 20 : i % 3 == 1 ? 1000 : 12000;  // microseconds
        const std::chrono::nanoseconds wait(int64_t(1000 * std::uniform_real_distribution<double>(0, most)(random)));
        std::atomic<bool>              cancel{false}, begin{false};
        std::chrono::steady_clock::time_point set;
        std::thread                           other([&] {
            while (!begin) std::this_thread::yield();
            const auto until = std::chrono::steady_clock::now() + wait;
            while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
            set    = std::chrono::steady_clock::now();
            cancel = true;
        });
        begin              = true;
        const Asked answer = ask(session, endless, {}, &cancel);
        const auto  end    = std::chrono::steady_clock::now();
        other.join();
        lost += answer.status.code != Code::CANCELLED;
        longest = std::max(longest, std::chrono::duration_cast<std::chrono::nanoseconds>(end - set));
    }
    CHECK(lost == 0);
    CHECK(session.n_tokens() == 200);
    std::printf("1000 cancels, %d lost; the longest took %.1f ms to be seen\n", lost, double(longest.count()) / 1e6);
}

// Mode rocketkv gives the chat's rows up when its prompt is read. A cancel after that brings them back, even when
// another chat has used their place.
void test_rows_come_back(Engine & engine) {
    auto        document = read(engine);
    Session     undisturbed(engine, *document);
    const Asked first  = ask(undisturbed, question(2, Mode::rocketkv_mt)),
                second = ask(undisturbed, question(3, Mode::full));
    for (bool other_between : {false, true}) {
        Session session(engine, *document), other(engine, *document);
        CHECK(ask(session, question(2, Mode::rocketkv_mt)).tokens == first.tokens);
        std::atomic<bool> cancel{false};
        int               seen = 0;
        AskEvents         events;
        events.token = [&](int32_t) {
            if (++seen == 4) cancel = true;
        };
        CHECK(ask(session, question(4, Mode::rocketkv), events, &cancel).status.code == Code::CANCELLED);
        if (other_between) CHECK(ask(other, question(5, Mode::full, 90)).status.ok());
        CHECK(ask(session, question(3, Mode::full)).tokens == second.tokens);
    }
}

}  // namespace

int main() {
    TinyModelOptions options;
    options.seed  = check::seed();
    options.n_ctx = 2048;
    TinyModel               model(options);
    std::unique_ptr<Engine> engine;
    CHECK(Engine::open({model.path(), {GGML_BINS, 2}}, engine).ok());
    std::mt19937_64 random(check::seed());
    test_none_is_lost(model.path(), random);
    test_rows_come_back(*engine);
    test_any_moment(*engine, random);
    return check::report();
}
