// The public boundary of the engine: all that native/binding may know. Engine = a loaded model on a device. Document =
// full KV of a text, shared by its chats. Session = one chat, a timeline of rows on top of a document. Parents outlive
// children. One call at a time per engine; the owner sees to that. What is marked "any thread" may be called meanwhile.
//
// `cancel` of a call: null, or a flag that any thread may set at any moment, also before the call has begun. A call
// whose flag is set ends with CANCELLED and leaves its object as it was before; whole segments of a reading stay.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../device/device.h"
#include "answer.h"
#include "document_rows.h"
#include "draft_index.h"
#include "draft_policy.h"
#include "expert_placement.h"
#include "kv_file.h"
#include "layer_states.h"
#include "memory_plan.h"
#include "model.h"
#include "prefill.h"

namespace rocketdoc {

class Document;
class Session;

struct EngineOptions {
    std::string   model_path;
    DeviceOptions device;
    bool          float_weights  = false;          // see Model::load_weights
    int64_t       experts_in_ram = FEWEST_IN_RAM;  // of so many layers, where a device has memory of its own
};

// What a model file says of itself.
struct ModelInfo {
    HyperParams                params;
    std::string                path;
    size_t                     file_bytes = 0, weight_bytes = 0;
    size_t                     state_bytes      = 0;  // of recurrent layers, once
    int64_t                    n_params         = 0;
    bool                       has_rope_factors = false;
    bool                       is_tied          = false;
    bool                       has_vocabulary   = false;
    std::map<std::string, int> tensor_types;  // how many tensors there are of each
    TokenProducts              gpu_products;
};

struct DeviceInfo {
    std::string name;
    size_t      free_bytes = 0, total_bytes = 0;
};

// Reads the header only.
Status inspect_model(const std::string & path, ModelInfo & out);
// The plan for a model that is not loaded. device null: this machine's CPU.
Status plan_for_file(const std::string & path, const DeviceOptions * device, int64_t experts_in_ram,
                     const PlanRequest & request, MemoryPlan & out);
// Computes a little on a GPU. May end the process, for ggml aborts when a card cannot run its kernels.
Status try_out_device(const DeviceOptions & device, DeviceInfo & out);

class Engine {
  public:
    static Status open(const EngineOptions & options, std::unique_ptr<Engine> & out);

    ModelInfo           info() const;                    // any thread
    const std::string & device_name() const;             // any thread
    int                 n_threads() const;               // any thread
    void                limit_available(int64_t bytes);  // Device::limit_available
    void                watch_memory() { device_->watch_memory(); }
    int64_t             peak_bytes() const { return device_->peak_bytes(); }

    // Any thread. available: what is free now and what the loaded weights already hold.
    Status plan(const PlanRequest & request, MemoryPlan & out) const;
    // Any thread. GPU_OOM or HOST_OOM with needed and available bytes and what smaller would fit, for a document that
    // is to be read.
    Status check_plan(const PlanRequest & request, MemoryPlan & out) const;

    // For Document, Session and tests: the binding needs none of the following.
    const Model & model() const { return *model_; }
    Device &      device() { return *device_; }
    Prefill &     prefill() { return *prefill_; }
    // Of recurrent layers, to be begun by whoever computes.
    LayerStates & states() { return *states_; }
    // The same of a question on a document that is there. `held`: what the plan counts although it is allocated.
    Status check_plan(const PlanRequest & request, const HeldMemory & held, MemoryPlan & out) const;
    Status with_shortage(Status failed, const PlanRequest & request, const HeldMemory & held) const;
    // One answer at a time: from begin_answer to end_answer everything else that computes is refused with BUSY.
    Status        check_idle() const;
    Status        begin_answer(const Session & session, KvRows * history, CompactCache * compact);
    TokenRunner & token_runner() { return *token_runner_; }  // for the session that answers
    DraftPolicy & draft_policy() { return draft_policy_; }
    bool          is_answering(const Session & session) const { return answering_ == &session; }
    // Rows of the last tokens are in the history then. No-op for a session that does not answer.
    Status end_answer(const Session & session);

  private:
    PlannedModel planned(const HeldMemory & held) const;

    std::unique_ptr<Device>      device_;
    std::unique_ptr<Device>      ram_device_;  // where experts lie in RAM beside a device with memory of its own
    ExpertsInRam                 experts_;
    std::unique_ptr<Model>       model_;
    std::unique_ptr<LayerStates> states_;
    std::unique_ptr<Prefill>     prefill_;
    std::unique_ptr<TokenRunner> token_runner_;
    DraftPolicy                  draft_policy_;
    const Session *              answering_ = nullptr;
};

class Document {
  public:
    Document(Engine & engine, ggml_type type, DocumentHome home = DocumentHome::automatic);

    // Appends tokens segment by segment (0: as long as suits the device); whole segments stay when cancelled or failed,
    // n_tokens() tells how far it came. CTX_OVERFLOW (both counts), HOST_OOM and GPU_OOM (needed and available) before
    // anything is computed.
    Status read(const std::vector<int32_t> & tokens, int64_t segment, int64_t tile,
                const std::function<void(int64_t done)> & progress, const std::atomic<bool> * cancel = nullptr);
    // Instead of read(), from what save_part() left: these tokens' rows. KV_MISMATCH, KV_CORRUPT or IO: the document is
    // as empty as before.
    Status load(const std::string & path, const std::vector<int32_t> & tokens,
                const std::function<void(int64_t done)> & progress, const std::atomic<bool> * cancel = nullptr);
    // The rows of read(), no chat's, into a file; about `most` bytes of it at each call, so that chats are answered
    // between two. Another path begins anew, end_save() gives up.
    Status save_part(const std::string & path, uint64_t most, bool & done);
    void   end_save() { writer_ = nullptr; }

    // Any thread; of a whole file.
    uint64_t file_bytes() const { return kv_file_bytes(rows_.shape(), n_tokens(), rows_.state_bytes()); }
    int64_t  n_tokens() const { return rows_.n_tokens(); }    // any thread
    size_t   bytes() const { return rows_.bytes(); }          // any thread
    bool     on_device() const { return rows_.on_device(); }  // any thread; on a GPU: the rows stayed there

    // For its sessions.
    DocumentRows &               rows() { return rows_; }
    const std::vector<int32_t> & tokens() const { return tokens_; }
    const DraftIndex &           draft_index();  // made when it is first asked for

  private:
    Status    read_tokens(const std::vector<int32_t> & tokens, int64_t segment, int64_t tile,
                          const std::function<void(int64_t done)> & progress, const std::atomic<bool> * cancel);
    Status    check_tokens(const std::vector<int32_t> & tokens) const;
    KvFileKey key() const { return {engine_.model().fingerprint(), rows_.shape(), tokens_, rows_.state_bytes()}; }

    Engine &                      engine_;
    DocumentRows                  rows_;
    std::vector<int32_t>          tokens_;  // [n_tokens()]
    DraftIndex                    draft_index_;
    std::unique_ptr<KvFileWriter> writer_;
};

class Session {
  public:
    Session(Engine & engine, Document & document);
    // Ends its answer.
    ~Session();

    Status ask(const AskRequest & request, const AskEvents & events, Answer & out,
               const std::atomic<bool> * cancel = nullptr);
    // For measuring: prefill and stage 1, then a step a token. `out` holds the logits after the prompt. A step that
    // fails or is cancelled finishes the answer.
    Status start_answer(const AnswerRequest & request, const AskEvents & events, Answer & answer, Step & out,
                        const std::atomic<bool> * cancel = nullptr);
    Status step(int32_t token, bool oracle, Step & out, const std::atomic<bool> * cancel = nullptr);
    Status finish_answer();
    // Appends tokens densely; logits of every one, [n, n_vocab].
    Status score(const std::vector<int32_t> & tokens, std::vector<float> & logits,
                 const std::atomic<bool> * cancel = nullptr);
    // Drops every row from n_tokens on; n_tokens must be one of borders().
    Status truncate(int64_t n_tokens);

    int64_t              n_tokens() const { return n_tokens_; }
    std::vector<int64_t> borders() const;

    // Any thread: what the panel shows, as of the last token.
    Counters counters() const;
    // Any thread. How many (layer, cache head) hold each prompt token and how often stage 2 read it, as of the last
    // publish_map(). Asking during an answer has the answering thread publish after its next token.
    DocumentMap document_map();
    void        publish_map();

  private:
    struct Question;
    struct Published {
        Counters    counters;
        DocumentMap map;
    };
    struct Border {  // where the chat may be cut
        int64_t       n_tokens = 0;
        StateSnapshot states;
    };
    struct Saved {  // what a failed or cancelled call puts back
        int64_t                       n_tokens, n_rows, n_chat_rows, n_own_rows;
        int32_t                       pending;
        size_t                        n_borders;
        std::shared_ptr<CompactCache> compact, own_history;
        Mode                          mode;
        RocketBudgets                 budgets;
        std::unique_ptr<Published>    published;  // where the compact cache had to be let go of
    };
    Saved save() const;
    void  restore(const Saved & saved);
    // Runs; when that fails everything is as before, and a lack of memory says what would fit.
    Status      attempt(const AnswerRequest & request, const std::function<Status(Saved &)> & run);
    PlanRequest plan_request(const AnswerRequest & request) const;
    HeldMemory  held_memory() const;
    KvRows &    history() { return own_history_ ? own_history_->rows() : shared_.kv(); }
    Status      check_tokens(const std::vector<int32_t> & tokens, int64_t max_new) const;
    Status      make_room(int64_t n_new_rows);
    // A border where the chat ends now, with the states as they are. HOST_OOM: there is none.
    Status add_border();
    // The new rows count from now on.
    void count_rows(int64_t n);

    // The steps of a question, in this order.
    Status check_question(const AnswerRequest & request, Question & out) const;
    Status make_compact(const AnswerRequest & request, Question & question, Saved & saved);
    Status read_question(const AnswerRequest & request, const AskEvents & events, const Question & question,
                         std::vector<float> & logits, const std::atomic<bool> * cancel);
    Status count_question(const AnswerRequest & request, const Question & question);
    Status answer_prompt(const AnswerRequest & request, const AskEvents & events, Answer & answer,
                         std::vector<float> & logits, Saved & saved, const std::atomic<bool> * cancel);

    // Tokens that may come next, and how many tokens before them matched.
    struct Draft {
        std::vector<int32_t> tokens;
        int                  length = 0;
    };
    Draft draft(int64_t room);
    struct Pass;
    Status run_pass(const AskRequest & request, bool logits, int32_t token, Pass & pass, Answer & answer,
                    const std::atomic<bool> * cancel);
    Status end_pass(Pass & pass, Answer & answer);
    // Of the n tokens that have run at once the first n_kept count from now on.
    Status count_tokens(int n, int n_kept);
    Status check_answering(int32_t token) const;
    Status decode_token(int32_t token, bool logits, NextToken & out, const std::atomic<bool> * cancel);
    Status generate(const AskRequest & request, const AskEvents & events, Answer & out, Saved & saved,
                    const std::atomic<bool> * cancel);
    void   publish_counters();

    Engine &            engine_;
    Document &          document_;
    DocumentRows &      shared_;
    ChatRows            chat_rows_;
    int64_t             n_tokens_ = 0;   // positions used
    int64_t             n_rows_   = 0;   // rows of the history: n_tokens_, or fewer once rocketkv dropped some
    int32_t             pending_  = -1;  // last generated token whose rows do not exist yet
    std::vector<Border> borders_;
    DraftIndex          said_;  // the chat's tokens behind the document, [n_tokens_ - those of the document]
    // Of a running answer of start_answer(), where layers are recurrent: a step that fails leaves states of no token.
    std::unique_ptr<Saved>        answer_begin_;
    std::shared_ptr<CompactCache> compact_;      // of the current or last answer; null: dense over the history
    std::shared_ptr<CompactCache> own_history_;  // mode rocketkv: what was kept is all there is
    bool                          compact_was_let_go_ = false;  // what is published of the last answer stays
    QueryWindow                   window_;
    Mode                          mode_ = Mode::full;
    RocketBudgets                 budgets_;
    int64_t                       answer_room_ = 0;  // tokens the running answer may still take

    mutable std::mutex published_mutex_;
    Published          published_;  // written under the mutex by the thread that computes, read under it by others
    std::atomic<bool>  map_wanted_{false};
};

}  // namespace rocketdoc
