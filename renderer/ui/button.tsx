/** The four kinds of button, and the square one with an icon. */
import { clsx } from 'clsx';
import type { ComponentPropsWithRef } from 'react';

const base =
  'inline-flex items-center justify-center gap-2 rounded-md text-body font-[520] whitespace-nowrap select-none transition-colors duration-150 disabled:opacity-50';

const kinds = {
  primary: 'h-8 px-3 bg-accent text-on-accent hover:not-disabled:brightness-110',
  quiet: 'h-8 px-3 border border-line-strong bg-raised text-ink hover:not-disabled:bg-sunken',
  bare: 'h-7 px-2 text-muted hover:not-disabled:bg-sunken hover:not-disabled:text-ink',
  danger: 'h-8 px-3 border border-line-strong bg-raised text-danger hover:not-disabled:bg-sunken',
} as const;

export type ButtonProps = ComponentPropsWithRef<'button'> & { kind?: keyof typeof kinds };

export function Button({ kind = 'quiet', className, ...props }: ButtonProps) {
  return <button type="button" className={clsx(base, kinds[kind], className)} {...props} />;
}

export function IconButton({ label, className, ...props }: ComponentPropsWithRef<'button'> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={clsx(
        'inline-flex size-7 shrink-0 items-center justify-center rounded-md text-muted transition-colors duration-150 hover:not-disabled:bg-sunken hover:not-disabled:text-ink disabled:opacity-50',
        className,
      )}
      {...props}
    />
  );
}
