// A chat between its answers: what it holds, how a failed call is undone, and what it tells. Answers:
// session_answer.cpp.
#include <algorithm>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "engine.h"

namespace rocketdoc {

Session::Session(Engine & engine, Document & document)
    : engine_(engine),
      document_(document),
      shared_(document.rows()),
      chat_rows_(document.rows()),
      n_tokens_(document.n_tokens()),
      n_rows_(document.n_tokens()) {
    borders_.push_back({n_tokens_, document.rows().states()});
    publish_counters();
}

Session::~Session() { (void) engine_.end_answer(*this); }

Session::Saved Session::save() const {
    return {n_tokens_,
            n_rows_,
            chat_rows_.n_rows(),
            own_history_ ? own_history_->n_live() : 0,
            pending_,
            borders_.size(),
            compact_,
            own_history_,
            mode_,
            budgets_,
            nullptr};
}

void Session::restore(const Saved & saved) {
    (void) engine_.end_answer(*this);
    n_tokens_    = saved.n_tokens;
    n_rows_      = saved.n_rows;
    pending_     = saved.pending;
    compact_     = saved.compact;
    own_history_ = saved.own_history;
    mode_        = saved.mode;
    budgets_     = saved.budgets;
    borders_.resize(saved.n_borders);
    chat_rows_.set_n_rows(saved.n_chat_rows);
    said_.truncate(n_tokens_ - shared_.n_tokens());
    if (own_history_) (void) own_history_->drop_rows(saved.n_own_rows);
    if (!saved.published) return publish_counters();
    // The compact cache of the last answer is gone. What was known of it is told as before.
    compact_was_let_go_ = true;
    std::lock_guard<std::mutex> lock(published_mutex_);
    published_ = *saved.published;
}

Status Session::attempt(const AnswerRequest & request, const std::function<Status(Saved &)> & run) {
    Saved  saved = save();
    Status status;
    try {
        status = run(saved);
    } catch (const std::bad_alloc &) {
        status = Status::fail(Code::HOST_OOM, "The machine has no memory left for this question.");
    }
    if (status.ok()) return status;
    restore(saved);
    return engine_.with_shortage(std::move(status), plan_request(request), held_memory());
}

// A document that is held is planned as it is held.
PlanRequest Session::plan_request(const AnswerRequest & request) const {
    PlanRequest out;
    out.n_question    = int64_t(request.tokens.size()) + (pending_ >= 0 ? 1 : 0);
    out.n_prompt      = n_tokens_ + out.n_question;
    out.n_document    = shared_.n_tokens();
    out.max_new       = request.max_new;
    out.mode          = request.mode;
    out.rocket        = request.rocket;
    out.document_type = shared_.type();
    out.home          = shared_.home();
    out.segment       = request.segment;
    out.tile          = request.tile;
    out.own_history   = held_memory().own_history;
    return out;
}

HeldMemory Session::held_memory() const {
    HeldMemory held = shared_.held_memory();
    const auto size = [](const CompactCache & cache) { return cache.rows_bytes() + cache.summary_bytes(); };
    if (compact_ && compact_ != own_history_) held.compact = size(*compact_);
    if (own_history_) held.own_history = size(*own_history_);
    return held;
}

Status Session::check_tokens(const std::vector<int32_t> & tokens, int64_t max_new) const {
    const HyperParams & p = engine_.model().params();
    RETURN_IF_FAILED(engine_.check_idle());
    if (tokens.empty()) return Status::fail(Code::INVALID_ARGUMENT, "The question has no tokens.");
    for (int32_t token : tokens) {
        if (token < 0 || token >= p.n_vocab) {
            return Status::fail(Code::INVALID_ARGUMENT, "Token " + std::to_string(token) +
                                                            " is outside the vocabulary of " +
                                                            std::to_string(p.n_vocab) + ".");
        }
    }
    const int64_t n_total = n_tokens_ + int64_t(tokens.size()) + max_new;
    if (n_total > p.n_ctx_train) {
        return Status::fail(Code::CTX_OVERFLOW,
                            "The chat would have " + std::to_string(n_total) + " tokens (" + std::to_string(n_tokens_) +
                                " so far, " + std::to_string(tokens.size()) + " of the question, " +
                                std::to_string(max_new) + " for the answer); the model reads " +
                                std::to_string(p.n_ctx_train) +
                                ". Choose fewer pages, a shorter answer, or a model with a longer context.");
    }
    return Status::good();
}

Status Session::make_room(int64_t n_new_rows) {
    if (own_history_) return own_history_->make_room({n_rows_, n_tokens_}, n_new_rows);
    chat_rows_.mount();
    return shared_.reserve(shared_.n_tokens(), n_rows_ + n_new_rows);
}

void Session::count_rows(int64_t n) {
    n_tokens_ += n;
    n_rows_ += n;
    if (!own_history_) chat_rows_.set_n_rows(n_rows_ - shared_.n_tokens());
}

std::vector<int64_t> Session::borders() const {
    std::vector<int64_t> out;
    for (const Border & border : borders_) out.push_back(border.n_tokens);
    return out;
}

Status Session::add_border() {
    Border border{n_tokens_, nullptr};
    RETURN_IF_FAILED(engine_.states().save(border.states));
    borders_.push_back(std::move(border));
    return Status::good();
}

Status Session::score(const std::vector<int32_t> & tokens, std::vector<float> & logits,
                      const std::atomic<bool> * cancel) {
    RETURN_IF_FAILED(check_tokens(tokens, 0));
    const int64_t n = int64_t(tokens.size());
    RETURN_IF_FAILED(make_room(n));
    logits.resize(size_t(n * engine_.model().params().n_vocab));
    PrefillJob job;
    job.rows           = &history();
    job.states         = &engine_.states();
    job.first_row      = n_rows_;
    job.first_position = n_tokens_;
    job.tokens         = tokens.data();
    job.n_tokens       = n;
    job.logits         = PrefillJob::Logits::all;
    job.logits_out     = logits.data();
    job.cancel         = cancel;
    engine_.states().begin(borders_.back().states);
    RETURN_IF_FAILED(engine_.prefill().run(job));
    Border border{n_tokens_ + n, nullptr};
    RETURN_IF_FAILED(engine_.states().save(border.states));
    if (own_history_) RETURN_IF_FAILED(own_history_->rows_appended(n_tokens_, n));
    count_rows(n);
    for (int32_t token : tokens) said_.add(token);
    borders_.push_back(std::move(border));
    return Status::good();
}

Status Session::truncate(int64_t n_tokens) {
    RETURN_IF_FAILED(engine_.check_idle());
    if (own_history_) {
        return Status::fail(
            Code::INVALID_ARGUMENT,
            "This chat keeps only what its questions selected (mode rocketkv); it cannot go back. Ask in a new chat.");
    }
    const auto border =
        std::find_if(borders_.begin(), borders_.end(), [&](const Border & b) { return b.n_tokens == n_tokens; });
    if (border == borders_.end()) {
        return Status::fail(Code::INVALID_ARGUMENT,
                            "A chat is cut between turns only; token " + std::to_string(n_tokens) + " is inside one.");
    }
    try {
        chat_rows_.mount();  // parked rows would have the old length
    } catch (const std::bad_alloc &) {
        return Status::fail(Code::HOST_OOM, "The machine has no memory left to set another chat's rows aside.");
    }
    borders_.erase(border + 1, borders_.end());
    n_tokens_ = n_rows_ = n_tokens;
    chat_rows_.set_n_rows(n_rows_ - shared_.n_tokens());
    said_.truncate(n_tokens_ - shared_.n_tokens());
    pending_            = -1;
    compact_            = nullptr;
    compact_was_let_go_ = false;
    publish_counters();
    return Status::good();
}

Counters Session::counters() const {
    std::lock_guard<std::mutex> lock(published_mutex_);
    return published_.counters;
}

DocumentMap Session::document_map() {
    map_wanted_ = true;
    std::lock_guard<std::mutex> lock(published_mutex_);
    return published_.map;
}

void Session::publish_map() {
    map_wanted_ = false;
    if (compact_was_let_go_) return;
    DocumentMap map;
    map.kept.assign(size_t(n_tokens_), 0);
    map.read.assign(size_t(n_tokens_), 0);
    if (compact_) compact_->count_map(map.kept, map.read);
    std::lock_guard<std::mutex> lock(published_mutex_);
    published_.map = std::move(map);
}

void Session::publish_counters() {
    if (compact_was_let_go_) return;
    const HyperParams & p = engine_.model().params();
    Counters            c;
    c.mode           = mode_;
    c.budgets        = budgets_;
    c.rows_total     = n_tokens_;
    c.full_bytes     = p.kv_bytes(n_tokens_);
    c.document_bytes = own_history_ ? 0 : shared_.bytes();
    if (compact_) {
        c.rows_kept             = compact_->n_live();
        c.rows_read             = compact_->rows_read();
        c.compact_bytes         = compact_->rows_bytes();
        c.summary_bytes         = compact_->summary_bytes();
        c.read_bytes_per_step   = compact_->read_bytes_per_step();
        c.stored_bytes_per_head = compact_->stored_bytes_per_head();
        c.kept_mass             = compact_->kept_mass();
        c.clamped_codes         = compact_->clamped_codes();
    } else {
        const KvShape & shape   = shared_.shape();
        c.rows_kept             = n_rows_;
        c.rows_read             = n_rows_;
        c.read_bytes_per_step   = shape.read_bytes(n_rows_, n_tokens_);
        c.stored_bytes_per_head = double(shape.bytes(shape.kept(n_rows_))) / double(shape.n_heads());
    }
    std::lock_guard<std::mutex> lock(published_mutex_);
    published_.counters = std::move(c);
}

}  // namespace rocketdoc
