/** What this document and the others take on disk, as parts of all that is kept. */
import { memo } from 'react';
import { bytes } from '../../format.ts';
import { selectKept, selectKeptBytes, useEngine } from '../../stores/engine.ts';
import { StackedBar } from '../../ui/stacked-bar.tsx';
import { Section } from './section.tsx';

export const DiskBar = memo(function DiskBar({ documentId }: { documentId: string }) {
  const failure = useEngine(({ telemetry }) => telemetry?.kept.failure);
  const own = useEngine(selectKept(documentId))?.bytes ?? 0;
  const all = useEngine(selectKeptBytes);
  if (all === 0 && !failure) return null;
  const parts = [
    { key: 'own', label: `This document: ${bytes(own)}`, value: own, color: 'var(--part-document)' },
    { key: 'others', label: `Other documents: ${bytes(all - own)}`, value: all - own, color: 'var(--part-work)' },
  ];
  return (
    <Section title="Disk" aside={`${bytes(all)} in all`}>
      {all > 0 && (
        <>
          <StackedBar label={parts.map(({ label }) => label).join(', ')} parts={parts} scale={all} />
          <p className="tabular mt-1 text-note leading-4 text-muted">
            {own > 0 ? (
              <span data-testid="kept-bytes" data-bytes={own}>
                {bytes(own)} of this document, ready after a restart
              </span>
            ) : (
              'This document is not kept.'
            )}
          </p>
        </>
      )}
      {failure && <p className="mt-1 text-note leading-4 text-warn">Not kept on disk: {failure}</p>}
    </Section>
  );
});
