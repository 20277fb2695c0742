#include <memory>
#include <mutex>
#include <vector>

#include "job.h"
#include "objects.h"

namespace rocketdoc::binding {
namespace {

// Carries what an answer reports from the engine's thread to a JavaScript callback, in order and without loss: events
// wait in one queue that is emptied when JavaScript gets round to it, and once more before the answer's promise
// settles.
class AnswerEvents : public std::enable_shared_from_this<AnswerEvents> {
  public:
    AnswerEvents(Napi::Env env, const Napi::Function & callback)
        : wake_(Napi::ThreadSafeFunction::New(env, callback, "answer events", 0, 1)),
          callback_(Napi::Persistent(callback)) {}

    static AskEvents sink(const std::shared_ptr<AnswerEvents> & self) {
        AskEvents events;
        events.prefill = [self](int64_t done, int64_t total) {
            self->push({Event::prefill, double(done), double(total), {}});
        };
        events.kept = [self](double prefill_ms, double stage1_ms) {
            self->push({Event::kept, prefill_ms, stage1_ms, {}});
        };
        events.token = [self](int32_t token) { self->push({Event::tokens, 0, 0, {token}}); };
        return events;
    }

    // JavaScript thread. `env`: none when JavaScript must not be called any more.
    void finish(Napi::Env env) {
        if (env) drain(env);
        wake_.Release();
        callback_.Reset();
    }

  private:
    struct Event {
        enum Type { prefill, kept, tokens } type;
        double               a, b;
        std::vector<int32_t> ids;
    };

    void push(Event event) {
        bool first;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            first = queue_.empty();
            // While several reports of progress wait, only the newest is kept; waiting tokens are delivered together.
            if (!first && queue_.back().type == event.type && event.type == Event::tokens) {
                queue_.back().ids.push_back(event.ids[0]);
            } else if (!first && queue_.back().type == event.type) {
                queue_.back() = std::move(event);
            } else {
                queue_.push_back(std::move(event));
            }
        }
        if (first)
            wake_.NonBlockingCall([self = shared_from_this()](Napi::Env env, Napi::Function) { self->drain(env); });
    }

    void drain(Napi::Env env) {
        std::vector<Event> events;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            events.swap(queue_);
        }
        for (const Event & event : events) {
            Napi::Object out = Napi::Object::New(env);
            switch (event.type) {
                case Event::prefill:
                    out.Set("type", "prefill");
                    out.Set("done", event.a);
                    out.Set("total", event.b);
                    break;
                case Event::kept:
                    out.Set("type", "kept");
                    out.Set("prefillMs", event.a);
                    out.Set("stage1Ms", event.b);
                    break;
                case Event::tokens:
                    out.Set("type", "tokens");
                    out.Set("tokens", from_tokens(env, event.ids));
                    break;
            }
            try {
                callback_.Call({out});
            } catch (const Napi::Error & error) {
                napi_fatal_exception(env, error.Value());  // the listener's fault; the answer goes on
            }
        }
    }

    Napi::ThreadSafeFunction wake_;
    Napi::FunctionReference  callback_;
    std::mutex               mutex_;
    std::vector<Event>       queue_;
};

}  // namespace

void SessionObject::define(Napi::Env env, AddonData & data) {
    data.session = Napi::Persistent(DefineClass(env, "Session",
                                                {
                                                    InstanceAccessor<&SessionObject::n_tokens>("nTokens"),
                                                    InstanceAccessor<&SessionObject::borders>("borders"),
                                                    InstanceMethod<&SessionObject::ask>("ask"),
                                                    InstanceMethod<&SessionObject::start_answer>("startAnswer"),
                                                    InstanceMethod<&SessionObject::step>("step"),
                                                    InstanceMethod<&SessionObject::finish_answer>("finishAnswer"),
                                                    InstanceMethod<&SessionObject::score>("score"),
                                                    InstanceMethod<&SessionObject::truncate>("truncate"),
                                                    InstanceMethod<&SessionObject::counters>("counters"),
                                                    InstanceMethod<&SessionObject::document_map>("documentMap"),
                                                    InstanceMethod<&SessionObject::cancel>("cancel"),
                                                    InstanceMethod<&SessionObject::close>("close"),
                                                }));
}

Session & SessionObject::open_session(Napi::Env env, bool idle) const {
    if (handle_->is_closed() || !handle_->session) throw js_error(env, closed_status("chat"));
    if (idle && handle_->engine->busy()) throw js_error(env, busy_status());
    return *handle_->session;
}

Napi::Value SessionObject::n_tokens(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), double(open_session(info.Env(), true).n_tokens()));
}

Napi::Value SessionObject::borders(const Napi::CallbackInfo & info) {
    const auto & borders = open_session(info.Env(), true).borders();
    Napi::Array  out     = Napi::Array::New(info.Env(), borders.size());
    for (size_t i = 0; i < borders.size(); i++) out.Set(uint32_t(i), double(borders[i]));
    return out;
}

Napi::Value SessionObject::start(Napi::Env env, Work work, std::function<Napi::Value(Napi::Env)> result,
                                 std::function<void(Napi::Env)> done) {
    auto handle   = handle_;
    auto document = handle->parent.lock();
    auto job      = handle->engine->begin_job(document.get(), handle.get());
    return Job::start(
        env, [=] { return work(*handle->session, &job->cancel); }, std::move(result),
        [=](Napi::Env env) {
            if (done) done(env);
            handle->engine->end_job();
        });
}

Napi::Value SessionObject::ask(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    open_session(env, true);
    auto         request = std::make_shared<AskRequest>();
    Napi::Object from    = get_object(info[0], "the question");
    to_answer_request(from, *request);
    request->sampler     = to_sampler_options(get_object(from.Get("sampler"), "sampler"));
    request->stop_tokens = get_tokens(from.Get("stopTokens"), "stopTokens");
    request->drafts      = from.Get("drafts").ToBoolean().Value();
    if (!info[1].IsFunction())
        throw js_error(env, Status::fail(Code::INVALID_ARGUMENT, "ask needs a function that receives events."));
    auto events = std::make_shared<AnswerEvents>(env, info[1].As<Napi::Function>());
    auto answer = std::make_shared<Answer>();
    return start(
        env,
        [=](Session & session, const std::atomic<bool> * cancel) {
            return session.ask(*request, AnswerEvents::sink(events), *answer, cancel);
        },
        [=](Napi::Env env) { return from_answer(env, *answer); }, [=](Napi::Env env) { events->finish(env); });
}

Napi::Value SessionObject::start_answer(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    open_session(env, true);
    auto request = std::make_shared<AnswerRequest>();
    to_answer_request(get_object(info[0], "the question"), *request);
    auto step = std::make_shared<Step>();
    return start(
        env,
        [=](Session & session, const std::atomic<bool> * cancel) {
            Answer answer;
            return session.start_answer(*request, {}, answer, *step, cancel);
        },
        [=](Napi::Env env) { return from_step(env, *step); });
}

Napi::Value SessionObject::step(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    open_session(env, true);
    const int32_t token  = to_int(info[0], "token");
    const bool    oracle = info[1].ToBoolean().Value();
    auto          out    = std::make_shared<Step>();
    return start(
        env,
        [=](Session & session, const std::atomic<bool> * cancel) { return session.step(token, oracle, *out, cancel); },
        [=](Napi::Env env) { return from_step(env, *out); });
}

void SessionObject::finish_answer(const Napi::CallbackInfo & info) {
    check(info.Env(), open_session(info.Env(), true).finish_answer());
}

Napi::Value SessionObject::score(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    open_session(env, true);
    auto tokens = std::make_shared<std::vector<int32_t>>(get_tokens(info[0], "tokens"));
    auto logits = std::make_shared<std::vector<float>>();
    return start(
        env,
        [=](Session & session, const std::atomic<bool> * cancel) { return session.score(*tokens, *logits, cancel); },
        [=](Napi::Env env) { return from_floats(env, *logits); });
}

// Off this thread: another chat's rows may have to be set aside first.
Napi::Value SessionObject::truncate(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    open_session(env, true);
    const int64_t n_tokens = to_integer(info[0], "nTokens");
    return start(
        env, [=](Session & session, const std::atomic<bool> *) { return session.truncate(n_tokens); },
        [](Napi::Env env) { return env.Undefined(); });
}

Napi::Value SessionObject::counters(const Napi::CallbackInfo & info) {
    return from_counters(info.Env(), open_session(info.Env(), false).counters());
}

Napi::Value SessionObject::document_map(const Napi::CallbackInfo & info) {
    Session & session = open_session(info.Env(), false);
    if (!handle_->engine->busy()) session.publish_map();
    const DocumentMap map = session.document_map();
    Napi::Object      out = Napi::Object::New(info.Env());
    out.Set("kept", from_counts(info.Env(), map.kept));
    out.Set("read", from_counts(info.Env(), map.read));
    return out;
}

void SessionObject::cancel(const Napi::CallbackInfo &) {
    if (const auto document = handle_->parent.lock()) handle_->engine->cancel_job(document.get(), handle_.get());
}

void SessionObject::close(const Napi::CallbackInfo &) { handle_->close(); }

}  // namespace rocketdoc::binding
