// Work that is one call a head, on ggml's threads: a graph of one custom node. Nothing that a call does may allocate:
// an exception on a thread of ggml's ends the process.
#pragma once

#include "../../graph/layer_graph.h"
#include "../device.h"

namespace rocketdoc {

// call(head, thread), for every head.
template <typename Call>
Status for_each_head(Device & device, int n_head, const std::atomic<bool> * cancel, Call call) {
    struct Job {
        Call *      call;
        int         n_head;
        static void run(ggml_tensor *, int ith, int nth, void * user) {
            const Job & job = *static_cast<Job *>(user);
            for (int head = ith; head < job.n_head; head += nth) (*job.call)(head, ith);
        }
    };
    Job            job{&call, n_head};
    GraphArena     arena(device, 8);
    ggml_context * ctx   = arena.begin();
    ggml_cgraph *  graph = arena.new_graph();
    ggml_build_forward_expand(
        graph, ggml_custom_4d(ctx, GGML_TYPE_F32, 1, 1, 1, 1, nullptr, 0, Job::run, GGML_N_TASKS_MAX, &job));
    RETURN_IF_FAILED(arena.allocate(graph));
    return device.compute(graph, cancel);
}

}  // namespace rocketdoc
