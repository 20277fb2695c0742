// Everything that reaches into ggml's tensors, graphs and events past ggml's own functions, and the conditions under
// which that is right. Where one does not hold the answer is INTERNAL and nothing was changed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../status.h"
#include "ggml-backend.h"
#include "ggml.h"

namespace rocketdoc {

// A tensor that lies in memory of ours: a graph reads it there.
ggml_tensor * new_leaf(ggml_context * ctx, ggml_type type, int64_t ne0, int64_t ne1, ggml_backend_buffer_t buffer,
                       void * data);

// The first rows of a matrix, where they are, as a matrix of their own. Packed ones (with something in `extra`) are
// taken in whole groups: `rows` is a multiple of what they are packed by, or all of them.
ggml_tensor * first_rows(ggml_context * ctx, const ggml_tensor * matrix, int64_t rows);

// Has a graph write `result` to `data`, in `buffer`, where the next graph or a kernel looks for it. result: a node, or
// a view that is the whole of one (reshaped). A view of a part would move what lies beside it too, so it is refused.
Status place(ggml_tensor * result, ggml_backend_buffer_t buffer, void * data);

// Gives each node of the graph that has no memory a piece of its own from `base` on, so that several nodes' work may be
// done at once; a view gets its root's. Pieces begin at multiples of `align` and have what memory of this type takes
// for the node: some operations keep more behind their result. Returns what they take in all; base null: only that.
size_t place_nodes(ggml_cgraph * graph, ggml_backend_buffer_type_t type, ggml_backend_buffer_t buffer, uint8_t * base,
                   size_t align);
// Whether an operation keeps more than its result behind it, in memory of this type: it cannot be placed then, but be
// copied to its place.
bool keeps_more(const ggml_tensor * result, ggml_backend_buffer_type_t type);

// INTERNAL where a graph reads a tensor that the backend does not: one that lies in another device's memory.
Status check_leaves(ggml_cgraph * graph, ggml_backend_t backend);

// Copies a run of bytes between tensors on any two devices, also a part of a row set, which ggml copies whole only.
Status copy_bytes(const ggml_tensor * from, size_t from_offset, ggml_tensor * to, size_t to_offset, size_t bytes);

// The mask [n_rows, n or more] f16 of an attention node. ggml's builder wants it contiguous; every backend reads it by
// its strides.
void set_mask(ggml_tensor * attention, ggml_tensor * mask);

// Makes a view of rows [D, n, heads] show `count` rows from `first` on: a graph that is kept can run again with others.
Status set_row_range(ggml_tensor * view, int64_t first, int64_t count);

// Makes a tensor of rows [D, capacity, heads], no view, one of fewer rows a head in the same memory; who calls has
// moved the heads. False when it has fewer already.
bool set_row_capacity(ggml_tensor * rows, int64_t capacity);

// Makes a mask of one query, a tensor of its own, n_rows long. capacity: what its memory holds.
Status set_mask_length(ggml_tensor * mask, int64_t n_rows, int64_t capacity);

// What a backend's event holds; of ggml's CUDA backend its cudaEvent_t.
void * event_of(ggml_backend_event_t event);

}  // namespace rocketdoc
