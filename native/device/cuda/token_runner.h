// A token on a GPU, captured once into one CUDA graph and replayed: our kernels around attention where they know the
// model's graph and weight formats, else ggml's graphs; our attention on the compact cache, or ggml's on the whole
// history. The host gives a few bytes a token and gets a few candidates back. Where experts lie in RAM it also computes
// those layers' feed-forward, between two captures.
#pragma once

#include <array>

#include "../../engine/compact_cache.h"
#include "../feed_forward_in_ram.h"
#include "cuda_device.h"
#include "device_bytes.h"
#include "pinned_memory.h"
#include "token_kernels.h"

namespace rocketdoc {

class CudaTokenRunner : public TokenRunner {
  public:
    CudaTokenRunner(const Model & model, CudaDevice & device);
    ~CudaTokenRunner() override;

    Status begin(KvRows * history, CompactCache * compact, LayerStates & states) override;
    Status run(int32_t token, int64_t position, int64_t n_history, bool logits, NextToken & out,
               const std::atomic<bool> * cancel) override;
    Status end() override;

    // GPU_UNSUPPORTED for layers of too many kinds.
    static Status check_layers(const HyperParams & params);
    // Bytes that begin() holds on the device, but for the masks of mode full.
    static size_t device_bytes(const HyperParams & params);
    // Beside that, where a token reads every row: one layer's rows as f16 (see build()).
    static size_t dense_bytes(const KvShape & rows, int64_t n_rows);

  private:
    static constexpr size_t MOST_SIGHTS = 4;
    // What the host writes for a token; lies in pinned memory and, copied, on the device.
    struct Inputs {
        int32_t token             = 0;
        int32_t position          = 0;
        int64_t rows[MOST_SIGHTS] = {};  // of the history, for each of sights_
    };
    // Layers with K and V of their own that have one window, or none, and heads of one number and size: they append at
    // one row, and see the same rows. Those that share their rows see them too.
    struct Sight {
        int64_t              window = 0;
        std::vector<int64_t> layers;
        int64_t              n_head_kv = 0, head_dim = 0;
        size_t               at = 0;  // offset of the first one's K and V in memory_

        size_t                     kv_bytes() const { return size_t(n_head_kv * head_dim) * sizeof(float); }
        DeviceBytes                mask;  // dense: f16 [capacity of a layer in the history]
        std::vector<ggml_tensor *> rows;  // dense: views of what the mask covers
        std::vector<ggml_tensor *> masks;
        RowRange                   shown;  // by those views
    };
    static std::vector<Sight> sights_of(const HyperParams & params);
    // A part of a token: a graph, and what computes it.
    struct TokenPart {
        ggml_cgraph *           graph = nullptr;  // null: attention on the compact cache
        int64_t                 layer = 0;        // of that attention
        std::vector<KernelCall> calls;            // empty: ggml computes the graph
    };
    // Parts up to a feed-forward in RAM, or to the token's end.
    struct Piece {
        size_t      first = 0, count = 0;  // of parts_
        int64_t     layer    = -1;         // of that feed-forward; -1: there is none
        KernelGraph captured = nullptr;
    };
    Status            reserve();
    Status            build();
    ggml_cgraph *     new_graph();
    ggml_tensor *     leaf(ggml_type type, std::array<int64_t, 2> ne, size_t offset);
    Status            place_at(ggml_tensor * result, size_t offset);
    Status            give_memory();
    Status            list_history();
    Status            append_to_history(size_t first_list, int64_t layer, size_t n_layers, const Sight & sight);
    Sight &           sight_of(int64_t layer);
    size_t            rows_of(int64_t layer);  // offset in memory_ of a layer's K, then V
    KernelActivations activations() const;
    KernelCandidates  candidates() const;
    Status            enqueue_parts(const Piece & piece);
    Status            set_dense_rows(Sight & sight, const RowPlace & place);
    Status            begin_token();
    Status            end_token();
    Status            enqueue_piece(const Piece & piece);
    bool              host_takes_part() const;      // within a piece, which then cannot be captured
    Status            run_captured(Piece & piece);  // what was not captured yet is
    Status            compute_token();
    void              drop_capture();
    Status            take_logits(NextToken & out);
    Status            take_candidates(NextToken & out) const;
    Status            write_staged_rows();

    const Model &  model_;
    CudaDevice &   cuda_;
    KvRows *       history_ = nullptr;
    CompactCache * compact_ = nullptr;
    LayerStates *  states_  = nullptr;

    DeviceBytes memory_;     // the tensors that graphs and kernels share, at the offsets below
    DeviceBytes workspace_;  // of the ops that need one, one after the other
    // rows_at_: K and V of the new token, of layer after layer; the layers of a sight lie together.
    size_t       inputs_at_ = 0, x_at_ = 0, q_at_ = 0, gate_at_ = 0, attended_at_ = 0, logits_at_ = 0, best_at_ = 0,
                 rows_at_ = 0, layer_inputs_at_ = 0;
    size_t       bits_at_ = 0, scales_at_ = 0, sums_at_ = 0;  // KernelActivations
    DeviceBytes  scratch_;  // what the nodes of a part need, each its own; parts take turns
    DeviceBytes  lists_;    // KernelHistory::lists, of sights_ and then of copiers_
    PinnedMemory pinned_;   // Inputs, candidates, x before and after a feed-forward, two sets of a token's new rows
    size_t       best_host_ = 0, x_host_ = 0, made_host_ = 0, rows_host_ = 0, rows_bytes_ = 0;

    ggml_context_ptr       ctx_;
    std::vector<uint8_t>   ctx_memory_;
    std::vector<TokenPart> parts_;
    std::vector<Piece>     pieces_;
    FeedForwardInRam       in_ram_;
    std::vector<Sight>     sights_;
    // Layers that share another's K and V, but have rows of their own in the history: a compact cache.
    std::vector<int64_t> copiers_;
    bool                 warm_  = false;  // ggml's pools have what a token needs
    int64_t              n_run_ = 0;
    RowPlace             staged_{-1, -1};  // of the token whose K and V wait in pinned memory
    int                  staged_set_ = 0;
};

}  // namespace rocketdoc
