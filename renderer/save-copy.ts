/** Saves the file that a document was added as. */
import type { LibraryDocument } from '../electron/contract/app-types.ts';
import { saveFile } from './bridge/browser.ts';
import { failureOf } from './stores/api.ts';
import { fileOf } from './stores/document-view.ts';
import { notify } from './stores/ui.ts';

export async function saveCopy({ id, fileName }: LibraryDocument): Promise<void> {
  try {
    saveFile(fileName, await fileOf(id), 'application/octet-stream');
  } catch (error) {
    notify(failureOf(error).message, 'danger');
  }
}
