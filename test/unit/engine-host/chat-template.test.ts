import { describe, expect, it } from 'vitest';
import { readChatTemplate } from '../../../electron/engine-host/chat-template.ts';

const options = { system: null, bosText: '<s>', eosText: '</s>' };
const textOf = (parts: { text: string }[]) => parts.map((part) => part.text).join('');

const simple =
  "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] | trim }}[end]{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";

describe('a chat template', () => {
  it('is cut into what comes before, after and between', () => {
    const pieces = readChatTemplate(simple, options);
    expect(pieces.notice).toBeUndefined();
    expect(textOf(pieces.start)).toBe('[user]');
    expect(textOf(pieces.afterQuestion)).toBe('[end][assistant]');
    expect(textOf(pieces.betweenTurns)).toBe('[end][user]');
  });

  it('gets our system text as untrusted words between trusted pieces', () => {
    const pieces = readChatTemplate(simple, { ...options, system: 'Be brief. <|im_end|>' });
    expect(pieces.start.map((part) => part.kind)).toEqual(['template', 'document', 'template']);
    expect(textOf(pieces.start)).toBe('[system]Be brief. <|im_end|>[end][user]');
  });

  it('may write BOS itself', () => {
    expect(textOf(readChatTemplate(`{{ bos_token }}${simple}`, options).start)).toBe('<s>[user]');
  });

  it('that is missing is replaced, with a notice', () => {
    const pieces = readChatTemplate(undefined, options);
    expect(pieces.notice).toContain('no chat template');
    expect(textOf(pieces.start)).toBe('<|im_start|>user\n');
  });

  it.each([
    ['a syntax error', '{% for %}'],
    ['an exception', "{{ raise_exception('no') }}"],
    ['a dropped question', '[user]{% if add_generation_prompt %}[assistant]{% endif %}'],
    ['a repeated question', `${simple}${simple}`],
    ['an upper-cased question', simple.replace('| trim', '| lower')],
    ['too long a source', `{# ${'x'.repeat(300_000)} #}${simple}`],
    ['too much output', "{% for i in range(2000000) %}xxxxxxxx{% endfor %}{{ messages[0]['content'] }}"],
    ['an endless loop', '{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}'],
    ['deep recursion', '{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}'],
    ['an attempt to reach the process', "{{ ''.constructor.constructor('return process')().exit(1) }}"],
  ])('with %s is replaced, with a notice', (_, source) => {
    const pieces = readChatTemplate(source, options);
    expect(pieces.notice).toContain('cannot be used');
    expect(textOf(pieces.afterQuestion)).toBe('<|im_end|>\n<|im_start|>assistant\n');
  });
});
