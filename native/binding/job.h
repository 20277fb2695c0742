// Work off the JavaScript thread: runs a function that returns a Status, settles a promise with a value or a coded
// error. What the function touches must be owned by values it captured (shared_ptr), since JavaScript may let go of its
// object.
#pragma once

#include <napi.h>

#include <functional>

#include "js_convert.h"

namespace rocketdoc::binding {

class Job : public Napi::AsyncWorker {
  public:
    using Run    = std::function<Status()>;
    using Result = std::function<Napi::Value(Napi::Env)>;
    using Done   = std::function<void(Napi::Env)>;

    // `done` runs on the JavaScript thread before the promise settles, whatever the outcome, and throws nothing. When
    // the environment ends it is given no environment, and the promise does not settle any more.
    static Napi::Promise start(Napi::Env env, Run run, Result result, Done done);

  protected:
    void Execute() override;
    void OnOK() override;

  private:
    Job(Napi::Env env, Run run, Result result, Done done);

    Napi::Promise::Deferred deferred_;
    Run                     run_;
    Result                  result_;
    Done                    done_;
    Status                  status_;
    std::shared_ptr<bool>   is_over_;  // AddonData's
};

// A promise that is rejected already.
Napi::Promise rejected(Napi::Env env, const Status & status);

}  // namespace rocketdoc::binding
