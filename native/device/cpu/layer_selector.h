// One layer's selector on the CPU: what is kept beside the compact cache so that each token finds the rows it needs,
// and the attention that reads them. Heads are independent, so different heads may be served by different threads.
// Nothing allocates after the constructor, given a scratch that was reserved for the shape.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>

#include "../../rocketkv/attention.h"
#include "../../rocketkv/method.h"

namespace rocketdoc {

class LayerSelector {
  public:
    virtual ~LayerSelector() = default;

    // After the gather: rows 0..n_rows-1 of `head` are in K and V. importance: [D] of stage1_keep, or null (then
    // variance alone).
    virtual void build(const CompactView & k, const CompactView & v, int head, int64_t n_rows,
                       const float * importance) = 0;

    // Row `index` of `head` has just been written to K and V.
    virtual void append(const CompactView & k, const CompactView & v, int head, int64_t index) = 0;

    // out[g][D] = attention of the group's queries q [g][D] over n_live rows of `head`. scratch.chosen holds the rows
    // that were attended to exactly, ascending, when it returns.
    virtual void attend(const CompactView & k, const CompactView & v, int head, int64_t n_live, const float * q,
                        SelectorScratch & scratch, float * out) = 0;

    // How many rows may be appended behind the n_new of the answer so that the last of them can be taken back.
    virtual int64_t most_tokens(int64_t n_new) const {
        (void) n_new;
        return std::numeric_limits<int64_t>::max();
    }
    // The last n rows of the head are gone, and others will stand where they stood. Nothing to do where append() makes
    // anew what is kept of its row.
    virtual void take_back(int head, int64_t n) {
        (void) head;
        (void) n;
    }

    // Codes of the head that did not fit their range, since it was built.
    virtual int64_t clamped(int head) const {
        (void) head;
        return 0;
    }
};

// Of every selector of method.def, each in its own file; with the memory that it needs.
#define SELECTOR(name, text) std::unique_ptr<LayerSelector> make_##name##_layer(const SelectorShape & shape);
#include "../../rocketkv/method.def"
std::unique_ptr<LayerSelector> make_layer_selector(SelectorKind kind, const SelectorShape & shape);

}  // namespace rocketdoc
