// What a question on a document of a given length will hold, in bytes, counted before anything is allocated.
#pragma once

#include "compact_cache.h"

namespace rocketdoc {

struct PlanRequest {
    int64_t       n_prompt   = 0;  // T: history and question
    int64_t       n_question = 0;
    int64_t       max_new    = 0;
    Mode          mode       = Mode::rocketkv_mt;
    RocketOptions rocket;
    ggml_type     document_type = GGML_TYPE_F16;
    int64_t       segment       = 1024;
    int64_t       tile          = 512;
};

struct MemoryPlan {
    size_t        weights       = 0;
    size_t        document_kv   = 0;
    size_t        compact_cache = 0;
    size_t        summaries     = 0;
    size_t        layer_buffers = 0;  // none on the CPU: rows are read where they are
    size_t        activations   = 0;
    size_t        logits        = 0;
    size_t        full_kv       = 0;  // f16, every token: what full mode keeps
    int64_t       available     = 0;
    RocketBudgets budgets;

    size_t total() const { return weights + document_kv + compact_cache + summaries + layer_buffers + activations + logits; }
};

// Rows to allocate for a document of n_document tokens when n_total rows are needed now: room for questions and answers is
// taken along, so that asking does not move the document's KV each time. Never beyond the model's context.
int64_t document_capacity(int64_t n_document, int64_t n_total, int64_t n_ctx);

Status memory_plan(const HyperParams & params, size_t weight_bytes, const PlanRequest & request, MemoryPlan & out);

}  // namespace rocketdoc
