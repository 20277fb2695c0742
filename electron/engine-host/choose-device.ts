/**
 * Chooses the device to compute on. A GPU is tried out in an engine host of its own: when the driver cannot run ggml's kernels, ggml ends
 * the process, which then only means that the GPU cannot be used. Other rooms may import this file.
 */
import { existsSync } from 'node:fs';
import type { FoundGpus, Gpu } from '../contract/app-types.ts';
import type { DeviceChoice } from '../contract/engine.ts';
import { AppError, toAppError } from '../contract/errors.ts';
import { type DeviceSetting, deviceSettingSchema } from '../contract/method.ts';
import { type EngineClient, startEngine } from './engine-client.ts';

export type { DeviceSetting } from '../contract/method.ts';

/** Puts a failure in the caller's words: those of the window or of the command line. */
type FailureText = (error: unknown) => string;

export function isDeviceSetting(text: string): text is DeviceSetting {
  return deviceSettingSchema.safeParse(text).success;
}

/** A named GPU that cannot be used is an error (GPU_NONE, GPU_FAULT); with auto it becomes `deviceReason`. */
export async function chooseDevice(
  setting: DeviceSetting,
  failureText: FailureText,
  start: () => EngineClient = startTrialHost,
): Promise<DeviceChoice> {
  if (setting === 'cpu') return { device: 'cpu', deviceReason: null };
  const device = setting === 'auto' ? 'cuda:0' : setting;
  try {
    if (!hasNvidiaDriver()) throw new AppError('GPU_NONE', noDriver);
    await tryDevice(device, start);
    return { device, deviceReason: null, ...(setting === 'auto' ? { mayUseCpu: true } : {}) };
  } catch (error) {
    if (setting !== 'auto') throw error;
    return { device: 'cpu', deviceReason: failureText(error) };
  }
}

const mostGpus = 16;

/** Every GPU of this machine; those that cannot be used have the reason. */
export async function findGpus(
  failureText: FailureText,
  start: () => EngineClient = startTrialHost,
): Promise<FoundGpus> {
  if (!hasNvidiaDriver()) return { gpus: [], reason: noDriver };
  const gpus: Gpu[] = [];
  let reason: string | null = null;
  for (let number = 0; number < mostGpus; number++) {
    const device = `cuda:${number}`;
    try {
      gpus.push({ device, ...(await tryDevice(device, start)), failure: null });
    } catch (error) {
      const { code } = toAppError(error);
      const message = failureText(error);
      reason = message;
      // There are no more GPUs, or CUDA itself does not load: the next one would fail in the same way.
      if (code === 'GPU_NONE' || code === 'NATIVE_MISSING') break;
      gpus.push({ device, name: `GPU ${number}`, freeBytes: 0, totalBytes: 0, failure: message });
    }
  }
  return { gpus, reason: gpus.length === 0 ? reason : null };
}

const noDriver = 'No NVIDIA driver was found on this machine.';
const startTrialHost = () => startEngine({ startMs: 60_000 });

async function tryDevice(device: string, start: () => EngineClient) {
  const engine = start();
  try {
    return await engine.verbs.probeDevice({ device });
  } catch (error) {
    const { code, message } = toAppError(error);
    if (code !== 'ENGINE_CRASH') throw error;
    // The reason is in ggml's last lines: "CUDA error: the provided PTX was compiled with an unsupported toolchain".
    const cudaLine = message.split('\n').find((line) => /CUDA error|ggml_cuda|cuda/i.test(line));
    throw new AppError('GPU_FAULT', `The GPU cannot run ggml's kernels${cudaLine ? ` (${cudaLine.trim()})` : ''}.`, {
      cause: error,
    });
  } finally {
    await engine.close();
  }
}

/** A cheap check, so that a machine without a GPU starts no second process. */
function hasNvidiaDriver(): boolean {
  const places =
    process.platform === 'win32'
      ? [`${process.env.SystemRoot ?? 'C:\\Windows'}\\System32\\nvcuda.dll`]
      : ['/dev/nvidiactl', '/proc/driver/nvidia/version', '/dev/dxg'];
  return places.some((place) => existsSync(place));
}
