// A token, or a few at once: attention over the history or a compact cache, through all layers, to what may come next.
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

// Every token of the vocabulary as a candidate. logits: [n_vocab].
void set_candidates(const float * logits, int64_t n_vocab, std::vector<Candidate> & out);

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
    // How many tokens run_several() takes next, after begin().
    virtual int most_tokens() const { return 1; }
    // The same for n tokens one behind the other, each of which sees those before it: as if they had run one by one, to
    // the bit. logits: [n, n_vocab]. Which of them stay is the caller's business, too, from the last one backwards.
    virtual Status run_several(const int32_t * tokens, int n, int64_t position, int64_t n_history,
                               std::vector<float> & logits, const std::atomic<bool> * cancel) {
        (void) tokens, (void) n, (void) position, (void) n_history, (void) logits, (void) cancel;
        return Status::fail(Code::INTERNAL, "This device computes one token at a time.");
    }
    // Rows of the last tokens are where begin() said.
    virtual Status end() = 0;
};

}  // namespace rocketdoc
