/** A thin bar with its value for screen readers. */
export function ProgressBar({ value, label }: { value: number; label: string }) {
  const share = Math.min(1, Math.max(0, value));
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      className="h-1.5 overflow-hidden rounded-full bg-sunken"
    >
      <div
        // Moved and not made wider: its way there is drawn without the window being laid out at every frame.
        className="h-full rounded-full bg-accent transition-transform duration-150 will-change-transform"
        style={{ transform: `translateX(${100 * share - 100}%)` }}
      />
    </div>
  );
}
