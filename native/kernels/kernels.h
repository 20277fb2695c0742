// The CUDA kernels of RocketKV behind one table of functions: raw device pointers, sizes, a stream; a status comes
// back. Compiles without CUDA headers. The library (librocketdoc_kernels) is loaded with dlopen only when a CUDA
// backend is; its one export is rocketdoc_kernels_table(). No op allocates, synchronises, keeps state or exits.
//
// Rules for every op:
// - A call only enqueues work on `stream` of the current device and may be captured into a CUDA graph.
// - Live lengths of the decode ops are read from device memory (`n_rows`), so a captured graph stays valid while the
//   cache grows; the host gives capacities only. Stage 1 ops take lengths from the host.
// - A workspace has at least *_workspace_bytes() bytes, is 256-byte aligned and was cleared to zero ONCE when it was
//   allocated; every op leaves its counters at zero again. One workspace serves several ops of one stream in turn.
// - K, V: f16 bits as uint16_t. K, V, pages, codes and decode's q are 16-byte aligned. The head sizes and groups that
//   the ops serve are kernels_serve_head().
// - Scores are q.k * scale; scale is the caller's, a positive number, and never derived from the head size here.
#pragma once

#include "arguments.h"

namespace rocketdoc {

// Pointers to every function of kernels.def. `version` stands first, so that any two builds can compare it.
struct KernelTable {
    uint64_t version = 0;
#define KERNEL_OP(result, name, parameters) result(*name) parameters = nullptr;
#include "kernels.def"
};

// Raised when the meaning of an argument changes while names, types and sizes stay.
constexpr uint64_t KERNELS_REVISION = 1;

// Two builds that could misread each other's calls differ in this number: it is made of every function's text and of
// the size of every struct.
constexpr uint64_t kernels_version() {
    const char * const functions =
#define KERNEL_OP(result, name, parameters) #result " " #name #parameters ";"
#include "kernels.def"
        ;
    uint64_t   hash = 0xcbf29ce484222325u;  // FNV-1a
    const auto add  = [&hash](uint64_t value) { hash = (hash ^ value) * 0x100000001b3u; };
    for (const char * at = functions; *at; at++) add(uint64_t(*at));
#define KERNEL_STRUCT(name) add(sizeof(name));
#include "kernels.def"
    add(KERNELS_REVISION);
    return hash;
}

}  // namespace rocketdoc

// The library's one export; never null; static storage.
extern "C" const rocketdoc::KernelTable * rocketdoc_kernels_table();
