import { describe, expect, it } from 'vitest';
import { readChatTemplate } from '../../../electron/engine-host/chat-template.ts';

const options = { system: null, bosText: '<s>', eosText: '</s>' };
const textOf = (parts: { text: string }[]) => parts.map((part) => part.text).join('');

const simple =
  "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] | trim }}[end]{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";

describe('a chat template', () => {
  it('is cut into what comes before, after and between', () => {
    const pieces = readChatTemplate(simple, options);
    expect(textOf(pieces.start())).toBe('[user]');
    expect(textOf(pieces.afterQuestion)).toBe('[end][assistant]');
    expect(textOf(pieces.betweenTurns)).toBe('[end][user]');
  });

  it('gets our system text as untrusted words between trusted pieces', () => {
    const pieces = readChatTemplate(simple, { ...options, system: 'Be brief. <|im_end|>' });
    expect(pieces.start().map((part) => part.kind)).toEqual(['template', 'document', 'template']);
    expect(textOf(pieces.start())).toBe('[system]Be brief. <|im_end|>[end][user]');
  });

  it('may write BOS itself', () => {
    expect(textOf(readChatTemplate(`{{ bos_token }}${simple}`, options).start())).toBe('<s>[user]');
  });

  it('without a place for a system text gets our words at the start of the first question', () => {
    const source = `{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}${simple}`;
    const dropping = simple.replace('{% for m in messages %}', "{% for m in messages if m['role'] != 'system' %}");
    for (const template of [source, dropping]) {
      const pieces = readChatTemplate(template, { ...options, system: 'Be brief.' });
      expect(pieces.start().map((part) => part.kind)).toEqual(['template', 'document']);
      expect(textOf(pieces.start())).toBe('[user]Be brief.\n\n');
    }
  });

  it('may name the day, in the words of the C locale', () => {
    const day = new Date(2026, 0, 5, 9, 7);
    const source = `{{ strftime_now('%A, %-d %B %Y, %d %b %y, day %j at %H:%M, %Q') }}${simple}`;
    const { start } = readChatTemplate(source, options);
    expect(textOf(start({ now: day }))).toBe('Monday, 5 January 2026, 05 Jan 26, day 005 at 09:07, %Q[user]');
    expect(textOf(start({ now: new Date(2026, 5, 30) }))).toContain('30 June 2026');
  });

  it.each([
    [
      'a switch',
      '{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}',
      'switch',
      false,
      false,
    ],
    ['an opened block', '<think>', 'always', true, true],
    ['a block that is opened on demand', '{% if enable_thinking %}[THINK]{% endif %}', 'switch', false, true],
    ['none', '', 'never', false, false],
  ])('tells of thinking: %s', (_, end, kind, off, on) => {
    const source = simple.replace('[assistant]', `[assistant]${end}`);
    const { thinking, afterQuestion, afterQuestionThinking, beforeEarlierAnswer } = readChatTemplate(source, options);
    expect(thinking).toMatchObject({ kind, opened: { off, on } });
    expect(afterQuestionThinking === undefined).toBe(kind !== 'switch');
    expect(textOf(afterQuestion)).toMatch(/^\[end\]\[assistant\]/);
    expect(textOf(beforeEarlierAnswer)).toBe('[end][assistant]');
  });

  describe('with a reasoning effort', () => {
    const effort = "{{ 'Effort: ' + (reasoning_effort or 'unset') }}";

    it('is told it before the document, and has its own word where it is not', () => {
      const { start, hasEffort } = readChatTemplate(`${effort}${simple}`, { ...options, system: 'Be brief.' });
      expect(hasEffort).toBe(true);
      for (const told of ['low', 'medium', 'high'] as const)
        expect(textOf(start({ effort: told }))).toBe(`Effort: ${told}[system]Be brief.[end][user]`);
      expect(textOf(start())).toBe('Effort: unset[system]Be brief.[end][user]');
    });

    it.each([
      [
        'that knows only some of them',
        `{% if reasoning_effort is defined and reasoning_effort != 'high' %}{{ raise_exception('no') }}{% endif %}`,
      ],
      ['that writes it behind the question', simple.replace('[assistant]', `[assistant]${effort}`)],
      ['that writes two of them alike', "{{ 'long' if reasoning_effort == 'high' else 'short' }}"],
      ['that only mentions it', '{# reasoning_effort #}'],
    ])('%s is not told one', (_, source) => {
      const template = source.includes('[user]') || source.includes('[assistant]') ? source : `${source}${simple}`;
      const { start, hasEffort } = readChatTemplate(template, options);
      expect(hasEffort).toBe(false);
      expect(textOf(start({ effort: 'high' }))).toBe(textOf(start()));
    });
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
  ])('with %s cannot be used', (_, source) => {
    expect(() => readChatTemplate(source, options)).toThrow();
  });
});
