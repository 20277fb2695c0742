/**
 * An answer's Markdown: the one component for text that streams and text that is stored. Raw HTML is not parsed at all, pictures
 * are never fetched, and a link is a button that hands its address to the caller.
 */
import { memo, type ReactNode, useMemo } from 'react';
import { type Components, defaultRehypePlugins, Streamdown } from 'streamdown';
import type { ComparedWord } from '../../electron/contract/words.ts';
import { differenceMarks } from './differences.ts';
import { answerMarks, markTag } from './insertions.ts';
import { PlainFallback } from './plain-fallback.tsx';
import { unsupportedMarks, unsupportedTag } from './unsupported-marks.ts';

interface SafeMarkdownProps {
  text: string;
  streaming: boolean;
  onLink: (address: string) => void;
  /** What to insert behind which words; only for a text that does not grow any more. */
  marks?: readonly Mark[];
  /** Words to underline with dots; only for a text that does not grow any more. */
  unsupported?: readonly string[];
  /** The words of `text`, to mark those that differ from another answer's; only for a text that does not grow any more. */
  compared?: readonly ComparedWord[];
}

export interface Mark {
  claim: string;
  shown: ReactNode;
}

const noMarks: readonly Mark[] = [];
const noneUnsupported: readonly string[] = [];

/** Without `raw` HTML tags stay text. Sanitising stays, for the elements that Markdown itself makes. */
const { raw: _raw, ...withoutRaw } = defaultRehypePlugins;
const rehypePlugins = Object.values(withoutRaw);

export const SafeMarkdown = memo(function SafeMarkdown({
  text,
  streaming,
  onLink,
  marks = noMarks,
  unsupported = noneUnsupported,
  compared,
}: SafeMarkdownProps) {
  const components = useMemo(() => ({ ...inertComponents(onLink), ...markComponents(marks) }), [onLink, marks]);
  // Claims are options of the plugins, because streamdown caches one processor for each list of plugins and options.
  const plugins = useMemo(() => {
    const all: typeof rehypePlugins = [...rehypePlugins];
    if (compared) all.push([differenceMarks, compared]);
    if (unsupported.length > 0) all.push([unsupportedMarks, unsupported]);
    if (marks.length > 0) all.push([answerMarks, marks.map(({ claim }) => claim)]);
    return all;
  }, [marks, unsupported, compared]);
  return (
    <PlainFallback key={streaming ? 'growing' : marks.length + unsupported.length > 0 ? 'marked' : 'whole'} text={text}>
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
  // The space lets a line end before the mark.
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
    // A task list's check box is drawn as a character: nobody can tick it.
    input: ({ checked }) => (
      <span role="img" aria-label={checked ? 'done' : 'not done'}>
        {checked ? '☑' : '☐'}
      </span>
    ),
    // Headings of an answer rank below the window's own, which name question and answer.
    h1: ({ children }) => <h3>{children}</h3>,
    h2: ({ children }) => <h3>{children}</h3>,
    h3: ({ children }) => <h4>{children}</h4>,
    h4: ({ children }) => <h4>{children}</h4>,
    h5: ({ children }) => <h4>{children}</h4>,
    h6: ({ children }) => <h4>{children}</h4>,
    mark: ({ children }) => (
      <mark className="rounded-sm bg-accent-soft text-ink underline decoration-accent decoration-2">{children}</mark>
    ),
    [unsupportedTag]: ({ children }) => (
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
