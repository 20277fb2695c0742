/** What every window starts with, in Electron and in a browser: the data folder, the embedded model, the sample. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { claimDataFolder } from '../library/claim.ts';
import { type App, type AppOptions, createApp } from './app.ts';
import { grantedFile } from './grants.ts';

const assets = fileURLToPath(new URL('../../assets', import.meta.url));
const modelsDir = join(assets, 'models');
const catalogueSchema = z.object({
  models: z.array(z.object({ file: z.string(), name: z.string(), sha256: z.string(), licence: z.string() })).min(1),
});

export const defaultDataDir = join(homedir(), '.rocketdoc');

export interface StartUpOptions
  extends Pick<AppOptions, 'defaults' | 'modelFolders' | 'startEngine' | 'startDocumentHost'> {
  dataDir: string;
  /** Instead of RocketDoc's own list of models to fetch. */
  catalogueFile?: string;
  /** Named on the command line; offered in the window. */
  files?: readonly string[];
}

/** Throws BUSY where another process has the data folder. */
export async function startUp({
  dataDir,
  files = [],
  catalogueFile = join(modelsDir, 'catalogue.json'),
  ...rest
}: StartUpOptions): Promise<App> {
  const { models } = catalogueSchema.parse(JSON.parse(readFileSync(join(modelsDir, 'models.json'), 'utf8')));
  const model = models[0];
  if (!model) throw new Error('assets/models/models.json names no model');
  const path = join(assets, 'samples', 'report.pdf');
  const sample = { id: 'sample', name: 'report.pdf', isSample: true, path };
  const release = claimDataFolder(dataDir);
  try {
    const app = await createApp({
      dataDir,
      catalogueFile,
      modelPath: join(modelsDir, model.file),
      modelHash: model.sha256,
      modelTitle: model.name,
      modelLicence: model.licence,
      grants: [sample, ...files.map((file) => grantedFile(resolve(file)))],
      ...rest,
    });
    return { ...app, close: () => app.close().finally(release) };
  } catch (error) {
    release();
    throw error;
  }
}
