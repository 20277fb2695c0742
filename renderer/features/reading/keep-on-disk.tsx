/** Part of the pre-flight card: what keeping the document on disk would take, and the choice; or that it is kept already. */
import type { KeptOnDisk } from '../../../electron/contract/app-types.ts';
import { bytes } from '../../format.ts';
import { chooseKeep, useReading } from '../../stores/reading.ts';

export const onDiskWords = (size: number) => `What was read is on disk (${bytes(size)}): ready in seconds.`;

export function KeepOnDisk({ disk }: { disk: KeptOnDisk }) {
  const chosen = useReading((state) => state.keep);
  const keeps = chosen ?? disk.keeps;
  return (
    <>
      <dt className="text-muted">Disk</dt>
      <dd className="tabular">
        {disk.isThere ? (
          onDiskWords(disk.bytes)
        ) : disk.problem === null ? (
          <label className="flex cursor-pointer items-center gap-2">
            <input
              type="checkbox"
              checked={keeps}
              onChange={(event) => chooseKeep(event.target.checked)}
              className="size-4 shrink-0 accent-(--accent)"
            />
            Keep on disk ({bytes(disk.bytes)}): ready again in seconds after a restart
          </label>
        ) : (
          <span className="text-muted">{keeps ? `Not kept on disk. ${disk.problem}` : 'Not kept on disk.'}</span>
        )}
      </dd>
    </>
  );
}
