/**
 * An answer's Markdown: the one component for text that streams and text that is stored. Raw HTML is not parsed at all, pictures
 * are never fetched, and a link is a button that hands its address to the caller.
 */
import { memo, useMemo } from 'react';
import { type Components, defaultRehypePlugins, Streamdown } from 'streamdown';

interface SafeMarkdownProps {
  text: string;
  streaming: boolean;
  onLink: (address: string) => void;
}

/** Without `raw`: tags in the text stay text. Sanitising stays, for whatever Markdown itself may make. */
const { raw: _raw, ...withoutRaw } = defaultRehypePlugins;
const rehypePlugins = Object.values(withoutRaw);

export const SafeMarkdown = memo(function SafeMarkdown({ text, streaming, onLink }: SafeMarkdownProps) {
  const components = useMemo(() => inertComponents(onLink), [onLink]);
  return (
    <Streamdown
      className="prose"
      mode={streaming ? 'streaming' : 'static'}
      isAnimating={streaming}
      rehypePlugins={rehypePlugins}
      components={components}
      controls={false}
      lineNumbers={false}
    >
      {text}
    </Streamdown>
  );
});

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
    // Below the window's own headings, which name question and answer.
    h1: ({ children }) => <h3>{children}</h3>,
    h2: ({ children }) => <h3>{children}</h3>,
    h3: ({ children }) => <h4>{children}</h4>,
    h4: ({ children }) => <h4>{children}</h4>,
    h5: ({ children }) => <h4>{children}</h4>,
    h6: ({ children }) => <h4>{children}</h4>,
    pre: ({ children }) => <pre>{children}</pre>,
    code: ({ children }) => <code>{children}</code>,
    table: ({ children }) => (
      <div className="overflow-x-auto">
        <table>{children}</table>
      </div>
    ),
  };
}
