// What a question on a document of a given length will hold, in bytes, counted before anything is allocated; whether
// that fits, and what smaller would.
#pragma once

#include <string>
#include <vector>

#include "compact_cache.h"

namespace rocketdoc {

// Where a document's KV lives when the model computes on a GPU: there while it fits, else in host memory, from where
// one layer at a time visits the GPU.
enum class DocumentHome { automatic, device, host };

struct PlanRequest {
    int64_t       n_prompt   = 0;  // T: history and question
    int64_t       n_question = 0;
    int64_t       max_new    = 0;
    Mode          mode       = Mode::rocketkv_mt;
    RocketOptions rocket;
    ggml_type     document_type = GGML_TYPE_F16;
    DocumentHome  home          = DocumentHome::automatic;
    int64_t       segment       = 1024;
    int64_t       tile          = 512;
    // Bytes of the compact cache that a chat in mode rocketkv has for a history: it stays while another one is made
    // from it.
    size_t own_history = 0;
    // Tokens of the document alone; below 0: all before the question.
    int64_t n_document = -1;
};

// Experts that lie in RAM while a device with memory of its own has the rest, in bytes.
struct ExpertsInRam {
    int64_t n_layers       = 0;
    size_t  matrices       = 0;  // theirs, which the device has not
    size_t  copies         = 0;  // of what else these layers' feed-forward reads: the device has it too
    size_t  buffers        = 0;  // on the device, while a text is read
    size_t  read_per_token = 0;  // of the matrices
};

// In bytes.
struct MemoryPlan {
    size_t weights        = 0;  // the copies of ExpertsInRam included
    size_t weights_in_ram = 0;  // of them, although a GPU computes
    size_t expert_buffers = 0;  // through which those visit the GPU
    size_t document_kv    = 0;
    size_t compact_cache  = 0;  // the chat's own history included
    size_t summaries      = 0;
    size_t layer_buffers  = 0;  // none where rows are read where they are
    size_t activations    = 0;  // stage 1's scores included
    size_t logits         = 0;  // and what else a token's graphs share
    size_t states         = 0;  // of recurrent layers, where they are computed with
    size_t kept_states    = 0;  // in RAM: at the document's end and at the question's
    size_t full_kv        = 0;  // f16, every token: what full mode keeps
    // Layers whose experts lie in RAM, and what a token reads of them there.
    int64_t expert_layers_in_ram = 0;
    size_t  experts_read_in_ram  = 0;
    bool    document_on_device   = true;
    bool    on_gpu               = false;
    // What the computing device has room for, of all that is counted here. And the same of host memory, where a
    // document's KV may lie although a GPU computes; on the CPU they are one.
    int64_t       available           = 0;
    int64_t       host_available      = 0;
    double        read_bytes_per_step = 0;  // as in Counters, when the answer begins
    RocketBudgets budgets;

    size_t total() const {
        return weights + document_kv + compact_cache + summaries + layer_buffers + expert_buffers + activations +
               logits + states + kept_states;
    }
    // Of the total, what lies on the computing device.
    size_t device_total() const {
        return total() - weights_in_ram - (document_on_device ? 0 : document_kv) - (on_gpu ? kept_states : 0);
    }
};

// Rows to allocate for a document of n_document tokens when n_total rows are needed now: room for questions and answers
// is taken along, so that asking does not move the document's KV each time. Never beyond the model's context.
int64_t document_capacity(int64_t n_document, int64_t n_total, int64_t n_ctx);

// The document's home when it is chosen for the person: `device_bytes` is what everything else will take on the device.
bool fits_on_device(const DeviceTraits & device, size_t document_bytes, size_t device_bytes);

// One memory, and what is wanted of it.
struct MemoryNeed {
    bool    on_gpu    = false;
    int64_t needed    = 0;
    int64_t available = 0;

    bool fits() const { return needed <= available; }
};

// The same question asked so that it takes less.
struct SmallerPlan {
    PlanRequest request;
    MemoryPlan  plan;
};

struct MemoryShortage {
    MemoryNeed               need;
    PlanRequest              request;
    std::vector<SmallerPlan> smaller;  // that fit, the one to try first in front; at most three
};

// A text is in memory already: what would have it read again is proposed last.
enum class DocumentState { unread, held };

// What a plan counts, or what could be let go, although it is allocated already; in bytes.
struct HeldMemory {
    DocumentState state              = DocumentState::unread;
    size_t        document           = 0;
    bool          document_on_device = false;
    size_t        compact            = 0;  // of the last answer: let go of where there is no room for two
    size_t        own_history        = 0;  // as in PlanRequest
};

// HOST_OOM or GPU_OOM with needed and available bytes when `needed` more cannot be had now.
Status check_host_memory(const Device & device, size_t needed, const std::string & what);
Status check_device_memory(const Device & device, size_t needed, const std::string & what);

// A model and the device that would compute with it. What the device has available is told as if nothing that a plan
// counts were there yet: loaded weights and held KV are added to what is free.
struct PlannedModel {
    const HyperParams & params;
    size_t              weight_bytes = 0;
    DeviceTraits        device;
    ExpertsInRam        experts{};
};

// What no memory would make possible is refused here: a budget, and on a GPU heads that its kernels do not serve.
Status memory_plan(const PlannedModel & model, const PlanRequest & request, MemoryPlan & out);

// The device's, or RAM where only that lacks.
MemoryNeed scarcest(const MemoryPlan & plan);

// GPU_OOM or HOST_OOM with the shortage when the plan does not fit.
Status check_plan(const PlannedModel & model, const PlanRequest & request, DocumentState state, MemoryPlan & out);

// A HOST_OOM or GPU_OOM that an allocation ended with gets the shortage, and the first proposal behind its sentence.
// Anything else is as it was.
Status with_shortage(Status failed, const PlannedModel & model, const PlanRequest & request, DocumentState state);

}  // namespace rocketdoc
