// Recorded vectors of one layer: what stage 1 and stage 2 chose and computed for given queries and rows.
// check_vectors() has a device's kernels recompute them and compares; make_vectors() records the scalar reference.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "rocketkv/rows.h"
#include "status.h"

namespace rocketdoc {

struct Vectors {
    int     n_head = 0, n_head_kv = 0, head_dim = 0;  // H, G, D
    int64_t prompt_len = 0;                           // T
    int     window = 0, kernel = 0, page = 0, top_r = 0, steps = 0;
    int64_t top_k = 0, keep = 0;  // keep: rows of stage 1 without the window

    // Recordings are made with the published scale.
    float scale() const { return 1.0f / std::sqrt(float(head_dim)); }

    std::vector<float>    q_window;                    // [H, window, D]
    std::vector<f16_bits> k, v;                        // [G, T, D]
    std::vector<int32_t>  stage1_indices;              // [G, keep] ascending
    std::vector<int32_t>  compact_order;               // [G, keep] as stored; the window's rows follow
    std::vector<float>    decode_q;                    // [steps, H, D]
    std::vector<float>    decode_k, decode_v;          // [steps, G, D]
    std::vector<int32_t>  decode_top_r, decode_top_k;  // [steps, G, top_r], [steps, G, top_k] ascending slots
    std::vector<float>    decode_out;                  // [steps, H, D]
};

struct VectorsReport {
    int64_t stage1_mismatches = 0, top_r_mismatches = 0, top_k_mismatches = 0;  // (step,) heads
    int64_t stage1_ties = 0, top_r_ties = 0, top_k_ties = 0;  // sets that differ between equal scores only
    int64_t gather_mismatches = 0;                            // heads whose kept rows are not the recorded ones
    float   out_max_error     = 0;
};

// The two stages on the device that is checked, every head of the layer at once. Arrays have the shapes of Vectors.
class Recompute {
  public:
    virtual ~Recompute() = default;

    // Called first; the arrays fit the shape and outlive this. INVALID_ARGUMENT for a shape that the device does not
    // serve.
    virtual Status begin(const Vectors & x) = 0;
    // Stage 1: pooled scores [G, T - window], and the best rows kept [G, keep], ascending, the window not among them.
    virtual Status keep(std::vector<float> & pooled, std::vector<int32_t> & kept) = 0;
    // Rows `order` [G, keep + window] of k and v become the compact cache, with its page summaries. k, v: the rows as
    // the cache holds them now, [G, keep + window, D].
    virtual Status gather(const std::vector<int32_t> & order, std::vector<f16_bits> & k, std::vector<f16_bits> & v) = 0;
    // Stage 2: the step's row is appended, then rows are chosen, [G, top_k], ascending. Steps come in their order.
    virtual Status choose(int step, std::vector<int32_t> & chosen) = 0;
    // Attention of the step's queries over `rows` [G, top_k] of the cache: out [H, D].
    virtual Status attend(int step, const int32_t * rows, std::vector<float> & out) = 0;
};

// The fast CPU kernels.
std::unique_ptr<Recompute> make_cpu_recompute();

// INVALID_ARGUMENT when an array's length does not fit the shape or an index is out of range; what the device fails
// with. The channels of a step are chosen inside a device's kernels: the recorded ones are compared with the scalar
// reference, and a device that chose others chooses other rows.
Status check_vectors(const Vectors & vectors, Recompute & device, VectorsReport & report);

// Fills every array for the shape already set in `vectors` (n_head .. keep) from a seed; rows as real keys are: a few
// strong channels, neighbours alike.
Status make_vectors(uint64_t seed, Vectors & vectors);

}  // namespace rocketdoc
