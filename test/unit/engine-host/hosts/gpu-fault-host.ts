// Ends as ggml does when the GPU fails: a message and a stack on stderr, then SIGABRT.
const words = `CUDA error: an illegal memory access was encountered
  current device: 0, in function ggml_backend_cuda_synchronize at ggml-cuda.cu:3021
  cudaStreamSynchronize(cuda_ctx->stream())
ggml-cuda.cu:103: CUDA error
#0  0x00007f0000000000 in wait4 () from libc.so.6
#1  0x00007f0000000001 in ggml_print_backtrace () from libggml-base.so
`;
process.send?.({ beat: 'ready' });
process.on('message', (message) => {
  if (typeof message === 'string') process.stderr.write(words, () => process.abort());
});
