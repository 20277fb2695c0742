// A question's compact cache as the kernels are given it, layer by layer.
#pragma once

#include "../../engine/kv_rows.h"
#include "../../kernels/kernels.h"
#include "../compact.h"
#include "cuda_device.h"
#include "device_bytes.h"

namespace rocketdoc {

KernelRows kernel_rows(const ggml_tensor * rows);

struct LayerCache {
    CudaDevice &         cuda;
    const CompactShape & shape;
    KvRows &             rows;
    // i32: live rows, then capacities; of the layers that choose, then of each window.
    DeviceBytes          lengths;
    std::vector<int64_t> windows;  // 0, then each window, in the order of `lengths`

    int64_t capacity() const { return rows.capacity(); }
    // Of the layers that choose.
    const int32_t * n_rows() const { return lengths.at<int32_t>(0); }
    KernelCache     cache(int64_t layer) const;
    // The largest: of a layer that chooses.
    KernelCache choosing_cache() const;
    // Heads, sizes and scale; queries, keys and results are the caller's.
    KernelWindowScores window_scores(int64_t layer) const;
    KernelAttention    attention(const LayerToken & token) const;
};

}  // namespace rocketdoc
