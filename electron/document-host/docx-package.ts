/** The parts of a DOCX file and their relations. Only parts inside the archive are read. */
import { posix } from 'node:path';
import { readXml, withoutNamedEntities } from './xml-guard.ts';
import { childrenNamed, parseXml, type XmlElement, type XmlStream } from './xml-tree.ts';
import type { GuardedZip } from './zip-guard.ts';

export interface Relation {
  kind: string; // last word of its type: "header", "comments", "aFChunk"
  part: string; // a part's name; '' for something outside the file
  target: string; // as written
}

export class DocxPackage {
  readonly mainPart: string;
  readonly #zip: GuardedZip;
  readonly #entries: ReadonlyMap<string, string>; // name as compared to entry name
  readonly #relations = new Map<string, ReadonlyMap<string, Relation>>();
  #types: { overrides: Map<string, string>; defaults: Map<string, string> } | undefined;

  constructor(zip: GuardedZip) {
    this.#zip = zip;
    this.#entries = new Map(zip.names.map((name) => [comparable(name), name]));
    const main = [...this.relations('').values()].find(({ kind }) => kind === 'officeDocument')?.part;
    this.mainPart = main && this.has(main) ? main : 'word/document.xml';
  }

  has(part: string): boolean {
    return this.#entries.has(comparable(part));
  }

  bytes(part: string): Uint8Array {
    return this.#zip.read(this.#entries.get(comparable(part)) ?? part);
  }

  /** Parses XML without its document type declaration, so that nothing is expanded or fetched. */
  xml(part: string, stream?: XmlStream): XmlElement {
    return parseXml(withoutNamedEntities(readXml(this.bytes(part))), stream);
  }

  /** The relations of a part by id; the package's own are those of the part ''. */
  relations(part: string): ReadonlyMap<string, Relation> {
    const known = this.#relations.get(part);
    if (known) return known;
    const relations = new Map<string, Relation>();
    const source = posix.join(posix.dirname(part), '_rels', `${posix.basename(part)}.rels`);
    if (this.has(source)) {
      for (const { attributes } of childrenNamed(this.xml(source), 'Relationship')) {
        const { Id, Type = '', Target = '', TargetMode } = attributes;
        if (Id === undefined) continue;
        const kind = Type.slice(Type.lastIndexOf('/') + 1);
        const inside = TargetMode !== 'External' && !/^[a-z][a-z\d+.-]*:/i.test(Target);
        relations.set(Id, { kind, target: Target, part: inside ? partName(part, Target) : '' });
      }
    }
    this.#relations.set(part, relations);
    return relations;
  }

  /** The part of the first relation of this kind that is in the archive. */
  related(part: string, kind: string): string | undefined {
    return [...this.relations(part).values()].find((relation) => relation.kind === kind && this.has(relation.part))
      ?.part;
  }

  contentType(part: string): string {
    this.#types ??= this.#readTypes();
    const extension = posix.extname(part).slice(1).toLowerCase();
    return (this.#types.overrides.get(comparable(part)) ?? this.#types.defaults.get(extension) ?? '').toLowerCase();
  }

  #readTypes(): { overrides: Map<string, string>; defaults: Map<string, string> } {
    const overrides = new Map<string, string>();
    const defaults = new Map<string, string>();
    if (this.has('[Content_Types].xml')) {
      const types = this.xml('[Content_Types].xml');
      for (const { attributes } of childrenNamed(types, 'Override'))
        overrides.set(comparable((attributes.PartName ?? '').slice(1)), attributes.ContentType ?? '');
      for (const { attributes } of childrenNamed(types, 'Default'))
        defaults.set((attributes.Extension ?? '').toLowerCase(), attributes.ContentType ?? '');
    }
    return { overrides, defaults };
  }
}

/** Part names ignore case; some programs write backslashes. */
function comparable(name: string): string {
  return name.replaceAll('\\', '/').toLowerCase();
}

function partName(fromPart: string, target: string): string {
  let decoded = target;
  try {
    decoded = decodeURIComponent(target);
  } catch {
    // "%" not followed by two digits: a name written unescaped
  }
  return decoded.startsWith('/') ? decoded.slice(1) : posix.normalize(posix.join(posix.dirname(fromPart), decoded));
}
