#include <algorithm>
#include <chrono>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "engine.h"

namespace rocketdoc {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t WARM_UP_TOKENS = 4;

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double median_after_warm_up(std::vector<double> times) {
    if (times.size() > WARM_UP_TOKENS) times.erase(times.begin(), times.begin() + WARM_UP_TOKENS);
    if (times.empty()) return 0;
    std::sort(times.begin(), times.end());
    return (times[times.size() / 2] + times[(times.size() - 1) / 2]) / 2;
}

}  // namespace

Session::Session(Engine & engine, Document & document)
    : engine_(engine), document_(document), n_tokens_(document.n_tokens()), n_rows_(document.n_tokens()) {
    borders_.push_back(n_tokens_);
    document_.n_sessions_++;
    publish_counters();
}

Session::~Session() {
    if (document_.mounted_ == this) document_.mounted_ = nullptr;
    document_.n_sessions_--;
}

// The document's rows end with those of one chat. This chat's come back, the other's are set aside.
void Session::mount() {
    if (own_history_ || document_.mounted_ == this) return;
    if (document_.mounted_) document_.mounted_->park();
    if (!parked_.empty()) document_.rows_->copy_in(parked_, document_.n_tokens_, n_rows_);
    parked_            = {};
    document_.mounted_ = this;
    document_.n_live_  = n_rows_;
}

void Session::park() {
    if (!own_history_ && n_rows_ > document_.n_tokens_)
        parked_ = document_.rows_->copy_out(document_.n_tokens_, n_rows_);
    document_.mounted_ = nullptr;
    document_.n_live_  = document_.n_tokens_;
}

Session::Saved Session::save() const {
    return {n_tokens_,    n_rows_,         own_history_ ? own_history_->n_live() : 0,
            pending_,     borders_.size(), compact_,
            own_history_, mode_,           budgets_};
}

void Session::restore(const Saved & s) {
    n_tokens_    = s.n_tokens;
    n_rows_      = s.n_rows;
    pending_     = s.pending;
    compact_     = s.compact;
    own_history_ = s.own_history;
    mode_        = s.mode;
    budgets_     = s.budgets;
    borders_.resize(s.n_borders);
    if (own_history_) (void) own_history_->drop_rows(s.own_rows);
    if (document_.mounted_ == this) document_.n_live_ = own_history_ ? document_.n_tokens_ : n_rows_;
    answering_ = false;
    (void) engine_.token_runner().end();
    publish_counters();
}

Status Session::check_tokens(const std::vector<int32_t> & tokens, int64_t max_new) const {
    const HyperParams & p = engine_.model().params();
    if (answering_) return Status::fail(Code::BUSY, "This chat is busy answering.");
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
    if (own_history_) return own_history_->rows().grow(n_rows_ + n_new_rows, n_rows_);
    mount();
    return document_.ensure_capacity(n_rows_ + n_new_rows);
}

Status Session::answer_prompt(const AnswerRequest & request, const AskEvents & events, Answer & answer,
                              std::vector<float> & logits) {
    const HyperParams &  p = engine_.model().params();
    std::vector<int32_t> tokens;
    if (pending_ >= 0) tokens.push_back(pending_);
    tokens.insert(tokens.end(), request.tokens.begin(), request.tokens.end());
    if (request.max_new < 1) return Status::fail(Code::INVALID_ARGUMENT, "An answer has at least 1 token.");
    if (request.segment < 1 || request.tile < 1)
        return Status::fail(Code::INVALID_ARGUMENT, "Segment and tile must be at least 1 token.");
    RETURN_IF_FAILED(check_tokens(tokens, request.max_new));
    if (own_history_ && own_history_->rows().shape().n_head != p.n_head_kv) {
        return Status::fail(Code::INVALID_ARGUMENT,
                            "A chat in mode rocketkv grouped by query head answers one question; ask in a new chat.");
    }
    const int64_t n_question = int64_t(tokens.size());
    RocketBudgets budgets;
    RETURN_IF_FAILED(mode_budgets(request.mode, request.rocket, n_rows_ + n_question, n_question, request.max_new,
                                  int(p.head_dim), budgets));
    MemoryPlan plan;
    RETURN_IF_FAILED(engine_.check_plan(plan_request(request), &document_, plan));
    RETURN_IF_FAILED(make_room(n_question + request.max_new));

    std::shared_ptr<CompactCache> compact;
    if (request.mode == Mode::full && !history().on_device()) {
        return Status::fail(Code::GPU_OOM, "Mode full reads every row on the GPU; this document's KV cache (" +
                                               bytes_text(int64_t(document_.bytes())) + ") is in RAM.");
    }
    if (needs_compact(request.mode, budgets, history().on_device())) {
        const Device & device = engine_.device();
        RETURN_IF_FAILED(
            check_device_memory(device,
                                CompactCache::rows_bytes(p, device, request.mode, request.rocket, budgets) +
                                    CompactCache::summary_bytes(p, device, request.mode, request.rocket, budgets),
                                "The compact cache for a budget of " + std::to_string(request.rocket.token_budget)));
        std::unique_ptr<CompactCache> made;
        RETURN_IF_FAILED(CompactCache::create(p, engine_.device(), request.mode, request.rocket, budgets, made));
        compact = std::move(made);
        RETURN_IF_FAILED(window_.reset(p, engine_.device(), budgets.window));
    }
    std::vector<std::vector<int32_t>> positions;
    if (compact && own_history_) {
        positions = own_history_->positions();
        for (auto & list : positions) {
            for (int64_t i = 0; i < n_question; i++) list.push_back(int32_t(n_tokens_ + i));
        }
    }

    const auto start = Clock::now();
    PrefillJob job;
    job.rows           = &history();
    job.first_row      = n_rows_;
    job.first_position = n_tokens_;
    job.tokens         = tokens.data();
    job.n_tokens       = n_question;
    job.segment        = request.segment;
    job.tile           = std::min(request.tile, request.segment);
    job.window         = compact ? &window_ : nullptr;
    job.logits         = PrefillJob::Logits::last;
    logits.resize(size_t(p.n_vocab));
    job.logits_out = logits.data();
    job.cancel     = &cancel_;
    if (events.prefill) job.progress = [&](int64_t done) { events.prefill(done, n_question); };
    if (compact) {
        job.layer_done = [&](int64_t layer, const LayerRows & rows) {
            return compact->keep_layer(layer, rows, n_rows_ + n_question, window_, own_history_ ? &positions : nullptr,
                                       &cancel_);
        };
    }
    RETURN_IF_FAILED(engine_.prefill().run(job));
    engine_.device().look_at_memory();
    if (compact) RETURN_IF_FAILED(compact->kept());

    if (own_history_) RETURN_IF_FAILED(own_history_->rows_appended(n_tokens_, n_question));
    // Its rows are in the compact cache now. Those of earlier turns stay aside until the answer is there: a cancel
    // brings them back.
    if (!mode_keeps_history(request.mode) && document_.mounted_ == this) park();
    n_tokens_ += n_question;
    n_rows_ += n_question;
    pending_ = -1;
    mode_    = request.mode;
    budgets_ = budgets;
    compact_ = compact;
    if (!mode_keeps_history(request.mode)) {
        own_history_ = compact;
        n_rows_      = compact->n_live();
    } else if (!own_history_) {
        document_.n_live_ = n_rows_;
    }
    answer.n_prefilled = n_question;
    answer.stage1_ms   = compact ? compact->stage1_ms() : 0;
    answer.prefill_ms  = ms_since(start) - answer.stage1_ms;
    RETURN_IF_FAILED(
        engine_.token_runner().begin(mode_keeps_history(request.mode) ? &history() : nullptr, compact.get()));
    answer_room_ = request.max_new;
    answering_   = true;
    publish_counters();
    publish_map();
    if (events.kept) events.kept(answer.prefill_ms, answer.stage1_ms);
    return Status::good();
}

Status Session::decode_token(int32_t token, bool logits, NextToken & out) {
    if (!answering_) return Status::fail(Code::INVALID_ARGUMENT, "No answer has been started.");
    if (answer_room_ < 1) return Status::fail(Code::INVALID_ARGUMENT, "The answer's room is used up.");
    if (token < 0 || token >= engine_.model().params().n_vocab)
        return Status::fail(Code::INVALID_ARGUMENT, "The token is outside the vocabulary.");
    RETURN_IF_FAILED(engine_.token_runner().run(token, n_tokens_, n_rows_, logits, out, &cancel_));
    if (compact_) RETURN_IF_FAILED(compact_->token_done(n_tokens_));
    if (own_history_ && own_history_ != compact_) RETURN_IF_FAILED(own_history_->rows_appended(n_tokens_, 1));
    n_tokens_++;
    n_rows_++;
    answer_room_--;
    if (!own_history_) document_.n_live_ = n_rows_;
    publish_counters();
    if (map_wanted_) publish_map();
    return Status::good();
}

Status Session::generate(const AskRequest & request, const AskEvents & events, Answer & out) {
    const auto         start = Clock::now();
    std::vector<float> logits;
    RETURN_IF_FAILED(Sampler::check(request.sampler));
    RETURN_IF_FAILED(answer_prompt(request, events, out, logits));
    NextToken next;
    set_candidates(logits, next.candidates);
    Sampler             sampler(request.sampler);
    Clock::time_point   first, last;
    std::vector<double> times;  // ms, one a token after the first
    while (true) {
        const int32_t token = sampler.sample(next.candidates);
        if (out.n_generated == 0) {
            first              = Clock::now();
            out.first_token_ms = ms_since(start);
        } else {
            times.push_back(ms_since(last));
        }
        last = Clock::now();
        if (std::find(request.stop_tokens.begin(), request.stop_tokens.end(), token) != request.stop_tokens.end()) {
            out.stopped = true;
            break;
        }
        out.n_generated++;
        if (events.token) events.token(token);
        if (out.n_generated == request.max_new) {
            pending_ = token;
            break;
        }
        RETURN_IF_FAILED(decode_token(token, sampler.needs_vocabulary(), next));
        // What a token needs is there after the first; later ones would be slowed by looking.
        if (out.n_generated == 1) engine_.device().look_at_memory();
    }
    out.decode_ms       = ms_since(first);
    out.median_token_ms = median_after_warm_up(std::move(times));
    engine_.device().look_at_memory();
    return Status::good();
}

Status Session::ask(const AskRequest & request, const AskEvents & events, Answer & out) {
    if (answering_) return Status::fail(Code::BUSY, "This chat is busy answering.");
    cancel_ = false;
    RETURN_IF_FAILED(attempt(request, [&] { return generate(request, events, out); }));
    return finish_answer();
}

Status Session::attempt(const AnswerRequest & request, const std::function<Status()> & run) {
    const Saved saved = save();
    Status      status;
    try {
        status = run();
    } catch (const std::bad_alloc &) {
        status = Status::fail(Code::HOST_OOM, "The machine has no memory left for this question.");
    }
    if (status.ok()) return status;
    restore(saved);
    return engine_.with_shortage(std::move(status), plan_request(request), &document_);
}

// Of a document that is held: as it is held.
PlanRequest Session::plan_request(const AnswerRequest & request) const {
    PlanRequest out;
    out.n_question    = int64_t(request.tokens.size()) + (pending_ >= 0 ? 1 : 0);
    out.n_prompt      = n_tokens_ + out.n_question;
    out.max_new       = request.max_new;
    out.mode          = request.mode;
    out.rocket        = request.rocket;
    out.document_type = document_.type_;
    out.home = !document_.rows_ ? document_.home_ : document_.on_device() ? DocumentHome::device : DocumentHome::host;
    out.segment = request.segment;
    out.tile    = request.tile;
    return out;
}

Status Session::start_answer(const AnswerRequest & request, const AskEvents & events, Answer & answer, Step & out) {
    if (answering_) return Status::fail(Code::BUSY, "This chat is busy answering.");
    cancel_ = false;
    return attempt(request, [&] { return answer_prompt(request, events, answer, out.logits); });
}

Status Session::step(int32_t token, bool oracle, Step & out) {
    const bool measure = oracle && compact_;
    if (measure) compact_->measure(true);
    NextToken next;
    Status    status = decode_token(token, true, next);
    out.logits       = std::move(next.logits);
    if (measure) {
        compact_->measure(false);
        const OracleStats stats = compact_->take_oracle_stats();
        if (stats.n) {
            out.recall = stats.recall_sum / double(stats.n);
            out.mass   = stats.mass_sum / double(stats.n);
        }
    }
    return status;
}

Status Session::finish_answer() {
    if (!answering_) return Status::good();
    answering_ = false;
    if (own_history_) parked_ = {};
    borders_.push_back(n_tokens_);
    return engine_.token_runner().end();
}

Status Session::score(const std::vector<int32_t> & tokens, std::vector<float> & logits) {
    cancel_ = false;
    RETURN_IF_FAILED(check_tokens(tokens, 0));
    RETURN_IF_FAILED(make_room(int64_t(tokens.size())));
    const int64_t n = int64_t(tokens.size());
    logits.resize(size_t(n * engine_.model().params().n_vocab));
    PrefillJob job;
    job.rows           = &history();
    job.first_row      = n_rows_;
    job.first_position = n_tokens_;
    job.tokens         = tokens.data();
    job.n_tokens       = n;
    job.logits         = PrefillJob::Logits::all;
    job.logits_out     = logits.data();
    job.cancel         = &cancel_;
    RETURN_IF_FAILED(engine_.prefill().run(job));
    if (own_history_) RETURN_IF_FAILED(own_history_->rows_appended(n_tokens_, n));
    n_tokens_ += n;
    n_rows_ += n;
    if (!own_history_) document_.n_live_ = n_rows_;
    borders_.push_back(n_tokens_);
    return Status::good();
}

Status Session::truncate(int64_t n_tokens) {
    if (answering_) return Status::fail(Code::BUSY, "This chat is busy answering.");
    if (own_history_) {
        return Status::fail(
            Code::INVALID_ARGUMENT,
            "This chat keeps only what its questions selected (mode rocketkv); it cannot go back. Ask in a new chat.");
    }
    auto border = std::find(borders_.begin(), borders_.end(), n_tokens);
    if (border == borders_.end()) {
        return Status::fail(Code::INVALID_ARGUMENT,
                            "A chat is cut between turns only; token " + std::to_string(n_tokens) + " is inside one.");
    }
    mount();  // parked rows would have the old length
    borders_.erase(border + 1, borders_.end());
    n_tokens_ = n_rows_ = n_tokens;
    document_.n_live_   = n_rows_;
    pending_            = -1;
    compact_            = nullptr;
    publish_counters();
    return Status::good();
}

Counters Session::counters() const {
    std::lock_guard<std::mutex> lock(published_mutex_);
    return published_;
}

DocumentMap Session::document_map() {
    map_wanted_ = true;
    std::lock_guard<std::mutex> lock(published_mutex_);
    return published_map_;
}

void Session::publish_map() {
    map_wanted_ = false;
    DocumentMap map;
    map.kept.assign(size_t(n_tokens_), 0);
    map.read.assign(size_t(n_tokens_), 0);
    if (compact_) compact_->count_map(map.kept, map.read);
    std::lock_guard<std::mutex> lock(published_mutex_);
    published_map_ = std::move(map);
}

void Session::publish_counters() {
    const HyperParams & p = engine_.model().params();
    Counters            c;
    c.mode           = mode_;
    c.budgets        = budgets_;
    c.rows_total     = n_tokens_;
    c.full_bytes     = p.kv_bytes_per_token() * size_t(n_tokens_);
    c.document_bytes = own_history_ ? 0 : document_.bytes();
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
        const double row_bytes  = document_.rows_ ? 2.0 * double(document_.rows_->k(0)->nb[1]) : 0.0;
        c.rows_kept             = n_rows_;
        c.rows_read             = n_rows_;
        c.read_bytes_per_step   = double(n_rows_) * row_bytes;
        c.stored_bytes_per_head = double(n_rows_) * row_bytes;
    }
    std::lock_guard<std::mutex> lock(published_mutex_);
    published_ = std::move(c);
}

}  // namespace rocketdoc
