// Who owns what across the boundary: a session holds its document, a document its engine. Closing a parent closes the
// children: their next call answers CLOSED. Memory goes at once, or when the running job is done. JavaScript thread
// only.
#pragma once

#include <memory>
#include <vector>

#include "../engine/engine.h"

namespace rocketdoc::binding {

struct SessionHandle;
struct DocumentHandle;

struct EngineHandle {
    std::unique_ptr<Engine>                    engine;
    std::vector<std::weak_ptr<DocumentHandle>> children;
    bool                                       busy   = false;  // one job at a time
    bool                                       closed = false;

    // Frees what has been closed, children first. No-op while a job runs.
    void reap();
    void job_done() {
        busy = false;
        reap();
    }
};

struct DocumentHandle {
    std::shared_ptr<EngineHandle>             parent;
    std::unique_ptr<Document>                 document;
    std::vector<std::weak_ptr<SessionHandle>> children;
    bool                                      closed = false;

    bool is_closed() const { return closed || parent->closed; }
};

struct SessionHandle {
    std::shared_ptr<DocumentHandle> parent;
    std::unique_ptr<Session>        session;
    bool                            closed = false;

    bool           is_closed() const { return closed || parent->is_closed(); }
    EngineHandle & engine() const { return *parent->parent; }
};

inline void EngineHandle::reap() {
    if (busy) return;
    for (auto & weak_document : children) {
        auto document = weak_document.lock();
        if (!document) continue;
        for (auto & weak_session : document->children) {
            auto session = weak_session.lock();
            if (session && session->is_closed()) session->session.reset();
        }
        if (document->is_closed()) document->document.reset();
    }
    std::erase_if(children, [](const auto & child) { return child.expired(); });
    if (closed) engine.reset();
}

inline Status closed_status(const char * what) {
    return Status::fail(Code::CLOSED, std::string("This ") + what + " has been closed.");
}
inline Status busy_status() {
    return Status::fail(Code::BUSY, "The engine is busy with another task; wait for it or cancel it.");
}

}  // namespace rocketdoc::binding
