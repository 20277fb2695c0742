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
KernelStatus memory_info(KernelMemory & out) { return status_of(cudaMemGetInfo(&out.free_bytes, &out.total_bytes)); }

KernelStatus create_stream(KernelStream & out) {
    return status_of(cudaStreamCreateWithFlags(&out, cudaStreamNonBlocking));
}
void         destroy_stream(KernelStream stream) { cudaStreamDestroy(stream); }
KernelStatus create_event(KernelEvent & out, bool timed) {
    return status_of(cudaEventCreateWithFlags(&out, timed ? cudaEventDefault : cudaEventDisableTiming));
}
KernelStatus elapsed_ms(const KernelInterval & interval, float & out) {
    return status_of(cudaEventElapsedTime(&out, interval.from, interval.to));
}
void         destroy_event(KernelEvent event) { cudaEventDestroy(event); }
KernelStatus record_event(KernelEvent event, KernelStream stream) { return status_of(cudaEventRecord(event, stream)); }
KernelStatus wait_event(KernelStream stream, KernelEvent event) {
    return status_of(cudaStreamWaitEvent(stream, event, 0));
}
KernelStatus synchronize(KernelStream stream) { return status_of(cudaStreamSynchronize(stream)); }

KernelStatus fill(void * to, int byte, size_t bytes, KernelStream stream) {
    return status_of(cudaMemsetAsync(to, byte, bytes, stream));
}
KernelStatus copy(void * to, const void * from, size_t bytes, KernelStream stream) {
    return status_of(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream));
}
KernelStatus copy_strided(const KernelStridedCopy & a, KernelStream stream) {
    return status_of(
        cudaMemcpy2DAsync(a.to, a.to_stride, a.from, a.from_stride, a.width, a.height, cudaMemcpyDefault, stream));
}
KernelStatus pin_host(void * memory, size_t bytes) {
    return status_of(cudaHostRegister(memory, bytes, cudaHostRegisterDefault));
}
void unpin_host(void * memory) { cudaHostUnregister(memory); }

// Relaxed: ggml may map memory of its pool meanwhile, which is no work of the stream.
KernelStatus begin_capture(KernelStream stream) {
    return status_of(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
}

KernelStatus end_capture(KernelStream stream, KernelGraph & out) {
    cudaGraph_t graph = nullptr;
    RETURN_IF_KERNEL(status_of(cudaStreamEndCapture(stream, &graph)));
    const KernelStatus status = status_of(cudaGraphInstantiate(&out, graph, 0));
    cudaGraphDestroy(graph);
    return status;
}

KernelStatus launch_graph(KernelGraph graph, KernelStream stream) { return status_of(cudaGraphLaunch(graph, stream)); }
void         destroy_graph(KernelGraph graph) { cudaGraphExecDestroy(graph); }

}  // namespace rocketdoc
