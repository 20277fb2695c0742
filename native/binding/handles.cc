#include "handles.h"

namespace rocketdoc::binding {

std::shared_ptr<RunningJob> EngineHandle::begin_job(const DocumentHandle * document, const SessionHandle * session) {
    running           = std::make_shared<RunningJob>();
    running->document = document;
    running->session  = session;
    return running;
}

void EngineHandle::end_job() {
    running = nullptr;
    reap();
}

void EngineHandle::cancel_job(const DocumentHandle * document, const SessionHandle * session) {
    if (running && running->document == document && running->session == session) running->cancel = true;
}

void EngineHandle::close() {
    closed = true;
    if (running) running->cancel = true;
    reap();
}

void EngineHandle::reap() {
    if (busy()) return;
    for (const auto & document : documents) {
        for (const auto & session : document->sessions) {
            // JavaScript may hold the handle longer than what it stands for.
            if (document->is_closed() || session->closed || !session->is_held) session->session = nullptr;
        }
        std::erase_if(document->sessions, [](const auto & session) { return !session->session; });
        if (document->is_closed() || (!document->is_held && document->sessions.empty())) document->document = nullptr;
    }
    std::erase_if(documents, [](const auto & document) { return !document->document; });
    if (closed || (!is_held && documents.empty())) engine = nullptr;
}

void DocumentHandle::close() {
    closed = true;
    if (parent->running && parent->running->document == this) parent->running->cancel = true;
    parent->reap();
}

bool SessionHandle::is_closed() const {
    const auto document = parent.lock();
    return closed || !document || document->is_closed();
}

void SessionHandle::close() {
    closed = true;
    if (engine->running && engine->running->session == this) engine->running->cancel = true;
    engine->reap();
}

}  // namespace rocketdoc::binding
