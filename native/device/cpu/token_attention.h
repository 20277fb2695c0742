// Dense attention of a token, or of a few, on the CPU: two nodes of ggml's graph a layer, whose parts ggml's threads
// share. ggml's own attention cuts a token's rows by the number of threads, so that an answer would change with what
// else the machine does.
#pragma once

#include <vector>

#include "../../arch/architecture.h"
#include "ggml.h"

namespace rocketdoc {

class CpuTokenAttention {
  public:
    static size_t bytes(const HyperParams & params, int n_threads);

    CpuTokenAttention(const HyperParams & params, int n_threads);

    // q [D, n_head, n] f32; k and v [D, n_rows, n_kv_head], of which the tokens together see what the views that are
    // added to `live` show when the graph runs: the last one up to the last row, and each token one row less than the
    // next, or the layer's window before that. Returns [D * n_head, n]. index: the layer's; the last graph that was
    // built runs.
    ggml_tensor * build(ggml_context * ctx, int64_t index, const Layer & layer, ggml_tensor * q, ggml_tensor * k,
                        ggml_tensor * v, std::vector<ggml_tensor *> & live);

  private:
    struct Node {
        CpuTokenAttention * owner  = nullptr;
        float               scale  = 0;
        const ggml_tensor * sinks  = nullptr;  // f32 [n_head]; null: none
        int64_t             window = 0;
    };
    static void attend(ggml_tensor * results, int thread, int n_threads, void * node);
    static void join(ggml_tensor * out, int thread, int n_threads, void * node);

    std::vector<std::vector<float>> scratch_;  // [n_threads][token_scratch_floats]
    std::vector<Node>               nodes_;    // [n_layer]
};

}  // namespace rocketdoc
