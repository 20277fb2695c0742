/** Recognises files that have a model's name and are none, such as the usual mistakes of downloading, and says what they are. */

import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError } from '../contract/errors.ts';
import { plural } from '../contract/number-words.ts';

const lookedAtBytes = 1024;

/** Throws MODEL_FORMAT for a file that does not begin like a GGUF file; the engine checks the rest. */
export async function checkKind(path: string): Promise<void> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new AppError('IO', `The model file ${path} cannot be read: ${error.message}`, { cause: error });
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(lookedAtBytes), 0, lookedAtBytes, 0);
    const problem = wrongKind(buffer.subarray(0, bytesRead));
    if (problem !== undefined) throw new AppError('MODEL_FORMAT', `${basename(path)} is not a model: ${problem}`);
  } finally {
    await handle.close();
  }
}

/** A sentence on what a file with these first bytes is; undefined: it may be a GGUF file. */
export function wrongKind(head: Buffer): string | undefined {
  if (head.length === 0) return 'the file is empty. Download it again.';
  if (head.subarray(0, 4).toString('latin1') === 'GGUF') return undefined;
  const text = head
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (text.startsWith('version https://git-lfs.github.com/spec/')) {
    const size = /^size (\d+)$/m.exec(text)?.[1];
    const of = size === undefined ? '' : ` of ${plural(Number(size), 'byte')}`;
    return `it is a Git LFS pointer to a file${of}. Fetch the file itself: git lfs pull, or the download link of its page.`;
  }
  if (/^(<!--[\s\S]*?-->\s*)*<(!doctype\s+html|html|head|body)\b/i.test(text))
    return 'it is a web page that was saved under this name. Use the download link of the file, not the address of its page.';
  if (/^\{\s*"(error|message|detail)"/.test(text))
    return `it is a server's answer that was saved under this name: ${text.slice(0, 120).replaceAll(/\s+/g, ' ')}`;
  if (/^(<\?xml[^>]*\?>\s*)?<Error>/.test(text))
    return "it is a storage server's error message that was saved under this name. Download the file again.";
  if (head[0] === 0x50 && head[1] === 0x4b)
    return 'it is a ZIP archive (a PyTorch file is one too). Unpack it, or get the GGUF file.';
  if (/^.{8}\{\s*"/s.test(head.toString('latin1')))
    return 'it is a safetensors file. RocketDoc opens GGUF files: look for a GGUF edition of this model.';
  const old = ['ggml', 'ggmf', 'ggjt', 'ggla'];
  const magic = head.subarray(0, 4);
  if (old.includes(magic.toString('latin1')) || old.includes(Buffer.from(magic).reverse().toString('latin1')))
    return 'it is in a format of before GGUF (GGML). Look for a GGUF edition of this model.';
  return undefined; // the engine's own check names what it found
}
