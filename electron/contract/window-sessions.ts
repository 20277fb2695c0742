/** Browsers that may use this RocketDoc, each with a token of its own. Electron's window needs none. */
import { z } from 'zod';

export const windowSessionSchema = z.object({
  id: z.string(),
  /** The name that the browser gives itself; empty: it gives none. */
  browser: z.string(),
  since: z.number(),
});
export type WindowSession = z.infer<typeof windowSessionSchema>;

export const windowSessionsSchema = z.object({
  sessions: z.array(windowSessionSchema),
  /** The session of the window that asks; null: it needs none. */
  own: z.string().nullable(),
});
export type WindowSessions = z.infer<typeof windowSessionsSchema>;
