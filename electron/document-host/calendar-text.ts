/** The entries of an iCalendar part (RFC 5545) as text: what, when, where, and the description. Pure. */

/** A property's value with its parameters, both as written. */
interface Property {
  value: string;
  parameters: string;
}

const longestHead = 4000; // characters of a property's name and parameters

const entryKinds: Record<string, string> = { VEVENT: 'Appointment', VTODO: 'Task', VJOURNAL: 'Journal entry' };

/** One block for each appointment, task and journal entry; none: the text has no entry. */
export function calendarText(text: string): string[] {
  const blocks: string[] = [];
  const open: string[] = []; // names of components; an alarm inside an entry has a description of its own
  let entry = new Map<string, Property>();
  let isCancelled = false;
  // A line that is too long goes on after a line end and a space.
  for (const line of text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)) {
    const { name, parameters, value } = propertyOf(line);
    if (name === 'BEGIN') {
      open.push(value.toUpperCase());
      if (kindOf(open) !== undefined) entry = new Map();
    } else if (name === 'END') {
      const kind = kindOf(open);
      if (kind !== undefined && entry.size > 0) blocks.push(blockOf(kind, isCancelled, entry));
      open.pop();
    } else if (kindOf(open) !== undefined) {
      if (!entry.has(name)) entry.set(name, { value, parameters });
    } else if (name === 'METHOD') isCancelled = value.toUpperCase() === 'CANCEL';
  }
  return blocks;
}

/** The kind of the entry whose properties follow. */
const kindOf = (open: readonly string[]): string | undefined => entryKinds[open.at(-1) ?? ''];

/** "DTSTART;TZID=Europe/Berlin:20240510T140000"; a parameter in quotation marks may hold a colon. */
function propertyOf(line: string): Property & { name: string } {
  const colon = /^(?:[^":]|"[^"]*")*:/.exec(line.slice(0, longestHead))?.[0].length ?? 0;
  const head = line.slice(0, Math.max(0, colon - 1));
  const [name = ''] = head.split(';', 1);
  return { name: name.toUpperCase(), parameters: head.slice(name.length), value: line.slice(colon) };
}

function blockOf(kind: string, isCancelled: boolean, entry: ReadonlyMap<string, Property>): string {
  return [title(kind, isCancelled, entry), ...linesOf(entry)].join('\n');
}

function title(kind: string, isCancelled: boolean, entry: ReadonlyMap<string, Property>): string {
  const summary = plain(entry.get('SUMMARY'));
  const cancelled = isCancelled || entry.get('STATUS')?.value.toUpperCase() === 'CANCELLED' ? ' (cancelled)' : '';
  return `${kind}${cancelled}${summary === '' ? '' : `: ${summary}`}`;
}

/** An entry without an end or a place has no line for it. */
function linesOf(entry: ReadonlyMap<string, Property>): string[] {
  const description = plain(entry.get('DESCRIPTION'));
  const fields = [
    ['Start', time(entry.get('DTSTART'))],
    ['End', time(entry.get('DTEND'))],
    ['Duration', entry.get('DURATION')?.value ?? ''],
    ['Due', time(entry.get('DUE'))],
    ['Repeats', entry.get('RRULE')?.value ?? ''],
    ['Place', plain(entry.get('LOCATION'))],
    ['Organizer', person(entry.get('ORGANIZER'))],
  ].filter(([, value]) => value !== '');
  return [...fields.map(([name, value]) => `${name}: ${value}`), ...(description === '' ? [] : [description])];
}

/** "20240510T140000Z" as "2024-05-10 14:00 UTC"; a time zone that the property names is put after it. */
function time(property: Property | undefined): string {
  if (!property) return '';
  const { value, parameters } = property;
  const parts = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z)?)?$/.exec(value.trim());
  if (!parts) return value.trim();
  const [, year, month, day, hour, minute, , utc] = parts;
  const date = `${year}-${month}-${day}`;
  if (hour === undefined) return date;
  const zone = utc ? 'UTC' : (/;TZID=("[^"]*"|[^;]*)/i.exec(parameters)?.[1] ?? '').replaceAll('"', '');
  return `${date} ${hour}:${minute}${zone === '' ? '' : ` ${zone}`}`;
}

function person(property: Property | undefined): string {
  const address = property?.value.replace(/^mailto:/i, '').trim() ?? '';
  const name = (/;CN=("[^"]*"|[^;]*)/i.exec(property?.parameters ?? '')?.[1] ?? '').replaceAll('"', '').trim();
  return name === '' || name === address ? address : `${name} <${address}>`;
}

function plain(property: Property | undefined): string {
  const text = property?.value ?? '';
  return text.replace(/\\([nN,;\\])/g, (_, sign: string) => (/n/i.test(sign) ? '\n' : sign)).trim();
}
