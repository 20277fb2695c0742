// The public boundary of the engine: all that native/binding may know. Engine = a loaded model on a device. Document =
// full KV of a text, shared by its chats. Session = one chat, a timeline of rows on top of a document. Parents outlive
// children. One call at a time per engine; the owner sees to that. cancel() and counters() may come from another
// thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../device/device.h"
#include "kv_file.h"
#include "memory_plan.h"
#include "model.h"
#include "prefill.h"
#include "sampler.h"

namespace rocketdoc {

class Document;
class Session;

struct EngineOptions {
    std::string   model_path;
    DeviceOptions device;
    bool          float_weights = false;  // see Model::load_weights
};

class Engine {
  public:
    static Status open(const EngineOptions & options, std::unique_ptr<Engine> & out);

    const Model & model() const { return *model_; }
    Device &      device() { return *device_; }
    Prefill &     prefill() { return *prefill_; }
    TokenRunner & token_runner() { return *token_runner_; }
    // available: what is free now and what the loaded weights already hold.
    Status plan(const PlanRequest & request, MemoryPlan & out) const;
    // GPU_OOM or HOST_OOM with needed and available bytes and what smaller would fit. `held`: the document that is
    // asked about, whose KV the plan counts although it is there; null: it is to be read.
    Status check_plan(const PlanRequest & request, const Document * held, MemoryPlan & out) const;
    // The same of an allocation that failed.
    Status with_shortage(Status failed, const PlanRequest & request, const Document * held) const;

  private:
    DeviceTraits room(const Document * held) const;

    std::unique_ptr<Device>      device_;
    std::unique_ptr<Model>       model_;
    std::unique_ptr<Prefill>     prefill_;
    std::unique_ptr<TokenRunner> token_runner_;
};

class Document {
  public:
    Document(Engine & engine, ggml_type type, DocumentHome home = DocumentHome::automatic)
        : engine_(engine), type_(type), home_(home) {}

    // Appends tokens segment by segment (0: as long as suits the device); whole segments stay when cancelled or failed,
    // n_tokens() tells how far it came. CTX_OVERFLOW (both counts), HOST_OOM and GPU_OOM (needed and available) before
    // anything is computed.
    Status read(const std::vector<int32_t> & tokens, int64_t segment, int64_t tile,
                const std::function<void(int64_t done)> & progress);
    // Instead of read(), from what save_part() left: these tokens' rows. KV_MISMATCH, KV_CORRUPT or IO: the document is
    // as empty as before.
    Status load(const std::string & path, const std::vector<int32_t> & tokens,
                const std::function<void(int64_t done)> & progress);
    // The rows of read(), no chat's, into a file; about `most` bytes of it at each call, so that chats are answered
    // between two. Another path begins anew, end_save() gives up.
    Status save_part(const std::string & path, uint64_t most, bool & done);
    void   end_save() { writer_ = nullptr; }
    // Of such a file, when it is whole.
    uint64_t file_bytes() const { return KvFileKey{0, kv_shape(), tokens_}.file_bytes(); }
    void     cancel() { cancel_ = true; }
    int64_t  n_tokens() const { return n_tokens_; }
    size_t   bytes() const { return rows_ ? rows_->bytes() : 0; }
    // On a GPU: the rows stayed there.
    bool on_device() const { return rows_ && rows_->on_device(); }

  private:
    friend class Session;
    Status  ensure_capacity(int64_t n_total);
    Status  read_tokens(const std::vector<int32_t> & tokens, int64_t segment, int64_t tile,
                        const std::function<void(int64_t done)> & progress);
    Status  check_tokens(const std::vector<int32_t> & tokens) const;
    KvShape kv_shape() const {
        return {engine_.model().params().n_layer, engine_.model().params().n_head_kv, engine_.model().params().head_dim,
                type_};
    }
    KvFileKey key() const { return {engine_.model().fingerprint(), kv_shape(), tokens_}; }

    Engine &                engine_;
    ggml_type               type_;
    DocumentHome            home_;
    int64_t                 n_tokens_ = 0;
    std::unique_ptr<KvRows> rows_;
    // Rows beyond n_tokens_ belong to one chat at a time; the others keep theirs aside (Session::parked_).
    Session *                     mounted_    = nullptr;
    int64_t                       n_live_     = 0;  // rows of the mounted chat included
    int                           n_sessions_ = 0;
    std::vector<int32_t>          tokens_;  // [n_tokens_]
    std::unique_ptr<KvFileWriter> writer_;
    std::atomic<bool>             cancel_{false};
};

// HOST_OOM or GPU_OOM with needed and available bytes when `needed` more cannot be had now.
Status check_host_memory(const Device & device, size_t needed, const std::string & what);
Status check_device_memory(const Device & device, size_t needed, const std::string & what);

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
};

struct AskEvents {
    std::function<void(int64_t done, int64_t total)>         prefill;
    std::function<void(double prefill_ms, double stage1_ms)> kept;
    std::function<void(int32_t token)>                       token;
};

struct Answer {
    bool    stopped        = false;  // by a stop token; else max_new was reached
    int64_t n_prefilled    = 0;
    int64_t n_generated    = 0;
    double  prefill_ms     = 0;  // stage 1 not included
    double  stage1_ms      = 0;
    double  first_token_ms = 0;
    double  decode_ms      = 0;
    // Of the tokens after the first four, for which buffers and graphs are still made; of all where there are no more.
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
    std::vector<float> kept_mass;  // [n_layer, n_cache_head]
    int64_t            clamped_codes = 0;
};

struct DocumentMap {
    std::vector<uint32_t> kept, read;  // per token position
};

class Session {
  public:
    explicit Session(Engine & engine, Document & document);
    ~Session();

    Status ask(const AskRequest & request, const AskEvents & events, Answer & out);
    // For measuring: prefill and stage 1, then a step a token. `out` holds the logits after the prompt.
    Status start_answer(const AnswerRequest & request, const AskEvents & events, Answer & answer, Step & out);
    Status step(int32_t token, bool oracle, Step & out);
    Status finish_answer();
    // Appends tokens densely; logits of every one, [n, n_vocab].
    Status score(const std::vector<int32_t> & tokens, std::vector<float> & logits);
    // Drops every row from n_tokens on; n_tokens must be one of borders().
    Status truncate(int64_t n_tokens);
    void   cancel() { cancel_ = true; }

    int64_t                      n_tokens() const { return n_tokens_; }
    const std::vector<int64_t> & borders() const { return borders_; }

    // What the panel shows; safe from any thread while an answer runs, as of the last token.
    Counters counters() const;
    // How many (layer, cache head) hold each prompt token and how often stage 2 read it, as of the last publish_map().
    // Asking during an answer has the answering thread publish after its next token.
    DocumentMap document_map();
    void        publish_map();

  private:
    struct Saved {  // what a failed or cancelled call puts back
        int64_t                       n_tokens, n_rows, own_rows;
        int32_t                       pending;
        size_t                        n_borders;
        std::shared_ptr<CompactCache> compact, own_history;
        Mode                          mode;
        RocketBudgets                 budgets;
    };
    Saved save() const;
    void  restore(const Saved & saved);
    // Runs; when that fails everything is as before, and a lack of memory says what would fit.
    Status      attempt(const AnswerRequest & request, const std::function<Status()> & run);
    PlanRequest plan_request(const AnswerRequest & request) const;
    void        mount();
    void        park();
    KvRows &    history() { return own_history_ ? own_history_->rows() : *document_.rows_; }
    Status      check_tokens(const std::vector<int32_t> & tokens, int64_t max_new) const;
    Status      make_room(int64_t n_new_rows);
    Status      answer_prompt(const AnswerRequest & request, const AskEvents & events, Answer & answer,
                              std::vector<float> & logits);
    Status      decode_token(int32_t token, bool logits, NextToken & out);
    Status      generate(const AskRequest & request, const AskEvents & events, Answer & out);
    void        publish_counters();

    Engine &                      engine_;
    Document &                    document_;
    int64_t                       n_tokens_ = 0;  // positions used
    int64_t                       n_rows_   = 0;  // rows of the history: n_tokens_, or fewer once rocketkv dropped some
    int32_t                       pending_  = -1;  // last generated token whose rows do not exist yet
    std::vector<int64_t>          borders_;
    std::vector<uint8_t>          parked_;       // this chat's rows while another chat of the document is mounted
    std::shared_ptr<CompactCache> compact_;      // of the current or last answer; null: dense over the history
    std::shared_ptr<CompactCache> own_history_;  // mode rocketkv: what was kept is all there is
    QueryWindow                   window_;
    Mode                          mode_ = Mode::full;
    RocketBudgets                 budgets_;
    int64_t                       answer_room_ = 0;  // tokens the running answer may still take
    bool                          answering_   = false;
    std::atomic<bool>             cancel_{false};

    mutable std::mutex published_mutex_;  // guards the two below
    Counters           published_;
    DocumentMap        published_map_;
    std::atomic<bool>  map_wanted_{false};
};

}  // namespace rocketdoc
