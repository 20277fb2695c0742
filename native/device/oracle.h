// Stage 2 measured against the exact top-k: how many of its rows were chosen, and how much of the exact attention lies
// on the chosen rows. Each kind of device scores every row in its own way.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "../status.h"

namespace rocketdoc {

// Sums over (layer, head) pairs.
struct OracleStats {
    double  recall_sum = 0;
    double  mass_sum   = 0;
    int64_t n          = 0;

    // One head: the rows that stage 2 chose, ascending; p [n_live]: the exact probabilities summed over `group` query
    // heads; best: room for n_chosen indices.
    void add_head(const int32_t * chosen, int64_t n_chosen, const float * p, int64_t n_live, int group, int32_t * best);
    void add(const OracleStats & other);
};

class Oracle {
  public:
    virtual ~Oracle() = default;
    // Memory for the longest cache; called before anything is compared.
    virtual Status reserve() = 0;
    // Since the last call.
    virtual OracleStats take_stats() = 0;

    std::atomic<bool> on{false};  // compare each step
};

}  // namespace rocketdoc
