/**
 * The contract between Electron's main process and the app host, which is a process of its own. Main calls; the app host's requests to main
 * come as events of `asks`, since only main can start a process or show a window. Ports are handed over in messages beside the calls, each
 * with an id by which the calls name it.
 */
import { eventIterator, oc } from '@orpc/contract';
import { z } from 'zod';
import { grantSchema, idSchema } from './app-types.ts';
import { draggableSchema, startWaitSchema } from './shell.ts';

const path = z.string().min(1).max(32_768);
const paths = z.array(path).max(1000);
const ofPort = z.object({ portId: idSchema });

/** The kinds of processes that the app host asks main to start. */
const hostKindSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('engine') }),
  z.strictObject({ kind: z.literal('document'), maxHeapBytes: z.int().positive() }),
]);
export type HostKind = z.infer<typeof hostKindSchema>;

export const appHostAskSchema = z.discriminatedUnion('ask', [
  /** Main answers with a port to the new host; the port has the same id. */
  z.strictObject({ ask: z.literal('start-host'), id: idSchema, host: hostKindSchema }),
  z.strictObject({ ask: z.literal('kill-host'), id: idSchema }),
  /** The library takes a while to open. */
  startWaitSchema.extend({ ask: z.literal('wait') }),
  /** Somebody started RocketDoc again: the window is to come to the front, with these files. */
  z.strictObject({ ask: z.literal('show'), files: paths }),
]);
export type AppHostAsk = z.infer<typeof appHostAskSchema>;

/** An entry for the log; its text holds nothing that must not be logged. */
const noteSchema = z.object({ level: z.enum(['warn', 'error']), text: z.string() });
export type Note = z.infer<typeof noteSchema>;

const givenSchema = grantSchema.extend({ path });

const openSchema = z.object({
  /** True: native files are checked against their list of hashes before any is loaded. */
  isPackaged: z.boolean(),
  /** The packed app's program, which agents can start as an MCP server; null in a clone, or where it cannot serve them. */
  agentProgram: path.nullable(),
  /** Files for a RocketDoc that has this library open already: it opens them instead. */
  handOver: paths,
  modelFolders: paths,
  /** Grants that an earlier app host gave to the window: they stay valid. */
  given: z.array(givenSchema),
});
export type GivenFile = z.infer<typeof givenSchema>;
export type OpenAppHost = z.input<typeof openSchema>;

export const appHostContract = {
  asks: oc.output(eventIterator(appHostAskSchema)),
  /** Opens the library. `elsewhere`: another RocketDoc has it open and came to the front. */
  open: oc.input(openSchema).output(z.enum(['open', 'elsewhere'])),
  /** Serves appContract over the port, until the port closes or main calls disconnectWindow. */
  connectWindow: oc.input(ofPort).output(z.void()),
  disconnectWindow: oc.input(ofPort).output(z.void()),
  /** Grants a path that came from the system: a drop, a dialog, the command line. */
  grant: oc.input(z.object({ path })).output(grantSchema),
  /** The port carries the bytes of a file that has no path (hosts/byte-port.ts). */
  receiveUpload: oc
    .input(ofPort.extend({ name: z.string().min(1).max(1000) }))
    .output(z.object({ uploadId: idSchema })),
  /** Makes a copy for this drag, which the receiver may move or change. */
  outgoingFile: oc.input(draggableSchema).output(z.object({ path })),
  /** The file that a document was added as, for the document view. */
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
