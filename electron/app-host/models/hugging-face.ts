/**
 * Repositories of huggingface.co: parses an address that a person pasted, lists the models in it, and makes one of them an entry of the
 * catalogue. Requests are sent only when a person asks for it. Sizes and SHA-256 are those that the repository declares for its files at
 * one commit.
 */
import { z } from 'zod';
import { AppError } from '../../contract/errors.ts';
import { type CatalogueModel, catalogueModelSchema, type Repository } from '../../contract/models.ts';
import { Interrupted, openRemote, refusal } from './remote-file.ts';

export const huggingFace = 'https://huggingface.co';

export interface RepositoryAddress {
  repository: string;
  revision: string;
  /** A file of the repository; null: the address names none. */
  path: string | null;
  /** A quantisation, as in owner/name:Q4_K_M. */
  quantisation: string | null;
}

const maxAnswerBytes = 8 * 1024 * 1024;
const namePattern = /^[A-Za-z0-9][\w.-]{0,95}$/;

/** Throws INVALID_ARGUMENT with a sentence on what is expected. */
export function repositoryAddress(text: string): RepositoryAddress {
  const bare = text
    .trim()
    .replace(/^(https?:\/\/)?(www\.)?(huggingface\.co|hf\.co)\//i, '')
    .replace(/[?#].*$/, '');
  const wrong = new AppError(
    'INVALID_ARGUMENT',
    'This is no repository of huggingface.co. Paste owner/name, or the address of its page or of a file in it.',
  );
  if (/^[a-z]+:\/\//i.test(bare)) throw wrong;
  const [owner = '', last = '', kind, revision = 'main', ...rest] = bare.replace(/\/+$/, '').split('/').map(decoded);
  const [name = '', quantisation = null] = last.split(':');
  if (!namePattern.test(owner) || !namePattern.test(name) || name.includes('..')) throw wrong;
  if (kind !== undefined && !['tree', 'blob', 'resolve', 'raw'].includes(kind)) throw wrong;
  if (!/^[\w.-]{1,100}$/.test(revision) || rest.some((part) => part === '' || part === '..')) throw wrong;
  const path = rest.length > 0 && kind !== 'tree' ? rest.join('/') : null;
  return { repository: `${owner}/${name}`, revision, path, quantisation };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const answerSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  gguf: z.object({ architecture: z.string().optional(), context_length: z.int().positive().optional() }).optional(),
  cardData: z.object({ license: z.unknown() }).optional(),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: z.int().nonnegative().optional(),
      lfs: z.object({ sha256: z.string().optional(), oid: z.string().optional(), size: z.int().optional() }).optional(),
    }),
  ),
});
type Answer = z.infer<typeof answerSchema>;

interface RemoteModel {
  files: { path: string; bytes: number; sha256: string }[];
}

export async function lookUp(text: string, signal: AbortSignal, origin = huggingFace): Promise<Repository> {
  const address = repositoryAddress(text);
  const { repository, revision, path, quantisation } = address;
  const { answer, models } = await find(repository, revision, signal, origin);
  if (models.length === 0)
    throw new AppError(
      'MODEL_MISSING',
      `${repository} holds no GGUF files. Look for an edition of this model whose name ends with GGUF.`,
    );
  const listed = models.map(({ files }) => ({
    path: files[0]?.path ?? '',
    quantisation: quantisationOf(files[0]?.path ?? ''),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    parts: files.length,
  }));
  const wanted = quantisation?.toLowerCase();
  const named = models.find(({ files }) => files.some((file) => file.path === path))?.files[0]?.path;
  return {
    repository,
    revision: answer.sha,
    licence: licenceOf(answer),
    family: answer.gguf?.architecture ?? null,
    contextTokens: answer.gguf?.context_length ?? null,
    models: listed.sort((a, b) => a.bytes - b.bytes),
    named: named ?? listed.find((model) => model.quantisation.toLowerCase() === wanted)?.path ?? null,
  };
}

export interface RepositoryFile {
  repository: string;
  /** The commit from which the model is fetched. */
  revision: string;
  path: string;
}

/** The catalogue entry for the model whose first file this is, at this commit. */
export async function catalogueEntry(
  file: RepositoryFile,
  signal: AbortSignal,
  origin = huggingFace,
): Promise<CatalogueModel> {
  const { repository } = repositoryAddress(file.repository);
  const { answer, models } = await find(repository, file.revision, signal, origin);
  const model = models.find(({ files }) => files[0]?.path === file.path);
  if (!model) throw new AppError('MODEL_MISSING', `${repository} does not hold ${file.path} any more.`);
  const [owner = '', name = ''] = repository.split('/');
  const quantisation = quantisationOf(file.path);
  const [first, ...more] = model.files.map(({ path, bytes, sha256 }) => ({
    url: `${origin}/${repository}/resolve/${answer.sha}/${path.split('/').map(encodeURIComponent).join('/')}`,
    fileName: path.split('/').at(-1) ?? '',
    bytes,
    sha256,
  }));
  const parsed = catalogueModelSchema.safeParse({
    id: idOf(repository, quantisation),
    title: `${name.replace(/[-_.]?gguf$/i, '')} ${quantisation}`.slice(0, 80),
    publisher: owner,
    licence: licenceOf(answer) ?? 'licence not stated',
    ...first,
    more,
    family: answer.gguf?.architecture ?? null,
    contextTokens: answer.gguf?.context_length ?? null,
    weightType: quantisation.slice(0, 20),
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError('INVALID_ARGUMENT', `${file.path} cannot be added: ${issue?.path.join('.')}: ${issue?.message}.`);
}

async function find(repository: string, revision: string, signal: AbortSignal, origin: string) {
  const url = new URL(`${origin}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`);
  const parsed = answerSchema.safeParse(await readAnswer(url, signal, repository));
  if (!parsed.success)
    throw new AppError('IO', `${url.hostname} answers in a form that this RocketDoc does not know. It may be too old.`);
  return { answer: parsed.data, models: modelsOf(parsed.data) };
}

async function readAnswer(url: URL, signal: AbortSignal, repository: string): Promise<unknown> {
  try {
    const response = await openRemote(url, { method: 'GET', signal, headers: { Accept: 'application/json' } });
    const { statusCode = 0 } = response;
    if (statusCode !== 200) {
      response.destroy();
      if (![401, 403, 404].includes(statusCode)) throw refusal(statusCode, url.hostname);
      const what = `${url.hostname} has no repository ${repository} that everybody may read (${statusCode}).`;
      throw new AppError('MODEL_MISSING', what);
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) throw new AppError('IO', `${url.hostname} sends too long an answer.`);
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (signal.aborted) throw new AppError('CANCELLED', 'Stopped.');
    const why = error instanceof Interrupted ? error.message : 'the answer cannot be read';
    const what = `The list of files did not come: ${why}. Look at the connection and try again.`;
    throw new AppError('IO', what, { cause: error });
  }
}

const partName = /-(\d{5})-of-(\d{5})(?=\.gguf$)/i;

/** Groups the parts of a model. Leaves out vision projectors, importance matrices and files without a SHA-256. */
function modelsOf({ siblings }: Answer): RemoteModel[] {
  const groups = new Map<string, RemoteModel['files']>();
  for (const { rfilename: path, size, lfs } of siblings) {
    const name = path.split('/').at(-1) ?? '';
    if (!/\.gguf$/i.test(name) || /mmproj|imatrix/i.test(name)) continue;
    const sha256 = (lfs?.sha256 ?? lfs?.oid ?? '').toLowerCase();
    const bytes = size ?? lfs?.size;
    if (!/^[0-9a-f]{64}$/.test(sha256) || bytes === undefined) continue;
    const key = path.replace(partName, '');
    groups.set(key, [...(groups.get(key) ?? []), { path, bytes, sha256 }]);
  }
  return [...groups.values()]
    .map((files) => ({ files: files.sort((a, b) => a.path.localeCompare(b.path, 'en')) }))
    .filter(({ files }) => files.length === Number(partName.exec(files[0]?.path ?? '')?.[2] ?? 1));
}

/** The quantisation in a file's name, such as Q4_K_M, UD-Q4_K_XL, IQ3_XXS or BF16; else the name itself. */
export function quantisationOf(path: string): string {
  const name = (path.split('/').at(-1) ?? '').replace(partName, '').replace(/\.gguf$/i, '');
  const types = /(?:^|[-._])((?:UD-)?(?:I?Q\d(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP4(?:_MOE)?|BF16|F16|F32|FP16|FP32))$/i;
  return types.exec(name)?.[1]?.toUpperCase() ?? name;
}

function licenceOf({ cardData }: Answer): string | null {
  const licence = cardData?.license;
  const text = Array.isArray(licence) ? licence.join(', ') : licence;
  return typeof text === 'string' && text.trim() !== '' ? text.trim().slice(0, 80) : null;
}

function idOf(repository: string, quantisation: string): string {
  const name = `${repository.replace(/[-_.]?gguf$/i, '')}-${quantisation}`.toLowerCase();
  return `hf-${name.replaceAll(/[^a-z0-9._-]+/g, '-')}`.slice(0, 64);
}
