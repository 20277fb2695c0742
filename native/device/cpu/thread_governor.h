// How many threads a kind of work gets. ggml's threads wait for one another by spinning, several hundred times a token:
// where another program takes the core of one of them, the others burn theirs, and a token takes ten or a hundred times
// as long. A governor sees it by the CPU time that the threads got, tries fewer threads, keeps the number that is
// faster, and tries more again after a while. On a quiet machine it changes nothing.
#pragma once

#include <limits>

namespace rocketdoc {

// What a graph took.
struct GraphCost {
    double now  = 0;  // seconds, of a clock that only moves forward, when the graph was done
    double wall = 0;  // seconds
    double cpu  = 0;  // seconds, of all threads together
    double work = 0;  // any unit, the same for all graphs of a governor
    // Cores that were idle lately; infinite where the system does not say.
    double idle = std::numeric_limits<double>::infinity();
};

class ThreadGovernor {
  public:
    // most: threads on a quiet machine. clock_step: seconds, the least that the clock of `cpu` tells apart.
    ThreadGovernor(int most, double clock_step);

    // For the next graph.
    int threads() const { return threads_; }
    // A graph that ran with threads().
    void add(const GraphCost & cost);
    // Another kind of work ran until `now` with `threads`. This kind takes no more than that either, unless it has run
    // a short while ago itself.
    void follow(int threads, double now);

  private:
    // Graphs that ran with the same number of threads, one after another.
    struct Window {
        double wall = 0, cpu = 0, work = 0;
        int    graphs = 0;

        double speed() const { return work / wall; }
    };
    // How long no trial is made in one direction: doubled by each trial that did not pay.
    struct Patience {
        double wait = 0, until = 0;
    };

    double cores_missed(const Window & window) const;
    void   settle(double now, double idle, const Window & window);
    void   try_out(int threads);
    void   judge(double now, const Window & window);

    const int    most_;
    const double window_seconds_;
    int          threads_;
    bool         trying_       = false;
    int          before_trial_ = 0;
    double       speed_        = 0;  // with before_trial_ threads, just before the trial
    int          step_up_      = 1;
    double       last_seen_    = -1e9;  // seconds, of its last graph
    Patience     up_, down_;
    Window       window_;
};

}  // namespace rocketdoc
