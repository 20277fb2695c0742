/** A file that is being imported: what is happening to it, or why it failed. */
import { useState } from 'react';
import { IncomingProgress } from '../../receipt/incoming-progress.tsx';
import { recogniseChoice } from '../../receipt/read-anew.tsx';
import { dismissIncoming, type Incoming } from '../../stores/library.ts';
import { selectOffersRecognition, useSettings } from '../../stores/settings.ts';
import { Button } from '../../ui/button.tsx';
import { controlClass } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';

export function IncomingFile({ file }: { file: Incoming }) {
  const [password, setPassword] = useState('');
  const canRecognise = useSettings(selectOffersRecognition);
  if (file.failure) {
    const { retry, failure } = file;
    return (
      <div className="mb-2">
        <Problem message={failure.message}>
          {retry && failure.code === 'DOC_NO_TEXT' && canRecognise && (
            <Button kind="primary" onClick={() => retry({ choice: recogniseChoice })}>
              Recognise the text
            </Button>
          )}
          {retry && failure.code === 'DOC_ENCRYPTED' && (
            <form
              className="flex w-full gap-2"
              onSubmit={(event) => {
                event.preventDefault();
                retry({ password });
              }}
            >
              <input
                type="password"
                aria-label={`Password of ${file.name}`}
                placeholder="Password"
                value={password}
                onChange={(event) => setPassword(event.target.value)}
                className={`${controlClass} min-w-0 flex-1`}
              />
              <Button kind="primary" type="submit">
                Open
              </Button>
            </form>
          )}
          <Button onClick={() => dismissIncoming(file.key)}>Dismiss</Button>
        </Problem>
      </div>
    );
  }
  return (
    <div className="mb-2 rounded-lg border border-line bg-surface px-2 py-2" aria-live="polite">
      <p className="truncate font-[520]" title={file.name}>
        {file.name}
      </p>
      <IncomingProgress file={file} />
    </div>
  );
}
