import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AppError, errorCodes, toAppError } from '../../../electron/contract/errors.ts';

describe('error codes', () => {
  it('are the same list in C++ and TypeScript', () => {
    const source = readFileSync(new URL('../../../native/error_codes.def', import.meta.url), 'utf8');
    const codes = [...source.matchAll(/^ERROR_CODE\((\w+)\)/gm)].map((match) => match[1]);
    expect(codes).toEqual([...errorCodes]);
  });

  it('survive as a property of any Error', () => {
    expect(toAppError(Object.assign(new Error('no'), { code: 'HOST_OOM' })).code).toBe('HOST_OOM');
    expect(toAppError(Object.assign(new Error('no'), { code: 'ENOENT' })).code).toBe('INTERNAL');
    const same = new AppError('BUSY', 'x');
    expect(toAppError(same)).toBe(same);
  });
});
