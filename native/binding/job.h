// Work off the JavaScript thread: runs a function that returns a Status, settles a promise with a value or a coded
// error. What the function touches must be owned by values it captured (shared_ptr), since JavaScript may let go of its
// object.
#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <new>

#include "js_convert.h"

namespace rocketdoc::binding {

class Job : public Napi::AsyncWorker {
  public:
    using Run    = std::function<Status()>;
    using Result = std::function<Napi::Value(Napi::Env)>;
    using Done   = std::function<void()>;

    // `done` runs on the JavaScript thread before the promise settles, whatever the outcome.
    static Napi::Promise start(Napi::Env env, Run run, Result result, Done done) {
        auto *        job     = new Job(env, std::move(run), std::move(result), std::move(done));
        Napi::Promise promise = job->deferred_.Promise();
        job->Queue();
        return promise;
    }

  protected:
    void Execute() override {
        try {
            status_ = run_();
        } catch (const std::bad_alloc &) {
            status_ = Status::fail(
                Code::HOST_OOM,
                "The machine has no memory left for this. Close other programs or choose a smaller document.");
        } catch (const std::exception & error) {
            status_ = Status::fail(Code::INTERNAL, error.what());
        } catch (...) {
            status_ = Status::fail(Code::INTERNAL, "An unexpected failure in the engine.");
        }
    }
    void OnOK() override {
        Napi::HandleScope scope(Env());
        done_();
        if (!status_.ok()) {
            deferred_.Reject(js_error(Env(), status_).Value());
            return;
        }
        deferred_.Resolve(result_(Env()));
    }

  private:
    Job(Napi::Env env, Run run, Result result, Done done)
        : Napi::AsyncWorker(env),
          deferred_(Napi::Promise::Deferred::New(env)),
          run_(std::move(run)),
          result_(std::move(result)),
          done_(std::move(done)) {}

    Napi::Promise::Deferred deferred_;
    Run                     run_;
    Result                  result_;
    Done                    done_;
    Status                  status_;
};

inline Napi::Promise rejected(Napi::Env env, const Status & status) {
    auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(js_error(env, status).Value());
    return deferred.Promise();
}

}  // namespace rocketdoc::binding
