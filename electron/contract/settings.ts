/**
 * What a person may choose once for every question, and the part of it that a document may have for itself. What the values may
 * be is said in method.ts.
 */
import { z } from 'zod';
import { defaultParseChoice, parseChoiceSchema } from './documents.ts';
import {
  answerModeSchema,
  defaultMaxNew,
  defaultRocketOptions,
  defaultSampler,
  deviceWishSchema,
  documentHomeSchema,
  kvTypeSchema,
  rocketOptionsSchema,
  samplerSchema,
  threadsSchema,
  usualMaxNewSchema,
} from './method.ts';
import { ranges, usualProgramsPort } from './method-values.ts';

const { tokenBudget, pooling, selector, window, kernel, decomposition, nDenseLayers } = rocketOptionsSchema.shape;

export const themeSchema = z.enum(['system', 'light', 'dark']);
export const fontSizeSchema = z.enum(['small', 'normal', 'large', 'largest']);
/** system: as the system asks. */
export const motionSchema = z.enum(['system', 'reduced', 'full']);

/** What the method is asked to do with a question: what a memory plan depends on. */
export const methodChoiceSchema = z.strictObject({
  mode: answerModeSchema,
  tokenBudget,
  /** Rows by chance are a control for measuring, no choice. */
  pooling: pooling.exclude(['random']),
  selector,
  window,
  kernel,
  decomposition,
  nDenseLayers,
  kvType: kvTypeSchema,
  documentHome: documentHomeSchema,
  maxNew: usualMaxNewSchema,
});
export type MethodChoice = z.infer<typeof methodChoiceSchema>;

export const settingsSchema = methodChoiceSchema.extend({
  sampler: samplerSchema,
  threads: threadsSchema,
  /** What was read stays on disk for the next start, so many GB at the most; 0: a tenth of what is free, 20 GB at the most. */
  keepRead: z.boolean(),
  keptGb: z.int().min(ranges.keptGb.least).max(ranges.keptGb.most),
  device: deviceWishSchema,
  /** Text recognition, of pages that hold no text: offered, done whenever a file is added, or neither. */
  recognise: z.enum(['ask', 'always', 'never']),
  languages: parseChoiceSchema.shape.languages,
  /** Other programs of this machine may ask, at this port, with a key. */
  programs: z.boolean(),
  programsPort: z.int().min(ranges.port.least).max(ranges.port.most),
  theme: themeSchema,
  fontSize: fontSizeSchema,
  motion: motionSchema,
});
export type Settings = z.infer<typeof settingsSchema>;
export const settingNameSchema = settingsSchema.keyof();
export type SettingName = keyof Settings;

/** What is chosen otherwise than the settings say: for one document, or to see what it would mean. */
export const ownChoiceSchema = methodChoiceSchema.partial();
export type OwnChoice = z.infer<typeof ownChoiceSchema>;

/** A document's own choice, and what applies to it with the settings beneath. */
export const documentChoiceSchema = z.object({ own: ownChoiceSchema, choice: methodChoiceSchema });
export type DocumentChoice = z.infer<typeof documentChoiceSchema>;

export const defaultSettings: Settings = {
  mode: 'rocketkv-mt',
  tokenBudget: defaultRocketOptions.tokenBudget,
  pooling: 'max',
  selector: defaultRocketOptions.selector,
  window: defaultRocketOptions.window,
  kernel: defaultRocketOptions.kernel,
  decomposition: defaultRocketOptions.decomposition,
  nDenseLayers: defaultRocketOptions.nDenseLayers,
  kvType: 'f16',
  documentHome: 'auto',
  maxNew: defaultMaxNew,
  sampler: defaultSampler,
  threads: 0,
  keepRead: true,
  keptGb: 0,
  device: 'auto',
  recognise: 'ask',
  languages: defaultParseChoice.languages,
  programs: false,
  programsPort: usualProgramsPort,
  theme: 'system',
  fontSize: 'normal',
  motion: 'system',
};
