// Collects the licences of everything that a build bundles, for the app's list of licences. It goes through the bundled modules, so that
// the list is complete and has nothing else. A plugin for Vite that uses node built-ins only.
// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { modulesDir, root } from './paths.mjs';

/** @typedef {{ name: string, version: string, licence: string, text: string }} Notice */
/** @typedef {{ packages?: string[], files?: { name: string, version: string, licence: string, files: string[] }[] }} Unbundled */
/**
 * The part of a bundler's output that is used.
 * @typedef {{ type: string, moduleIds?: string[], originalFileNames?: string[] }} Output
 */

/** The package that a file of node_modules belongs to. @param {string} id */
function packageFolder(id) {
  const file = id.replace(/^\0/, '').split('?')[0] ?? '';
  const folder = /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(file)?.[0];
  return folder !== undefined && existsSync(join(folder, 'package.json')) ? folder : undefined;
}

/** The style sheets that a style sheet imports: the bundler inlines them without listing them. @param {string} id @returns {string[]} */
function importedStyles(id) {
  const file = id.split('?')[0] ?? '';
  if (!file.endsWith('.css') || packageFolder(file) !== undefined || !existsSync(file)) return [];
  return [...readFileSync(file, 'utf8').matchAll(/@import\s+["']([^"']+)["']/g)].flatMap(([, name = '']) =>
    name.startsWith('.')
      ? importedStyles(resolve(dirname(file), name))
      : [join(modulesDir, /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name, 'package.json')],
  );
}

/** @param {string} folder @returns {Notice} */
function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return { name, version, licence: String(license), text: texts.join('\n\n') };
}

/**
 * Two plugins: `collect` for each bundle that becomes part of another one (a worker), and `emit` for the whole, which writes licences.json.
 * `unbundled`: packages and files that are shipped beside the bundle.
 * @param {Unbundled} [unbundled]
 */
export function licenceNotices({ packages = [], files = [] } = {}) {
  const folders = new Set(
    packages.map((name) => join(modulesDir, name)).filter((folder) => existsSync(join(folder, 'package.json'))),
  );
  /** @param {Record<string, Output>} bundle @param {string} base of the names of assets */
  const walk = (bundle, base) => {
    const ids = Object.values(bundle).flatMap(({ moduleIds = [], originalFileNames = [] }) => [
      ...moduleIds,
      ...moduleIds.flatMap(importedStyles),
      ...originalFileNames.map((name) => resolve(base, name)),
    ]);
    for (const id of ids) {
      const folder = packageFolder(id);
      if (folder !== undefined) folders.add(folder);
    }
  };
  let base = root;
  /** @param {{ root: string }} config */
  const configResolved = (config) => {
    base = config.root;
  };
  return {
    collect: () => ({
      name: 'licence-notices-of-a-part',
      configResolved,
      /** @param {unknown} _ @param {unknown} bundle */
      generateBundle: (_, bundle) => walk(/** @type {Record<string, Output>} */ (bundle), base),
    }),
    emit: () => ({
      name: 'licence-notices',
      configResolved,
      /**
       * @this {{ emitFile: (file: { type: 'asset', fileName: string, source: string }) => unknown }}
       * @param {unknown} _ @param {unknown} bundle
       */
      generateBundle(_, bundle) {
        walk(/** @type {Record<string, Output>} */ (bundle), base);
        const named = files.map(({ files: texts, ...about }) => ({
          ...about,
          text: texts.map((file) => readFileSync(join(root, file), 'utf8').trim()).join('\n\n'),
        }));
        const notices = [...[...folders].map(noticeOf), ...named].sort((a, b) => (a.name < b.name ? -1 : 1));
        this.emitFile({ type: 'asset', fileName: 'licences.json', source: `${JSON.stringify(notices, null, 1)}\n` });
      },
    }),
  };
}
