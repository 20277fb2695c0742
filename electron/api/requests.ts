/** Schemas of the requests of other programs: the supported part of OpenAI's API. openapi.ts describes the API from them. */
import { z } from 'zod';
import { answerModeSchema, type Effort, rocketOptionsSchema } from '../contract/method.ts';
import { ranges } from '../contract/method-values.ts';

const text = z.string().max(1_000_000);

const textPart = z.strictObject({ type: z.literal('text'), text });
const filePart = z.strictObject({
  type: z.literal('file'),
  file: z
    .strictObject({
      /** The id of a document of the library. */
      file_id: z.string().max(100).optional(),
      /** Instead of an id, the document itself: data:<type>;base64,... */
      file_data: z.string().optional(),
      filename: z.string().min(1).max(1000).optional(),
    })
    .refine(
      ({ file_id, file_data }) => (file_id === undefined) !== (file_data === undefined),
      'needs file_id or file_data',
    )
    .refine(
      ({ file_data, filename }) => file_data === undefined || filename !== undefined,
      'file_data needs a filename',
    ),
});

const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({
    role: z.enum(['system', 'developer']),
    content: z.union([text, z.array(textPart).min(1).max(100)]),
    name: z.string().max(100).optional(),
  }),
  z.strictObject({
    role: z.literal('user'),
    content: z.union([
      text,
      z
        .array(z.discriminatedUnion('type', [textPart, filePart]))
        .min(1)
        .max(100),
    ]),
    name: z.string().max(100).optional(),
  }),
  z.looseObject({ role: z.literal('assistant'), content: z.union([text, z.array(textPart).min(1).max(100)]) }),
]);
export type Message = z.infer<typeof messageSchema>;

export const chatRequestSchema = z.strictObject({
  model: z.string().min(1).max(300),
  messages: z.array(messageSchema).min(1).max(2000),
  temperature: z.number().min(ranges.temperature.least).max(Math.min(2, ranges.temperature.most)).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  max_tokens: z.int().min(1).max(ranges.maxNew.most).nullish(),
  max_completion_tokens: z.int().min(1).max(ranges.maxNew.most).nullish(),
  stop: z.union([z.string().min(1).max(500), z.array(z.string().min(1).max(500)).max(4)]).nullish(),
  seed: z.int().min(ranges.seed.least).max(ranges.seed.most).nullish(),
  n: z.literal(1).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().optional() }).nullish(),
  /** These are not supported: only their neutral values are accepted. */
  presence_penalty: z.literal(0).nullish(),
  frequency_penalty: z.literal(0).nullish(),
  logprobs: z.literal(false).nullish(),
  response_format: z.strictObject({ type: z.literal('text') }).nullish(),
  tools: z.array(z.never()).max(0).nullish(),
  store: z.literal(false).nullish(),
  /** How long the model thinks, where its template takes an effort; another effort reads the document again. */
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
  user: z.string().max(1000).nullish(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
  /** RocketDoc's own field: how this question is answered. */
  rocketdoc: z
    .strictObject({
      mode: answerModeSchema.optional(),
      budget: rocketOptionsSchema.shape.tokenBudget.optional(),
    })
    .nullish(),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

/** OpenAI's efforts in those that templates know: the nearest one. */
const efforts: Record<NonNullable<ChatRequest['reasoning_effort']>, Effort> = {
  none: 'low',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

/** undefined: the request names none. */
export const effortOfRequest = ({ reasoning_effort: named }: ChatRequest): Effort | undefined =>
  named ? efforts[named] : undefined;

/** Most bytes of a JSON body; larger documents are uploaded as files. */
export const maxJsonBytes = 24 * 1024 * 1024;
