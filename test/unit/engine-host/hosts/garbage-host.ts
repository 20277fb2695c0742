// Answers every request with a message that no contract has, then ends.
process.send?.({ beat: 'ready' });
process.on('message', (message) => {
  if (typeof message !== 'string') return;
  process.send?.('{"not":"an answer"');
  process.send?.({ something: 'else' });
  process.send?.(12);
  setTimeout(() => process.exit(3), 100);
});
