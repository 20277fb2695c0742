/** Thinking is never part of the next question's context, whether the chat goes on, is cut, or is read again. */
import { expect, it } from 'vitest';
import { defaultSampler, rocketOptionsFor } from '../../../electron/contract/method.ts';
import { Engine } from '../../../electron/engine-host/engine.ts';
import { byteVocabulary, FakeAddon, modelFile } from './fake-addon.ts';

const thinkingTemplate =
  "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}" +
  "{% if enable_thinking is defined and not enable_thinking %}{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}";

async function start(replies: string[]) {
  const prompts: string[] = [];
  const addon = new FakeAddon({
    reply: () => replies.shift() ?? 'nothing',
    onAsk: ({ tokens }) => void prompts.push(byteVocabulary.detokenize([...tokens])),
  });
  const engine = new Engine(addon, async () => ({ ...byteVocabulary, chatTemplate: thinkingTemplate }));
  const model = await engine.openModel({ path: modelFile, threads: 0, device: 'cpu', deviceReason: null });
  const method = { mode: 'rocketkv-mt' as const, rocket: rocketOptionsFor({ mode: 'rocketkv-mt' }), maxNew: 50 };
  const planFor = { ...method, question: 'Q?' };
  let documentId = '';
  const text = 'The rent is 950.';
  for await (const event of engine.readDocument({ text, pages: [], kvType: 'f16', segment: 64, tile: 8, planFor }))
    if (event.type === 'done') documentId = event.documentId;
  const { chatId } = await engine.newChat(documentId);
  const ask = async (question: string, thinking = true) => {
    let answer = '';
    for await (const event of engine.ask({ chatId, question, thinking, ...method, sampler: defaultSampler }))
      if (event.type === 'done') answer = event.answer;
    return answer;
  };
  return { addon, engine, model, chatId, ask, prompts };
}

const truncations = (addon: FakeAddon) => addon.log.filter((line) => line.startsWith('truncate'));

it('says that there is a choice, and asks as chosen', async () => {
  const { model, ask, prompts, addon } = await start(['<think>\nHm.\n</think>\n\n950.', '950.']);
  expect(model.thinking).toBe('switch');
  expect(await ask('How much?')).toBe('950.');
  expect(prompts[0]).not.toContain('<think>');
  expect(await ask('Sure?', false)).toBe('950.');
  expect(prompts[1]).toContain('<think>\n\n</think>');
  const most = addon.log.flatMap((line) => (line.startsWith('ask') ? [Number(line.split(' ')[2])] : []));
  expect(most[0]).toBeGreaterThan(50); // thinking gets room of its own
  expect(most[1]).toBe(50);
});

it('reads the answer again without it', async () => {
  const { ask, prompts, addon } = await start(['<think>\nPage 3?\n</think>\n\n950.', 'Yes.', 'Really.']);
  await ask('How much?');
  await ask('Sure?', false);
  expect(truncations(addon)).toHaveLength(1);
  expect(prompts[1]).toContain('How much?');
  expect(prompts[1]).toContain('950.');
  expect(prompts[1]).not.toContain('Page 3?');
  // An answer without thinking need not be cut and read again.
  await ask('Really?', false);
  expect(truncations(addon)).toHaveLength(1);
  expect(prompts[2]).not.toContain('How much?');
});

it('keeps count of the turns when they are cut', async () => {
  const think = (text: string) => `<think>\nx\n</think>\n\n${text}`;
  const { engine, chatId, ask, prompts } = await start([think('A1'), think('A2'), think('A3'), 'A2b', 'A3b']);
  await ask('Q1?');
  await ask('Q2?');
  await ask('Q3?');
  expect(prompts[2]).toMatch(/Q1\?.*A1.*Q2\?.*A2.*Q3\?/s);
  await engine.truncate(chatId, 1);
  await ask('Q2b?', false);
  expect(prompts[3]).toMatch(/Q1\?.*A1.*Q2b\?/s);
  expect(prompts[3]).not.toContain('Q2?');
  await expect(engine.truncate(chatId, 3)).rejects.toThrow('This chat has 2 answers; 3 cannot be kept.');
  await engine.truncate(chatId, 0);
  await ask('Q1c?', false);
  expect(prompts[4]).not.toContain('A1');
});

it('survives a question that fails', async () => {
  const { engine, chatId, ask, prompts } = await start(['<think>\nx\n</think>\n\nA1', 'A2']);
  await ask('Q1?');
  const stop = new AbortController();
  stop.abort();
  const request = {
    chatId,
    question: 'Never?',
    mode: 'full' as const,
    rocket: rocketOptionsFor({ mode: 'rocketkv-mt' }),
    maxNew: 5,
    sampler: defaultSampler,
  };
  await expect(engine.ask(request, stop.signal).next()).rejects.toMatchObject({ code: 'CANCELLED' });
  await ask('Q2?', false);
  expect(prompts[1]).toMatch(/Q1\?.*A1.*Q2\?/s);
});
