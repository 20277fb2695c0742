#include <atomic>
#include <chrono>
#include <memory>

#include "job.h"
#include "objects.h"

namespace rocketdoc::binding {
namespace {

// Carries how far a reading is to a JavaScript callback. While several reports wait, only the newest is kept;
// the last one is delivered before the reading's promise settles.
class ReadProgress : public std::enable_shared_from_this<ReadProgress> {
  public:
    ReadProgress(Napi::Env env, const Napi::Function & callback)
        : wake_(Napi::ThreadSafeFunction::New(env, callback, "read progress", 0, 1)),
          callback_(Napi::Persistent(callback)) {}

    void report(int64_t done) {  // engine's thread
        newest_ = done;
        wake_.NonBlockingCall([self = shared_from_this()](Napi::Env env, Napi::Function) { self->deliver(env); });
    }
    // JavaScript thread. `env`: none when JavaScript must not be called any more.
    void finish(Napi::Env env) {
        if (env) deliver(env);
        wake_.Release();
        callback_.Reset();
    }

  private:
    void deliver(Napi::Env env) {
        const int64_t done = newest_;
        if (done == delivered_) return;
        delivered_ = done;
        try {
            callback_.Call({Napi::Number::New(env, double(done))});
        } catch (const Napi::Error & error) {
            napi_fatal_exception(env, error.Value());  // the listener's fault; the reading goes on
        }
    }
    Napi::ThreadSafeFunction wake_;
    Napi::FunctionReference  callback_;
    std::atomic<int64_t>     newest_{0};
    int64_t                  delivered_ = 0;  // JavaScript thread
};

}  // namespace

void DocumentObject::define(Napi::Env env, AddonData & data) {
    data.document = Napi::Persistent(DefineClass(env, "Document",
                                                 {
                                                     InstanceAccessor<&DocumentObject::n_tokens>("nTokens"),
                                                     InstanceAccessor<&DocumentObject::bytes>("bytes"),
                                                     InstanceAccessor<&DocumentObject::on_device>("onDevice"),
                                                     InstanceMethod<&DocumentObject::read>("read"),
                                                     InstanceAccessor<&DocumentObject::file_bytes>("fileBytes"),
                                                     InstanceMethod<&DocumentObject::load>("load"),
                                                     InstanceMethod<&DocumentObject::save_part>("savePart"),
                                                     InstanceMethod<&DocumentObject::end_save>("endSave"),
                                                     InstanceMethod<&DocumentObject::fork>("fork"),
                                                     InstanceMethod<&DocumentObject::cancel>("cancel"),
                                                     InstanceMethod<&DocumentObject::close>("close"),
                                                 }));
}

const Document & DocumentObject::document(Napi::Env env) const {
    if (!handle_->document) throw js_error(env, closed_status("document"));
    return *handle_->document;
}

Status DocumentObject::check_idle() const {
    if (handle_->is_closed()) return closed_status("document");
    return handle_->parent->busy() ? busy_status() : Status::good();
}

Napi::Value DocumentObject::n_tokens(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), double(document(info.Env()).n_tokens()));
}

Napi::Value DocumentObject::on_device(const Napi::CallbackInfo & info) {
    return Napi::Boolean::New(info.Env(), document(info.Env()).on_device());
}

Napi::Value DocumentObject::bytes(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), double(document(info.Env()).bytes()));
}

Napi::Value DocumentObject::file_bytes(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), double(document(info.Env()).file_bytes()));
}

Napi::Value DocumentObject::fill(Napi::Env env, const Napi::Value & callback, Fill work) {
    if (!callback.IsFunction())
        throw js_error(env, Status::fail(Code::INVALID_ARGUMENT, "A function is needed that receives the progress."));
    auto       progress = std::make_shared<ReadProgress>(env, callback.As<Napi::Function>());
    const auto started  = std::chrono::steady_clock::now();
    auto       ms       = std::make_shared<double>(0);
    auto       handle   = handle_;
    auto       job      = handle->parent->begin_job(handle.get(), nullptr);
    return Job::start(
        env,
        [=] {
            Status status = work(*handle->document, [&](int64_t done) { progress->report(done); }, &job->cancel);
            *ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
            return status;
        },
        [=](Napi::Env env) {
            Napi::Object out = Napi::Object::New(env);
            out.Set("ms", *ms);
            return out;
        },
        [=](Napi::Env env) {
            progress->finish(env);
            handle->parent->end_job();
        });
}

Napi::Value DocumentObject::read(const Napi::CallbackInfo & info) {
    Napi::Env    env  = info.Env();
    const Status idle = check_idle();
    if (!idle.ok()) return rejected(env, idle);
    auto          tokens  = std::make_shared<std::vector<int32_t>>(get_tokens(info[0], "tokens"));
    Napi::Object  options = get_object(info[1], "the reading options");
    const int64_t segment = get_integer(options, "segment");
    const int64_t tile    = get_integer(options, "tile");
    return fill(env, info[2], [=](Document & document, const Progress & progress, const std::atomic<bool> * cancel) {
        return document.read(*tokens, segment, tile, progress, cancel);
    });
}

Napi::Value DocumentObject::load(const Napi::CallbackInfo & info) {
    Napi::Env    env  = info.Env();
    const Status idle = check_idle();
    if (!idle.ok()) return rejected(env, idle);
    const std::string path   = to_text(info[0], "the path");
    auto              tokens = std::make_shared<std::vector<int32_t>>(get_tokens(info[1], "tokens"));
    return fill(env, info[2], [=](Document & document, const Progress & progress, const std::atomic<bool> * cancel) {
        return document.load(path, *tokens, progress, cancel);
    });
}

Napi::Value DocumentObject::save_part(const Napi::CallbackInfo & info) {
    Napi::Env    env  = info.Env();
    const Status idle = check_idle();
    if (!idle.ok()) return rejected(env, idle);
    const std::string path = to_text(info[0], "the path");
    const int64_t     most = to_integer(info[1], "mostBytes");
    if (most < 1) throw js_error(env, Status::fail(Code::INVALID_ARGUMENT, "A part has at least 1 byte."));
    auto handle = handle_;
    auto done   = std::make_shared<bool>(false);
    handle->parent->begin_job(handle.get(), nullptr);
    return Job::start(
        env, [=] { return handle->document->save_part(path, uint64_t(most), *done); },
        [=](Napi::Env env) {
            Napi::Object out = Napi::Object::New(env);
            out.Set("done", *done);
            return out;
        },
        [=](Napi::Env) { handle->parent->end_job(); });
}

void DocumentObject::end_save(const Napi::CallbackInfo & info) {
    if (!handle_->document) return;
    if (handle_->parent->busy()) throw js_error(info.Env(), busy_status());
    handle_->document->end_save();
}

Napi::Value DocumentObject::fork(const Napi::CallbackInfo & info) {
    check(info.Env(), check_idle());
    auto session     = std::make_shared<SessionHandle>();
    session->parent  = handle_;
    session->engine  = handle_->parent;
    session->session = std::make_unique<Session>(*handle_->parent->engine, *handle_->document);
    handle_->sessions.push_back(session);
    return SessionObject::make(info.Env(), session);
}

void DocumentObject::cancel(const Napi::CallbackInfo &) { handle_->parent->cancel_job(handle_.get(), nullptr); }

void DocumentObject::close(const Napi::CallbackInfo &) { handle_->close(); }

}  // namespace rocketdoc::binding
