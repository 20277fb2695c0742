/** Whether a model has room on this machine: an icon and a word, with the numbers beside them. */
import { Check, CircleAlert, X } from 'lucide-react';
import type { ModelFit } from '../../../electron/contract/models.ts';
import { bytes, count } from '../../format.ts';

const badges = {
  fits: { word: 'Fits', Icon: Check, color: 'text-ok' },
  q8_0: { word: 'Fits with q8_0', Icon: CircleAlert, color: 'text-warn' },
  shorter: { word: 'Fits shorter documents', Icon: CircleAlert, color: 'text-warn' },
  no: { word: 'Does not fit', Icon: X, color: 'text-danger' },
} as const;

export function FitBadge({ fit }: { fit: ModelFit }) {
  const { word, Icon, color } = badges[fit.level];
  return (
    <p className="tabular flex flex-wrap items-baseline gap-x-2 text-note leading-4">
      <span className={`inline-flex items-baseline gap-1 font-[520] ${color}`}>
        <Icon size={12} aria-hidden className="shrink-0 self-center" />
        {word}
      </span>
      <span className="text-muted">{numbersOf(fit)}</span>
    </p>
  );
}

export function numbersOf({ level, tokens, need, available, isEstimate }: ModelFit): string {
  const about = isEstimate ? 'about ' : '';
  const document = level === 'shorter' ? `up to ${count(tokens)} tokens` : `${count(tokens)} tokens of document`;
  const cache = level === 'q8_0' ? ' in q8_0' : '';
  const last = level === 'no' ? 'available' : 'free';
  return `${document}${cache}: ${about}${bytes(need)}, ${bytes(available)} ${last}`;
}
