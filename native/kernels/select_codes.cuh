// Where select_codes leaves its scores, for the residual of sparse_attention.
#pragma once

#include "select_finish.cuh"

namespace rocketdoc {

constexpr int CODES_TILE = 512;  // tokens of a tile, which shares one greatest score

inline SelectWork select_codes_work(void * workspace, const KernelCache & cache, size_t * bytes) {
    return select_work(workspace, cache.n_head, cache.group, cache.capacity, CODES_TILE, bytes);
}

}  // namespace rocketdoc
