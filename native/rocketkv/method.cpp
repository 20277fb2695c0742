#include "method.h"

namespace rocketdoc {
namespace {

struct ModeTraits {
    const char * text;
    bool         evicts, selects, keeps_history;
};
constexpr ModeTraits mode_traits[] = {
#define MODE(name, text, evicts, selects, keeps_history) {text, evicts, selects, keeps_history},
#include "method.def"
};
const ModeTraits & traits_of(Mode mode) { return mode_traits[size_t(mode)]; }

}  // namespace

const char * mode_name(Mode mode) { return traits_of(mode).text; }
bool         mode_evicts(Mode mode) { return traits_of(mode).evicts; }
bool         mode_selects(Mode mode) { return traits_of(mode).selects; }
bool         mode_keeps_history(Mode mode) { return traits_of(mode).keeps_history; }

const std::vector<Named<Mode>> & modes() {
    static const std::vector<Named<Mode>> list = {
#define MODE(name, text, evicts, selects, keeps_history) {text, Mode::name},
#include "method.def"
    };
    return list;
}
const std::vector<Named<Decomposition>> & decompositions() {
    static const std::vector<Named<Decomposition>> list = {
#define DECOMPOSITION(name, text) {text, Decomposition::name},
#include "method.def"
    };
    return list;
}
const std::vector<Named<Grouping>> & groupings() {
    static const std::vector<Named<Grouping>> list = {
#define GROUPING(name, text) {text, Grouping::name},
#include "method.def"
    };
    return list;
}
const std::vector<Named<Pooling>> & poolings() {
    static const std::vector<Named<Pooling>> list = {
#define POOLING(name, text) {text, Pooling::name},
#include "method.def"
    };
    return list;
}
const std::vector<Named<SelectorKind>> & selectors() {
    static const std::vector<Named<SelectorKind>> list = {
#define SELECTOR(name, text) {text, SelectorKind::name},
#define ORACLE_SELECTOR(name, text)
#include "method.def"
    };
    return list;
}

}  // namespace rocketdoc
