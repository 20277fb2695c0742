// What a chat is asked, and what it tells of its answers.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "compact_cache.h"
#include "sampler.h"

namespace rocketdoc {

struct AnswerRequest {
    std::vector<int32_t> tokens;  // the question's turn
    Mode                 mode = Mode::rocketkv_mt;
    RocketOptions        rocket;
    int64_t              max_new = 256;
    int64_t              segment = 1024;
    int64_t              tile    = 512;
};

struct AskRequest : AnswerRequest {
    SamplerOptions       sampler;
    std::vector<int32_t> stop_tokens;
    // What follows the last tokens in the document or the chat is computed together with them, where that is faster.
    // The answer is the same.
    bool drafts = true;
};

// Called on the thread that answers.
struct AskEvents {
    std::function<void(int64_t done, int64_t total)>         prefill;
    std::function<void(double prefill_ms, double stage1_ms)> kept;
    std::function<void(int32_t token)>                       token;
};

struct Answer {
    bool    stopped        = false;  // by a stop token; else max_new was reached
    int64_t n_prefilled    = 0;
    int64_t n_generated    = 0;
    int64_t n_passes       = 0;  // through the layers, of one token or a few
    int64_t n_drafted      = 0;  // tokens that were computed before they were chosen
    int64_t n_accepted     = 0;  // of them, those that were chosen then
    double  prefill_ms     = 0;  // stage 1 not included
    double  stage1_ms      = 0;
    double  first_token_ms = 0;
    double  decode_ms      = 0;
    // Of the tokens after the first four, for which buffers and graphs are still made; of all where there are no more.
    // Tokens of one pass take the same time each.
    double median_token_ms = 0;
};

struct Step {
    std::vector<float> logits;       // [n_vocab]
    double             recall = -1;  // < 0: not measured
    double             mass   = -1;
};

struct Counters {
    Mode               mode = Mode::full;
    RocketBudgets      budgets;
    int64_t            rows_total = 0, rows_kept = 0, rows_read = 0;
    size_t             full_bytes = 0, document_bytes = 0, compact_bytes = 0, summary_bytes = 0;
    double             read_bytes_per_step = 0, stored_bytes_per_head = 0;
    std::vector<float> kept_mass;  // [layers without a window, n_cache_head]
    int64_t            clamped_codes = 0;
};

struct DocumentMap {
    std::vector<uint32_t> kept, read;  // [n_tokens of the chat]
};

}  // namespace rocketdoc
