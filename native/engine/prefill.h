// Dense prefill, layer-major by segments: a segment of the prompt moves through layer 0 tile by tile, then through
// layer 1, and so on. Its K and V rows are written as it goes. A finished segment is a valid prefix; inside a segment
// there is none, so a cancelled one is simply not counted and its rows are written over later.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "../graph/layer_graph.h"
#include "layer_states.h"
#include "model.h"

namespace rocketdoc {

// The rotated queries of a job's last `window` tokens: what stage 1 votes with. One layer's at a time, on the device.
struct QueryWindow {
    int64_t                 window = 0;
    ggml_tensor *           q      = nullptr;  // [head_dim, window, n_head] f32, of a layer that sees every row
    ggml_context_ptr        ctx;
    ggml_backend_buffer_ptr buffer;

    Status reset(const HyperParams & params, const Device & device, int64_t window_rows);
};

struct PrefillJob {
    KvRows *      rows      = nullptr;  // room for first_row + n_tokens
    LayerStates * states    = nullptr;  // begun where the job begins; those of its end when it has succeeded
    int64_t       first_row = 0;        // rows before it are visible to every token
    int64_t first_position  = 0;  // RoPE position of the first token; differs from first_row once rows were dropped
    // Layers with a window let go of the rows that it has left behind, after each segment. Else they need room for all
    // of n_tokens, and keep them: a chat can be cut at any turn.
    bool            drops_rows = false;
    const int32_t * tokens     = nullptr;
    int64_t         n_tokens   = 0;
    int64_t         segment    = 1024;
    int64_t         tile       = 512;
    QueryWindow *   window     = nullptr;  // filled when set; window <= n_tokens

    enum class Logits { none, last, all };
    Logits  logits     = Logits::none;
    float * logits_out = nullptr;  // [n_vocab] or [n_tokens, n_vocab]

    // After the last tile of the last segment of a layer that sees rows: they are complete and `window` holds its
    // queries. What it gives the device runs before the next layer changes either.
    std::function<Status(int64_t layer, const LayerRows & rows)> layer_done;
    // Tokens done, a fraction of a segment counted layer by layer.
    std::function<void(int64_t done)> progress;
    // After each segment: this many tokens of the job are a valid prefix now, and the states are those of its end.
    std::function<Status(int64_t done)> segment_done;
    const std::atomic<bool> *           cancel = nullptr;
};

class Prefill {
  public:
    // device: of what comes before and after the layers; each layer is computed by its own.
    Prefill(const Model & model, Device & device);
    Status run(const PrefillJob & job);
    // All that run() was asked for so far, whether it came to its end or not.
    int64_t n_computed() const { return n_computed_; }

    // Bytes that a job of these sizes will hold: hidden states, what attention needs, workspace of a layer's graph.
    // Where rows are dropped there is the buffer of layers with a window, too (window_buffer_bytes).
    static size_t activation_bytes(const HyperParams & params, const DeviceTraits & device, int64_t n_rows,
                                   int64_t segment, int64_t tile);

  private:
    struct Tile {
        int64_t begin = 0, count = 0;  // tokens of the job
    };
    // What layers of one window share, and those without one.
    struct Sight {
        int64_t       window  = 0;
        int64_t       layer   = 0;        // the first of them
        ggml_tensor * indices = nullptr;  // [segment] i64: row of each token
    };
    // How the layers of one device attend.
    struct Attending {
        Device *                          device = nullptr;
        std::unique_ptr<PrefillAttention> attention;
    };
    // Who computes a tile: all of a device's threads, or a worker of it.
    struct Computing {
        int                worker    = -1;  // -1: all threads
        GraphArena *       arena     = nullptr;
        PrefillAttention * attention = nullptr;
        size_t             tile      = 0;  // its index in tiles_
    };
    // What a worker of device_ needs for itself.
    struct Worker {
        GraphArena                        arena;
        std::unique_ptr<PrefillAttention> attention;
    };
    struct LayerPass {
        const PrefillJob & job;
        int64_t            segment_begin = 0;
        int64_t            layer         = 0;
        LayerRows          rows;
        LayerWeights       weights;  // where its device finds them
    };
    Sight *            find_sight(int64_t window);  // null: no layer has it
    PrefillAttention & attention_of(const Device & device);

    Status reserve_segment(int64_t segment);
    // experts: null where the layers' devices have them all.
    Status run_segment(const PrefillJob & job, LayerStream & stream, ExpertStream * experts, int64_t begin,
                       int64_t end);
    Status finish_devices();
    // Cuts tokens [begin, end) into tiles. With workers each computes tiles of its own: beside other programs threads
    // that share a tile wait for the one that lost its core, at every operation.
    void   cut_tiles(const PrefillJob & job, int64_t begin, int64_t end);
    Status set_segment(const PrefillJob & job, int64_t begin, int64_t end);
    Status embed(const PrefillJob & job, const Tile & tile, int64_t segment_begin);
    Status run_layer(const LayerPass & pass);
    // A layer that shares rows may have its own copy of them, where a compact cache is read on: it is kept up.
    Status copy_shared_rows(const LayerPass & pass, int64_t n);
    // The first token of the job for which this layer must compute: behind the last layer that keeps something of every
    // token only votes and logits are wanted.
    int64_t       first_attending(const PrefillJob & job, int64_t layer) const;
    ggml_tensor * input_of(int64_t layer, int64_t first, int64_t count, ggml_context * ctx) const;
    Status        run_by_workers(const LayerPass & pass);
    Status        run_tile(const LayerPass & pass, const Tile & tile, const Computing & by);
    Status        run_recurrent_tile(const LayerPass & pass, const Tile & tile, const Computing & by);
    Status        output(const PrefillJob & job, int64_t segment_begin, int64_t begin, int64_t end);

    const Model &           model_;
    Device &                device_;
    GraphArena              arena_;
    std::vector<Tile>       tiles_;  // of the running segment
    std::vector<Worker>     workers_;
    bool                    with_workers_ = false;  // the running segment's tiles are theirs
    int64_t                 n_computed_   = 0;
    TileOrder               order_;
    std::vector<Sight>      sights_;
    int64_t                 last_kept_ = 0;  // the last layer that keeps something of every token
    std::vector<Attending>  attending_;
    ggml_context_ptr        segment_ctx_;
    ggml_backend_buffer_ptr segment_buffer_;
    ggml_tensor *           hidden_    = nullptr;  // [n_embd, segment] f32
    ggml_tensor *           inputs_    = nullptr;  // [n_layer_input * n_layer, segment] f32; null: layers have none
    ggml_tensor *           tokens_    = nullptr;  // [segment] i32
    ggml_tensor *           positions_ = nullptr;  // [segment] i32
};

}  // namespace rocketdoc
