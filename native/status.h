// Status is how every room below the binding says that something failed: a code from the closed list in
// error_codes.def and one sentence for a person; for memory that was lacking also the numbers, and what would fit.
// Nothing below the binding throws across a room or exits.
#pragma once

#include <memory>
#include <string>
#include <utility>

namespace rocketdoc {

enum class Code {
    OK,
#define ERROR_CODE(name) name,
#include "error_codes.def"
#undef ERROR_CODE
};

// The code's name as it stands in error_codes.def; "OK" for Code::OK.
const char * code_name(Code code);

struct MemoryShortage;  // engine/memory_plan.h

struct [[nodiscard]] Status {
    Code                                  code = Code::OK;
    std::string                           message{};   // what happened, the numbers, what to do; empty when ok
    std::shared_ptr<const MemoryShortage> shortage{};  // with HOST_OOM and GPU_OOM, where somebody knew the numbers

    bool ok() const { return code == Code::OK; }

    static Status good() { return {}; }
    static Status fail(Code code, std::string message) { return {code, std::move(message), {}}; }
};

}  // namespace rocketdoc

// Returns the status of `expr` from the calling function when it is not ok.
#define RETURN_IF_FAILED(expr)                             \
    do {                                                   \
        ::rocketdoc::Status status_of_expr_ = (expr);      \
        if (!status_of_expr_.ok()) return status_of_expr_; \
    } while (0)
