// The tables that the kernel files export. Null where a file was compiled without its ISA (another architecture, MSVC).
#pragma once

namespace rocketdoc {

struct CpuKernels;

const CpuKernels * kernels_generic();
const CpuKernels * kernels_avx2();
const CpuKernels * kernels_avx512();

}  // namespace rocketdoc
