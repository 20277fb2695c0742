/** A labelled control with one line that says what it does. */
import { type ReactNode, useId } from 'react';

/** Ids that connect a control with its label and its line. */
export interface FieldIds {
  id: string;
  'aria-describedby': string | undefined;
}

interface FieldProps {
  label: string;
  hint?: ReactNode;
  children: (ids: FieldIds) => ReactNode;
  /** The control is wide and stands below its words. */
  isWide?: boolean | undefined;
}

export function Field({ label, hint, children, isWide = false }: FieldProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  const control = children({ id, 'aria-describedby': hint ? hintId : undefined });
  return (
    <div className="grid grid-cols-[1fr_auto] items-center gap-x-4 py-3">
      <label htmlFor={id} className="font-[520]">
        {label}
      </label>
      {!isWide && <div className="row-span-1">{control}</div>}
      {hint && (
        <p id={hintId} className="col-span-2 mt-1 max-w-[52ch] text-note leading-4 text-muted">
          {hint}
        </p>
      )}
      {isWide && <div className="col-span-2 mt-2">{control}</div>}
    </div>
  );
}

export const controlClass =
  'h-8 rounded-md border border-line-strong bg-surface px-2 text-body text-ink disabled:opacity-60';

export function Select<Value extends string>({
  value,
  options,
  onChange,
  ...rest
}: {
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChange: (value: Value) => void;
  id?: string;
  'aria-describedby'?: string | undefined;
  'aria-label'?: string;
  className?: string;
}) {
  return (
    <select
      {...rest}
      value={value}
      onChange={(event) => onChange(event.target.value as Value)}
      className={rest.className ?? controlClass}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
