/** Opens the tuning of the open document, or says what is missing. */
import { selectHeld, useEngine } from '../../stores/engine.ts';
import { useLibrary } from '../../stores/library.ts';
import { openTuning, setSettingsOpen } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import type { FieldIds } from '../../ui/field.tsx';

export function TuneEntry(ids: FieldIds) {
  const selectedId = useLibrary((library) => library.selectedId);
  const isHeld = useEngine(selectHeld(selectedId)) !== undefined;
  if (!isHeld)
    return (
      <p {...ids} className="text-muted">
        {selectedId === null ? 'Open a document first.' : 'Read the document first.'}
      </p>
    );
  return (
    <Button
      {...ids}
      onClick={() => {
        setSettingsOpen(false);
        openTuning();
      }}
    >
      Tune
    </Button>
  );
}
