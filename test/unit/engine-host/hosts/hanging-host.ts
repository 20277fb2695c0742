// Starts, then blocks its event loop for ever.
process.send?.({ beat: 'ready' });
process.on('message', (message) => {
  if (typeof message === 'string') for (;;);
});
