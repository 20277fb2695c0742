/**
 * Joins several documents of the library into one, which can be read and asked about together. The joined document has its own text: it
 * stays when one of the others is removed.
 */
import { createHash } from 'node:crypto';
import type { LibraryDocument } from '../../contract/app-types.ts';
import { AppError } from '../../contract/errors.ts';
import { joinDocuments } from '../../document-host/document-client.ts';
import { countIfPossible } from './add-document.ts';
import type { DocumentsNeeds } from './needs.ts';
import { storeDocument } from './store-document.ts';

export async function joinOfLibrary(rooms: DocumentsNeeds, documentIds: readonly string[]): Promise<LibraryDocument> {
  if (new Set(documentIds).size < documentIds.length)
    throw new AppError('INVALID_ARGUMENT', 'A document can be in the list once.');
  const members = documentIds.map((id) => rooms.documents.get(id));
  if (members.some(({ joined }) => joined > 0))
    throw new AppError('INVALID_ARGUMENT', 'A joined document cannot be joined again: choose the documents in it.');
  const sha256 = createHash('sha256')
    .update(`joined ${documentIds.join(' ')}`)
    .digest('hex');
  const known = rooms.documents.findJoined(sha256);
  if (known) return known;
  const parsed = joinDocuments(
    members.map(({ id, name: title, notes }) => ({
      title,
      notes,
      format: 'txt' as const, // it has no file, whatever its parts were
      ...rooms.documents.text(id, null),
    })),
  );
  const fileBytes = members.reduce((sum, member) => sum + member.fileBytes, 0);
  const tokens = await countIfPossible(rooms, parsed);
  return storeDocument(rooms, {
    parsed,
    fileName: parsed.title,
    fileBytes,
    sha256,
    tokens,
    joined: members.length,
  });
}
