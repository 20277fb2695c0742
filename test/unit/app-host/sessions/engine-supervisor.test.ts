import { expect, it } from 'vitest';
import { EngineSupervisor } from '../../../../electron/app-host/sessions/engine-supervisor.ts';
import { AppError } from '../../../../electron/contract/errors.ts';
import { engineDeath, type FakeScript, fakeEngine } from '../../../fixtures/fake-engine.ts';

function supervisor(script: FakeScript, now: () => number = () => 0) {
  let starts = 0;
  const made = new EngineSupervisor({
    model: { modelId: 'embedded', modelPath: 'none.gguf', modelHash: 'none', title: 'Fake', licence: 'none' },
    threads: () => 1,
    device: () => 'auto',
    onChange: () => {},
    now,
    start: () => {
      starts++;
      return fakeEngine(script);
    },
  });
  return { made, starts: () => starts };
}

const die = (made: EngineSupervisor) =>
  made
    .use(async () => {
      throw engineDeath;
    })
    .catch(() => {});

it('opens the model and says which presets it can plan with', async () => {
  const { made } = supervisor({ pieces: [] });
  await made.start();
  expect(made.state).toMatchObject({ state: 'ready', presets: ['paper', 'coded'] });
});

it('restarts after a crash, three times in five minutes, then stays down and says why', async () => {
  const { made, starts } = supervisor({ pieces: [] });
  await made.start();
  for (let i = 1; i <= 3; i++) {
    const { generation } = made;
    await die(made);
    await made.use(async () => {});
    expect(made.generation).toBeGreaterThan(generation);
    expect(starts()).toBe(1 + i);
  }
  await die(made);
  expect(made.state).toMatchObject({ state: 'failed', failure: { code: 'ENGINE_CRASH' } });
  await expect(made.use(async () => {})).rejects.toMatchObject({ code: 'ENGINE_CRASH' });
  expect(starts()).toBe(4);
  // A person can try again.
  await made.start();
  expect(made.state.state).toBe('ready');
});

it('starts another engine after an error of the GPU, which the old one would keep, and says so', async () => {
  const { made, starts } = supervisor({ pieces: [] });
  await made.start();
  const fault = new AppError(
    'GPU_FAULT',
    'On the GPU gathering rows failed: an illegal memory access was encountered.',
  );
  const failing = made.use(async () => {
    throw fault;
  });
  await expect(failing).rejects.toMatchObject({
    code: 'GPU_FAULT',
    message: `${fault.message} It is started again; what it had read has to be read again.`,
  });
  await made.use(async () => {});
  expect(starts()).toBe(2);
  expect(made.state).toMatchObject({ state: 'ready', restarts: 1 });
});

it('counts only the crashes of the last five minutes', async () => {
  let now = 0;
  const { made } = supervisor({ pieces: [] }, () => now);
  await made.start();
  for (let i = 0; i < 8; i++) {
    await die(made);
    await made.use(async () => {});
    now += 2 * 60_000;
  }
  expect(made.state.state).toBe('ready');
});

it('does not restart for an error that is not a death', async () => {
  const { made, starts } = supervisor({ pieces: [] });
  await made.start();
  await expect(
    made.use(async () => {
      throw new AppError('CTX_OVERFLOW', 'too long');
    }),
  ).rejects.toMatchObject({ code: 'CTX_OVERFLOW' });
  expect(starts()).toBe(1);
});

it('reports a model that cannot be opened', async () => {
  const { made } = supervisor({ pieces: [], failOpen: new AppError('MODEL_CHECKSUM', 'damaged') });
  await made.start();
  expect(made.state).toMatchObject({ state: 'failed', failure: { code: 'MODEL_CHECKSUM', message: 'damaged' } });
});

it('switches to another model: the old engine is closed first, and work that was asked for meanwhile gets the new one', async () => {
  const { made } = supervisor({ pieces: [] });
  await made.start();
  const { generation } = made;
  const other = { modelId: 'other', modelPath: '/far/away/other.gguf', modelHash: 'x', title: 'Other', licence: 'MIT' };
  const switching = made.switchTo(other);
  const asked = made.use(async () => made.state.modelFile.id);
  expect(await asked).toBe('other');
  await switching;
  expect(made.generation).toBeGreaterThan(generation);
  expect(made.state).toMatchObject({ state: 'ready', modelFile: { id: 'other', title: 'Other', licence: 'MIT' } });
  // No sentence may show a folder in the window, wherever it was written.
  const error = new AppError('IO', 'The file /far/away/other.gguf changed while it was read.');
  await expect(made.use(() => Promise.reject(error))).rejects.toMatchObject({
    code: 'IO',
    message: 'The file other.gguf changed while it was read.',
  });
});

it('opens no engine for a model whose file is not what it should be', async () => {
  const { made, starts } = supervisor({ pieces: [] });
  await made.start();
  const before = starts();
  const check = () => Promise.reject(new AppError('MODEL_CHECKSUM', 'Not the publisher’s file.'));
  const other = { modelId: 'other', modelPath: '/x/o.gguf', modelHash: 'x', title: 'Other', licence: 'MIT', check };
  await made.switchTo(other);
  expect(made.state).toMatchObject({
    state: 'failed',
    failure: { code: 'MODEL_CHECKSUM' },
    modelFile: { id: 'other' },
  });
  expect(starts()).toBe(before);
  await expect(made.use(async () => {})).rejects.toMatchObject({ code: 'MODEL_CHECKSUM' });
});
