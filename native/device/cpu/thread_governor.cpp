#include "thread_governor.h"

#include <algorithm>
#include <cmath>

namespace rocketdoc {
namespace {

// A window is long compared with the scheduler's time slices (3 to 10 ms) and with the clock's resolution.
constexpr double WINDOW_SECONDS = 0.06;
constexpr double CLOCK_STEPS    = 20;
// Waking a thread takes at most this long; so much missing CPU time is no sign of a busy machine.
constexpr double WAKE_SECONDS = 200e-6;
// When fewer cores than this were missing over a window, no other program is in the way.
constexpr double MISSED_ENOUGH = 0.25;
// Another thread is tried where this much of a core is idle.
constexpr double IDLE_ENOUGH = 0.5;
// A change must bring this much.
constexpr double FASTER = 1.05;
// More threads that get their cores are kept when they are not slower than this: a quiet machine ends with all of them.
constexpr double NOT_SLOWER         = 0.95;
constexpr double FIRST_WAIT_SECONDS = 0.5;
constexpr double LAST_WAIT_SECONDS  = 8;
// After a trial that did not pay, no other is made for this many times the seconds that it lost.
constexpr double WAIT_PER_LOSS = 30;

}  // namespace

ThreadGovernor::ThreadGovernor(int most, double clock_step)
    : most_(std::max(1, most)), window_seconds_(std::max(WINDOW_SECONDS, CLOCK_STEPS * clock_step)), threads_(most_) {
    up_.wait = down_.wait = FIRST_WAIT_SECONDS;
}

// Of the cores that the threads could have used, those that they did not get.
double ThreadGovernor::cores_missed(const Window & window) const {
    const double waking = window.graphs * (threads_ - 1) * WAKE_SECONDS;
    return (threads_ * window.wall - waking - window.cpu) / window.wall;
}

void ThreadGovernor::add(const GraphCost & cost) {
    if (most_ == 1 || !(cost.wall > 0)) return;
    last_seen_ = cost.now;
    window_.wall += cost.wall;
    window_.cpu += cost.cpu;
    window_.work += cost.work;
    window_.graphs++;
    if (window_.wall < window_seconds_) return;
    const Window full = window_;
    window_           = {};
    if (trying_) judge(cost.now, full);
    else settle(cost.now, cost.idle, full);
}

void ThreadGovernor::follow(int threads, double now) {
    threads = std::clamp(threads, 1, most_);
    if (threads >= threads_ || now - last_seen_ < LAST_WAIT_SECONDS) return;
    threads_  = threads;
    trying_   = false;
    window_   = {};
    step_up_  = 1;
    up_.until = now;
}

void ThreadGovernor::settle(double now, double idle, const Window & window) {
    speed_              = window.speed();
    const double missed = cores_missed(window);
    if (threads_ > 1 && missed > MISSED_ENOUGH && now >= down_.until) {
        try_out(std::max(1, threads_ - std::max(1, int(std::lround(missed)))));
    } else if (threads_ < most_ && idle >= IDLE_ENOUGH && now >= up_.until) {
        // Without an idle core a trial would be in vain, and one token of it can take seconds.
        try_out(std::min(most_, threads_ + step_up_));
    }
}

void ThreadGovernor::try_out(int threads) {
    before_trial_ = threads_;
    threads_      = threads;
    trying_       = true;
}

void ThreadGovernor::judge(double now, const Window & window) {
    const bool   more        = threads_ > before_trial_;
    const double gain        = window.speed() / speed_;
    const bool   undisturbed = more && cores_missed(window) <= MISSED_ENOUGH && gain >= NOT_SLOWER;
    Patience &   patience    = more ? up_ : down_;
    trying_                  = false;
    if (gain >= FASTER || undisturbed) {
        speed_   = window.speed();
        patience = {FIRST_WAIT_SECONDS, now};
        step_up_ = more ? 2 * step_up_ : 1;
        if (!more) up_.until = now + up_.wait;
        return;
    }
    const double lost = window.wall * (1 - std::min(1.0, gain));  // seconds longer than before the trial
    patience.until    = now + std::max(patience.wait, WAIT_PER_LOSS * lost);
    patience.wait     = std::min(2 * patience.wait, LAST_WAIT_SECONDS);
    threads_          = before_trial_;
    step_up_          = 1;
}

}  // namespace rocketdoc
