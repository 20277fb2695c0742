/** How far a file's import is, and a button to cancel it. */
import { type Incoming, incomingWords } from '../stores/library.ts';
import { Button } from '../ui/button.tsx';
import { ProgressBar } from '../ui/progress-bar.tsx';

export function IncomingProgress({ file }: { file: Incoming }) {
  const share = file.phase === 'counting' ? 1 : file.total > 0 ? file.done / file.total : 0;
  return (
    <div className="flex items-center gap-3">
      <div className="min-w-0 flex-1">
        <p className="tabular mb-1.5 text-note leading-4 text-muted">{incomingWords(file)}</p>
        <ProgressBar value={share} label={`Adding ${file.name}`} />
      </div>
      <Button kind="bare" aria-label={`Stop adding ${file.name}`} onClick={file.cancel}>
        Cancel
      </Button>
    </div>
  );
}
