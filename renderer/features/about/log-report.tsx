/** Shows the log and copies a report of it, for whoever helps. Nothing is sent: the person passes the report on. */
import { useState } from 'react';
import { copyText } from '../../bridge/browser.ts';
import { api, failureOf } from '../../stores/api.ts';
import { notify } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';

async function withReport(use: (report: string) => void | Promise<void>): Promise<void> {
  try {
    await use(await api().report());
  } catch (error) {
    notify(failureOf(error).message, 'danger');
  }
}

const copyReport = () =>
  withReport(async (report) =>
    notify((await copyText(report)) ? 'Report copied.' : 'The clipboard is not allowed here.'),
  );

export function LogReport() {
  const [shown, setShown] = useState<string | null>(null);
  return (
    <>
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => (shown === null ? withReport(setShown) : setShown(null))} aria-expanded={shown !== null}>
          {shown === null ? 'Show log' : 'Hide log'}
        </Button>
        <Button onClick={copyReport}>Copy report</Button>
      </div>
      {shown !== null && (
        <textarea
          readOnly
          aria-label="Log"
          value={shown}
          className="mt-2 h-64 w-full rounded-md border border-line bg-sunken p-2 font-mono text-note leading-4"
        />
      )}
      <span className="mt-1 block text-muted">
        Versions and failures. No text of a document, no question, no answer.
      </span>
    </>
  );
}
