// One token: attention over the history or a compact cache, through all layers, to what may come next.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "../status.h"

namespace rocketdoc {

class Model;
class KvRows;
class CompactCache;
class LayerStates;

// A token that may come next.
struct Candidate {
    int32_t id    = 0;
    float   logit = 0;
    float   p     = 0;  // the sampler's own
};

// Where logits are not wanted, a device may hand out this many candidates, the best, instead of all of the vocabulary.
constexpr int LEAST_CANDIDATES = 256;

// What may come next, as far as it was asked for.
struct NextToken {
    std::vector<Candidate> candidates;  // all of the vocabulary, or its best
    std::vector<float>     logits;      // [n_vocab], when wanted
};

// Every token of the vocabulary as a candidate.
void set_candidates(const std::vector<float> & logits, std::vector<Candidate> & out);

class TokenRunner {
  public:
    virtual ~TokenRunner() = default;

    // What the coming tokens read and where their rows go. history null: nothing is appended to it. compact null:
    // attention is dense over the history, which then is on the device. states: begun where the tokens begin, and every
    // token changes them. All must outlive the answer; history may not grow meanwhile.
    virtual Status begin(KvRows * history, CompactCache * compact, LayerStates & states) = 0;
    // The rows are written, counting them is the caller's business. logits: they are wanted, and all of the vocabulary
    // as candidates.
    virtual Status run(int32_t token, int64_t position, int64_t n_history, bool logits, NextToken & out,
                       const std::atomic<bool> * cancel) = 0;
    // Rows of the last tokens are where begin() said.
    virtual Status end() = 0;
};

}  // namespace rocketdoc
