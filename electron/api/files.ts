/** Documents of other programs: uploading, listing, removing. A file's id is `file-` and the document's id. */
import { Readable } from 'node:stream';
import { addUpload } from '../app-host/documents/add-document.ts';
import { removeDocument } from '../app-host/documents/remove-document.ts';
import { maxUploadBytes } from '../contract/app.ts';
import { idSchema, type LibraryDocument } from '../contract/app-types.ts';
import { ApiError } from './api-error.ts';
import type { ProgramsNeeds } from './needs.ts';

const prefix = 'file-';

export function fileOf(document: LibraryDocument) {
  return {
    id: `${prefix}${document.id}`,
    object: 'file' as const,
    bytes: document.fileBytes,
    created_at: Math.floor(document.addedAt / 1000),
    filename: document.name,
    purpose: 'user_data' as const,
    status: 'processed' as const,
    rocketdoc: { pages: document.pages, tokens: document.tokens, format: document.format },
  };
}

export function documentOf(rooms: ProgramsNeeds, fileId: string): LibraryDocument {
  const id = fileId.startsWith(prefix) ? fileId.slice(prefix.length) : '';
  if (!idSchema.safeParse(id).success || !rooms.documents.has(id))
    throw new ApiError(404, `There is no file ${fileId.slice(0, 100)}.`, { param: 'file_id', code: 'file_not_found' });
  return rooms.documents.get(id);
}

/** Adds a file that a program sent; if the library has it already, that document is used unchanged. */
export async function addFile(
  rooms: ProgramsNeeds,
  name: string,
  body: Readable,
  signal: AbortSignal,
): Promise<LibraryDocument> {
  const uploadId = await rooms.uploads.receive(name, body);
  const file = rooms.uploads.get(uploadId);
  try {
    for await (const event of addUpload(rooms, uploadId, { signal })) {
      if (event.type !== 'done') continue;
      if (event.outcome === 'added' || event.outcome === 'beside') rooms.documents.noteFromProgram(event.document.id);
      return event.document;
    }
    throw new ApiError(500, 'The file was not added.');
  } catch (error) {
    // A program cannot be asked for a password, so the file is not kept for another try.
    await rooms.uploads.discard(file);
    throw error;
  }
}

/**
 * Removes only a document that a program added and about which nobody asked in the window: a key must not allow removing a person's
 * documents.
 */
export async function removeFile(rooms: ProgramsNeeds, fileId: string): Promise<void> {
  const { id } = documentOf(rooms, fileId);
  if (!rooms.documents.isFromProgram(id) || rooms.documents.isAskedAbout(id))
    throw new ApiError(403, 'This document belongs to the library. It can be removed in RocketDoc alone.', {
      code: 'file_not_removable',
    });
  await removeDocument(rooms, id);
}

/** The bytes of `data:<type>;base64,...`; anything that is not base64 is refused. */
export function bytesOf(data: string): Readable {
  const match = /^data:[^,]{0,200};base64,([A-Za-z0-9+/]*={0,2})$/.exec(data) ?? /^([A-Za-z0-9+/]+={0,2})$/.exec(data);
  if (!match?.[1])
    throw new ApiError(400, 'file_data must be base64, as data:<type>;base64,...', {
      param: 'file_data',
      code: 'invalid_file',
    });
  return Readable.from([Buffer.from(match[1], 'base64')]);
}

/** Parses a form with the file and its purpose. It is held in memory, limited to the size of an upload. */
export async function formOf(contentType: string, body: Readable): Promise<{ name: string; bytes: Readable }> {
  let form: FormData;
  try {
    const web = Readable.toWeb(body) as unknown as ReadableStream;
    form = await new Response(web, { headers: { 'Content-Type': contentType } }).formData();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (body.errored instanceof ApiError) throw body.errored;
    throw new ApiError(400, 'The form cannot be read.', { code: 'invalid_form' });
  }
  const purpose = form.get('purpose');
  const file = form.get('file');
  if (!(file instanceof Blob))
    throw new ApiError(400, 'The form needs a file.', { param: 'file', code: 'missing_field' });
  if (typeof purpose !== 'string' || !['user_data', 'assistants'].includes(purpose))
    throw new ApiError(400, 'purpose must be user_data.', { param: 'purpose', code: 'invalid_value' });
  if (file.size > maxUploadBytes) throw tooLarge();
  return {
    name: 'name' in file && file.name !== '' ? String(file.name) : 'document',
    bytes: Readable.fromWeb(file.stream() as never),
  };
}

export const tooLarge = () =>
  new ApiError(413, `A file can have ${maxUploadBytes / 1024 / 1024} MB at most.`, { code: 'file_too_large' });
