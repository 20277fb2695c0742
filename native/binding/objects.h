// The JavaScript objects of native/binding.ts. Made by each other only: Engine by openEngine, Document by Engine,
// Session by Document.
#pragma once

#include <functional>

#include "handle_object.h"

namespace rocketdoc::binding {

class EngineObject : public HandleObject<EngineObject, EngineHandle> {
  public:
    static constexpr napi_type_tag tag     = {0x6d1c5a0b7e2f4c93ull, 0x9f38b1d2a4670e5cull};
    static constexpr const char *  word    = "an engine";
    static constexpr const char *  made_by = "Engines are made by openEngine.";
    static auto &                  constructor_of(AddonData & data) { return data.engine; }

    static void define(Napi::Env env, AddonData & data);
    using HandleObject::HandleObject;

    // Throws CLOSED.
    EngineHandle & open_handle(Napi::Env env) const;

  private:
    Napi::Value info(const Napi::CallbackInfo & info);
    Napi::Value device(const Napi::CallbackInfo & info);
    Napi::Value threads(const Napi::CallbackInfo & info);
    Napi::Value plan(const Napi::CallbackInfo & info);
    Napi::Value check_plan(const Napi::CallbackInfo & info);
    Napi::Value create_document(const Napi::CallbackInfo & info);
    void        close(const Napi::CallbackInfo & info);
};

class DocumentObject : public HandleObject<DocumentObject, DocumentHandle> {
  public:
    static constexpr napi_type_tag tag     = {0x2b94e7f1035d4a68ull, 0xb7c0d91e5f824a36ull};
    static constexpr const char *  word    = "a document";
    static constexpr const char *  made_by = "Documents are made by an engine.";
    static auto &                  constructor_of(AddonData & data) { return data.document; }

    static void define(Napi::Env env, AddonData & data);
    using HandleObject::HandleObject;

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

    // What getters ask; throws CLOSED. Answers at any time, whatever runs.
    const Document & document(Napi::Env env) const;
    // CLOSED or BUSY, when no job can begin.
    Status check_idle() const;

    using Progress = std::function<void(int64_t done)>;
    using Fill     = std::function<Status(Document &, const Progress &, const std::atomic<bool> * cancel)>;
    // A job that fills the document and reports how far it is to `callback`; settles with { ms }.
    Napi::Value fill(Napi::Env env, const Napi::Value & callback, Fill work);
};

class SessionObject : public HandleObject<SessionObject, SessionHandle> {
  public:
    static constexpr napi_type_tag tag     = {0xe4170c8a96b34d2full, 0x85a1f36cd07e4b19ull};
    static constexpr const char *  word    = "a chat";
    static constexpr const char *  made_by = "Sessions are made by a document.";
    static auto &                  constructor_of(AddonData & data) { return data.session; }

    static void define(Napi::Env env, AddonData & data);
    using HandleObject::HandleObject;

  private:
    Napi::Value n_tokens(const Napi::CallbackInfo & info);
    Napi::Value borders(const Napi::CallbackInfo & info);
    Napi::Value ask(const Napi::CallbackInfo & info);
    Napi::Value start_answer(const Napi::CallbackInfo & info);
    Napi::Value step(const Napi::CallbackInfo & info);
    void        finish_answer(const Napi::CallbackInfo & info);
    Napi::Value score(const Napi::CallbackInfo & info);
    Napi::Value truncate(const Napi::CallbackInfo & info);
    Napi::Value counters(const Napi::CallbackInfo & info);
    Napi::Value document_map(const Napi::CallbackInfo & info);
    void        cancel(const Napi::CallbackInfo & info);
    void        close(const Napi::CallbackInfo & info);

    // Throws CLOSED, or BUSY when `idle` is asked for and a job runs.
    Session & open_session(Napi::Env env, bool idle) const;

    using Work = std::function<Status(Session &, const std::atomic<bool> * cancel)>;
    // A job on this session. `done` runs before its promise settles.
    Napi::Value start(Napi::Env env, Work work, std::function<Napi::Value(Napi::Env)> result,
                      std::function<void(Napi::Env)> done = nullptr);
};

}  // namespace rocketdoc::binding
