/** Starts the app host for Electron and for `serve`: the data folder's claim, the embedded models, the sample. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../contract/errors.ts';
import { embeddedModelId } from '../contract/models.ts';
import { embeddedHash, embeddedModels, embeddedPath, modelsDir } from '../engine-host/embedded-models.ts';
import { type AppHost, type AppOptions, createAppHost } from './create-app-host.ts';
import { grantedFile } from './granted-files.ts';
import { claimDataFolder } from './library/claim.ts';
import { answerSecondStart, notifyFirst, OpenAlready, type ProgramAccess } from './single-instance.ts';

const assets = fileURLToPath(new URL('../../assets', import.meta.url));

export interface StartUpOptions
  extends Pick<AppOptions, 'defaults' | 'given' | 'modelFolders' | 'startEngine' | 'startDocumentHost' | 'onWait'> {
  dataDir: string;
  /** A catalogue of models instead of RocketDoc's own. */
  catalogueFile?: string;
  /** Files named on the command line, which the window lists. */
  files?: readonly string[];
  /** Files for a RocketDoc that is open already; default: the same as `files`. */
  handOver?: readonly string[];
  /** Called when another RocketDoc was started with the same data folder: this one shows its window with these files. */
  onSecondStart?: (files: string[]) => void;
  /** Called when a person signs every browser out from a command line. */
  onSignOut?: () => void;
  /** Called when a program of the same person asks for an address and a key. */
  onProgram?: (app: AppHost) => Promise<ProgramAccess>;
  /** false: a RocketDoc that is open already is not asked to show its window. */
  showsFirst?: boolean;
}

/** Throws BUSY if another process uses the data folder, OpenAlready if that one has shown its window. */
export async function startUp({
  dataDir,
  files = [],
  handOver = files,
  onSecondStart,
  onSignOut,
  onProgram,
  showsFirst = true,
  catalogueFile = join(modelsDir, 'catalogue.json'),
  ...rest
}: StartUpOptions): Promise<AppHost> {
  const path = join(assets, 'samples', 'report.pdf');
  const sample = { id: 'sample', name: 'report.pdf', isSample: true, path };
  const named = files.map((file) => resolve(file));
  const release = await claimOrNotify(dataDir, showsFirst ? handOver.map((file) => resolve(file)) : undefined);
  try {
    const app = await createAppHost({
      dataDir,
      catalogueFile,
      embedded: embeddedPlaces(),
      grants: [sample, ...named.map(grantedFile)],
      ...rest,
    });
    const opened: AppHost = {
      ...app,
      close() {
        closeSocket();
        return app.close().finally(release);
      },
    };
    const closeSocket = answerSecondStart(dataDir, {
      onSecondStart,
      onSignOut,
      onProgram: onProgram && (() => onProgram(opened)),
    });
    return opened;
  } catch (error) {
    release();
    throw error;
  }
}

/** The default model keeps its id when it is replaced, so that a person who chose it gets the new one. */
export function embeddedPlaces(): AppOptions['embedded'] {
  return embeddedModels().map((model, i) => ({
    id: i === 0 ? embeddedModelId : `${embeddedModelId}-${model.id}`,
    path: embeddedPath(model),
    sha256: embeddedHash(model),
    title: model.name,
    licence: model.licence,
    publisher: model.publisher,
    note: model.note,
  }));
}

async function claimOrNotify(dataDir: string, files: readonly string[] | undefined): Promise<() => void> {
  try {
    return claimDataFolder(dataDir);
  } catch (error) {
    const isTaken = error instanceof AppError && error.code === 'BUSY';
    throw isTaken && files && (await notifyFirst(dataDir, files)) ? new OpenAlready() : error;
  }
}
