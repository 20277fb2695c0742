// Dense prefill, layer-major by segments: a segment of the prompt moves through layer 0 tile by tile, then through layer 1, and
// so on. Its K and V rows are written as it goes. A finished segment is a valid prefix; inside a segment there is none, so a
// cancelled one is simply not counted and its rows are written over later.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "layer_graph.h"
#include "model.h"

namespace rocketdoc {

// The rotated queries of the last `window` tokens, per layer: what stage 1 votes with.
struct QueryWindow {
    int64_t            window = 0;
    std::vector<float> q;  // [n_layer, n_head, window, head_dim] f32

    void reset(const HyperParams & params, int64_t window_rows) {
        window = window_rows;
        q.assign(size_t(params.n_layer * params.n_head * window_rows * params.head_dim), 0.0f);
    }
    float * layer(const HyperParams & params, int64_t index) {
        return q.data() + size_t(index * params.n_head * window * params.head_dim);
    }
};

struct PrefillJob {
    KvRows *        rows           = nullptr;  // room for first_row + n_tokens
    int64_t         first_row      = 0;        // rows before it are visible to every token
    int64_t         first_position = 0;        // RoPE position of the first token; differs from first_row once rows were dropped
    const int32_t * tokens         = nullptr;
    int64_t         n_tokens       = 0;
    int64_t         segment        = 1024;
    int64_t         tile           = 512;
    QueryWindow *   window         = nullptr;  // filled when set; window <= n_tokens

    enum class Logits { none, last, all };
    Logits  logits     = Logits::none;
    float * logits_out = nullptr;  // [n_vocab] or [n_tokens, n_vocab]

    // After a layer's last tile of the last segment: its rows are complete.
    std::function<Status(int64_t layer)> layer_done;
    // Tokens done, a fraction of a segment counted layer by layer.
    std::function<void(int64_t done)> progress;
    // After each segment: this many tokens of the job are a valid prefix now.
    std::function<void(int64_t done)> segment_done;
    const std::atomic<bool> *         cancel = nullptr;
};

class Prefill {
  public:
    Prefill(const Model & model, Backend & backend);
    Status run(const PrefillJob & job);

    // Bytes that a job of these sizes will hold: hidden states, masks, workspace of a layer's graph.
    static size_t activation_bytes(const HyperParams & params, int64_t n_rows, int64_t segment, int64_t tile);

  private:
    struct Tile {
        int64_t               begin = 0, count = 0;  // tokens of the job
        int64_t               mask_rows = 0;        // count, at least ATTENTION_TILE
        std::vector<uint16_t> mask;                 // f16 [first_row + begin + count, mask_rows]
    };
    Status reserve_hidden(int64_t segment);
    Status run_segment(const PrefillJob & job, int64_t begin, int64_t end);
    Status embed(const PrefillJob & job, const Tile & tile, int64_t segment_begin);
    Status run_layer(const PrefillJob & job, const Tile & tile, int64_t segment_begin, int64_t layer);
    Status output(const PrefillJob & job, int64_t segment_begin, int64_t begin, int64_t end);
    void   fill_mask(const PrefillJob & job, Tile & tile) const;

    const Model &           model_;
    Backend &               backend_;
    GraphArena              arena_;
    ggml_context_ptr        hidden_ctx_;
    ggml_backend_buffer_ptr hidden_buffer_;
    ggml_tensor *           hidden_ = nullptr;  // [n_embd, segment] f32
    std::vector<Tile>       tiles_;             // of the running segment
};

}  // namespace rocketdoc
