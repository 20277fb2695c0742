/**
 * An answer's Markdown: the one component for text that streams and text that is stored. Raw HTML is not parsed at all, pictures
 * are never fetched, and a link is a button that hands its address to the caller.
 */
import { memo, type ReactNode, useMemo } from 'react';
import { type Components, defaultRehypePlugins, Streamdown } from 'streamdown';
import type { ComparedWord } from '../../electron/contract/words.ts';
import { differenceMarks } from './differences.ts';
import { doubtMarks, doubtTag } from './doubts.ts';
import { answerMarks, markTag } from './insertions.ts';
import { PlainFallback } from './plain-fallback.tsx';

interface SafeMarkdownProps {
  text: string;
  streaming: boolean;
  onLink: (address: string) => void;
  /** What stands behind which words; for text that does not grow any more. */
  marks?: readonly Mark[];
  /** Words that get a dotted line below them; likewise. */
  doubts?: readonly string[];
  /** The words of `text`, of which those that differ from another answer's are marked; likewise. */
  compared?: readonly ComparedWord[];
}

export interface Mark {
  claim: string;
  shown: ReactNode;
}

const noMarks: readonly Mark[] = [];
const noDoubts: readonly string[] = [];

/** Without `raw`: tags in the text stay text. Sanitising stays, for whatever Markdown itself may make. */
const { raw: _raw, ...withoutRaw } = defaultRehypePlugins;
const rehypePlugins = Object.values(withoutRaw);

export const SafeMarkdown = memo(function SafeMarkdown({
  text,
  streaming,
  onLink,
  marks = noMarks,
  doubts = noDoubts,
  compared,
}: SafeMarkdownProps) {
  const components = useMemo(() => ({ ...inertComponents(onLink), ...markComponents(marks) }), [onLink, marks]);
  // With its claims as options: streamdown keeps one processor for each list of plugins and their options.
  const plugins = useMemo(() => {
    const all: typeof rehypePlugins = [...rehypePlugins];
    if (compared) all.push([differenceMarks, compared]);
    if (doubts.length > 0) all.push([doubtMarks, doubts]);
    if (marks.length > 0) all.push([answerMarks, marks.map(({ claim }) => claim)]);
    return all;
  }, [marks, doubts, compared]);
  return (
    <PlainFallback key={streaming ? 'growing' : marks.length + doubts.length > 0 ? 'marked' : 'whole'} text={text}>
      <Streamdown
        className="prose"
        mode={streaming ? 'streaming' : 'static'}
        isAnimating={streaming}
        rehypePlugins={plugins}
        components={components}
        controls={false}
        lineNumbers={false}
      >
        {text}
      </Streamdown>
    </PlainFallback>
  );
});

function markComponents(marks: readonly Mark[]): Components {
  // A space of its own: a line may end before a mark.
  return { [markTag]: (props) => <> {marks[Number(props['data-mark'])]?.shown}</> };
}

function inertComponents(onLink: (address: string) => void): Components {
  return {
    a: ({ href, children }) =>
      typeof href === 'string' && /^(https?:|mailto:)/i.test(href) ? (
        <button
          type="button"
          title={href}
          onClick={() => onLink(href)}
          className="cursor-pointer text-accent underline decoration-dotted underline-offset-2"
        >
          {children}
        </button>
      ) : (
        <span>{children}</span>
      ),
    img: ({ alt }) => <span className="text-muted">[picture{typeof alt === 'string' && alt ? `: ${alt}` : ''}]</span>,
    // A task list's box: drawn, for nobody can tick it.
    input: ({ checked }) => (
      <span role="img" aria-label={checked ? 'done' : 'not done'}>
        {checked ? '☑' : '☐'}
      </span>
    ),
    // Below the window's own headings, which name question and answer.
    h1: ({ children }) => <h3>{children}</h3>,
    h2: ({ children }) => <h3>{children}</h3>,
    h3: ({ children }) => <h4>{children}</h4>,
    h4: ({ children }) => <h4>{children}</h4>,
    h5: ({ children }) => <h4>{children}</h4>,
    h6: ({ children }) => <h4>{children}</h4>,
    mark: ({ children }) => (
      <mark className="rounded-sm bg-accent-soft text-ink underline decoration-accent decoration-2">{children}</mark>
    ),
    [doubtTag]: ({ children }) => (
      <span
        title="This stands nowhere in the document."
        data-testid="unsupported"
        className="underline decoration-warn decoration-dotted decoration-2 underline-offset-3"
      >
        {children as ReactNode}
      </span>
    ),
    pre: ({ children }) => <pre>{children}</pre>,
    code: ({ children }) => <code>{children}</code>,
    table: ({ children }) => (
      <div className="overflow-x-auto">
        <table>{children}</table>
      </div>
    ),
  };
}
