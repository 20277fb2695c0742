/** Shown until the library is open: says what is waited for. */
import { useUi } from './stores/ui.ts';

export function Connecting() {
  const waitedFor = useUi((ui) => ui.waitedFor);
  return (
    <p role="status" className="p-8 text-center text-muted">
      {waitedFor ?? 'Connecting to RocketDoc on this machine.'}
    </p>
  );
}
