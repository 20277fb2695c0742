#include "status.h"

namespace rocketdoc {

const char * code_name(Code code) {
    switch (code) {
        case Code::OK: return "OK";
#define ERROR_CODE(name) \
    case Code::name: return #name;
#include "error_codes.def"
#undef ERROR_CODE
    }
    return "INTERNAL";
}

}  // namespace rocketdoc
