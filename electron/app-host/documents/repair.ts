/** Completes or undoes at the start what a crash left unfinished, and returns sentences about it. */
import type { ChatStore } from '../library/chat-store.ts';
import type { DocumentStore } from '../library/document-store.ts';
import { explainStorage } from '../library/storage-errors.ts';
import type { DocumentsNeeds } from './needs.ts';
import { removeStored } from './remove-document.ts';

type Repaired = Pick<DocumentsNeeds, 'uploads'> & {
  documents: Pick<DocumentStore, 'removal' | 'unfinished'>;
  chats: Pick<ChatStore, 'closeInterrupted'>;
};

export async function repair(rooms: Repaired): Promise<string[]> {
  const notices: string[] = [];
  const note = (count: number, one: string, several: string) => {
    if (count > 0) notices.push(count === 1 ? one : `${count} ${several}`);
  };
  try {
    note(
      rooms.chats.closeInterrupted(),
      'One answer was cut off when RocketDoc ended. What had been written of it is kept.',
      'answers were cut off when RocketDoc ended. What had been written of them is kept.',
    );
    const unfinished = rooms.documents.unfinished();
    for (const { id } of unfinished) await removeStored(rooms, id);
    const removals = unfinished.filter(({ isRemoval }) => isRemoval).length;
    note(
      unfinished.length - removals,
      'One document was being added when RocketDoc ended, and is not in the library. Add it again.',
      'documents were being added when RocketDoc ended, and are not in the library. Add them again.',
    );
    note(
      removals,
      'One document was being removed when RocketDoc ended. It is gone now.',
      'documents were being removed when RocketDoc ended. They are gone now.',
    );
  } catch (error) {
    if (explainStorage(error) === error) throw error; // if nothing can be written, the next start repairs it
  }
  return notices;
}
