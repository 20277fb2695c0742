// The JavaScript objects of native/binding.ts. Made by each other only: Engine by openEngine, Document by Engine,
// Session by Document; their constructors refuse anyone else.
#pragma once

#include <napi.h>

#include <functional>

#include "handles.h"

namespace rocketdoc::binding {

// Constructors of this environment.
struct AddonData {
    Napi::FunctionReference engine, document, session;
};

class EngineObject : public Napi::ObjectWrap<EngineObject> {
  public:
    static void         define(Napi::Env env, AddonData & data);
    static Napi::Object make(Napi::Env env, std::shared_ptr<EngineHandle> handle);
    explicit EngineObject(const Napi::CallbackInfo & info);

  private:
    Napi::Value    info(const Napi::CallbackInfo & info);
    Napi::Value    device(const Napi::CallbackInfo & info);
    Napi::Value    threads(const Napi::CallbackInfo & info);
    Napi::Value    plan(const Napi::CallbackInfo & info);
    Napi::Value    check_plan(const Napi::CallbackInfo & info);
    void           limit_available(const Napi::CallbackInfo & info);
    void           watch_memory(const Napi::CallbackInfo & info);
    Napi::Value    peak_bytes(const Napi::CallbackInfo & info);
    Napi::Value    create_document(const Napi::CallbackInfo & info);
    void           close(const Napi::CallbackInfo & info);
    EngineHandle & open_handle(Napi::Env env) const;

    std::shared_ptr<EngineHandle> handle_;
};

class DocumentObject : public Napi::ObjectWrap<DocumentObject> {
  public:
    static void         define(Napi::Env env, AddonData & data);
    static Napi::Object make(Napi::Env env, std::shared_ptr<DocumentHandle> handle);
    explicit DocumentObject(const Napi::CallbackInfo & info);

  private:
    Napi::Value n_tokens(const Napi::CallbackInfo & info);
    Napi::Value bytes(const Napi::CallbackInfo & info);
    Napi::Value on_device(const Napi::CallbackInfo & info);
    Napi::Value read(const Napi::CallbackInfo & info);
    Napi::Value file_bytes(const Napi::CallbackInfo & info);
    Napi::Value load(const Napi::CallbackInfo & info);
    Napi::Value save_part(const Napi::CallbackInfo & info);
    void        end_save(const Napi::CallbackInfo & info);
    Napi::Value fork(const Napi::CallbackInfo & info);
    void        cancel(const Napi::CallbackInfo & info);
    void        close(const Napi::CallbackInfo & info);

    // A job that fills the document and reports how far it is to `callback`; settles with { ms }.
    Napi::Value fill(Napi::Env env, const Napi::Value & callback,
                     std::function<Status(Document &, const std::function<void(int64_t)> &)> work);

    std::shared_ptr<DocumentHandle> handle_;
};

class SessionObject : public Napi::ObjectWrap<SessionObject> {
  public:
    static void         define(Napi::Env env, AddonData & data);
    static Napi::Object make(Napi::Env env, std::shared_ptr<SessionHandle> handle);
    explicit SessionObject(const Napi::CallbackInfo & info);

  private:
    Napi::Value n_tokens(const Napi::CallbackInfo & info);
    Napi::Value borders(const Napi::CallbackInfo & info);
    Napi::Value ask(const Napi::CallbackInfo & info);
    Napi::Value start_answer(const Napi::CallbackInfo & info);
    Napi::Value step(const Napi::CallbackInfo & info);
    void        finish_answer(const Napi::CallbackInfo & info);
    Napi::Value score(const Napi::CallbackInfo & info);
    void        truncate(const Napi::CallbackInfo & info);
    Napi::Value counters(const Napi::CallbackInfo & info);
    Napi::Value document_map(const Napi::CallbackInfo & info);
    void        cancel(const Napi::CallbackInfo & info);
    void        close(const Napi::CallbackInfo & info);
    // Throws CLOSED, or BUSY when `idle` is asked for and a job runs.
    Session & open_session(Napi::Env env, bool idle) const;

    std::shared_ptr<SessionHandle> handle_;
};

Napi::Value check_vectors(const Napi::CallbackInfo & info);
Napi::Value make_vectors(const Napi::CallbackInfo & info);

}  // namespace rocketdoc::binding
