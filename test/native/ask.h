// One question put to a chat, and everything that came of it.
#pragma once

#include <atomic>
#include <utility>
#include <vector>

#include "engine/engine.h"

struct Asked {
    rocketdoc::Status    status;
    std::vector<int32_t> tokens;
    rocketdoc::Answer    answer;
};

// `events` hears of every token too.
inline Asked ask(rocketdoc::Session & session, const rocketdoc::AskRequest & request, rocketdoc::AskEvents events = {},
                 const std::atomic<bool> * cancel = nullptr) {
    Asked out;
    events.token = [&out, then = std::move(events.token)](int32_t token) {
        out.tokens.push_back(token);
        if (then) then(token);
    };
    out.status = session.ask(request, events, out.answer, cancel);
    return out;
}
