/** Parts of a whole on a scale, and below them the outline of another amount on the same scale. The caller draws the legend. */
export interface BarPart {
  key: string;
  /** What the part is and how much, as a tooltip and for screen readers. */
  label: string;
  value: number;
  color: string;
}

interface StackedBarProps {
  parts: readonly BarPart[];
  /** Right end of the scale. */
  scale: number;
  /** The outline; it is open at its right where it goes on past the end of the scale. */
  ghost?: { from: number; to: number; label: string } | undefined;
  label: string;
  /** The bar shows a plan, not what is in memory. */
  isPreview?: boolean;
  /** The values change several times a second: each transition would draw the window at every frame. */
  isLive?: boolean;
}

export function StackedBar({ parts, scale, ghost, label, isPreview = false, isLive = false }: StackedBarProps) {
  // In steps of about a pixel: less cannot be seen.
  const share = (value: number) => `${Math.min(100, Math.max(0, Math.round((value / scale) * 400) / 4))}%`;
  const isOpen = ghost !== undefined && ghost.to > scale;
  return (
    <div role="img" aria-label={label}>
      <div
        className={`flex h-5 overflow-hidden rounded bg-sunken ${isPreview ? 'outline-1 outline-offset-1 outline-(--ghost) outline-dashed' : ''}`}
      >
        {parts.map(({ key, label: name, value, color }) => (
          <div
            key={key}
            title={name}
            className={`h-full border-r border-surface last:border-r-0 ${isLive ? '' : 'transition-[width] duration-150'} ${isPreview ? 'opacity-60' : ''}`}
            style={{ width: share(value), background: color }}
          />
        ))}
      </div>
      {ghost && (
        <div className="relative mt-1 h-2.5">
          <div
            title={ghost.label}
            className={`absolute inset-y-0 rounded-l-[3px] border border-dashed border-(--ghost) ${isLive ? '' : 'transition-[left,width] duration-150'} ${isOpen ? 'border-r-0' : 'rounded-r-[3px]'}`}
            style={{ left: share(ghost.from), width: share(Math.min(ghost.to, scale) - ghost.from) }}
          />
        </div>
      )}
    </div>
  );
}
