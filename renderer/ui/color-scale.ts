/** The Viridis colours, interpolated between nine steps. Their lightness grows evenly, so they can be told apart without colour vision. */
const stops = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
] as const;

/** The colour of a share in [0, 1]. */
export function viridis(share: number): string {
  const at = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * (stops.length - 1);
  const low = stops[Math.floor(at)] ?? stops[0];
  const high = stops[Math.ceil(at)] ?? stops[8];
  const part = at - Math.floor(at);
  const mix = (i: 0 | 1 | 2) => Math.round(low[i] + (high[i] - low[i]) * part);
  return `rgb(${mix(0)} ${mix(1)} ${mix(2)})`;
}
