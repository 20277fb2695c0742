// Aborts at the first request, as ggml does: text on stderr, then SIGABRT.
process.send?.({ beat: 'ready' });
process.on('message', (message) => {
  if (typeof message !== 'string') return;
  process.stderr.write('ggml-cpu.c:1234: GGML_ASSERT(ne00 == ne10) failed\n', () => process.abort());
});
