/** What a model thought before its answer, folded. It is plain text: no citations are looked for in it, and links in it do nothing. */
import { Brain } from 'lucide-react';
import { plural } from '../../format.ts';

interface ThinkingProps {
  text: string;
  /** The model is still thinking. */
  isLive?: boolean;
  /** Known when the thinking is over. */
  tokens?: number | undefined;
}

export function Thinking({ text, isLive = false, tokens }: ThinkingProps) {
  if (text === '') return null;
  return (
    <details className="mb-3 rounded-lg border border-line bg-sunken text-note leading-5">
      <summary className="cursor-pointer px-3 py-1.5 text-muted hover:text-ink" data-testid="thinking">
        <Brain size={12} aria-hidden className="mr-1.5 inline align-[-1.5px]" />
        <span role={isLive ? 'status' : undefined}>{thinkingWords(isLive, tokens)}</span>
      </summary>
      <p className="max-h-80 overflow-auto px-3 pb-2 whitespace-pre-wrap text-muted wrap-anywhere">{text}</p>
    </details>
  );
}

export function thinkingWords(isLive: boolean, tokens: number | undefined): string {
  if (isLive) return 'Thinking';
  return tokens ? `Thought for ${plural(tokens, 'token')}` : 'Thought';
}
