#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "engine.h"

namespace rocketdoc {
namespace {

// A question of usual length, for what is proposed when a text does not fit.
constexpr int64_t USUAL_QUESTION = 32;
constexpr int64_t USUAL_ANSWER   = 256;

bool is_cancelled(const std::atomic<bool> * cancel) { return cancel && cancel->load(); }

Status cancelled() { return Status::fail(Code::CANCELLED, "Stopped before it began."); }

}  // namespace

Document::Document(Engine & engine, ggml_type type, DocumentHome home)
    : engine_(engine), rows_(engine.model(), engine.device(), type, home) {}

const DraftIndex & Document::draft_index() {
    if (draft_index_.n_tokens() != int64_t(tokens_.size())) draft_index_.build(tokens_);
    return draft_index_;
}

Status Document::check_tokens(const std::vector<int32_t> & tokens) const {
    const HyperParams & p = engine_.model().params();
    if (rows_.has_chats())
        return Status::fail(Code::BUSY, "The document has open chats; close them before more is read into it.");
    RETURN_IF_FAILED(engine_.check_idle());
    for (int32_t token : tokens) {
        if (token < 0 || token >= p.n_vocab) {
            return Status::fail(Code::INVALID_ARGUMENT, "Token " + std::to_string(token) +
                                                            " is outside the vocabulary of " +
                                                            std::to_string(p.n_vocab) + ".");
        }
    }
    const int64_t n_total = n_tokens() + int64_t(tokens.size());
    if (n_total > p.n_ctx_train) {
        return Status::fail(Code::CTX_OVERFLOW, "The document has " + std::to_string(n_total) +
                                                    " tokens; the model reads " + std::to_string(p.n_ctx_train) +
                                                    ". Choose pages, or a model with a longer context.");
    }
    return Status::good();
}

Status Document::read(const std::vector<int32_t> & tokens, int64_t segment, int64_t tile,
                      const std::function<void(int64_t done)> & progress, const std::atomic<bool> * cancel) {
    const int64_t n_total = n_tokens() + int64_t(tokens.size());
    Status        status;
    try {
        status = read_tokens(tokens, segment, tile, progress, cancel);
    } catch (const std::bad_alloc &) {
        status = Status::fail(Code::HOST_OOM, "The machine has no memory left for this document.");
    }
    if (status.ok()) return status;
    PlanRequest asked;
    asked.n_prompt      = n_total + USUAL_QUESTION;
    asked.n_question    = USUAL_QUESTION;
    asked.max_new       = USUAL_ANSWER;
    asked.document_type = rows_.type();
    asked.home          = rows_.home();
    return engine_.with_shortage(std::move(status), asked, rows_.held_memory());
}

Status Document::read_tokens(const std::vector<int32_t> & tokens, int64_t segment, int64_t tile,
                             const std::function<void(int64_t done)> & progress, const std::atomic<bool> * cancel) {
    if (is_cancelled(cancel)) return cancelled();
    if (tokens.empty()) return Status::good();
    if (segment == 0) segment = engine_.device().traits().reading_segment;
    if (segment < 1 || tile < 1)
        return Status::fail(Code::INVALID_ARGUMENT, "Segment and tile must be at least 1 token.");
    RETURN_IF_FAILED(check_tokens(tokens));
    const int64_t before = n_tokens(), n_total = before + int64_t(tokens.size());
    RETURN_IF_FAILED(rows_.reserve(n_total, n_total));

    writer_ = nullptr;  // it wrote what was there before
    PrefillJob job;
    job.rows           = &rows_.kv();
    job.states         = &engine_.states();
    job.first_row      = before;
    job.first_position = before;
    job.drops_rows     = true;
    job.tokens         = tokens.data();
    job.n_tokens       = int64_t(tokens.size());
    job.segment        = segment;
    job.tile           = std::min(tile, segment);
    job.progress       = progress;
    job.segment_done   = [&](int64_t done) {
        StateSnapshot states;
        RETURN_IF_FAILED(engine_.states().save(states));
        tokens_.insert(tokens_.end(), tokens.begin() + (n_tokens() - before), tokens.begin() + done);
        rows_.set_end(before + done, std::move(states));
        return Status::good();
    };
    job.cancel = cancel;
    engine_.states().begin(rows_.states());
    return engine_.prefill().run(job);
}

Status Document::load(const std::string & path, const std::vector<int32_t> & tokens,
                      const std::function<void(int64_t done)> & progress, const std::atomic<bool> * cancel) {
    if (is_cancelled(cancel)) return cancelled();
    if (n_tokens() > 0)
        return Status::fail(Code::INVALID_ARGUMENT, "A KV cache is loaded into an empty document only.");
    if (tokens.empty()) return Status::fail(Code::INVALID_ARGUMENT, "A KV cache of no tokens is not kept.");
    RETURN_IF_FAILED(check_tokens(tokens));
    KvFileKey wanted = key();
    wanted.tokens    = tokens;
    KvFileReader reader;
    RETURN_IF_FAILED(KvFileReader::open(path, wanted, reader));
    const int64_t n_total = int64_t(tokens.size());
    RETURN_IF_FAILED(rows_.reserve(n_total, n_total));
    StateSnapshot states;
    RETURN_IF_FAILED(reader.read_states(states));
    RETURN_IF_FAILED(reader.read_rows(rows_.kv(), cancel, progress));
    tokens_ = tokens;
    rows_.set_end(n_total, std::move(states));
    return Status::good();
}

Status Document::save_part(const std::string & path, uint64_t most, bool & done) {
    done = false;
    if (n_tokens() == 0) return Status::fail(Code::INVALID_ARGUMENT, "Nothing has been read that could be kept.");
    if (!writer_ || writer_->path() != path) {
        writer_ = nullptr;
        RETURN_IF_FAILED(KvFileWriter::begin(path, key(), rows_.states(), writer_));
    }
    Status status = writer_->write_part(rows_.kv(), most, done);
    if (done || !status.ok()) writer_ = nullptr;
    return status;
}

}  // namespace rocketdoc
