import { expect, it } from 'vitest';
import { AppError } from '../../../electron/contract/errors.ts';
import { EngineSupervisor } from '../../../electron/workspace/engine-supervisor.ts';
import { engineDeath, type FakeScript, fakeEngine } from '../../fixtures/fake-engine.ts';

function supervisor(script: FakeScript, now: () => number = () => 0) {
  let starts = 0;
  const made = new EngineSupervisor({
    modelPath: 'none.gguf',
    title: 'Fake',
    licence: 'none',
    threads: () => 1,
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
  // A person may try again.
  await made.start();
  expect(made.state.state).toBe('ready');
});

it('starts another engine after an error of the GPU, which the old one would keep, and says so', async () => {
  const { made, starts } = supervisor({ pieces: [] });
  await made.start();
  const fault = new AppError('GPU_FAULT', 'On the GPU gathering rows failed: an illegal memory access was encountered.');
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
