// Who owns what across the boundary. A session belongs to its document, a document to its engine; they live until they
// are closed, or until JavaScript has let go of them and of everything below them, and never end while a job runs on
// the engine. Closing a parent closes the children: their next call answers CLOSED. JavaScript thread only.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "../engine/engine.h"

namespace rocketdoc::binding {

struct SessionHandle;
struct DocumentHandle;

// What runs on an engine, from before its thread begins until its promise settles.
struct RunningJob {
    const DocumentHandle * document = nullptr;
    const SessionHandle *  session  = nullptr;  // null: the document's own
    std::atomic<bool>      cancel{false};       // set on the JavaScript thread, read by the engine's
};

struct EngineHandle {
    std::unique_ptr<Engine>                      engine;
    std::vector<std::shared_ptr<DocumentHandle>> documents;
    std::shared_ptr<RunningJob>                  running;  // null: idle
    bool                                         closed  = false;
    bool                                         is_held = false;  // by a JavaScript object

    bool                        busy() const { return running != nullptr; }
    std::shared_ptr<RunningJob> begin_job(const DocumentHandle * document, const SessionHandle * session);
    void                        end_job();
    // Cancels what runs for this document, or for this session of it.
    void cancel_job(const DocumentHandle * document, const SessionHandle * session);
    void close();
    // Ends what is closed or let go of, children first. No-op while a job runs; its end does it then.
    void reap();
};

struct DocumentHandle {
    std::shared_ptr<EngineHandle>               parent;
    std::unique_ptr<Document>                   document;
    std::vector<std::shared_ptr<SessionHandle>> sessions;
    bool                                        closed  = false;
    bool                                        is_held = false;

    bool is_closed() const { return closed || parent->closed; }
    void close();
};

struct SessionHandle {
    // The document keeps this handle: no shared_ptr back, which would keep both for ever.
    std::weak_ptr<DocumentHandle> parent;
    std::shared_ptr<EngineHandle> engine;
    std::unique_ptr<Session>      session;
    bool                          closed  = false;
    bool                          is_held = false;

    bool is_closed() const;
    void close();
};

inline Status closed_status(const char * what) {
    return Status::fail(Code::CLOSED, std::string("This ") + what + " has been closed.");
}
inline Status busy_status() {
    return Status::fail(Code::BUSY, "The engine is busy with another task; wait for it or cancel it.");
}

}  // namespace rocketdoc::binding
