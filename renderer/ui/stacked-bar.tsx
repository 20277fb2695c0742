/** Parts of a whole on a scale, and under them the outline of another amount on the same scale. The legend is the caller's. */
export interface BarPart {
  key: string;
  label: string;
  value: number;
  color: string;
}

interface StackedBarProps {
  parts: readonly BarPart[];
  /** Right end of the scale. */
  scale: number;
  ghost?: { from: number; to: number; label: string } | undefined;
  label: string;
}

export function StackedBar({ parts, scale, ghost, label }: StackedBarProps) {
  const share = (value: number) => `${Math.min(100, (value / scale) * 100)}%`;
  return (
    <div role="img" aria-label={label}>
      <div className="flex h-5 overflow-hidden rounded bg-sunken">
        {parts.map(({ key, label: name, value, color }) => (
          <div
            key={key}
            title={name}
            className="h-full border-r border-surface transition-[width] duration-150 last:border-r-0"
            style={{ width: share(value), background: color }}
          />
        ))}
      </div>
      {ghost && (
        <div className="relative mt-1 h-2.5">
          <div
            title={ghost.label}
            className="absolute inset-y-0 rounded-[3px] border border-dashed border-(--ghost) transition-[left,width] duration-150"
            style={{ left: share(ghost.from), width: share(ghost.to - ghost.from) }}
          />
        </div>
      )}
    </div>
  );
}
