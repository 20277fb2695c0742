// Stage 2: what is kept beside the compact cache so that each generated token can find the rows it needs, and the
// attention that reads them. One Selector per layer; heads are independent, so different heads may be served by
// different threads. A further selector is one file that implements this interface and one line in selector.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "params.h"
#include "rows.h"

namespace rocketdoc {

struct SelectorShape {
    int     n_cache_head = 0;  // heads of the compact cache
    int     group        = 1;  // g: query heads that share a cache head
    int     head_dim     = 0;  // D
    int64_t capacity     = 0;  // rows a head, prompt and answer
    int     page         = 1;
    int     r            = 0;
    int64_t k            = 0;
    float   scale        = 0;  // of every score, the layer's
};

// The queries of one token that share a cache head.
struct HeadQuery {
    const float * q     = nullptr;  // [group][D]
    int           group = 1;
    float         scale = 0;
};
// Rows of a cache head: index[0..n-1], ascending; index null: rows 0..n-1.
struct RowList {
    const int32_t * index = nullptr;
    int64_t         n     = 0;
};

// Reusable memory of one thread; grows, never shrinks.
struct SelectorScratch {
    std::vector<float>   page_scores;
    std::vector<float>   token_scores;
    std::vector<float>   probabilities;
    std::vector<float>   rows;
    std::vector<int32_t> order;
    std::vector<int32_t> chosen;
};

inline RowList chosen_rows(const SelectorScratch & scratch) {
    return {scratch.chosen.data(), int64_t(scratch.chosen.size())};
}

class Selector {
  public:
    virtual ~Selector() = default;

    // Bytes held for all heads at full capacity, and bytes read by one step of one head for choosing and attending,
    // with n_live rows. Both follow from the shape: they need no memory.
    virtual size_t stored_bytes() const             = 0;
    virtual size_t read_bytes(int64_t n_live) const = 0;

    // Takes the memory that everything below needs.
    virtual void allocate() = 0;

    // After the gather: rows 0..n_rows-1 of `head` are in K and V. importance: [D] of stage1_keep, or null (then
    // variance alone).
    virtual void build(const CompactView & k, const CompactView & v, int head, int64_t n_rows,
                       const float * importance) = 0;

    // Row `index` of `head` has just been written to K and V.
    virtual void append(const CompactView & k, const CompactView & v, int head, int64_t index) = 0;

    // out[g][D] = attention of the group's queries q [g][D] over n_live rows of `head`. scratch.chosen holds the rows
    // that were attended to exactly, ascending, when it returns.
    virtual void attend(const CompactView & k, const CompactView & v, int head, int64_t n_live, const float * q,
                        SelectorScratch & scratch, float * out) = 0;

    // 1 where choosing could not represent a value (codes clamped), for counters; 0 otherwise.
    virtual int64_t clamped(int head) const {
        (void) head;
        return 0;
    }
};

// Ready to build.
std::unique_ptr<Selector> make_selector(SelectorKind kind, const SelectorShape & shape);

// Without memory: what the selector will store and read, for plans and counters.
std::unique_ptr<const Selector> selector_costs(SelectorKind kind, const SelectorShape & shape);

// Rows a KV head that the codes selectors keep: as many as, with their codes, take 0.85 of the bytes that the paper's
// rows and page summaries take. Never fewer than the paper's, never more than n_total, the rows there are at most.
int64_t codes_capacity(const RocketBudgets & paper, int head_dim, bool residual, int64_t n_total);

// k for the codes selectors (ALGORITHM "Beyond the paper", 5): the most rows with which no step of the answer in which
// the paper's pages would choose reads more than they would (the paper's capacity, page, r, k), codes and scales of all
// `capacity` rows included. Below 1 when the codes alone read more.
int64_t codes_k(const RocketBudgets & paper, int64_t capacity, int head_dim, bool residual);

// Exact attention over the chosen rows of `head`; out [g][D]. What every selector ends in.
void sparse_attention(const CompactView & k, const CompactView & v, int head, const HeadQuery & query,
                      const RowList & chosen, SelectorScratch & scratch, float * out);

// Sum over the group of softmax(q.K * scale) over n_live rows, out [n_live]: the oracle's scores, for recall and
// exact-topk.
void exact_probabilities(const CompactView & k, int head, const HeadQuery & query, int64_t n_live,
                         SelectorScratch & scratch, float * out);

}  // namespace rocketdoc
