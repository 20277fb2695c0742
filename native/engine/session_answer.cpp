// One question and its answer: checked, read, counted, then decoded token by token.
#include <algorithm>
#include <array>
#include <chrono>
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

// Tokens that went through the layers at once: one that is sure, and drafts behind it.
struct Session::Pass {
    std::vector<int32_t> tokens;
    Draft                draft;
    int                  at = 0;  // the last of its tokens that is sure
    NextToken            next;    // what may come after that one
    std::vector<float>   logits;  // [n, n_vocab], of several tokens
    double               ms = 0;
    // Of this answer, by the number of tokens: such a pass was made.
    std::array<bool, DraftPolicy::WIDTHS.back() + 1> ran{};

    int n() const { return int(tokens.size()); }
};

// A question on its way into the chat; nothing of the chat knows of it before count_question().
struct Session::Question {
    std::vector<int32_t>              tokens;  // the pending one of the last answer in front
    RocketBudgets                     budgets;
    MemoryPlan                        plan;
    std::shared_ptr<CompactCache>     compact;    // null: the answer reads the history
    std::vector<std::vector<int32_t>> positions;  // of the history's rows and the question's, where rows were dropped

    int64_t n() const { return int64_t(tokens.size()); }
};

Status Session::check_question(const AnswerRequest & request, Question & out) const {
    const HyperParams & p = engine_.model().params();
    if (pending_ >= 0) out.tokens.push_back(pending_);
    out.tokens.insert(out.tokens.end(), request.tokens.begin(), request.tokens.end());
    if (request.max_new < 1) return Status::fail(Code::INVALID_ARGUMENT, "An answer has at least 1 token.");
    if (request.segment < 1 || request.tile < 1)
        return Status::fail(Code::INVALID_ARGUMENT, "Segment and tile must be at least 1 token.");
    RETURN_IF_FAILED(check_tokens(out.tokens, request.max_new));
    if (own_history_ && own_history_->repeats_rows()) {
        return Status::fail(Code::INVALID_ARGUMENT,
                            "A chat in mode rocketkv grouped by query head answers one question; ask in a new chat.");
    }
    RETURN_IF_FAILED(mode_budgets(request.mode, request.rocket, n_rows_ + out.n(), out.n(), request.max_new,
                                  int(p.full_layer().head_dim), out.budgets));
    return engine_.check_plan(plan_request(request), held_memory(), out.plan);
}

Status Session::make_compact(const AnswerRequest & request, Question & question, Saved & saved) {
    if (request.mode == Mode::full && !history().on_device()) {
        return Status::fail(Code::GPU_OOM, "Mode full reads every row on the GPU; this document's KV cache (" +
                                               bytes_text(int64_t(shared_.bytes())) + ") is in RAM.");
    }
    // The plan fits without the last answer's compact cache. Where it does not fit beside it, that one goes first:
    // should this question fail, the chat is without it, and only what was published of it is left.
    const int64_t beside = int64_t(question.plan.device_total() + held_memory().compact);
    if (compact_ && compact_ != own_history_ && beside > question.plan.available) {
        publish_map();
        saved.published     = std::make_unique<Published>(published_);
        saved.compact       = nullptr;
        compact_            = nullptr;
        compact_was_let_go_ = true;
    }
    if (!needs_compact(request.mode, question.budgets, history().on_device())) return Status::good();
    const HyperParams &           p = engine_.model().params();
    std::unique_ptr<CompactCache> made;
    RETURN_IF_FAILED(CompactCache::create(p, engine_.model().weights(), engine_.device(), request.mode, request.rocket,
                                          question.budgets, made));
    question.compact = std::move(made);
    RETURN_IF_FAILED(window_.reset(p, engine_.device(), question.budgets.window));
    if (!own_history_) return Status::good();
    question.positions = own_history_->positions();
    for (auto & list : question.positions) {
        for (int64_t i = 0; i < question.n(); i++) list.push_back(int32_t(n_tokens_ + i));
    }
    return Status::good();
}

// Its rows go behind the history's; stage 1 chooses layer by layer. `logits`: [n_vocab], of the last token.
Status Session::read_question(const AnswerRequest & request, const AskEvents & events, const Question & question,
                              std::vector<float> & logits, const std::atomic<bool> * cancel) {
    logits.resize(size_t(engine_.model().params().n_vocab));
    PrefillJob job;
    job.rows           = &history();
    job.states         = &engine_.states();
    job.first_row      = n_rows_;
    job.first_position = n_tokens_;
    job.tokens         = question.tokens.data();
    job.n_tokens       = question.n();
    job.segment        = request.segment;
    job.tile           = std::min(request.tile, request.segment);
    job.logits         = PrefillJob::Logits::last;
    job.logits_out     = logits.data();
    job.cancel         = cancel;
    if (events.prefill) job.progress = [&](int64_t done) { events.prefill(done, question.n()); };
    if (question.compact) {
        job.window     = &window_;
        job.layer_done = [&](int64_t layer, const LayerRows & rows) {
            const RowPlace end{n_rows_ + question.n(), n_tokens_ + question.n()};
            return question.compact->keep_layer(layer, rows, end, window_, own_history_ ? &question.positions : nullptr,
                                                cancel);
        };
    }
    engine_.states().begin(borders_.back().states);
    RETURN_IF_FAILED(engine_.prefill().run(job));
    engine_.device().look_at_memory();
    return question.compact ? question.compact->kept() : Status::good();
}

// From here on the question is part of the chat.
Status Session::count_question(const AnswerRequest & request, const Question & question) {
    const bool keeps_history = mode_keeps_history(request.mode);
    if (own_history_) RETURN_IF_FAILED(own_history_->rows_appended(n_tokens_, question.n()));
    if (keeps_history) {
        count_rows(question.n());
    } else {
        // The compact cache has what was kept of the rows, the question's included. Those of earlier turns stay aside
        // until the answer is there: a cancel brings them back.
        chat_rows_.park();
        n_tokens_ += question.n();
        own_history_ = question.compact;
        n_rows_      = question.compact->n_live();
    }
    for (int32_t token : question.tokens) said_.add(token);
    pending_            = -1;
    mode_               = request.mode;
    budgets_            = question.budgets;
    compact_            = question.compact;
    compact_was_let_go_ = false;
    return Status::good();
}

Status Session::answer_prompt(const AnswerRequest & request, const AskEvents & events, Answer & answer,
                              std::vector<float> & logits, Saved & saved, const std::atomic<bool> * cancel) {
    if (cancel && cancel->load()) return Status::fail(Code::CANCELLED, "Stopped before it began.");
    Question question;
    RETURN_IF_FAILED(check_question(request, question));
    RETURN_IF_FAILED(make_room(question.n() + request.max_new));
    RETURN_IF_FAILED(make_compact(request, question, saved));
    const auto start = Clock::now();
    RETURN_IF_FAILED(read_question(request, events, question, logits, cancel));
    RETURN_IF_FAILED(count_question(request, question));
    answer.n_prefilled = question.n();
    answer.stage1_ms   = compact_ ? compact_->stage1_ms() : 0;
    answer.prefill_ms  = ms_since(start) - answer.stage1_ms;
    RETURN_IF_FAILED(
        engine_.begin_answer(*this, mode_keeps_history(request.mode) ? &history() : nullptr, compact_.get()));
    answer_room_ = request.max_new;
    publish_counters();
    publish_map();
    if (events.kept) events.kept(answer.prefill_ms, answer.stage1_ms);
    return Status::good();
}

Status Session::start_answer(const AnswerRequest & request, const AskEvents & events, Answer & answer, Step & out,
                             const std::atomic<bool> * cancel) {
    RETURN_IF_FAILED(engine_.check_idle());
    return attempt(request, [&](Saved & saved) {
        RETURN_IF_FAILED(answer_prompt(request, events, answer, out.logits, saved, cancel));
        if (engine_.states().bytes() > 0) answer_begin_ = std::make_unique<Saved>(std::move(saved));
        return Status::good();
    });
}

Session::Draft Session::draft(int64_t room) {
    DraftPolicy & policy = engine_.draft_policy();
    const int     most   = int(std::min<int64_t>(engine_.token_runner().most_tokens(), room));
    Draft         out;
    if (most < 2) return out;
    // The last tokens, the document's end included where the chat is short.
    std::vector<int32_t>         recent;
    const std::vector<int32_t> & text   = document_.tokens();
    const std::vector<int32_t> & said   = said_.tokens();
    const size_t                 n_said = std::min(said.size(), size_t(DraftIndex::MOST_MATCHED));
    const size_t                 n_text = std::min(text.size(), size_t(DraftIndex::MOST_MATCHED) - n_said);
    recent.insert(recent.end(), text.end() - std::ptrdiff_t(n_text), text.end());
    recent.insert(recent.end(), said.end() - std::ptrdiff_t(n_said), said.end());

    const DraftIndex &      document = document_.draft_index();
    const DraftIndex::Match in_text = document.find(recent), in_chat = said_.find(recent);
    const bool              of_text = in_text.length > in_chat.length;
    out.length                      = of_text ? in_text.length : in_chat.length;
    const int width                 = policy.width(out.length, most);
    if (width < 2) return out;
    out.tokens = of_text ? document.from(in_text.place, width - 1) : said_.from(in_chat.place, width - 1);
    return out;
}

Status Session::count_tokens(int n, int n_kept) {
    if (compact_) RETURN_IF_FAILED(compact_->tokens_done(n_tokens_, n, n_kept));
    if (own_history_ && own_history_ != compact_) RETURN_IF_FAILED(own_history_->rows_appended(n_tokens_, n_kept));
    count_rows(n_kept);
    answer_room_ -= n_kept;
    publish_counters();
    if (map_wanted_) publish_map();
    return Status::good();
}

Status Session::check_answering(int32_t token) const {
    if (!engine_.is_answering(*this)) return Status::fail(Code::INVALID_ARGUMENT, "No answer has been started.");
    if (answer_room_ < 1) return Status::fail(Code::INVALID_ARGUMENT, "The answer's room is used up.");
    if (token < 0 || token >= engine_.model().params().n_vocab)
        return Status::fail(Code::INVALID_ARGUMENT, "The token is outside the vocabulary.");
    return Status::good();
}

Status Session::decode_token(int32_t token, bool logits, NextToken & out, const std::atomic<bool> * cancel) {
    RETURN_IF_FAILED(check_answering(token));
    RETURN_IF_FAILED(engine_.token_runner().run(token, n_tokens_, n_rows_, logits, out, cancel));
    said_.add(token);
    return count_tokens(1, 1);
}

Status Session::step(int32_t token, bool oracle, Step & out, const std::atomic<bool> * cancel) {
    const bool measure = oracle && compact_;
    if (measure) RETURN_IF_FAILED(compact_->measure(true));
    NextToken next;
    Status    status = decode_token(token, true, next, cancel);
    out.logits       = std::move(next.logits);
    if (measure) {
        (void) compact_->measure(false);  // letting go cannot fail
        const OracleStats stats = compact_->take_oracle_stats();
        if (stats.n) {
            out.recall = stats.recall_sum / double(stats.n);
            out.mass   = stats.mass_sum / double(stats.n);
        }
    }
    if (status.ok() || status.code == Code::INVALID_ARGUMENT) return status;
    // A row that is half there must not be built on; states that are half there have nothing behind them.
    if (const auto begin = std::exchange(answer_begin_, nullptr)) restore(*begin);
    else (void) finish_answer();
    return status;
}

Status Session::finish_answer() {
    if (!engine_.is_answering(*this)) return Status::good();
    RETURN_IF_FAILED(add_border());
    answer_begin_      = nullptr;
    const Status ended = engine_.end_answer(*this);
    if (own_history_ && ended.ok()) chat_rows_.drop();
    return ended;
}

Status Session::run_pass(const AskRequest & request, bool logits, int32_t token, Pass & pass, Answer & answer,
                         const std::atomic<bool> * cancel) {
    RETURN_IF_FAILED(check_answering(token));
    pass.at     = 0;
    pass.draft  = request.drafts ? draft(std::min(answer_room_, request.max_new - answer.n_generated)) : Draft();
    pass.tokens = {token};
    pass.tokens.insert(pass.tokens.end(), pass.draft.tokens.begin(), pass.draft.tokens.end());
    TokenRunner & runner = engine_.token_runner();
    const auto    begin  = Clock::now();
    if (pass.n() == 1) {
        RETURN_IF_FAILED(runner.run(token, n_tokens_, n_rows_, logits, pass.next, cancel));
    } else {
        RETURN_IF_FAILED(runner.run_several(pass.tokens.data(), pass.n(), n_tokens_, n_rows_, pass.logits, cancel));
        set_candidates(pass.logits.data(), engine_.model().params().n_vocab, pass.next.candidates);
    }
    pass.ms = ms_since(begin);
    // For the first of an answer its graph is made, too.
    if (pass.ran[size_t(pass.n())]) engine_.draft_policy().add_time(pass.n(), pass.ms);
    pass.ran[size_t(pass.n())] = true;
    answer.n_passes++;
    return Status::good();
}

Status Session::end_pass(Pass & pass, Answer & answer) {
    const int n_kept = pass.at + 1, n_drafted = pass.n() - 1;
    if (n_drafted > 0) engine_.draft_policy().add_drafts(pass.draft.length, n_drafted, pass.at);
    answer.n_drafted += n_drafted;
    answer.n_accepted += pass.at;
    return count_tokens(pass.n(), n_kept);
}

Status Session::generate(const AskRequest & request, const AskEvents & events, Answer & out, Saved & saved,
                         const std::atomic<bool> * cancel) {
    const auto start = Clock::now();
    Pass       pass;  // the first has no tokens: what may come next follows from the question
    RETURN_IF_FAILED(Sampler::check(request.sampler));
    RETURN_IF_FAILED(answer_prompt(request, events, out, pass.logits, saved, cancel));
    set_candidates(pass.logits.data(), engine_.model().params().n_vocab, pass.next.candidates);
    Sampler             sampler(request.sampler);
    Clock::time_point   first;
    std::vector<double> times;  // ms, one a token after the first
    while (true) {
        const int32_t token = sampler.sample(pass.next.candidates);
        if (out.n_generated == 0) {
            first              = Clock::now();
            out.first_token_ms = ms_since(start);
        }
        const bool stops =
            std::find(request.stop_tokens.begin(), request.stop_tokens.end(), token) != request.stop_tokens.end();
        if (!stops) {
            out.n_generated++;
            if (events.token) events.token(token);
        }
        const bool ends = stops || out.n_generated == request.max_new;
        if (!ends) said_.add(token);
        // Where drafts were right nothing is computed that would see it.
        if (!ends && cancel && cancel->load()) return Status::fail(Code::CANCELLED, "Cancelled.");
        // A draft that was right: its row is there, and what comes after it is known.
        if (!ends && pass.at + 1 < pass.n() && pass.tokens[size_t(pass.at) + 1] == token) {
            pass.at++;
            const int64_t n_vocab = engine_.model().params().n_vocab;
            set_candidates(pass.logits.data() + pass.at * n_vocab, n_vocab, pass.next.candidates);
            continue;
        }
        if (pass.n() > 0) {
            RETURN_IF_FAILED(end_pass(pass, out));
            times.insert(times.end(), size_t(pass.at) + 1, pass.ms / (pass.at + 1));
        }
        out.stopped = stops;
        if (ends && !stops) pending_ = token;
        if (ends) break;
        RETURN_IF_FAILED(run_pass(request, sampler.needs_vocabulary(), token, pass, out, cancel));
        // What a token needs is there after the first; later ones would be slowed by looking.
        if (out.n_generated == 1) engine_.device().look_at_memory();
    }
    out.decode_ms       = ms_since(first);
    out.median_token_ms = median_after_warm_up(std::move(times));
    engine_.device().look_at_memory();
    return Status::good();
}

Status Session::ask(const AskRequest & request, const AskEvents & events, Answer & out,
                    const std::atomic<bool> * cancel) {
    RETURN_IF_FAILED(engine_.check_idle());
    return attempt(request, [&](Saved & saved) {
        RETURN_IF_FAILED(generate(request, events, out, saved, cancel));
        return finish_answer();
    });
}

}  // namespace rocketdoc
