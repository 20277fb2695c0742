/**
 * What Electron's main process and the app host, a process of its own, want of each other. Main calls; what the app host wants of main
 * comes as events of `asks`, since only main can start a process or show a window. A port is handed over beside the calls, in a message
 * with an id by which the calls name it.
 */
import { eventIterator, oc } from '@orpc/contract';
import { z } from 'zod';
import { grantSchema, idSchema } from './app-types.ts';
import { draggableSchema } from './shell.ts';

const path = z.string().min(1).max(32_768);
const paths = z.array(path).max(1000);
const ofPort = z.object({ portId: idSchema });

/** A process that the app host needs. */
const hostKindSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('engine') }),
  z.strictObject({ kind: z.literal('document'), maxHeapBytes: z.int().positive() }),
]);
export type HostKind = z.infer<typeof hostKindSchema>;

export const appHostAskSchema = z.discriminatedUnion('ask', [
  /** Answered by a port to it, which has the id of the host. */
  z.strictObject({ ask: z.literal('start-host'), id: idSchema, host: hostKindSchema }),
  z.strictObject({ ask: z.literal('kill-host'), id: idSchema }),
  /** The library takes a while to open: what is waited for. */
  z.strictObject({ ask: z.literal('wait'), sentence: z.string() }),
  /** Somebody started RocketDoc again: the window is to come to the front, with these files. */
  z.strictObject({ ask: z.literal('show'), files: paths }),
]);
export type AppHostAsk = z.infer<typeof appHostAskSchema>;

/** For the log, in words that may stand there. */
const noteSchema = z.object({ level: z.enum(['warn', 'error']), text: z.string() });
export type Note = z.infer<typeof noteSchema>;

const givenSchema = grantSchema.extend({ path });

const openSchema = z.object({
  /** Native files are held against their list then, before any is loaded. */
  isPackaged: z.boolean(),
  /** A package's own program, which serves agents too; null: from the sources, or where it cannot. */
  agentProgram: path.nullable(),
  /** What a RocketDoc that is open already gets instead. */
  handOver: paths,
  modelFolders: paths,
  /** Files that the window was given by an app host before this one. */
  given: z.array(givenSchema),
});
export type GivenFile = z.infer<typeof givenSchema>;
export type OpenAppHost = z.input<typeof openSchema>;

export const appHostContract = {
  asks: oc.output(eventIterator(appHostAskSchema)),
  /** Opens the library. `elsewhere`: a RocketDoc that has it already has shown itself. */
  open: oc.input(openSchema).output(z.enum(['open', 'elsewhere'])),
  /** The port speaks appContract from then on, until it closes or main says so. */
  connectWindow: oc.input(ofPort).output(z.void()),
  disconnectWindow: oc.input(ofPort).output(z.void()),
  /** For a path that came from the system itself: a drop, a dialog, the command line. */
  grant: oc.input(z.object({ path })).output(grantSchema),
  /** The port carries the bytes of a file that has no path (hosts/byte-port.ts). */
  receiveUpload: oc
    .input(ofPort.extend({ name: z.string().min(1).max(1000) }))
    .output(z.object({ uploadId: idSchema })),
  /** A copy that may be moved or changed, made for this drag. */
  outgoingFile: oc.input(draggableSchema).output(z.object({ path })),
  /** A document's own file, to be shown. */
  documentFile: oc.input(z.object({ documentId: idSchema })).output(z.object({ path, size: z.int().nonnegative() })),
  note: oc.input(noteSchema).output(z.void()),
  hostStarted: oc.input(z.object({ id: idSchema, pid: z.int() })).output(z.void()),
  hostEnded: oc
    .input(
      z.object({
        id: idSchema,
        code: z.int().nullable(),
        signal: z.string().nullable(),
        error: z.string().optional(),
        output: z.string(),
      }),
    )
    .output(z.void()),
};
