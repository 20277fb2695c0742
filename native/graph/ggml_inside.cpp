#include "ggml_inside.h"

#include <cassert>
#include <string>

#include "ggml-backend-impl.h"

namespace rocketdoc {
namespace {

Status refused(const char * what, const ggml_tensor * t) {
    return Status::fail(Code::INTERNAL,
                        std::string(what) + " (tensor " + ggml_get_name(t) + ", " + ggml_op_name(t->op) + ").");
}

}  // namespace

ggml_tensor * new_leaf(ggml_context * ctx, ggml_type type, int64_t ne0, int64_t ne1, ggml_backend_buffer_t buffer,
                       void * data) {
    ggml_tensor * t = ggml_new_tensor_2d(ctx, type, ne0, ne1);
    t->buffer       = buffer;
    t->data         = data;
    return t;
}

ggml_tensor * first_rows(ggml_context * ctx, const ggml_tensor * matrix, int64_t rows) {
    ggml_tensor * t = new_leaf(ctx, matrix->type, matrix->ne[0], rows, matrix->buffer, matrix->data);
    t->extra        = matrix->extra;
    return t;
}

Status place(ggml_tensor * result, ggml_backend_buffer_t buffer, void * data) {
    ggml_tensor * root = result->view_src ? result->view_src : result;
    if (root->data) return refused("A result that has its memory already cannot be placed elsewhere", root);
    // From the result back to its root: views made before the root had memory.
    for (const ggml_tensor * t = result; t != root; t = t->src[0]) {
        if (!t || t->view_src != root || t->view_offs != 0 || ggml_nelements(t) != ggml_nelements(root) ||
            !ggml_is_contiguous(t))
            return refused("A part of a tensor cannot be placed: what lies beside it would move along", result);
    }
    root->buffer = buffer;
    root->data   = data;
    for (ggml_tensor * t = result; t != root; t = t->src[0]) {
        t->buffer = buffer;
        t->data   = data;
    }
    return Status::good();
}

bool keeps_more(const ggml_tensor * result, ggml_backend_buffer_type_t type) {
    const ggml_tensor * root = result->view_src ? result->view_src : result;
    return ggml_backend_buft_get_alloc_size(type, root) > ggml_nbytes(root);
}

size_t place_nodes(ggml_cgraph * graph, ggml_backend_buffer_type_t type, ggml_backend_buffer_t buffer, uint8_t * base,
                   size_t align) {
    size_t taken = 0;
    for (int i = 0; i < ggml_graph_n_nodes(graph); i++) {
        ggml_tensor * node = ggml_graph_node(graph, i);
        if (node->data) continue;
        const ggml_tensor * root = node->view_src;
        const size_t        at   = taken;
        if (!root) taken += (ggml_backend_buft_get_alloc_size(type, node) + align - 1) / align * align;
        if (!base) continue;
        node->buffer = root ? root->buffer : buffer;
        node->data   = root ? static_cast<uint8_t *>(root->data) + node->view_offs : base + at;
    }
    return taken;
}

Status check_leaves(ggml_cgraph * graph, ggml_backend_t backend) {
    for (int i = 0; i < ggml_graph_n_nodes(graph); i++) {
        for (const ggml_tensor * src : ggml_graph_node(graph, i)->src) {
            if (src && src->buffer && !ggml_backend_supports_buft(backend, ggml_backend_buffer_get_type(src->buffer)))
                return refused("A graph reads what lies in another memory", src);
        }
    }
    return Status::good();
}

Status copy_bytes(const ggml_tensor * from, size_t from_offset, ggml_tensor * to, size_t to_offset, size_t bytes) {
    if (from_offset + bytes > ggml_nbytes(from)) return refused("A copy would read past its source", from);
    if (to_offset + bytes > ggml_nbytes(to)) return refused("A copy would write past its target", to);
    const auto run = [bytes](const ggml_tensor * t, size_t offset) {
        ggml_tensor out = {};
        out.type        = GGML_TYPE_I8;
        out.buffer      = t->buffer;
        out.data        = static_cast<uint8_t *>(t->data) + offset;
        out.ne[0]       = int64_t(bytes);
        out.ne[1] = out.ne[2] = out.ne[3] = 1;
        out.nb[0]                         = 1;
        out.nb[1] = out.nb[2] = out.nb[3] = bytes;
        return out;
    };
    ggml_tensor source = run(from, from_offset), target = run(to, to_offset);
    ggml_backend_tensor_copy(&source, &target);
    return Status::good();
}

void set_mask(ggml_tensor * attention, ggml_tensor * mask) {
    assert(attention->op == GGML_OP_FLASH_ATTN_EXT && !attention->src[3]);
    assert(!mask || (mask->type == GGML_TYPE_F16 && mask->ne[0] == attention->src[1]->ne[1] &&
                     mask->ne[1] >= attention->src[0]->ne[1]));
    attention->src[3] = mask;
}

Status set_row_range(ggml_tensor * view, int64_t first, int64_t count) {
    const ggml_tensor * source = view->view_src;
    if (!source || !source->data || view->nb[1] != source->nb[1])
        return refused("Only a view of whole rows can show others", view);
    if (first < 0 || count < 1 || first + count > source->ne[1])
        return refused(
            ("A view cannot show rows " + std::to_string(first) + " to " + std::to_string(first + count)).c_str(),
            view);
    view->ne[1]     = count;
    view->view_offs = size_t(first) * source->nb[1];
    view->data      = static_cast<uint8_t *>(source->data) + view->view_offs;
    return Status::good();
}

bool set_row_capacity(ggml_tensor * rows, int64_t capacity) {
    if (rows->view_src || capacity < 1 || capacity > rows->ne[1]) return false;
    rows->ne[1] = capacity;
    rows->nb[2] = size_t(capacity) * rows->nb[1];
    rows->nb[3] = size_t(rows->ne[2]) * rows->nb[2];
    return true;
}

Status set_mask_length(ggml_tensor * mask, int64_t n_rows, int64_t capacity) {
    if (mask->view_src || mask->ne[1] != 1 || n_rows < 1 || n_rows > capacity)
        return refused(("A mask cannot be " + std::to_string(n_rows) + " rows long").c_str(), mask);
    mask->ne[0] = n_rows;
    mask->nb[1] = mask->nb[2] = mask->nb[3] = size_t(n_rows) * ggml_type_size(mask->type);
    return Status::good();
}

void * event_of(ggml_backend_event_t event) { return event->context; }

}  // namespace rocketdoc
