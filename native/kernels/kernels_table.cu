// The library's one export: every launcher by name. A wrong struct layout on the other side shows in `abi`.
#include "cuda_common.cuh"

namespace rocketdoc {

size_t       window_scores_workspace_bytes(const KernelWindowScores & args);
KernelStatus window_scores(const KernelWindowScores & args, void * workspace, size_t workspace_bytes,
                           KernelStream stream);
KernelStatus pool(const float * scores, int n_head, int n, KernelPooling pooling, int kernel, float * out,
                  KernelStream stream);
KernelStatus top_k(const float * scores, int n_head, int n, int k, int n_tail, int32_t * ids, KernelStream stream);
KernelStatus kept_mass(const float * scores, const float * window_mass, int n_head, int n, const int32_t * ids,
                       int n_ids, float * mass, KernelStream stream);
KernelStatus gather_rows(const KernelRows & k, const KernelRows & v, const int32_t * ids, int n_ids,
                         const KernelCache & cache, KernelStream stream);
KernelStatus page_minmax(const KernelCache & cache, int n_rows, const KernelPages & pages, KernelStream stream);
size_t       codes_build_workspace_bytes(const KernelCache & cache);
KernelStatus codes_build(const KernelCache & cache, int n_rows, const float * importance, const KernelCodes & codes,
                         void * workspace, size_t workspace_bytes, KernelStream stream);
KernelStatus advance_rows(int32_t * counts, const int32_t * capacities, int n, KernelStream stream);
KernelStatus append_kv(const KernelCache & cache, const KernelNewRow & row, const KernelPages * pages,
                       const KernelCodes * codes, KernelStream stream);
size_t       select_pages_workspace_bytes(const KernelCache & cache, const KernelPages & pages);
KernelStatus select_pages(const KernelCache & cache, const KernelPages & pages, const KernelNewRow & row,
                          const float * q, int r, int k, int32_t * ids, void * workspace, size_t workspace_bytes,
                          KernelStream stream);
size_t       select_codes_workspace_bytes(const KernelCache & cache);
KernelStatus select_codes(const KernelCache & cache, const KernelCodes & codes, const KernelNewRow & row,
                          const float * q, int k, int32_t * ids, void * workspace, size_t workspace_bytes,
                          KernelStream stream);
size_t       sparse_attention_workspace_bytes(const KernelCache & cache, int k);
KernelStatus sparse_attention(const KernelCache & cache, const float * q, const int32_t * ids, int k,
                              const KernelCodes * residual, const void * select_workspace, float * out,
                              void * workspace, size_t workspace_bytes, KernelStream stream);
size_t       candidates_workspace_bytes(int n_vocab, int n);
KernelStatus candidates(const float * logits, int n_vocab, int n, float * out_logits, int32_t * out_ids,
                        void * workspace, size_t workspace_bytes, KernelStream stream);
KernelStatus count_reads(const int32_t * ids, int n_lists, int k, const int32_t * n_rows, int capacity,
                         uint32_t * reads, KernelStream stream);
KernelStatus normalize(const float * x, const float * weight, int n, float eps, const KernelActivations & out,
                       KernelStream stream);
KernelStatus quantise(const KernelActivations & activations, int n, KernelStream stream);
KernelStatus product(const KernelProduct & args, KernelStream stream);
KernelStatus append_history(const KernelHistory & history, const float * rows, const int64_t * row,
                            KernelStream stream);
KernelStatus use_device(int index);
KernelStatus memory_info(size_t * free_bytes, size_t * total_bytes);
KernelStatus create_stream(KernelStream * out);
void         destroy_stream(KernelStream stream);
KernelStatus create_event(KernelEvent * out, bool timed);
KernelStatus elapsed_ms(float * out, KernelEvent from, KernelEvent to);
void         destroy_event(KernelEvent event);
KernelStatus record_event(KernelEvent event, KernelStream stream);
KernelStatus wait_event(KernelStream stream, KernelEvent event);
KernelStatus synchronize_event(KernelEvent event);
KernelStatus synchronize(KernelStream stream);
KernelStatus fill(void * to, int byte, size_t bytes, KernelStream stream);
KernelStatus copy(void * to, const void * from, size_t bytes, KernelStream stream);
KernelStatus copy_strided(void * to, size_t to_stride, const void * from, size_t from_stride, size_t width,
                          size_t height, KernelStream stream);
KernelStatus pin_host(void * memory, size_t bytes);
void         unpin_host(void * memory);
KernelStatus begin_capture(KernelStream stream);
KernelStatus end_capture(KernelStream stream, KernelGraph * out);
KernelStatus launch_graph(KernelGraph graph, KernelStream stream);
void         destroy_graph(KernelGraph graph);

namespace {

const char * status_name(KernelStatus status) {
    switch (status) {
        case KERNEL_OK: return "ok";
        case KERNEL_BAD_SHAPE: return "a size outside what this kernel serves";
        case KERNEL_BAD_POINTER: return "a null or misaligned pointer";
        case KERNEL_WORKSPACE: return "workspace missing or too small";
        default: return status > 0 ? cudaGetErrorString(cudaError_t(int(status))) : "unknown kernel status";
    }
}

const KernelTable table = {
    KERNELS_ABI,
    status_name,
    window_scores_workspace_bytes,
    window_scores,
    pool,
    top_k,
    kept_mass,
    gather_rows,
    page_minmax,
    codes_build_workspace_bytes,
    codes_build,
    advance_rows,
    append_kv,
    select_pages_workspace_bytes,
    select_pages,
    select_codes_workspace_bytes,
    select_codes,
    sparse_attention_workspace_bytes,
    sparse_attention,
    candidates_workspace_bytes,
    candidates,
    count_reads,
    normalize,
    quantise,
    product,
    append_history,
    use_device,
    memory_info,
    create_stream,
    destroy_stream,
    create_event,
    elapsed_ms,
    destroy_event,
    record_event,
    wait_event,
    synchronize_event,
    synchronize,
    fill,
    copy,
    copy_strided,
    pin_host,
    unpin_host,
    begin_capture,
    end_capture,
    launch_graph,
    destroy_graph,
};

}  // namespace
}  // namespace rocketdoc

#if defined(_WIN32)
#define ROCKETDOC_EXPORT __declspec(dllexport)
#else
#define ROCKETDOC_EXPORT __attribute__((visibility("default")))
#endif

extern "C" ROCKETDOC_EXPORT const rocketdoc::KernelTable * rocketdoc_kernels_table() { return &rocketdoc::table; }
