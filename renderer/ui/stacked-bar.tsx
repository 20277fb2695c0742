/** Parts of a whole on a scale, with the outline of another amount behind them. The legend is the caller's. */
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
    <div role="img" aria-label={label} className="relative h-5 rounded bg-sunken">
      {ghost && (
        <div
          title={ghost.label}
          className="absolute inset-y-0 rounded border border-dashed border-(--ghost)"
          style={{ left: share(ghost.from), width: share(ghost.to - ghost.from) }}
        />
      )}
      <div className="absolute inset-0 flex overflow-hidden rounded">
        {parts.map(({ key, label: name, value, color }) => (
          <div
            key={key}
            title={name}
            className="h-full border-r border-surface transition-[width] duration-150 last:border-r-0"
            style={{ width: share(value), background: color }}
          />
        ))}
      </div>
    </div>
  );
}
