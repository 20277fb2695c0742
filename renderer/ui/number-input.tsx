/** A number with a range. It applies on Enter and on leaving the field; one out of range is taken back, and a line says what is allowed. */
import { useState } from 'react';
import { controlClass } from './field.tsx';

interface NumberInputProps {
  id?: string;
  'aria-describedby'?: string | undefined;
  'aria-label'?: string;
  value: number;
  range: { least: number; most: number; whole: boolean; odd?: boolean };
  onChange: (value: number) => void;
  className?: string;
}

const shown = (n: number) => n.toLocaleString('en-US', { maximumFractionDigits: 6 });

/** undefined: the text is no number within the range. */
export function numberWithin(text: string, { least, most, whole, odd }: NumberInputProps['range']): number | undefined {
  const plain = text.trim().replaceAll(',', '');
  const value = plain === '' ? Number.NaN : Number(plain);
  if (!(value >= least && value <= most)) return undefined;
  if ((whole && !Number.isInteger(value)) || (odd && value % 2 === 0)) return undefined;
  return value;
}

export function NumberInput({ value, range, onChange, className = 'w-28', ...rest }: NumberInputProps) {
  const [refused, setRefused] = useState(false);
  const apply = (input: HTMLInputElement) => {
    const next = numberWithin(input.value, range);
    setRefused(next === undefined);
    if (next === undefined) input.value = String(value);
    else if (next !== value) onChange(next);
  };
  return (
    <div className="text-right">
      <input
        {...rest}
        key={value}
        inputMode={range.whole ? 'numeric' : 'decimal'}
        defaultValue={value}
        onBlur={(event) => apply(event.target)}
        onKeyDown={(event) => event.key === 'Enter' && apply(event.currentTarget)}
        className={`${controlClass} ${className} text-right`}
      />
      {refused && (
        <p role="status" className="mt-1 text-note leading-4 text-danger">
          {range.odd ? 'An odd number from' : range.whole ? 'A whole number from' : 'From'} {shown(range.least)} to{' '}
          {shown(range.most)}.
        </p>
      )}
    </div>
  );
}
