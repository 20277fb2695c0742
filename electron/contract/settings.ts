/**
 * What a person may choose once for every question, and the part of it that can be chosen for one document. method.ts has the permitted
 * values.
 */
import { z } from 'zod';
import { defaultParseChoice, parseChoiceSchema } from './documents.ts';
import {
  answerModeSchema,
  defaultEffort,
  defaultMaxNew,
  defaultRocketOptions,
  defaultSampler,
  deviceSettingSchema,
  documentHomeSchema,
  effortSchema,
  kvTypeSchema,
  rocketOptionsSchema,
  samplerSchema,
  threadsSchema,
  usualMaxNewSchema,
} from './method.ts';
import { defaultMode, ranges, usualProgramsPort } from './method-values.ts';

const { tokenBudget, pooling, selector, window, kernel, decomposition, nDenseLayers } = rocketOptionsSchema.shape;

export const themeSchema = z.enum(['system', 'light', 'dark']);
export const fontSizeSchema = z.enum(['small', 'normal', 'large', 'largest']);
/** system: as the operating system's setting says. */
export const motionSchema = z.enum(['system', 'reduced', 'full']);

/** The choices of the method for a question; a memory plan depends on them. */
export const methodChoiceSchema = z.strictObject({
  mode: answerModeSchema,
  tokenBudget,
  /** Not chosen: as choosingFor says for each question. `random` is a control for measurements, not a choice for people. */
  pooling: pooling.exclude(['random']).optional(),
  selector: selector.optional(),
  window,
  kernel,
  decomposition,
  nDenseLayers,
  kvType: kvTypeSchema,
  documentHome: documentHomeSchema,
  /** Read with the document, as its cache type is. */
  effort: effortSchema,
  maxNew: usualMaxNewSchema,
});
export type MethodChoice = z.infer<typeof methodChoiceSchema>;

export const settingsSchema = methodChoiceSchema.extend({
  sampler: samplerSchema,
  /** Whether what follows in the document or the chat is drafted, so that answers which repeat it come sooner. */
  drafts: z.boolean(),
  threads: threadsSchema,
  /** Whether read documents stay on disk for the next start, and the most GB they may take; 0: a tenth of the free space, at most 20 GB. */
  keepRead: z.boolean(),
  keptGb: z.int().min(ranges.keptGb.least).max(ranges.keptGb.most),
  device: deviceSettingSchema,
  /** Text recognition of pages without text: offered, done whenever a file is added, or never. */
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

/** Choices that differ from the settings: for one document, or to preview their effect. */
export const ownChoiceSchema = methodChoiceSchema.partial();
export type OwnChoice = z.infer<typeof ownChoiceSchema>;

/** A document's own choice, and the choice that applies: its own, completed by the settings. */
export const documentChoiceSchema = z.object({ own: ownChoiceSchema, choice: methodChoiceSchema });
export type DocumentChoice = z.infer<typeof documentChoiceSchema>;

export const defaultSettings: Settings = {
  mode: defaultMode,
  tokenBudget: defaultRocketOptions.tokenBudget,
  window: defaultRocketOptions.window,
  kernel: defaultRocketOptions.kernel,
  decomposition: defaultRocketOptions.decomposition,
  nDenseLayers: defaultRocketOptions.nDenseLayers,
  kvType: 'f16',
  documentHome: 'auto',
  effort: defaultEffort,
  maxNew: defaultMaxNew,
  sampler: defaultSampler,
  drafts: true,
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
