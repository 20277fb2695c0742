/** Each setting, when changed, reaches the engine in questions, readings, plans or at its start. */
import { afterEach, expect, it } from 'vitest';
import {
  changeDocumentChoice,
  clearDocumentChoice,
  documentChoice,
} from '../../../../electron/app-host/planning/method-choice.ts';
import { planFor, preflight } from '../../../../electron/app-host/planning/preflight.ts';
import { ask } from '../../../../electron/app-host/sessions/answer-question.ts';
import { readDocument } from '../../../../electron/app-host/sessions/read-document.ts';
import { presets } from '../../../../electron/contract/method-values.ts';
import {
  defaultSettings,
  type MethodChoice,
  methodChoiceSchema,
  type OwnChoice,
  type SettingName,
  type Settings,
  settingsSchema,
} from '../../../../electron/contract/settings.ts';
import type { FakeServer } from '../../../fixtures/app-server.ts';
import type { FakeScript } from '../../../fixtures/fake-engine.ts';
import { openedDocument } from '../../../fixtures/opened-document.ts';

let server: FakeServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** For each setting a value other than the default, and how the engine's requests name it. */
const changed: { [Name in keyof MethodChoice]-?: { value: MethodChoice[Name]; seen: Seen } } = {
  mode: { value: 'snapkv', seen: { ask: { mode: 'snapkv' } } },
  tokenBudget: { value: 768, seen: { ask: { rocket: { tokenBudget: 768 } } } },
  pooling: { value: 'max', seen: { ask: { rocket: { pooling: 'max' } } } },
  selector: { value: 'codes-residual', seen: { ask: { rocket: { selector: 'codes-residual' } } } },
  window: { value: 16, seen: { ask: { rocket: { window: 16 } } } },
  kernel: { value: 31, seen: { ask: { rocket: { kernel: 31 } } } },
  decomposition: { value: 'v1', seen: { ask: { rocket: { decomposition: 'v1' } } } },
  nDenseLayers: { value: 2, seen: { ask: { rocket: { nDenseLayers: 2 } } } },
  maxNew: { value: 99, seen: { ask: { maxNew: 99 } } },
  // A document that was read keeps its type and home: both settings apply to the next reading.
  kvType: { value: 'q8_0', seen: { reading: { kvType: 'q8_0' } } },
  documentHome: { value: 'host', seen: { reading: { home: 'host' } } },
  effort: { value: 'high', seen: { text: { effort: 'high' } } },
};
/**
 * `ask` is expected in questions, plans and the check before a reading; `reading` in readings and the plan before them; `text`, which
 * changes no memory, in readings alone.
 */
interface Seen {
  ask?: object;
  reading?: object;
  text?: object;
}

async function opened() {
  const script: FakeScript = { pieces: ['Yes.'], log: [], calls: [], hasEffort: true };
  const { server: started, app, document } = await openedDocument(script);
  server = started;
  const chat = app.chats.create(document.id);
  const last = (verb: string) => script.calls?.findLast((call) => call.verb === verb)?.input;
  const askNow = async () => {
    for await (const _ of ask(app, chat.id, { question: 'What?', parentId: null, choice: {} }).watch());
    return script.log?.at(-1);
  };
  const readNow = async () => {
    for await (const _ of readDocument(app, document.id, null).watch());
    return last('readDocument');
  };
  const planNow = async () => {
    await planFor(app, document.id, 4000);
    return last('plan');
  };
  const preflightNow = async () => {
    await preflight(app, document.id, null);
    return last('plan');
  };
  return { app, document, script, last, askNow, readNow, planNow, preflightNow };
}

const names = methodChoiceSchema.keyof().options;
it.each(names)('%s reaches the question, the plan and the reading', async (name) => {
  const { app, askNow, planNow, readNow, preflightNow } = await opened();
  const { value, seen } = changed[name];
  expect(value).not.toEqual(defaultSettings[name]);
  const expectSeen = async () => {
    if (seen.ask) {
      expect(await askNow()).toMatchObject(seen.ask);
      expect(await planNow()).toMatchObject(seen.ask);
      expect(await readNow()).toMatchObject({ planFor: seen.ask });
    }
    expect(await preflightNow()).toMatchObject(seen.reading ?? seen.ask ?? {});
    expect(await readNow()).toMatchObject(seen.text ?? seen.reading ?? {});
  };
  await expect(expectSeen()).rejects.toThrow();
  app.settings.set({ [name]: value });
  await expectSeen();
});

it.each(names)('%s of one document goes before the settings, for that document alone', async (name) => {
  const { app, document, askNow, readNow } = await opened();
  const { value, seen } = changed[name];
  const other = app.documents.add({
    parsed: { title: 'b', format: 'txt', notes: [], text: 'b', pages: [{ label: '1', start: 0, end: 1 }] },
    fileName: 'b.txt',
    fileBytes: 1,
    sha256: 'b',
    tokens: undefined,
  });
  expect(changeDocumentChoice(app, document.id, { [name]: value })).toEqual({
    own: { [name]: value },
    choice: { ...documentChoice(app, other.id).choice, [name]: value },
  });
  expect(await readNow()).toMatchObject(seen.text ?? seen.reading ?? { planFor: seen.ask });
  if (seen.ask) expect(await askNow()).toMatchObject(seen.ask);
  expect(documentChoice(app, other.id)).toMatchObject({ own: {}, choice: { [name]: defaultSettings[name] } });
  expect(clearDocumentChoice(app, document.id, [name]).own).toEqual({});
  expect(documentChoice(app, document.id).choice[name]).toEqual(defaultSettings[name]);
});

it('a question’s choice goes before the document’s, and that before the settings', async () => {
  const { app, document, script } = await opened();
  app.settings.set({ tokenBudget: 256, maxNew: 64 });
  changeDocumentChoice(app, document.id, { tokenBudget: 1024, mode: 'rocketkv' });
  const chat = app.chats.create(document.id);
  const asked = { question: 'What?', parentId: null, choice: { tokenBudget: 2048 } };
  for await (const _ of ask(app, chat.id, asked).watch());
  expect(script.log?.at(-1)).toMatchObject({ mode: 'rocketkv', maxNew: 64, rocket: { tokenBudget: 2048 } });
  expect(documentChoice(app, document.id).choice).toMatchObject({ tokenBudget: 1024, mode: 'rocketkv', maxNew: 64 });
});

it('a preset that nobody chose is the default of each question; one that was chosen stays', async () => {
  const { app, document, script } = await opened();
  const asked = async (choice: OwnChoice) => {
    const chat = app.chats.create(document.id);
    for await (const _ of ask(app, chat.id, { question: 'What?', parentId: null, choice }).watch());
    return (script.log?.at(-1) as { rocket: object } | undefined)?.rocket;
  };
  expect(await asked({})).toMatchObject(presets.coded);
  expect(await asked({ mode: 'rocketkv' })).toMatchObject(presets.coded);
  expect(await asked({ mode: 'hsa' })).toMatchObject(presets.paper);
  expect(await asked({ tokenBudget: 16 })).toMatchObject(presets.paper);
  app.settings.set({ maxNew: 4096 });
  expect(await asked({})).toMatchObject(presets.paper);
  expect(await asked({ tokenBudget: 1024 })).toMatchObject(presets.coded);
  app.settings.set(presets.coded);
  expect(await asked({ mode: 'hsa' })).toMatchObject(presets.coded);
  changeDocumentChoice(app, document.id, presets.paper);
  app.settings.reset(['maxNew']);
  expect(await asked({})).toMatchObject(presets.paper);
  clearDocumentChoice(app, document.id);
  app.settings.reset(['pooling', 'selector']);
  expect(await asked({})).toMatchObject(presets.coded);
});

it('an effort reaches no model whose template takes none, and is not what its document was read with', async () => {
  const { app, document, script, readNow } = await opened();
  script.hasEffort = false;
  await app.supervisor.reopen();
  app.settings.set({ effort: 'low' });
  expect(await readNow()).toMatchObject({ effort: 'medium' });
  expect(app.session().document(document.id)?.effort).toBe('medium');
  for await (const _ of readDocument(app, document.id, null, { effort: 'high' }).watch());
  expect(app.session().document(document.id)?.effort).toBe('medium');
});

const samplers: Partial<Settings['sampler']>[] = [
  { temperature: 0.8 },
  { topK: 40 },
  { topP: 0.9 },
  { minP: 0.05 },
  { repetitionPenalty: 1.1 },
  { seed: 7 },
];
it.each(samplers)('the sampler’s %o reaches the question', async (change) => {
  const { app, askNow } = await opened();
  const sampler = { ...app.settings.get().sampler, ...change };
  app.settings.set({ sampler });
  expect(await askNow()).toMatchObject({ sampler });
});

it('whether answers are drafted reaches the question', async () => {
  const { app, askNow } = await opened();
  expect(await askNow()).toMatchObject({ drafts: true });
  app.settings.set({ drafts: false });
  expect(await askNow()).toMatchObject({ drafts: false });
});

it('another draw keeps the set temperature, and warms up where the same would be said again', async () => {
  const { app, script } = await opened();
  const { id } = app.chats.create(app.documents.list()[0]?.id ?? '');
  const drawn = async () => {
    for await (const _ of ask(app, id, { question: 'What?', parentId: null, choice: { sampled: true } }).watch());
    return script.log?.at(-1);
  };
  app.settings.set({ sampler: { ...app.settings.get().sampler, topK: 40, seed: 5 } });
  expect(await drawn()).toMatchObject({ sampler: { temperature: 0.7, topP: 0.95, topK: 40 } });
  app.settings.set({ sampler: { ...app.settings.get().sampler, temperature: 1.2 } });
  expect(await drawn()).toMatchObject({ sampler: { temperature: 1.2, topP: 1 } });
});

it('threads and device reach the engine when it starts anew', async () => {
  const { app, last } = await opened();
  const started = async (changes: Partial<Settings>) => {
    app.settings.set(changes);
    await app.supervisor.reopen();
    return { opened: last('openModel'), state: app.supervisor.state };
  };
  expect((await started({ threads: 3 })).opened).toMatchObject({ threads: 3 });
  // No reason is given for the CPU where it was chosen.
  expect((await started({ device: 'cpu' })).opened).toMatchObject({ device: 'cpu', deviceReason: null });
  const { state } = await started({ device: 'cuda:9' });
  expect(state.state).toBe('failed');
  expect(state.failure?.message).toMatch(/Choose another device in the settings\.$/);
  expect((await started({ device: 'cpu' })).state.state).toBe('ready');
});

it('is complete: every setting is in one of these tests or is the window’s own', () => {
  const window: SettingName[] = ['theme', 'fontSize', 'motion'];
  const disk: SettingName[] = ['keepRead', 'keptGb']; // save-cache.test.ts
  const reading: SettingName[] = ['recognise', 'languages']; // add-document.test.ts
  const programs: SettingName[] = ['programs', 'programsPort']; // api-parts.test.ts
  const tested = [...names, 'sampler', 'drafts', 'threads', 'device', ...disk, ...reading, ...programs, ...window];
  expect(settingsSchema.keyof().options.toSorted()).toEqual(tested.toSorted());
});

it('ranges are refused where they end', () => {
  const refused = {
    tokenBudget: 15,
    window: 0,
    kernel: 62,
    nDenseLayers: -1,
    threads: 1025,
    device: 'gpu',
    maxNew: 15,
  };
  for (const [name, value] of Object.entries(refused))
    expect(settingsSchema.shape[name as keyof Settings].safeParse(value).success, name).toBe(false);
});
