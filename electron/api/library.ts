/** RocketDoc's own routes besides OpenAI's: text of the library's documents, and search in it. */
import { z } from 'zod';
import { pageRangeSchema } from '../contract/app-types.ts';
import { placeName } from '../contract/places.ts';
import { ApiError } from './api-error.ts';
import { documentOf, fileOf } from './files.ts';
import type { ProgramsNeeds } from './needs.ts';

const mostTextUnits = 100_000;
const pageNumber = z.coerce.number().int().min(1).max(1_000_000);

/** Text of pages, counted from 1, the last one included. If it is too long for one response it is cut, and has_more is true. */
export function pagesOf(rooms: ProgramsNeeds, fileId: string, query: URLSearchParams) {
  const { id, pages: count } = documentOf(rooms, fileId);
  const from = pageNumber.safeParse(query.get('from') ?? '1');
  const to = pageNumber.safeParse(query.get('to') ?? query.get('from') ?? '1');
  const range =
    from.success && to.success
      ? pageRangeSchema.safeParse({ from: from.data - 1, to: Math.min(to.data, count) - 1 })
      : undefined;
  if (!range?.success)
    throw new ApiError(400, `from and to are pages from 1 to ${count}, the first one first.`, {
      param: 'from',
      code: 'invalid_value',
    });
  const { text, pages } = rooms.documents.text(id, range.data);
  let left = mostTextUnits;
  const shown = pages.map(({ label, start, end }, i) => {
    const part = text.slice(start, Math.min(end, start + left));
    left -= part.length;
    const page = range.data.from + i;
    return { page: page + 1, label, place: placeName({ label, page }), text: part };
  });
  return { object: 'list', data: shown, has_more: text.length > mostTextUnits };
}

export function searchIn(rooms: ProgramsNeeds, query: URLSearchParams) {
  const wanted = z.string().trim().min(1).max(200).safeParse(query.get('query'));
  if (!wanted.success)
    throw new ApiError(400, 'query needs 1 to 200 characters.', { param: 'query', code: 'invalid_value' });
  const data = rooms.search.find(wanted.data).map(({ documentId, inName, pages, morePages }) => ({
    file: fileOf(rooms.documents.get(documentId)),
    in_name: inName,
    pages: pages.map(({ number, label, snippet }) => ({
      page: number + 1,
      label,
      place: placeName({ label, page: number }),
      snippet: snippet.map(({ text }) => text).join(''),
    })),
    more_pages: morePages,
  }));
  return { object: 'list', data, has_more: false };
}
