/** The document from first to last token: what stage 1 kept for the question, and what stage 2 read while answering. */
import { useState } from 'react';
import type { MapPage } from '../../../electron/contract/app-types.ts';
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

export function DocumentMap({ map, counters, unit }: { map: readonly MapPage[]; counters: Counters; unit: string }) {
  const [pointed, setPointed] = useState<number | null>(null);
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
  const bin = pointed === null ? undefined : bins[pointed];
  let at = 0;
  const places = bins.map((entry) => {
    const place = { x: at, width: entry.tokens / total };
    at += place.width;
    return place;
  });
  return (
    <Section title="Map of the document" aside={plural(map.length, unit)}>
      <div className="space-y-1" onPointerLeave={() => setPointed(null)}>
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
                  x={(places[i]?.x ?? 0) * 1000}
                  width={Math.max(1, (places[i]?.width ?? 0) * 1000 - 2)}
                  height={100}
                  fill={viridis(lane.value(entry))}
                  opacity={pointed === null || pointed === i ? 1 : 0.55}
                  onPointerEnter={() => setPointed(i)}
                />
              ))}
            </svg>
          </div>
        ))}
        <PageTicks places={places} bins={bins} />
      </div>
      <div className="mt-2 min-h-12 text-[12px] leading-4 text-muted">
        {bin ? (
          <p className="tabular line-clamp-3 wrap-anywhere">
            <span className="text-ink">{pageName(bin, map)}</span>: kept by {percent(keptShare(bin))} of layers and
            heads, read {bin.read.toFixed(1)} times a token. {bin.opening}
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
