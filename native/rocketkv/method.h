// The method's choices as types, made from method.def, and their texts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rocketdoc {

enum class Mode {
#define MODE(name, text, evicts, selects, keeps_history) name,
#include "method.def"
};
enum class Decomposition {
#define DECOMPOSITION(name, text) name,
#include "method.def"
};
enum class Grouping {
#define GROUPING(name, text) name,
#include "method.def"
};
enum class Pooling {
#define POOLING(name, text) name,
#include "method.def"
};
enum class SelectorKind {
#define SELECTOR(name, text) name,
#include "method.def"
};

struct Limit {
    int64_t least, most;
    bool    holds(int64_t value) const { return value >= least && value <= most; }
};
namespace limits {
#define LIMIT(name, text, least, most) constexpr Limit name{least, most};
#include "method.def"
}  // namespace limits

const char * mode_name(Mode mode);
bool         mode_evicts(Mode mode);
bool         mode_selects(Mode mode);
bool         mode_keeps_history(Mode mode);

// The texts of each choice, in the order of the list.
template <typename T>
struct Named {
    const char * text;
    T            value;
};
const std::vector<Named<Mode>> &          modes();
const std::vector<Named<Decomposition>> & decompositions();
const std::vector<Named<Grouping>> &      groupings();
const std::vector<Named<Pooling>> &       poolings();
const std::vector<Named<SelectorKind>> &  selectors();  // without the oracle

}  // namespace rocketdoc
