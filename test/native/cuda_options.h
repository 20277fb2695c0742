// The GPU that tests use: the first one, or ROCKETDOC_CUDA_DEVICE of the environment; the build's libraries, or those
// that ROCKETDOC_CUDA_LIBRARY (ggml's CUDA library) and ROCKETDOC_KERNELS (librocketdoc_kernels) name there.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "check.h"
#include "device/device.h"

#ifndef KERNELS_LIBRARY  // no nvcc
#define CUDA_LIBRARY    ""
#define KERNELS_LIBRARY ""
#endif

constexpr int SKIPPED = 77;  // what ctest is told

inline rocketdoc::DeviceOptions cuda_options() {
    rocketdoc::prepare_process();
    auto setting = [](const char * variable, const char * otherwise) {
        const char * named = std::getenv(variable);
        return std::string(named ? named : otherwise);
    };
    rocketdoc::DeviceOptions o;
    o.cpu_dir         = GGML_BINS;
    o.name            = "cuda:" + setting("ROCKETDOC_CUDA_DEVICE", "0");
    o.library         = setting("ROCKETDOC_CUDA_LIBRARY", CUDA_LIBRARY);
    o.kernels_library = setting("ROCKETDOC_KERNELS", KERNELS_LIBRARY);
    return o;
}

// False where no GPU can be used, the reason printed. A GPU that is there and fails is a failed check.
inline bool has_gpu() {
    using namespace rocketdoc;
    std::unique_ptr<Device> device;
    const Status            status = cuda_options().kernels_library.empty()
                                         ? Status::fail(Code::GPU_NONE, "The CUDA kernels were not compiled.")
                                         : Device::open(cuda_options(), device);
    if (status.code == Code::GPU_NONE) {
        std::printf("skipped: %s\n", status.message.c_str());
        return false;
    }
    CHECK(status.ok() && device->try_out().ok());
    return true;
}
