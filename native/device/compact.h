// What a device does with a compact cache: stage 1, the selector, attention over chosen rows. One question has one of
// these; the engine's CompactCache owns it together with the rows, and knows no device.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "../rocketkv/method.h"
#include "../rocketkv/params.h"
#include "../rocketkv/selector_shape.h"
#include "../status.h"
#include "ggml.h"
#include "layer_stream.h"
#include "oracle.h"

namespace rocketdoc {

class Device;

// The heads of one layer of a compact cache.
struct CacheHeads {
    int n     = 0;  // cache heads
    int share = 1;  // cache heads that have rows of one KV head: 1, or g when grouped by query head
    int group = 1;  // query heads that share a cache head
    int dim   = 0;  // D

    size_t width() const { return size_t(n) * size_t(dim); }
};

// The compact cache of one question. Layers whose rows stage 1 chooses have heads of one number and size.
struct CompactShape {
    SelectorKind            selector = SelectorKind::pages;
    Pooling                 pooling  = Pooling::max;
    RocketBudgets           budgets;
    int64_t                 n_layer = 0;
    std::vector<CacheHeads> heads;      // [n_layer]
    std::vector<int64_t>    slots;      // [n_layer + 1]: where a layer's cache heads begin among those of all
    std::vector<float>      scale;      // [n_layer], of every score
    std::vector<bool>       has_sinks;  // [n_layer]
    // [n_layer], where the device computes [n_head * group]: SelectorShape::sinks
    std::vector<const float *> sinks;
    std::vector<bool>          selects;  // [n_layer]: stage 2 chooses rows; else every row is read
    std::vector<int64_t> windows;     // [n_layer]: the layer has the last rows of the history, all of them, and a token
                                      // reads this many of the last; 0: stage 1 chooses its rows
    std::vector<bool>    keeps_rows;  // [n_layer]: stage 1 copies rows of the history for it
    std::vector<int64_t> rows_of;     // [n_layer]: the layer whose rows it reads, itself where it keeps some; -1: none

    const CacheHeads & heads_of(int64_t layer) const { return heads[size_t(layer)]; }
    // The first layer whose rows stage 1 chooses, for what all of those share; where there is none, the first
    // with rows.
    int64_t            first_choosing() const;
    const CacheHeads & choosing_heads() const { return heads_of(first_choosing()); }
    // The largest number of a layer's cache heads times their size.
    size_t        most_width() const;
    int64_t       n_slots() const { return slots.back(); }
    int64_t       n_selecting() const;
    int64_t       capacity(int64_t layer) const;  // rows a head
    SelectorShape layer(int64_t i) const;
};

// The share of the cache heads that one thread serves, where threads share the work: index, index + count, ...
struct Part {
    int index = 0;
    int count = 1;
};

struct KernelActivations;

// One token in one layer, or several one behind the other, f32 where the device computes. k and v enter the cache
// behind its live rows, and behind those of the tokens before it.
struct LayerToken {
    int64_t       layer = 0;
    int           n     = 1;        // tokens
    const float * q     = nullptr;  // [n, n_head * group, D]
    const float * k     = nullptr;  // [n, n_head / share, D]
    const float * v     = nullptr;  // [n, n_head / share, D]
    float *       out   = nullptr;  // [n, n_head * group, D]
    Part          part;
    // Where a GPU writes `out` in 8 bits as well, for the product that follows; null: nowhere. `x` is not used.
    const KernelActivations * quantised = nullptr;
};

// Stage 1 of one layer: of history's n_rows rows, n_keep become rows 0.. of the compact cache. Of a layer with a window
// they are the last ones.
struct Stage1Layer {
    int64_t                   layer = 0;
    LayerRows                 history;
    int64_t                   n_rows     = 0;
    int64_t                   n_keep     = 0;
    const ggml_tensor *       queries    = nullptr;  // [D, window, H] f32: the window's, rotated
    float *                   importance = nullptr;  // out [n_head, D], on the device
    const std::atomic<bool> * cancel     = nullptr;
};

class Stage1 {
  public:
    virtual ~Stage1() = default;

    virtual Status keep(const Stage1Layer & layer) = 0;
    // The last n_keep rows, whatever they score.
    virtual Status keep_last(const Stage1Layer & layer) = 0;
    // After the last layer: of each (layer, cache head) the kept rows, ascending, and the share of the question's
    // attention that lies on them; of layers that kept the last rows anything. What stage 1 held is let go.
    virtual Status take(std::vector<std::vector<int32_t>> & rows, std::vector<float> & mass) = 0;
};

class SelectorOnDevice {
  public:
    virtual ~SelectorOnDevice() = default;

    // Bytes beside the rows that grow with them or are made once a question.
    virtual size_t bytes() const = 0;
    // Memory that tokens need; after the last build(), before the first attend().
    virtual Status reserve_decode() { return Status::good(); }

    // Rows 0..n_rows-1 of the layer are in the cache. importance [n_head, D], on the device, stays there.
    virtual Status build(int64_t layer, int64_t n_rows, const float * importance) = 0;
    // The token's row is appended behind n_live rows, rows are chosen among all of them, and they are attended to.
    virtual Status attend(const LayerToken & token, int64_t n_live) = 0;
    // After a token's last layer, and after the host has seen its end. n_new: rows of the answer so far.
    virtual Status end_token() { return Status::good(); }
    virtual Status token_done(int64_t n_new) {
        (void) n_new;
        return Status::good();
    }
    // How many tokens attend() takes at once, behind n_new rows of the answer, of which the last may be taken back.
    virtual int64_t most_tokens(int64_t n_new) const {
        (void) n_new;
        return 1;
    }
    // Memory for that many tokens at once; before attend() is given several.
    virtual Status reserve_tokens(int n) {
        (void) n;
        return Status::good();
    }
    // Of the n tokens that attend() was given last the first n_kept stay: everything is as if it had seen no others.
    virtual void take_back(int n, int n_kept) {
        (void) n;
        (void) n_kept;
    }
    // The host gives sizes or takes results within a token, which a captured one could not follow.
    virtual bool host_takes_part() const { return false; }

    // Codes that did not fit their range, all heads and layers, up to the last look (recode_policy.h).
    virtual int64_t clamped() const { return 0; }
    // Adds how often each row was read: of (layer, cache head) [capacity]; layers that read every row stay empty.
    virtual Status read_counts(std::vector<std::vector<uint32_t>> & out) = 0;
};

class CompactOnDevice {
  public:
    virtual ~CompactOnDevice() = default;

    Status keep_layer(const Stage1Layer & layer);
    // After the last layer. n_kept: rows of each layer that chose.
    Status take_kept(int64_t n_kept, std::vector<std::vector<int32_t>> & rows, std::vector<float> & mass);
    double stage1_ms() const { return stage1_ms_; }
    // From here on rows 0..n_live-1 count of the layers that chose, and as many new ones of the others.
    virtual Status set_live(int64_t n_live);
    // Rows of a layer that count.
    int64_t live(int64_t layer) const {
        return shape_.windows[size_t(layer)] > 0 ? last_kept_[size_t(shape_.rows_of[size_t(layer)])] + n_live_ - n_kept_
                                                 : n_live_;
    }

    // One token: begin, attend in every layer, end; then done, when the host has seen its end.
    virtual Status begin_token() { return Status::good(); }
    virtual Status attend(const LayerToken & token) = 0;
    virtual Status end_token();
    // Of the n tokens that were attended to at once the first n_kept stay.
    Status  tokens_done(int n, int n_kept);
    int64_t most_tokens(int64_t most) const {
        return selector_ ? std::min(most, selector_->most_tokens(n_live_ - n_kept_)) : most;
    }
    Status reserve_tokens(int n) { return selector_ ? selector_->reserve_tokens(n) : Status::good(); }
    bool   host_takes_part() const { return selector_ && (oracle_->on || selector_->host_takes_part()); }

    const CompactShape & shape() const { return shape_; }
    const Device &       device() const { return device_; }
    int64_t              n_live() const { return n_live_; }
    size_t               bytes() const { return selector_ ? selector_->bytes() : 0; }
    int64_t              clamped_codes() const { return selector_ ? selector_->clamped() : 0; }
    Status               read_counts(std::vector<std::vector<uint32_t>> & out) {
        return selector_ ? selector_->read_counts(out) : Status::good();
    }

    // Comparing each step with the exact top-k, in the layers that select.
    Status      measure(bool on);
    OracleStats take_oracle_stats() { return oracle_->take_stats(); }

  protected:
    CompactOnDevice(const CompactShape & shape, const Device & device)
        : shape_(shape), device_(device), last_kept_(size_t(shape.n_layer)) {}
    virtual Status  start_clock()           = 0;  // of stage 1, layer by layer
    virtual Status  stop_clock()            = 0;
    virtual Status  read_clock(double & ms) = 0;
    virtual Status  reserve_decode() { return Status::good(); }
    virtual float * importance(int64_t layer) = 0;  // [n_head, D], on the device

    const CompactShape                shape_;
    const Device &                    device_;
    std::unique_ptr<Stage1>           stage1_;
    std::unique_ptr<SelectorOnDevice> selector_;  // null: no layer selects
    std::unique_ptr<Oracle>           oracle_;
    int64_t                           n_live_ = 0;
    int64_t                           n_kept_ = 0;
    std::vector<int64_t>              last_kept_;  // [n_layer]: rows kept by keep_last

  private:
    double stage1_ms_ = 0;
};

}  // namespace rocketdoc
