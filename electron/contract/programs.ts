/** Other programs that may ask about documents: the switch, the address, and their keys. A key itself is told once, when it is made. */
import { z } from 'zod';

export const keyNameSchema = z.string().trim().min(1).max(100);

export const programKeySchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Its first characters, to know it again. */
  begins: z.string(),
  createdAt: z.number(),
  usedAt: z.number().nullable(),
});
export type ProgramKey = z.infer<typeof programKeySchema>;

export const programsSchema = z.object({
  /** Where it listens now; null: it does not. */
  address: z.string().nullable(),
  /** Why it does not although it is switched on. */
  problem: z.string().nullable(),
  keys: z.array(programKeySchema),
  /** For the configuration of an agent that speaks MCP; null: nothing here can start the server. */
  mcp: z.string().nullable(),
});
export type Programs = z.infer<typeof programsSchema>;
