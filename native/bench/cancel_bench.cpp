#include "cancel_bench.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <thread>

#include "shape_model.h"

namespace rocketdoc {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t PROMPT = 8192;  // tokens whose reading is cancelled
constexpr int64_t ANSWER = 256;   // and tokens written

double ms_between(Clock::time_point from, Clock::time_point to) { return std::chrono::duration<double, std::milli>(to - from).count(); }

// Cancels a session `wait_ms` after start().
class Canceller {
  public:
    Canceller(Session & session, double wait_ms) : thread_([this, &session, wait_ms] {
        while (!started_ && !over_) std::this_thread::sleep_for(std::chrono::microseconds(100));
        const Clock::time_point due = Clock::now() + std::chrono::microseconds(int64_t(wait_ms * 1000));
        while (!over_ && Clock::now() < due) std::this_thread::sleep_for(std::chrono::microseconds(200));
        at_ = Clock::now();
        session.cancel();
    }) {}
    void start() { started_ = true; }
    // When cancel() was called, at the latest now.
    Clock::time_point end() {
        over_ = true;
        thread_.join();
        return at_;
    }

  private:
    std::atomic<bool> started_{false}, over_{false};
    Clock::time_point at_;
    std::thread       thread_;  // last: it uses the others
};

}  // namespace

Status measure_cancels(Engine & engine, Document & document, const AskRequest & base, CancelPhase phase, int n, std::vector<double> & ms) {
    const HyperParams & p       = engine.model().params();
    const int64_t       room    = p.n_ctx_train - document.n_tokens();
    const bool          reading = phase == CancelPhase::prefill;
    AskRequest          request = base;
    request.max_new             = reading ? 1 : std::min(ANSWER, room / 2);
    const int64_t n_tokens      = std::min(reading ? PROMPT : int64_t(64), room - request.max_new);
    if (n_tokens < 1 || request.max_new < 1) return Status::fail(Code::CTX_OVERFLOW, "The model's context has no room left to cancel anything in.");
    request.tokens = pseudo_random_tokens(document.n_tokens() + 3, n_tokens, p.n_vocab);

    // Undisturbed, to know how long there is time to cancel; the second time counts.
    double whole_ms = 0;
    for (int i = 0; i < 2; i++) {
        Session session(engine, document);
        Answer  answer;
        RETURN_IF_FAILED(session.ask(request, {}, answer));
        whole_ms = reading ? answer.prefill_ms + answer.stage1_ms : answer.decode_ms;
    }
    std::mt19937_64                        random(20251122);
    std::uniform_real_distribution<double> moment(0, whole_ms);
    ms.clear();
    for (int tries = 0; int(ms.size()) < n && tries < 20 * n + 20; tries++) {
        Session   session(engine, document);
        Canceller canceller(session, moment(random));
        AskEvents events;
        events.token = [&](int32_t) {
            if (!reading) canceller.start();
        };
        events.prefill = [&](int64_t, int64_t) {
            if (reading) canceller.start();
        };
        Answer                  answer;
        const Status            status   = session.ask(request, events, answer);
        const Clock::time_point returned = Clock::now(), cancelled = canceller.end();
        if (status.ok()) continue;  // it was done sooner
        if (status.code != Code::CANCELLED) return status;
        if (session.n_tokens() != document.n_tokens() || session.borders().size() != 1) return Status::fail(Code::INTERNAL, "A cancelled question changed its chat.");
        ms.push_back(std::max(0.0, ms_between(cancelled, returned)));
    }
    std::sort(ms.begin(), ms.end());
    return int(ms.size()) == n ? Status::good()
                               : Status::fail(Code::INTERNAL, "Only " + std::to_string(ms.size()) + " of " + std::to_string(n) + " cancels came in time.");
}

}  // namespace rocketdoc
