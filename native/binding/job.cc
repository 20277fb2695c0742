#include "job.h"

#include <exception>
#include <new>

#include "handle_object.h"

namespace rocketdoc::binding {

Job::Job(Napi::Env env, Run run, Result result, Done done)
    : Napi::AsyncWorker(env),
      deferred_(Napi::Promise::Deferred::New(env)),
      run_(std::move(run)),
      result_(std::move(result)),
      done_(std::move(done)),
      is_over_(env.GetInstanceData<AddonData>()->is_over) {}

Napi::Promise Job::start(Napi::Env env, Run run, Result result, Done done) {
    auto *        job     = new Job(env, std::move(run), std::move(result), std::move(done));
    Napi::Promise promise = job->deferred_.Promise();
    job->Queue();
    return promise;
}

void Job::Execute() {
    try {
        status_ = run_();
    } catch (const std::bad_alloc &) {
        status_ =
            Status::fail(Code::HOST_OOM,
                         "The machine has no memory left for this. Close other programs or choose a smaller document.");
    } catch (const std::exception & error) {
        status_ = Status::fail(Code::INTERNAL, error.what());
    } catch (...) {
        status_ = Status::fail(Code::INTERNAL, "An unexpected failure in the engine.");
    }
}

void Job::OnOK() {
    if (*is_over_) return done_(Napi::Env(nullptr));
    Napi::HandleScope scope(Env());
    done_(Env());
    try {
        check(Env(), status_);
        deferred_.Resolve(result_(Env()));
    } catch (const Napi::Error & error) {
        // Also what making the result threw: an array that is too large, say.
        deferred_.Reject(error.Value());
    } catch (const std::bad_alloc &) {
        deferred_.Reject(
            js_error(Env(), Status::fail(Code::HOST_OOM, "The machine has no memory left for the result.")).Value());
    }
}

Napi::Promise rejected(Napi::Env env, const Status & status) {
    auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(js_error(env, status).Value());
    return deferred.Promise();
}

}  // namespace rocketdoc::binding
