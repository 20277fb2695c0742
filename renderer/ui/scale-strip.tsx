/** The colour scale in a legend, least to most. */
import { viridis } from './color-scale.ts';

const colors = [0, 0.25, 0.5, 0.75, 1].map(viridis).join(', ');

export function ScaleStrip() {
  return (
    <span
      aria-hidden
      className="inline-block h-2 w-12 shrink-0 rounded-sm"
      style={{ background: `linear-gradient(to right, ${colors})` }}
    />
  );
}
