// Streams, events, copies and captured graphs behind plain functions: the engine compiles without CUDA headers.
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

KernelStatus status_of(cudaError_t error) {
    if (error != cudaSuccess) cudaGetLastError();  // or the next launch would report it again
    return KernelStatus(int(error));
}

}  // namespace

KernelStatus use_device(int index) { return status_of(cudaSetDevice(index)); }
KernelStatus memory_info(size_t * free_bytes, size_t * total_bytes) {
    return status_of(cudaMemGetInfo(free_bytes, total_bytes));
}

KernelStatus create_stream(KernelStream * out) {
    return status_of(cudaStreamCreateWithFlags(out, cudaStreamNonBlocking));
}
void         destroy_stream(KernelStream stream) { cudaStreamDestroy(stream); }
KernelStatus create_event(KernelEvent * out, bool timed) {
    return status_of(cudaEventCreateWithFlags(out, timed ? cudaEventDefault : cudaEventDisableTiming));
}
KernelStatus elapsed_ms(float * out, KernelEvent from, KernelEvent to) {
    return status_of(cudaEventElapsedTime(out, from, to));
}
void         destroy_event(KernelEvent event) { cudaEventDestroy(event); }
KernelStatus record_event(KernelEvent event, KernelStream stream) { return status_of(cudaEventRecord(event, stream)); }
KernelStatus wait_event(KernelStream stream, KernelEvent event) {
    return status_of(cudaStreamWaitEvent(stream, event, 0));
}
KernelStatus synchronize_event(KernelEvent event) { return status_of(cudaEventSynchronize(event)); }
KernelStatus synchronize(KernelStream stream) { return status_of(cudaStreamSynchronize(stream)); }

KernelStatus fill(void * to, int byte, size_t bytes, KernelStream stream) {
    return status_of(cudaMemsetAsync(to, byte, bytes, stream));
}
KernelStatus copy(void * to, const void * from, size_t bytes, KernelStream stream) {
    return status_of(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream));
}
KernelStatus copy_strided(void * to, size_t to_stride, const void * from, size_t from_stride, size_t width,
                          size_t height, KernelStream stream) {
    return status_of(cudaMemcpy2DAsync(to, to_stride, from, from_stride, width, height, cudaMemcpyDefault, stream));
}
KernelStatus pin_host(void * memory, size_t bytes) {
    return status_of(cudaHostRegister(memory, bytes, cudaHostRegisterDefault));
}
void unpin_host(void * memory) { cudaHostUnregister(memory); }

// Relaxed: ggml may map memory of its pool meanwhile, which is no work of the stream.
KernelStatus begin_capture(KernelStream stream) {
    return status_of(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
}

KernelStatus end_capture(KernelStream stream, KernelGraph * out) {
    cudaGraph_t graph = nullptr;
    RETURN_IF_KERNEL(status_of(cudaStreamEndCapture(stream, &graph)));
    const KernelStatus status = status_of(cudaGraphInstantiate(out, graph, 0));
    cudaGraphDestroy(graph);
    return status;
}

KernelStatus launch_graph(KernelGraph graph, KernelStream stream) { return status_of(cudaGraphLaunch(graph, stream)); }
void         destroy_graph(KernelGraph graph) { cudaGraphExecDestroy(graph); }

}  // namespace rocketdoc
