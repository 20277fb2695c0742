#include <mutex>

#include "job.h"
#include "objects.h"

namespace rocketdoc::binding {
namespace {

// Carries what an answer reports from the engine's thread to a JavaScript callback. Tokens are never lost: those that came
// since the last call travel together.
class AnswerEvents {
  public:
    AnswerEvents(Napi::Env env, const Napi::Function & callback) : function_(Napi::ThreadSafeFunction::New(env, callback, "answer events", 0, 1)) {}
    void release() { function_.Release(); }

    static AskEvents sink(const std::shared_ptr<AnswerEvents> & self) {
        AskEvents events;
        events.prefill = [self](int64_t done, int64_t total) {
            self->call([done, total](Napi::Env env, Napi::Object out) {
                out.Set("type", "prefill");
                out.Set("done", Napi::Number::New(env, double(done)));
                out.Set("total", Napi::Number::New(env, double(total)));
            });
        };
        events.kept = [self](double prefill_ms, double stage1_ms) {
            self->call([prefill_ms, stage1_ms](Napi::Env env, Napi::Object out) {
                out.Set("type", "kept");
                out.Set("prefillMs", Napi::Number::New(env, prefill_ms));
                out.Set("stage1Ms", Napi::Number::New(env, stage1_ms));
            });
        };
        events.token = [self](int32_t token) {
            bool first;
            {
                std::lock_guard<std::mutex> lock(self->mutex_);
                first = self->tokens_.empty();
                self->tokens_.push_back(token);
            }
            if (first) self->call([self](Napi::Env env, Napi::Object out) {
                std::vector<int32_t> tokens;
                {
                    std::lock_guard<std::mutex> lock(self->mutex_);
                    tokens.swap(self->tokens_);
                }
                out.Set("type", "tokens");
                out.Set("tokens", from_tokens(env, tokens));
            });
        };
        return events;
    }

  private:
    template <typename Fill>
    void call(Fill fill) {
        function_.NonBlockingCall([fill](Napi::Env env, Napi::Function callback) {
            Napi::Object out = Napi::Object::New(env);
            fill(env, out);
            callback.Call({out});
        });
    }
    Napi::ThreadSafeFunction function_;
    std::mutex               mutex_;
    std::vector<int32_t>     tokens_;
};

}  // namespace

void SessionObject::define(Napi::Env env, AddonData & data) {
    data.session = Napi::Persistent(DefineClass(env, "Session", {
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

Napi::Object SessionObject::make(Napi::Env env, std::shared_ptr<SessionHandle> handle) {
    auto * data = env.GetInstanceData<AddonData>();
    return data->session.New({Napi::External<std::shared_ptr<SessionHandle>>::New(env, &handle)});
}

SessionObject::SessionObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<SessionObject>(info) {
    if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "Sessions are made by a document.");
    handle_ = *info[0].As<Napi::External<std::shared_ptr<SessionHandle>>>().Data();
}

Session & SessionObject::open_session(Napi::Env env, bool idle) const {
    if (handle_->is_closed() || !handle_->session) throw js_error(env, closed_status("chat"));
    if (idle && handle_->engine().busy) throw js_error(env, busy_status());
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

Napi::Value SessionObject::ask(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    open_session(env, true);
    auto         request = std::make_shared<AskRequest>();
    Napi::Object from    = get_object(info[0], "the question");
    to_answer_request(from, *request);
    request->sampler     = to_sampler_options(get_object(from.Get("sampler"), "sampler"));
    request->stop_tokens = get_tokens(from.Get("stopTokens"), "stopTokens");
    if (!info[1].IsFunction()) throw js_error(env, Status::fail(Code::INVALID_ARGUMENT, "ask needs a function that receives events."));
    auto events             = std::make_shared<AnswerEvents>(env, info[1].As<Napi::Function>());
    auto answer             = std::make_shared<Answer>();
    auto handle             = handle_;
    handle->engine().busy   = true;
    return Job::start(
        env, [=] { return handle->session->ask(*request, AnswerEvents::sink(events), *answer); },
        [=](Napi::Env env) { return from_answer(env, *answer); },
        [=] {
            events->release();
            handle->engine().job_done();
        });
}

Napi::Value SessionObject::start_answer(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    open_session(env, true);
    auto request = std::make_shared<AnswerRequest>();
    to_answer_request(get_object(info[0], "the question"), *request);
    auto step             = std::make_shared<Step>();
    auto handle           = handle_;
    handle->engine().busy = true;
    return Job::start(
        env,
        [=] {
            Answer answer;
            return handle->session->start_answer(*request, {}, answer, *step);
        },
        [=](Napi::Env env) { return from_step(env, *step); }, [=] { handle->engine().job_done(); });
}

Napi::Value SessionObject::step(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    open_session(env, true);
    if (!info[0].IsNumber()) throw js_error(env, Status::fail(Code::INVALID_ARGUMENT, "token must be a number."));
    const int32_t token   = info[0].As<Napi::Number>().Int32Value();
    const bool    oracle  = info[1].ToBoolean().Value();
    auto          out     = std::make_shared<Step>();
    auto          handle  = handle_;
    handle->engine().busy = true;
    return Job::start(
        env, [=] { return handle->session->step(token, oracle, *out); }, [=](Napi::Env env) { return from_step(env, *out); },
        [=] { handle->engine().job_done(); });
}

void SessionObject::finish_answer(const Napi::CallbackInfo & info) { open_session(info.Env(), true).finish_answer(); }

Napi::Value SessionObject::score(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    open_session(env, true);
    auto tokens           = std::make_shared<std::vector<int32_t>>(get_tokens(info[0], "tokens"));
    auto logits           = std::make_shared<std::vector<float>>();
    auto handle           = handle_;
    handle->engine().busy = true;
    return Job::start(
        env, [=] { return handle->session->score(*tokens, *logits); }, [=](Napi::Env env) { return from_floats(env, *logits); },
        [=] { handle->engine().job_done(); });
}

void SessionObject::truncate(const Napi::CallbackInfo & info) {
    Session & session = open_session(info.Env(), true);
    if (!info[0].IsNumber()) throw js_error(info.Env(), Status::fail(Code::INVALID_ARGUMENT, "nTokens must be a number."));
    check(info.Env(), session.truncate(info[0].As<Napi::Number>().Int64Value()));
}

Napi::Value SessionObject::counters(const Napi::CallbackInfo & info) { return from_counters(info.Env(), open_session(info.Env(), false).counters()); }

Napi::Value SessionObject::document_map(const Napi::CallbackInfo & info) {
    Session & session = open_session(info.Env(), false);
    if (!handle_->engine().busy) session.publish_map();
    const DocumentMap map = session.document_map();
    Napi::Object      out = Napi::Object::New(info.Env());
    out.Set("kept", from_counts(info.Env(), map.kept));
    out.Set("read", from_counts(info.Env(), map.read));
    return out;
}

void SessionObject::cancel(const Napi::CallbackInfo &) {
    if (handle_->session) handle_->session->cancel();
}

void SessionObject::close(const Napi::CallbackInfo &) {
    if (handle_->session) handle_->session->cancel();
    handle_->closed = true;
    handle_->engine().reap();
}

}  // namespace rocketdoc::binding
