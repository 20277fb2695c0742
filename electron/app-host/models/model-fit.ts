/**
 * Whether a model, with a document as long as its context, has room on this machine. The engine plans it for a file that is here when the
 * CPU computes; for a model that is not downloaded, and for a GPU that another model uses now, the bytes are estimated from a few facts,
 * and `isEstimate` says so.
 */

import type { ModelFit } from '../../contract/models.ts';
import type { MethodChoice } from '../../contract/settings.ts';

/** Free memory, plus what the model in use and its documents would free. */
export interface Room {
  onGpu: boolean;
  available: number;
  hostAvailable: number;
}

/** `device`: bytes on the computing device. `ram`: of a document and of experts, bytes that may be in RAM instead, or are there in any case; 0 on a CPU. */
export interface Need {
  device: number;
  ram: number;
}

export type NeedOf = (tokens: number, kvType: MethodChoice['kvType']) => Promise<Need>;

/** Room for fewer tokens than this counts as no room. */
const leastTokens = 2048;

export interface FitQuestion {
  contextTokens: number;
  choice: Pick<MethodChoice, 'kvType' | 'maxNew'>;
  room: Room;
  needOf: NeedOf;
  isEstimate: boolean;
}

export async function fitOf({ contextTokens, choice, room, needOf, isEstimate }: FitQuestion): Promise<ModelFit> {
  const { kvType, maxNew } = choice;
  const most = Math.max(1, contextTokens - maxNew);
  const least = Math.min(leastTokens, most);
  const fits = ({ device, ram }: Need) => device <= room.available && ram <= room.hostAvailable;
  const answer = (level: ModelFit['level'], tokens: number, { device, ram }: Need): ModelFit => {
    const inRam = room.onGpu && device <= room.available && ram > room.hostAvailable;
    const [need, available] = inRam ? [ram, room.hostAvailable] : [device, room.available];
    return { level, tokens, need, available, isEstimate };
  };
  const whole = await needOf(most, kvType);
  if (fits(whole)) return answer('fits', most, whole);
  if (kvType !== 'q8_0') {
    const halved = await needOf(most, 'q8_0');
    if (fits(halved)) return answer('q8_0', most, halved);
  }
  const short = await needOf(least, kvType);
  if (!fits(short)) return answer('no', least, short);
  // The need is nearly linear in the tokens between these two.
  const share = (part: keyof Need, free: number) =>
    whole[part] > short[part] ? (free - short[part]) / (whole[part] - short[part]) : 1;
  const reach = Math.min(1, share('device', room.available), share('ram', room.hostAvailable));
  const tokens = roundDown(least + reach * (most - least));
  return answer('shorter', Math.max(least, tokens), await needOf(Math.max(least, tokens), kvType));
}

export interface ModelFacts {
  weights: number;
  /** Of the weights, the experts of so many layers; null: the model has none, or it is not known. */
  experts: { bytes: number; layers: number } | null;
  /** How many layers keep every token. */
  layers: number;
  /** How many layers choose rows for an answer: those, and the ones that see the rows of one of them. */
  choosing: number;
  /** Of K in one of these layers: its KV heads' together. */
  channels: number;
  /** Of the other layers that keep rows: how many layers, how many of the last tokens, and the channels of K in one. */
  windows: readonly { layers: number; tokens: number; channels: number }[];
  /** Bytes of layers that keep a state instead of rows. */
  states: number;
}

const MiB = 2 ** 20;
/** Bytes of K and V for one channel. */
const kvBytes = { f16: 4, q8_0: 2 * (34 / 32) } as const;
/** GPU memory that the engine leaves beside a model whose experts it may place. */
const spare = 512 * MiB;
/** Rows for questions and answers, as the engine plans them. */
const turnRows = 1024;

/** Within some percent of the engine's own plan, and rather too high than too low. */
export function estimatedNeed(
  { weights, experts, layers, choosing, channels, windows, states }: ModelFacts,
  { mode, tokenBudget }: Pick<MethodChoice, 'mode' | 'tokenBudget'>,
  { onGpu, available }: Pick<Room, 'onGpu' | 'available'>,
): NeedOf {
  return async (tokens, kvType) => {
    const inWindows = windows.reduce(
      (sum, own) => sum + own.layers * (Math.min(tokens, own.tokens) + turnRows) * own.channels,
      0,
    );
    const document = ((tokens + turnRows) * layers * channels + inWindows) * kvBytes[kvType];
    // The kept rows grow with the square root of the text's length; page summaries are added.
    const rows = mode === 'full' ? 0 : Math.min(tokens, 1.3 * Math.sqrt(tokens * tokenBudget));
    const compact = rows * choosing * channels * kvBytes.f16 * 1.35 + (rows > 0 ? inWindows * kvBytes.f16 : 0);
    const work = 64 * MiB + 0.03 * weights + 1200 * tokens;
    const alone = weights + compact + work + states;
    // The states at the document's end and at the question's, in RAM.
    const kept = 2 * states;
    if (!onGpu) return { device: alone + document + kept, ram: 0 };
    const need =
      mode === 'full'
        ? { device: alone + document, ram: kept }
        : { device: alone + (2 * document) / Math.max(1, layers), ram: document + kept };
    const short = need.device + spare - available;
    if (!experts || short <= 0) return need;
    // As many layers' experts in RAM as the GPU lacks room for, and room there for two layers' that visit it.
    const buffers = (2 * experts.bytes) / experts.layers;
    const moved = Math.min(experts.bytes, short + buffers);
    return { device: need.device + buffers - moved, ram: need.ram + moved };
  };
}

/** Rounds down to two significant digits: the estimate is not more exact. */
function roundDown(tokens: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(tokens)) - 1);
  return Math.floor(tokens / unit) * unit;
}
