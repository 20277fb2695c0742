#include <atomic>
#include <chrono>
#include <memory>

#include "job.h"
#include "objects.h"

namespace rocketdoc::binding {
namespace {

// Carries how far a reading is to a JavaScript callback. Of waiting reports the newest counts; the last one is
// delivered before the reading's promise settles.
class ReadProgress : public std::enable_shared_from_this<ReadProgress> {
  public:
    ReadProgress(Napi::Env env, const Napi::Function & callback)
        : wake_(Napi::ThreadSafeFunction::New(env, callback, "read progress", 0, 1)),
          callback_(Napi::Persistent(callback)) {}

    void report(int64_t done) {  // engine's thread
        newest_ = done;
        wake_.NonBlockingCall([self = shared_from_this()](Napi::Env env, Napi::Function) { self->deliver(env); });
    }
    void finish(Napi::Env env) {
        deliver(env);
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

Napi::Object DocumentObject::make(Napi::Env env, std::shared_ptr<DocumentHandle> handle) {
    auto * data = env.GetInstanceData<AddonData>();
    return data->document.New({Napi::External<std::shared_ptr<DocumentHandle>>::New(env, &handle)});
}

DocumentObject::DocumentObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<DocumentObject>(info) {
    if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "Documents are made by an engine.");
    handle_ = *info[0].As<Napi::External<std::shared_ptr<DocumentHandle>>>().Data();
}

Napi::Value DocumentObject::n_tokens(const Napi::CallbackInfo & info) {
    if (!handle_->document) throw js_error(info.Env(), closed_status("document"));
    return Napi::Number::New(info.Env(), double(handle_->document->n_tokens()));
}

Napi::Value DocumentObject::on_device(const Napi::CallbackInfo & info) {
    if (!handle_->document) throw js_error(info.Env(), closed_status("document"));
    return Napi::Boolean::New(info.Env(), handle_->document->on_device());
}

Napi::Value DocumentObject::bytes(const Napi::CallbackInfo & info) {
    if (!handle_->document) throw js_error(info.Env(), closed_status("document"));
    return Napi::Number::New(info.Env(), double(handle_->document->bytes()));
}

Napi::Value DocumentObject::fill(Napi::Env env, const Napi::Value & callback,
                                 std::function<Status(Document &, const std::function<void(int64_t)> &)> work) {
    if (!callback.IsFunction())
        throw js_error(env, Status::fail(Code::INVALID_ARGUMENT, "A function is needed that receives the progress."));
    auto       progress   = std::make_shared<ReadProgress>(env, callback.As<Napi::Function>());
    const auto started    = std::chrono::steady_clock::now();
    auto       ms         = std::make_shared<double>(0);
    handle_->parent->busy = true;
    auto handle           = handle_;
    return Job::start(
        env,
        [=] {
            Status status = work(*handle->document, [&](int64_t done) { progress->report(done); });
            *ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
            return status;
        },
        [=](Napi::Env env) {
            Napi::Object out = Napi::Object::New(env);
            out.Set("ms", *ms);
            return out;
        },
        [=] {
            progress->finish(env);
            handle->parent->job_done();
        });
}

Napi::Value DocumentObject::read(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    if (handle_->is_closed()) return rejected(env, closed_status("document"));
    if (handle_->parent->busy) return rejected(env, busy_status());
    auto          tokens  = std::make_shared<std::vector<int32_t>>(get_tokens(info[0], "tokens"));
    Napi::Object  options = get_object(info[1], "the reading options");
    const int64_t segment = get_integer(options, "segment");
    const int64_t tile    = get_integer(options, "tile");
    return fill(env, info[2], [=](Document & document, const auto & progress) {
        return document.read(*tokens, segment, tile, progress);
    });
}

Napi::Value DocumentObject::load(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    if (handle_->is_closed()) return rejected(env, closed_status("document"));
    if (handle_->parent->busy) return rejected(env, busy_status());
    if (!info[0].IsString())
        throw js_error(env, Status::fail(Code::INVALID_ARGUMENT, "load needs the path of a file."));
    const std::string path   = info[0].As<Napi::String>().Utf8Value();
    auto              tokens = std::make_shared<std::vector<int32_t>>(get_tokens(info[1], "tokens"));
    return fill(env, info[2],
                [=](Document & document, const auto & progress) { return document.load(path, *tokens, progress); });
}

Napi::Value DocumentObject::file_bytes(const Napi::CallbackInfo & info) {
    if (!handle_->document) throw js_error(info.Env(), closed_status("document"));
    return Napi::Number::New(info.Env(), double(handle_->document->file_bytes()));
}

Napi::Value DocumentObject::save_part(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    if (handle_->is_closed()) return rejected(env, closed_status("document"));
    if (handle_->parent->busy) return rejected(env, busy_status());
    if (!info[0].IsString() || !info[1].IsNumber())
        throw js_error(env, Status::fail(Code::INVALID_ARGUMENT,
                                         "savePart needs a path and how many bytes to write at the most."));
    const std::string path = info[0].As<Napi::String>().Utf8Value();
    const int64_t     most = info[1].As<Napi::Number>().Int64Value();
    if (most < 1) throw js_error(env, Status::fail(Code::INVALID_ARGUMENT, "A part has at least 1 byte."));
    handle_->parent->busy = true;
    auto handle           = handle_;
    auto done             = std::make_shared<bool>(false);
    return Job::start(
        env, [=] { return handle->document->save_part(path, uint64_t(most), *done); },
        [=](Napi::Env env) {
            Napi::Object out = Napi::Object::New(env);
            out.Set("done", *done);
            return out;
        },
        [=] { handle->parent->job_done(); });
}

void DocumentObject::end_save(const Napi::CallbackInfo & info) {
    if (!handle_->document) return;
    if (handle_->parent->busy) throw js_error(info.Env(), busy_status());
    handle_->document->end_save();
}

Napi::Value DocumentObject::fork(const Napi::CallbackInfo & info) {
    if (handle_->is_closed()) throw js_error(info.Env(), closed_status("document"));
    if (handle_->parent->busy) throw js_error(info.Env(), busy_status());
    auto session     = std::make_shared<SessionHandle>();
    session->parent  = handle_;
    session->session = std::make_unique<Session>(*handle_->parent->engine, *handle_->document);
    std::erase_if(handle_->children, [](const auto & child) { return child.expired(); });
    handle_->children.push_back(session);
    return SessionObject::make(info.Env(), session);
}

void DocumentObject::cancel(const Napi::CallbackInfo &) {
    if (handle_->document) handle_->document->cancel();
}

void DocumentObject::close(const Napi::CallbackInfo &) {
    if (handle_->document) handle_->document->cancel();
    for (auto & weak : handle_->children) {
        auto session = weak.lock();
        if (session && session->session) session->session->cancel();
    }
    handle_->closed = true;
    handle_->parent->reap();
}

}  // namespace rocketdoc::binding
