/** A document as text: only what is in sight is fetched and drawn, and it is drawn as text, whatever it contains. */

import { FileText } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Virtuoso, type VirtuosoHandle } from 'react-virtuoso';
import { useShallow } from 'zustand/react/shallow';
import type { DocumentOutline, LibraryDocument } from '../../../electron/contract/app-types.ts';
import type { DocumentFormat } from '../../../electron/contract/document-kinds.ts';
import { unitTitle } from '../../../electron/contract/receipt.ts';
import { recognisedWords } from '../../format.ts';
import { type Stretch, setPage, textOf, useDocumentView } from '../../stores/document-view.ts';
import { IconButton } from '../../ui/button.tsx';
import { AskAbout } from './ask-about.tsx';
import { ViewBar } from './view-bar.tsx';

export interface Block {
  page: number;
  start: number;
  end: number;
  isFirst: boolean;
}

/** Every page has at least one block, so that its number is seen where it has no text. */
export function blocksOf({ pages }: DocumentOutline): Block[] {
  return pages.flatMap(({ blocks, end }, page) =>
    blocks.map((start, i) => ({ page, start, end: blocks[i + 1] ?? end, isFirst: i === 0 })),
  );
}

/** The block that holds `start`; of blocks without text the one of that page. */
export function blockAt(blocks: readonly Block[], { start, page }: Stretch): number {
  const index = blocks.findLastIndex((block) => block.page <= page && block.start <= start);
  return Math.max(0, index);
}

/** Whether a stretch is made of whole pages. */
export function coversPages({ pages }: DocumentOutline, { page, start, end }: Stretch): boolean {
  return pages[page]?.start === start && pages.some((entry) => entry.end === end && entry.end > start);
}

interface TextViewProps {
  document: LibraryDocument;
  outline: DocumentOutline;
  /** Goes back to the pages of a PDF; null where there are none to show. */
  onPages: (() => void) | null;
}

export function TextView({ document, outline, onPages }: TextViewProps) {
  const { passage, asked } = useDocumentView(useShallow(({ passage, asked }) => ({ passage, asked })));
  const blocks = useMemo(() => blocksOf(outline), [outline]);
  const list = useRef<VirtuosoHandle>(null);
  const { quote, holder, forget } = useSelectedText();
  const [first] = useState(() => (passage ? blockAt(blocks, passage) : 0));
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each time a passage is asked for
  useEffect(() => {
    if (!passage) return;
    const index = blockAt(blocks, passage);
    const block = blocks[index];
    if (!block) return;
    // A block gets its height with its text; before that the list would scroll to a wrong place.
    void textOf(document.id, block.start, block.end).then(() =>
      list.current?.scrollToIndex({ index, align: passage.end > passage.start ? 'center' : 'start' }),
    );
  }, [asked, blocks]);
  return (
    <div className="flex h-full flex-col">
      <ViewBar
        outline={outline}
        format={document.format}
        onPage={(page) =>
          list.current?.scrollToIndex({ index: blocks.findIndex((block) => block.page === page), align: 'start' })
        }
      >
        {onPages && (
          <IconButton label="Show the pages" onClick={onPages}>
            <FileText size={14} aria-hidden />
          </IconButton>
        )}
      </ViewBar>
      <div ref={holder} className="min-h-0 flex-1 bg-surface">
        <Virtuoso
          ref={list}
          className="h-full"
          role="region"
          aria-label={`Text of ${document.name}`}
          data={blocks}
          computeItemKey={(_, block) => `${block.page} ${block.start}`}
          initialTopMostItemIndex={first}
          onScroll={({ currentTarget }) => {
            const page = pageAtTop(currentTarget);
            if (page !== undefined) setPage(page);
          }}
          itemContent={(_, block) => (
            <BlockView
              documentId={document.id}
              block={block}
              title={titleOf(outline, block.page, document.format)}
              passage={passage}
              isWhole={passage !== null && coversPages(outline, passage)}
              asked={asked}
            />
          )}
        />
      </div>
      <AskAbout quote={quote} onDone={forget} />
    </div>
  );
}

/** Looks a little below the upper edge, so that the last line of the page before does not count. */
function pageAtTop(view: Element): number | undefined {
  const { left, top, width } = view.getBoundingClientRect();
  const block = window.document.elementFromPoint(left + width / 2, top + 32)?.closest('[data-page]');
  return block ? Number(block.getAttribute('data-page')) : undefined;
}

function titleOf(outline: DocumentOutline, page: number, format: DocumentFormat): string {
  const { label = '', recognised } = outline.pages[page] ?? {};
  const mark = recognised ? `, ${recognisedWords(recognised)}` : '';
  const word = unitTitle(format);
  if (label === '' || /^\d+$/.test(label) || format === 'pdf') return `${word} ${label || page + 1}${mark}`;
  return `${label}${mark}`;
}

interface BlockViewProps {
  documentId: string;
  block: Block;
  title: string;
  passage: Stretch | null;
  /** The passage is whole pages: they get a bar at their side instead of a mark on every word. */
  isWhole: boolean;
  asked: number;
}

function BlockView({ documentId, block, title, passage, isWhole, asked }: BlockViewProps) {
  const { start, end } = block;
  const isInside = passage !== null && isWhole && passage.start <= start && passage.end >= end && end > start;
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    let isGone = false;
    textOf(documentId, start, end).then(
      (loaded) => !isGone && setText(loaded),
      () => !isGone && setText(''),
    );
    return () => {
      isGone = true;
    };
  }, [documentId, start, end]);
  return (
    <div
      data-page={block.page}
      data-testid={isInside ? 'passage' : undefined}
      className={`border-l-4 px-3 pb-1 ${isInside ? 'border-accent' : 'border-transparent'}`}
    >
      {block.isFirst && <h3 className="pt-3 pb-1 text-note leading-4 font-[560] text-muted wrap-anywhere">{title}</h3>}
      <p
        className="text-row leading-5.5 whitespace-pre-wrap wrap-anywhere"
        style={text === null ? space(block) : undefined}
      >
        {text === null ? '' : marked(text.replace(/\n+$/, ''), block, isWhole ? null : passage, asked)}
      </p>
    </div>
  );
}

/** About the height that the text will have, so that the scroll bar does not jump when the text comes. */
const space = ({ start, end }: Block) => ({ minHeight: `${Math.ceil((end - start) / 46) * 22}px` });

function marked(text: string, { start }: Block, passage: Stretch | null, asked: number) {
  if (!passage || passage.end <= start || passage.start >= start + text.length || passage.end === passage.start)
    return text;
  const from = Math.max(0, passage.start - start);
  const to = Math.min(text.length, passage.end - start);
  return (
    <>
      {text.slice(0, from)}
      <Mark key={asked} text={text.slice(from, to)} isFirst={passage.start >= start} />
      {text.slice(to)}
    </>
  );
}

/** Scrolls itself into sight when it appears: scrolling to the block is not enough where the block is higher than the view. */
function Mark({ text, isFirst }: { text: string; isFirst: boolean }) {
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isFirst) element.current?.scrollIntoView({ block: 'center' });
  }, [isFirst]);
  return (
    <mark ref={element} data-testid="passage" className="rounded-sm bg-mark text-ink">
      {text}
    </mark>
  );
}

/** The text that is selected inside `holder`. */
function useSelectedText() {
  const holder = useRef<HTMLDivElement>(null);
  const [quote, setQuote] = useState('');
  useEffect(() => {
    const look = () => {
      const selection = window.getSelection();
      const isInside = selection?.anchorNode && holder.current?.contains(selection.anchorNode);
      setQuote(isInside && !selection.isCollapsed ? selection.toString() : '');
    };
    window.document.addEventListener('selectionchange', look);
    return () => window.document.removeEventListener('selectionchange', look);
  }, []);
  return { quote, holder, forget: () => window.getSelection()?.removeAllRanges() };
}
