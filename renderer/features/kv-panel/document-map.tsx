/** The document from first to last token: what stage 1 kept for the question, and what stage 2 read while answering. */
import { useState } from 'react';
import type { MapPage } from '../../../electron/contract/app-types.ts';
import type { Citation, Passage } from '../../../electron/contract/citations.ts';
import type { Counters } from '../../../electron/contract/engine-reports.ts';
import { count, percent, plural } from '../../format.ts';
import { viridis } from '../../ui/color-scale.ts';
import { Section } from './section.tsx';

interface Bin {
  first: number;
  last: number;
  tokens: number;
  kept: number;
  read: number;
  label: string;
  opening: string;
}

const mostBins = 96;

/** Neighbouring pages together until the lanes have no line thinner than an eye can hold apart. Means weighed by tokens. */
export function mapBins(map: readonly MapPage[], most = mostBins): Bin[] {
  const total = map.reduce((sum, page) => sum + page.tokens, 0);
  const bins: Bin[] = [];
  for (const [i, page] of map.entries()) {
    if (page.tokens === 0) continue;
    const last = bins.at(-1);
    if (last && last.tokens + page.tokens <= total / most) {
      const tokens = last.tokens + page.tokens;
      last.kept = (last.kept * last.tokens + page.kept * page.tokens) / tokens;
      last.read = (last.read * last.tokens + page.read * page.tokens) / tokens;
      last.tokens = tokens;
      last.last = i;
    } else {
      const { tokens, kept, read, label, opening } = page;
      bins.push({ first: i, last: i, tokens, kept, read, label, opening });
    }
  }
  return bins;
}

interface DocumentMapProps {
  map: readonly MapPage[];
  counters: Counters;
  citations: readonly Citation[];
  /** The answer is being made: the second lane grows. */
  isLive: boolean;
  unit: string;
  /** Of pages as the document counts them, from 0. */
  onShow: (firstPage: number, lastPage: number) => void;
  onCitation: (passage: Passage) => void;
}

export function DocumentMap({ map, counters, citations, isLive, unit, onShow, onCitation }: DocumentMapProps) {
  const [pointed, setPointed] = useState<{ bin: number; passage: Passage | null } | null>(null);
  const bins = mapBins(map);
  const total = bins.reduce((sum, bin) => sum + bin.tokens, 0);
  // keptMass has an entry for each layer and KV head; where nothing was chosen every row is kept by all.
  const heads = counters.keptMass.length;
  const keptShare = (bin: Bin) => (heads > 0 ? bin.kept / heads : 1);
  const keptMost = Math.max(...bins.map(keptShare), 0.001);
  const readMost = Math.max(...bins.map((bin) => bin.read), 0.001);
  const lanes = [
    { name: 'Kept', value: (bin: Bin) => keptShare(bin) / keptMost, most: percent(keptMost) },
    {
      name: 'Read',
      value: (bin: Bin) => bin.read / readMost,
      most: `${readMost < 10 ? readMost.toFixed(1) : count(readMost)} ×`,
    },
  ];
  const bin = pointed === null ? undefined : bins[pointed.bin];
  let at = 0;
  const places = bins.map((entry) => {
    const place = { x: at, width: entry.tokens / total };
    at += place.width;
    return place;
  });
  const pageOf = (index: number) => map[index]?.page ?? index;
  const show = () => {
    if (pointed?.passage) onCitation(pointed.passage);
    else if (bin) onShow(pageOf(bin.first), pageOf(bin.last));
  };
  const describe = (entry: Bin) =>
    `${pageName(entry, map)}: kept by ${percent(keptShare(entry))} of layers and heads, read ${entry.read.toFixed(1)} times a token.`;
  const move = (step: number) =>
    setPointed({ bin: Math.min(bins.length - 1, Math.max(0, (pointed?.bin ?? -1) + step)), passage: null });
  return (
    <Section title="Map of the document" aside={isLive ? 'while answering' : plural(map.length, unit)}>
      <div
        role="slider"
        tabIndex={0}
        data-testid="document-map"
        aria-label={`Passage of the document; Enter shows its ${unit}`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, bins.length - 1)}
        aria-valuenow={pointed?.bin ?? 0}
        aria-valuetext={bin ? describe(bin) : 'none'}
        className="cursor-pointer space-y-1 rounded-sm"
        onPointerLeave={() => setPointed(null)}
        onClick={show}
        onKeyDown={(event) => {
          if (event.key === 'ArrowRight' || event.key === 'ArrowUp') move(1);
          else if (event.key === 'ArrowLeft' || event.key === 'ArrowDown') move(-1);
          else if (event.key === 'Enter') show();
          else return;
          event.preventDefault();
        }}
      >
        {lanes.map((lane) => (
          <div key={lane.name} className="grid grid-cols-[36px_1fr] items-center gap-2">
            <span className="text-[12px] leading-4 text-muted">{lane.name}</span>
            <svg
              role="img"
              aria-label={`${lane.name}, page by page: ${bins
                .map((entry) => `${entry.label} ${Math.round(lane.value(entry) * 100)}`)
                .slice(0, 40)
                .join(', ')}`}
              viewBox="0 0 1000 100"
              preserveAspectRatio="none"
              className="h-6 w-full rounded-sm"
            >
              {bins.map((entry, i) => (
                <rect
                  key={entry.first}
                  data-value={lane.value(entry).toFixed(4)}
                  x={(places[i]?.x ?? 0) * 1000}
                  width={Math.max(1, (places[i]?.width ?? 0) * 1000 - 2)}
                  height={100}
                  fill={viridis(lane.value(entry))}
                  opacity={pointed === null || pointed.bin === i ? 1 : 0.55}
                  onPointerEnter={() => setPointed({ bin: i, passage: null })}
                />
              ))}
            </svg>
          </div>
        ))}
        <CitationLane
          bins={bins}
          places={places}
          map={map}
          citations={citations}
          onPoint={(index, passage) => setPointed({ bin: index, passage })}
        />
        <PageTicks places={places} bins={bins} />
      </div>
      <div className="mt-2 min-h-12 text-[12px] leading-4 text-muted">
        {bin ? (
          <p className="tabular line-clamp-3 wrap-anywhere">
            {describe(bin)} {bin.opening}
          </p>
        ) : (
          <p className="tabular flex items-center gap-2">
            <span>0</span>
            <span
              aria-hidden
              className="h-2 w-24 rounded-sm"
              style={{ background: `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map(viridis).join(', ')})` }}
            />
            <span>
              kept up to {lanes[0]?.most} of layers and heads, read up to {lanes[1]?.most}
            </span>
          </p>
        )}
      </div>
    </Section>
  );
}

interface CitationLaneProps {
  bins: readonly Bin[];
  places: readonly { x: number; width: number }[];
  map: readonly MapPage[];
  citations: readonly Citation[];
  onPoint: (bin: number, passage: Passage) => void;
}

/** Where the answer's words stand. */
function CitationLane({ bins, places, map, citations, onPoint }: CitationLaneProps) {
  const marks = citations.flatMap(({ passage }) => {
    if (!passage) return [];
    const index = map.findIndex(({ page }) => page === passage.page);
    const bin = bins.findIndex(({ first, last }) => index >= first && index <= last);
    return bin < 0 ? [] : [{ passage, bin }];
  });
  if (marks.length === 0) return null;
  return (
    <div className="grid grid-cols-[36px_1fr] items-center gap-2">
      <span className="text-[12px] leading-4 text-muted">Cited</span>
      <svg
        role="img"
        aria-label={`Cited: ${marks.map(({ passage }) => passage.label || passage.page + 1).join(', ')}`}
        viewBox="0 0 1000 100"
        preserveAspectRatio="none"
        className="h-4 w-full rounded-sm bg-sunken"
      >
        {marks.map(({ passage, bin }) => (
          <rect
            key={`${passage.start} ${passage.end}`}
            data-testid="map-citation"
            x={(places[bin]?.x ?? 0) * 1000}
            width={Math.max(8, (places[bin]?.width ?? 0) * 1000 - 2)}
            height={100}
            fill="var(--accent)"
            onPointerEnter={() => onPoint(bin, passage)}
          />
        ))}
      </svg>
    </div>
  );
}

function PageTicks({ bins, places }: { bins: readonly Bin[]; places: readonly { x: number; width: number }[] }) {
  const every = Math.max(1, Math.ceil(bins.length / 10));
  return (
    <div aria-hidden className="tabular relative ml-11 h-4 text-[11px] leading-4 text-muted">
      {bins.map((bin, i) =>
        i % every === 0 && (places[i]?.x ?? 0) < 0.95 ? (
          <span key={bin.first} className="absolute" style={{ left: `${(places[i]?.x ?? 0) * 100}%` }}>
            {bin.first + 1}
          </span>
        ) : null,
      )}
    </div>
  );
}

function pageName(bin: Bin, map: readonly MapPage[]): string {
  if (bin.first === bin.last)
    return /^\d+$/.test(bin.label) ? `Page ${bin.label}` : bin.label || `Part ${bin.first + 1}`;
  return `${map[bin.first]?.label ?? bin.first + 1} to ${map[bin.last]?.label ?? bin.last + 1}`;
}
