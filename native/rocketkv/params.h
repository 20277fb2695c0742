// The parameters of RocketKV (arXiv 2502.14051) and what a token budget derives from them. Pure arithmetic.
#pragma once

#include <cstdint>

#include "../status.h"
#include "method.h"

namespace rocketdoc {

struct RocketOptions {
    int           token_budget   = 512;  // t: KV pairs read per step and KV head
    int           window         = 32;   // w: the last prompt queries that vote in stage 1
    int           kernel         = 63;   // stage 1 max-pooling kernel, odd
    Decomposition decomposition  = Decomposition::v2;
    Grouping      grouping       = Grouping::kv_group;
    Pooling       pooling        = Pooling::max;
    SelectorKind  selector       = SelectorKind::pages;
    int           page           = 0;  // tokens a page; 0: derived
    int           r              = 0;  // channels read per page; 0: derived
    int           k              = 0;  // tokens attended exactly; 0: derived
    int           n_dense_layers = 0;  // the first layers that attend to every kept row
};

// What one question's budget comes to. All counts are rows (tokens) per KV head, r is channels.
struct RocketBudgets {
    int64_t token_budget = 0;
    int64_t capacity = 0;  // rows stored, prompt and answer together; by codes more than by pages, see codes_capacity
    int64_t prompt_budget = 0;  // prompt rows kept by stage 1 (window included)
    int     page          = 1;
    int     r             = 0;
    int64_t k             = 0;
    int     window        = 0;  // min(options.window, rows of the question)
    int     kernel        = 0;
    bool    evicts        = false;  // stage 1 drops rows (n_prompt > prompt_budget)
    bool    dense         = false;  // everything fits the budget: decode reads all rows
};

// n_prompt: T, rows of the whole history with the question; n_question: rows of this turn (the window never reaches
// past them); max_new: the answer's room; head_dim: D. stage1 = false (mode hsa): nothing is evicted, capacity =
// n_prompt + max_new. INVALID_ARGUMENT with the field's name and range on nonsense.
Status rocket_budgets(const RocketOptions & options, int64_t n_prompt, int64_t n_question, int64_t max_new,
                      int head_dim, bool stage1, RocketBudgets & out);

// The budgets as a mode uses them: some evict nothing, some choose by no codes.
Status mode_budgets(Mode mode, const RocketOptions & options, int64_t n_prompt, int64_t n_question, int64_t max_new,
                    int head_dim, RocketBudgets & out);

}  // namespace rocketdoc
