#include "ggml_log.h"

#include <cstdio>

#include "ggml.h"

namespace rocketdoc {
namespace {

thread_local LogCapture * capturing = nullptr;

void log_line(ggml_log_level level, const char * text, void *) {
    static thread_local bool shown = false;  // whether the line that is being written is shown
    if (level != GGML_LOG_LEVEL_CONT) shown = level == GGML_LOG_LEVEL_ERROR || level == GGML_LOG_LEVEL_WARN;
    if (!shown) return;
    if (capturing) capturing->add(text);
    else std::fputs(text, stderr);
}

}  // namespace

void take_ggml_log() { ggml_log_set(log_line, nullptr); }

LogCapture::LogCapture() : outer_(capturing) {
    take_ggml_log();
    capturing = this;
}

LogCapture::~LogCapture() { capturing = outer_; }

void LogCapture::add(const char * text) {
    std::string line = text;
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
    const size_t colon = line.find(": ");  // the name of ggml's function says nothing to a person
    last_              = colon == std::string::npos ? line : line.substr(colon + 2);
}

}  // namespace rocketdoc
