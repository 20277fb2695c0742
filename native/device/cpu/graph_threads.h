// The number of threads of each graph on a CPU that others use, too. A token, a few tokens and a tile of reading have a
// governor each: a token has hundreds of short operations and suffers from a lost core at once, a tile has long ones,
// which ggml hands out piece by piece to the threads that run.
#pragma once

#include "ggml.h"
#include "thread_governor.h"

namespace rocketdoc {

class GraphThreads {
  public:
    explicit GraphThreads(int most);

    // Threads for this graph, which begins now.
    int begin(ggml_cgraph * graph);
    // It ended, and was computed whole.
    void end();

  private:
    void watch_idle(double now);

    ThreadGovernor   token_, few_, tile_;
    ThreadGovernor * running_ = nullptr;  // null: the graph has no products and says nothing about speed
    ThreadGovernor * last_    = nullptr;
    double           work_ = 0, wall_ = 0, cpu_ = 0;
    double           idle_since_ = 0, idle_then_ = 0;  // seconds, at the last look: the clock, idle_cpu_seconds()
    double           idle_cores_ = 0;
};

}  // namespace rocketdoc
