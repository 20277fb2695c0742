/** Access of other programs to documents: the switch, the address, and their keys. A key is shown once, when it is made. */
import { z } from 'zod';

export const keyNameSchema = z.string().trim().min(1).max(100);

export const programKeySchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Its first characters, so that a person can recognise it. */
  begins: z.string(),
  createdAt: z.number(),
  usedAt: z.number().nullable(),
});
export type ProgramKey = z.infer<typeof programKeySchema>;

export const programsSchema = z.object({
  /** The address at which it listens now; null: it does not listen. */
  address: z.string().nullable(),
  /** Why it does not listen although it is switched on. */
  problem: z.string().nullable(),
  keys: z.array(programKeySchema),
  /** The text for the configuration of an agent that speaks MCP; null: no program here can serve one. */
  mcp: z.string().nullable(),
});
export type Programs = z.infer<typeof programsSchema>;
