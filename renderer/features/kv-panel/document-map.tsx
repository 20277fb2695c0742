/** The document from first to last token: what stage 1 kept for the question, and what stage 2 read while answering. */

import { useState } from 'react';
import type { MapPage } from '../../../electron/contract/app-types.ts';
import type { Passage } from '../../../electron/contract/citations.ts';
import type { DocumentFormat } from '../../../electron/contract/document-kinds.ts';
import type { Counters } from '../../../electron/contract/engine-reports.ts';
import { unitOf, unitsText } from '../../../electron/contract/receipt.ts';
import { percent } from '../../format.ts';
import { viridis } from '../../ui/color-scale.ts';
import { ScaleStrip } from '../../ui/scale-strip.tsx';
import { type Bin, gapsOf, keptShare, mapBins, mapLanes, type Place, pagePlace, placesOf, times } from './map-bins.ts';
import { Section } from './section.tsx';

interface DocumentMapProps {
  map: readonly MapPage[];
  counters: Counters;
  /** Passages that the answer quotes, and its evidence. */
  cited: readonly Passage[];
  /** The answer is being made, and the second lane changes with it. */
  isLive: boolean;
  format: DocumentFormat;
  /** Called with indices of the document's pages, counted from 0. */
  onShow: (firstPage: number, lastPage: number) => void;
  onCitation: (passage: Passage) => void;
}

export function DocumentMap({ map, counters, cited, isLive, format, onShow, onCitation }: DocumentMapProps) {
  const [pointed, setPointed] = useState<{ bin: number; passage: Passage | null } | null>(null);
  const bins = mapBins(map);
  const lanes = mapLanes(bins, counters);
  const places = placesOf(bins);
  const gapAfter = gapsOf(bins);
  const bin = pointed === null ? undefined : bins[pointed.bin];
  const pageOf = (index: number) => map[index]?.page ?? index;
  const show = () => {
    if (pointed?.passage) onCitation(pointed.passage);
    else if (bin) onShow(pageOf(bin.first), pageOf(bin.last));
  };
  const describe = (entry: Bin) =>
    `${pageName(entry, map)}: kept by ${percent(keptShare(entry, counters))} of layers and heads, each token read ${times(entry.read)}${entry.usual === undefined ? '' : `, by a neutral question ${times(entry.usual)}`}.`;
  const move = (step: number) =>
    setPointed({ bin: Math.min(bins.length - 1, Math.max(0, (pointed?.bin ?? -1) + step)), passage: null });
  const movePage = (step: number) => {
    const first = bins.findIndex((entry) => entry.first === (bin ? bin.first : -1) + step && entry.part === 0);
    if (first >= 0) setPointed({ bin: first, passage: null });
  };
  return (
    <Section title="Map of the document" aside={isLive ? 'while answering' : unitsText(format, map.length)}>
      <div
        role="slider"
        tabIndex={0}
        data-testid="document-map"
        aria-label={`Passage of the document; Enter shows its ${unitOf(format)[0]}`}
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
          else if (event.key === 'PageDown') movePage(1);
          else if (event.key === 'PageUp') movePage(-1);
          else if (event.key === 'Enter') show();
          else return;
          event.preventDefault();
        }}
      >
        {lanes.map((lane) => (
          <div key={lane.name} className="grid grid-cols-[36px_1fr] items-center gap-2">
            <span className="text-note leading-4 text-muted">{lane.name}</span>
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
                  key={`${entry.first} ${entry.part}`}
                  data-page={entry.first}
                  data-value={lane.value(entry).toFixed(4)}
                  x={(places[i]?.x ?? 0) * 1000}
                  width={(places[i]?.width ?? 0) * 1000 - gapAfter(entry)}
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
          cited={cited}
          onPoint={(index, passage) => setPointed({ bin: index, passage })}
        />
        <PageTicks places={places} bins={bins} />
      </div>
      <div className="mt-2 min-h-12 text-note leading-4 text-muted">
        {bin ? (
          <p className="tabular line-clamp-3 wrap-anywhere">
            {describe(bin)} {bin.opening}
          </p>
        ) : (
          <dl className="tabular space-y-1">
            {lanes.map(({ name, most, words }) => (
              <div key={name} className="flex items-center gap-2">
                <dt className="w-9">{name}</dt>
                <dd className="flex items-center gap-2">
                  0
                  <ScaleStrip />
                  {most} {words}
                </dd>
              </div>
            ))}
          </dl>
        )}
      </div>
    </Section>
  );
}

interface CitationLaneProps {
  bins: readonly Bin[];
  places: readonly Place[];
  map: readonly MapPage[];
  cited: readonly Passage[];
  onPoint: (bin: number, passage: Passage) => void;
}

function CitationLane({ bins, places, map, cited, onPoint }: CitationLaneProps) {
  // One mark for each page, at its first passage, because several would cover one another.
  const pages = [...new Map([...cited].reverse().map((passage) => [passage.page, passage])).values()].reverse();
  const marks = pages.flatMap((passage) => {
    const index = map.findIndex(({ page }) => page === passage.page);
    const bin = bins.findIndex(({ first, last }) => index >= first && index <= last);
    const place = pagePlace(bins, places, index);
    return place ? [{ passage, bin, place }] : [];
  });
  if (marks.length === 0) return null;
  return (
    <div className="grid grid-cols-[36px_1fr] items-center gap-2">
      <span className="text-note leading-4 text-muted">Cited</span>
      <svg
        role="img"
        aria-label={`Cited: ${marks.map(({ passage }) => passage.label || passage.page + 1).join(', ')}`}
        viewBox="0 0 1000 100"
        preserveAspectRatio="none"
        className="h-4 w-full rounded-sm bg-sunken"
      >
        {marks.map(({ passage, bin, place }) => (
          <rect
            key={`${passage.start} ${passage.end}`}
            data-testid="map-citation"
            x={place.x * 1000}
            width={Math.max(8, place.width * 1000 - 2)}
            height={100}
            fill="var(--accent)"
            onPointerEnter={() => onPoint(bin, passage)}
          />
        ))}
      </svg>
    </div>
  );
}

function PageTicks({ bins, places }: { bins: readonly Bin[]; places: readonly Place[] }) {
  const starts = bins.flatMap(({ first, part }, i) => (part === 0 ? [{ first, x: places[i]?.x ?? 0 }] : []));
  const every = Math.max(1, Math.ceil(starts.length / 10));
  return (
    <div aria-hidden className="tabular relative ml-11 h-4 text-tick leading-4 text-muted">
      {starts.map(({ first, x }, i) =>
        i % every === 0 && x < 0.95 ? (
          <span key={first} className="absolute" style={{ left: `${x * 100}%` }}>
            {first + 1}
          </span>
        ) : null,
      )}
    </div>
  );
}

function pageName(bin: Bin, map: readonly MapPage[]): string {
  if (bin.first === bin.last) {
    const name = /^\d+$/.test(bin.label) ? `Page ${bin.label}` : bin.label || `Part ${bin.first + 1}`;
    return bin.parts > 1 ? `${name}, passage ${bin.part + 1} of ${bin.parts}` : name;
  }
  return `${map[bin.first]?.label ?? bin.first + 1} to ${map[bin.last]?.label ?? bin.last + 1}`;
}
