// What ggml says. Warnings and errors reach stderr, where a crash report reads them; while a LogCapture lives, what its
// thread causes goes there instead, for a sentence to a person.
#pragma once

#include <string>

namespace rocketdoc {

// From here on ggml's log is ours. Calling it again changes nothing.
void take_ggml_log();

class LogCapture {
  public:
    LogCapture();
    ~LogCapture();
    LogCapture(const LogCapture &)             = delete;
    LogCapture & operator=(const LogCapture &) = delete;

    // The last warning or error, without the name of ggml's function; empty: none.
    const std::string & last() const { return last_; }
    void                add(const char * text);

  private:
    LogCapture * outer_ = nullptr;
    std::string  last_;
};

}  // namespace rocketdoc
