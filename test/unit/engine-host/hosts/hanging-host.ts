// Starts, then never comes back to its event loop.
process.send?.({ beat: 'ready' });
process.on('message', (message) => {
  if (typeof message === 'string') for (;;);
});
